"""What a patch alone tells: the files it changes, and whether two are the same."""

import pytest

from inspect_tts.core.facts import patch_files, patch_fingerprint

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
    "line numbers": PATCH.replace("@@ -1,4 +1,5 @@ def f():", "@@ -9,4 +9,5 @@"),
    "white space at the end": PATCH.replace("+2\n", "+2  \n") + "\n\n",
}


@pytest.mark.parametrize("other", SAME.values(), ids=SAME)
def test_patches_are_the_same_whatever_their(other: str) -> None:
    assert patch_fingerprint(other) == patch_fingerprint(PATCH)


def test_patches_with_other_lines_differ() -> None:
    assert patch_fingerprint(PATCH.replace("+2", "+3")) != patch_fingerprint(PATCH)


def test_no_change_is_a_fingerprint_too() -> None:
    assert patch_fingerprint("") == patch_fingerprint(" \n") == "patch:none"
