"""What a patch alone tells: the files it changes, and whether two are the same."""

import pytest

from inspect_tts.evidence.facts import patch_files, patch_fingerprint

PATCH = """diff --git a/src/a.py b/src/a.py
index 123..456 100644
--- a/src/a.py
+++ b/src/a.py
@@ -1,4 +1,5 @@ def f():
 one
-two
+2
+++ not a header
 three

diff --git a/new.txt b/new.txt
new file mode 100644
index 000..789
--- /dev/null
+++ b/new.txt
@@ -0,0 +1 @@
+hello
diff --git a/gone.txt b/gone.txt
deleted file mode 100644
--- a/gone.txt
+++ /dev/null
@@ -1,2 +0,0 @@
-a
--- b
diff --git a/logo.png b/logo.png
index 1a2b3c4..5d6e7f8 100644
Binary files a/logo.png and b/logo.png differ
"""


def test_a_patch_tells_the_lines_of_each_file() -> None:
    facts = [(fact.path, fact.added, fact.deleted) for fact in patch_files(PATCH)]
    assert facts == [
        ("src/a.py", 2, 1),
        ("new.txt", 1, 0),
        ("gone.txt", 0, 2),
        ("logo.png", None, None),
    ]


@pytest.mark.parametrize("text", ["", "no patch at all", "+++ nothing\n@@ broken"])
def test_what_is_no_patch_changes_no_file(text: str) -> None:
    assert patch_files(text) == ()


def test_a_patch_without_git_headers_is_read_as_well() -> None:
    plain = "--- a/x.py\t2024-01-01\n+++ b/x.py\t2024-01-02\n@@ -1 +1 @@\n-a\n+b\n"
    assert [(fact.path, fact.added) for fact in patch_files(plain)] == [("x.py", 1)]


SAME = {
    "hashes of files": PATCH.replace("index 123..456", "index 999..888"),
    "line numbers": PATCH.replace("@@ -1,4 +1,5 @@", "@@ -9,4 +12,5 @@"),
    "white space at the end": PATCH.replace("+2\n", "+2  \n") + "\n\n",
    "prefixes": PATCH.replace(" a/", " i/").replace(" b/", " w/"),
    "no prefixes": PATCH.replace(" a/", " ").replace(" b/", " "),
    "times of files": PATCH.replace("--- a/src/a.py", "--- a/src/a.py\t2024-01-01 00:00:00"),
    "text before": f"From: me\n\nMy patch.\n---\n a.py | 2 +-\n\n{PATCH}",
    "signature of a mail": f"{PATCH}-- \n2.47.1\n",
    "blank lines with their blank": PATCH.replace("\n\n", "\n \n"),
    "blanks behind the function": PATCH.replace("def f():", "def f(): \t"),
    "order": PATCH[PATCH.index("diff --git a/new") :] + PATCH[: PATCH.index("diff --git a/new")],
}
OTHER = {
    "lines": PATCH.replace("+2", "+3"),
    "function": PATCH.replace("def f():", "def g():"),
    "context": PATCH.replace(" three", " four"),
    "line ends": PATCH.replace("+2\n", "+2\r\n"),
    "end of the file": PATCH.replace("+hello\n", "+hello\n\\ No newline at end of file\n"),
    "binary": PATCH.replace("5d6e7f8", "5d6e7f9"),
    "mode": PATCH.replace("new file mode 100644", "new file mode 100755"),
    "changed mode": PATCH.replace("index 123", "old mode 100755\nnew mode 100644\nindex 123"),
    "name": PATCH.replace("new.txt", "new2.txt"),
    "old name": PATCH.replace("index 123", "rename from x.py\nrename to src/a.py\nindex 123"),
    "lines behind a hunk": PATCH.replace(" three\n", " three\n \n+more\n"),
    "hunks of many digits": PATCH.replace("@@ -1,4", f"@@ -1,{'4' * 5000}"),
    "place, without context": PATCH.replace("@@ -1,2 +0,0 @@", "@@ -3,2 +2,0 @@"),
    "a broken header of a hunk": PATCH.replace("three\n\n", "three\n\n@@ broken @@\n"),
    "copied from": PATCH.replace("index 123", "copy from x.py\ncopy to src/a.py\nindex 123"),
    "code with a form feed": PATCH.replace("+2\n", "+2\f\n"),
}


@pytest.mark.parametrize("other", SAME.values(), ids=SAME)
def test_patches_are_the_same_whatever_their(other: str) -> None:
    assert other != PATCH
    assert patch_fingerprint(other) == patch_fingerprint(PATCH)


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER)
def test_patches_differ_by_their(other: str) -> None:
    assert other != PATCH
    assert patch_fingerprint(other) != patch_fingerprint(PATCH)


def test_all_other_patches_differ_from_each_other() -> None:
    assert len({patch_fingerprint(other) for other in OTHER.values()}) == len(OTHER)


def test_a_patch_is_the_same_without_the_headers_of_git() -> None:
    text = PATCH[: PATCH.index("diff --git a/logo")]
    headers = ("diff ", "index ", "new file", "deleted file")
    bare = "".join(x for x in text.splitlines(keepends=True) if not x.startswith(headers))
    assert patch_fingerprint(bare) == patch_fingerprint(text)


def test_blanks_before_a_carriage_return_are_at_the_end_of_the_line() -> None:
    one, other = (PATCH.replace("+2\n", f"+2{end}\n") for end in ("\r", " \t\r"))
    assert patch_fingerprint(one) == patch_fingerprint(other) != patch_fingerprint(PATCH)


def test_a_binary_file_that_is_left_out_without_a_hash_cannot_be_compared() -> None:
    assert patch_fingerprint(PATCH.replace("index 1a2b3c4..5d6e7f8 100644\n", "")) is None


def test_a_binary_file_that_is_deleted_needs_no_hash() -> None:
    head = "diff --git a/x.png b/x.png\ndeleted file mode 100644\n"
    patch = f"{head}Binary files a/x.png and /dev/null differ\n"
    assert patch_fingerprint(patch) is not None


def test_texts_that_are_no_diff_are_compared_as_they_are() -> None:
    assert patch_fingerprint("one") != patch_fingerprint("two")


def test_no_change_is_a_fingerprint_too() -> None:
    assert patch_fingerprint("") == patch_fingerprint(" \n") == "patch:none"
