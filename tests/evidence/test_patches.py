"""Patches in the forms that git and other tools write: names, counts, bytes, time."""

import subprocess
from pathlib import Path

import pytest
from growth import grows
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inspect_tts.evidence.facts import patch_files, patch_fingerprint
from inspect_tts.evidence.patches import files_added, files_of, parse_patch, without_files

# --- what real git writes, with settings of users, against what git itself reads in it

BASE = r"""
mkdir a 'd b' 'pic b' && seq 1 40 >plain.py && seq 1 9 >'a/in a.py' && printf 'x\r\ny\r\n' >crlf.txt
printf '\0\1' >'pic b/x.png' && printf 'no newline' >end && seq 1 30 >moved && echo s >run.sh
echo e >'d b/caf'$(printf '\303\251').py && echo t >"tab$(printf '\t')q\"uote" && echo g >gone
printf -- '-- a\n-- b\n' >sql && printf 'page\fone\342\200\250two\n' >separators
"""
CHANGE = r"""
sed -i 's/^20$/twenty/; s/^3$/three/' plain.py && echo m >>'a/in a.py' && printf 'x\ny\n' >crlf.txt
printf '\0\2' >'pic b/x.png' && printf 'none at all' >end && chmod +x run.sh && rm gone
mkdir 'moved b' 'new b' && mv moved 'moved b/to' && echo new >'new b/file' && : >empty
echo f >>'d b/caf'$(printf '\303\251').py && echo u >>"tab$(printf '\t')q\"uote"
printf -- '++ a\n-- c\n' >sql && printf '\0new' >new.bin
printf 'page\f\342\200\250two\n' >separators
"""
NAMES = {
    *("a/in a.py", "crlf.txt", "d b/café.py", "empty", "end", "gone", "new b/file", "new.bin"),
    *("pic b/x.png", "plain.py", "run.sh", "separators", "sql", 'tab\tq"uote'),
}
FORMS = {
    "as it is": "diff --cached --no-renames",
    "binary": "diff --cached --no-renames --binary",
    "renames": "diff --cached -M --binary",
    "mnemonic prefixes": "-c diff.mnemonicPrefix=true diff --cached --no-renames --binary",
    "no prefixes": "-c diff.noprefix=true diff --cached --no-renames --binary",
    "prefixes of its own": "diff --cached --no-renames --src-prefix=old/ --dst-prefix=new/",
    "backwards": "diff --cached --no-renames --binary -R",
    "names as they are": "-c core.quotePath=false diff --cached --no-renames --binary",
    "no context": "diff --cached --no-renames -U0 --binary",
    "no indices": "diff --cached --no-renames --inter-hunk-context=9 --full-index --binary",
    "a mail": "format-patch --stdout --no-renames --binary -1",
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    me = "git -c user.name=a -c user.email=a@b"
    script = (
        f"set -e; git init -q .\n{BASE}\ngit add -A\n{me} commit -qm base\n{CHANGE}\ngit add -A"
    )
    subprocess.run(["bash", "-c", script], cwd=folder, check=True)
    commit = f"cp -r . ../committed && cd ../committed && {me} commit -qm x"
    subprocess.run(["bash", "-c", commit], cwd=folder, check=True)
    return folder


def written(repository: Path, form: str) -> str:
    where = repository.parent / "committed" if "format-patch" in FORMS[form] else repository
    said = subprocess.run(["git", *FORMS[form].split()], cwd=where, capture_output=True, check=True)
    return said.stdout.decode()


def read_by_git(repository: Path, patch: str, level: int) -> dict[str, tuple[str, str]]:
    command = ["git", "apply", "--numstat", "-z", f"-p{level}", "-"]
    said = subprocess.run(
        command, cwd=repository, input=patch.encode(), capture_output=True, check=True
    )
    rows = [row.split("\t", 2) for row in said.stdout.decode().split("\0") if row]
    return {name: (added, deleted) for added, deleted, name in rows}


@pytest.mark.parametrize("form", FORMS)
def test_names_and_counts_are_those_that_git_reads(form: str, repository: Path) -> None:
    patch = written(repository, form)
    if "--binary" in FORMS[form]:
        expected = read_by_git(repository, patch, 0 if form == "no prefixes" else 1)
    else:
        expected = read_by_git(repository, written(repository, "binary"), 1)
    found = {
        fact.path: tuple("-" if n is None else str(n) for n in (fact.added, fact.deleted))
        for fact in patch_files(patch)
    }
    assert found == expected
    assert set(found) >= NAMES


@pytest.mark.parametrize("form", FORMS)
def test_the_parts_are_the_patch(form: str, repository: Path) -> None:
    patch = written(repository, form)
    before, files = parse_patch(patch)
    assert before + "".join(file.text for file in files) == patch
    assert without_files(patch, set()) == patch
    rest = without_files(patch, {"plain.py", "sql"})
    assert set(files_of(rest)) == set(files_of(patch)) - {"plain.py", "sql"}
    assert "twenty" not in rest


@pytest.mark.parametrize(
    ("form", "same"),
    [
        ("mnemonic prefixes", True),
        ("no prefixes", True),
        ("names as they are", True),
        ("a mail", True),
        ("no indices", True),
        ("no context", False),
        ("backwards", False),
    ],
)
def test_one_change_is_one_whatever_the_settings(form: str, same: bool, repository: Path) -> None:
    one, other = written(repository, "binary"), written(repository, form)
    assert (patch_fingerprint(one) == patch_fingerprint(other)) is same


def test_what_was_created(repository: Path) -> None:
    for form in ("binary", "no prefixes", "mnemonic prefixes", "a mail"):
        added = set(files_added(written(repository, form)))
        assert added == {"empty", "new b/file", "new.bin", "moved b/to"}


# --- what other tools and models write

HUNK = "@@ -1 +1 @@\n-a\n+b\n"
NAMED = {
    "no header of git": (f"--- a/x.py\n+++ b/x.py\n{HUNK}", "x.py"),
    "no prefixes": (f"--- src/x.py\n+++ src/x.py\n{HUNK}", "src/x.py"),
    "a copy beside": (f"--- x.py.orig\t2024\n+++ x.py\t2024\n{HUNK}", "x.py"),
    "two folders": (f"diff -ru one/x.py two/x.py\n--- one/x.py\n+++ two/x.py\n{HUNK}", "x.py"),
    "subversion": (f"Index: x.py\n====\n--- x.py\t(revision 1)\n+++ x.py\t(w)\n{HUNK}", "x.py"),
    "created": ("--- /dev/null\n+++ b/n.py\n@@ -0,0 +1 @@\n+b\n", "n.py"),
    "created, by prefix": ("--- /dev/null\n+++ w/n.py\n@@ -0,0 +1 @@\n+b\n", "n.py"),
    "created and binary": ("Binary files /dev/null and b/x and b differ\n", "x and b"),
    "deleted": ("--- a/n.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-b\n", "n.py"),
    "the headers alone end with CR LF": (f"--- a/x.py\r\n+++ b/x.py\r\n{HUNK}", "x.py"),
    "all ends with CR LF": (f"--- a/x\n+++ b/x\n{HUNK}".replace("\n", "\r\n"), "x"),
    "binary, no header of git": ("Binary files a/x and b and b/x and b differ\n", "x and b"),
    "an octal escape too large": (f'--- "a/\\777x"\n+++ "b/\\777x"\n{HUNK}', "\\xffx"),
    "an escape that is none": (f'--- "a/\\9x"\n+++ "b/\\9x"\n{HUNK}', "9x"),
    "half a surrogate pair": (f"--- a/\ud800\n+++ b/\ud800\n{HUNK}", "\\ud800"),
}  # fmt: skip


@pytest.mark.parametrize(("patch", "name"), NAMED.values(), ids=NAMED)
def test_names(patch: str, name: str) -> None:
    assert files_of(patch) == (name,)
    assert files_of(f"Some text.\n{patch}") == (name,)
    assert without_files(f"Some text.\n{patch}", {name}) == ""
    two = f"{patch}--- a/other.py\n+++ b/other.py\n{HUNK}"
    assert files_of(two) == (name, "other.py")
    assert without_files(two, {"other.py"}) == patch


def test_a_name_may_look_like_the_middle_of_a_header() -> None:
    for old, new in (("a/", "b/"), ("i/", "w/"), ("", "")):
        patch = f"diff --git {old}x b/y {new}x b/y\nold mode 100644\nnew mode 100755\n"
        assert files_of(patch) == ("x b/y",)


def test_a_hunk_that_is_shorter_than_it_says_ends_where_the_next_file_begins() -> None:
    for header in ("", "diff --git a/y b/y\n"):
        patch = f"--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n-a\n+b\n{header}--- a/y\n+++ b/y\n{HUNK}"
        assert [(f.path, f.added, f.deleted) for f in patch_files(patch)] == [
            ("x", 1, 1),
            ("y", 1, 1),
        ]


def test_lines_that_a_hunk_has_no_room_for_do_not_count() -> None:
    patch = "--- a/x\n+++ b/x\n@@ -0,0 +1,2 @@\n+a\n-b\n+c\n"
    [fact] = patch_files(patch)
    assert (fact.added, fact.deleted) == (1, 0)


def test_an_empty_file_is_created_copied_or_deleted_by_its_headers() -> None:
    _, [created] = parse_patch("diff --git a/y b/y\nnew file mode 100644\n")
    _, [deleted] = parse_patch("diff --git a/x b/x\ndeleted file mode 100644\n")
    _, [copied] = parse_patch("diff --git a/x 1 b/y 2\ncopy from x 1\ncopy to y 2\n")
    _, [renamed] = parse_patch("diff --git a/x 1 b/y 2\nrename from x 1\nrename to y 2\n")
    assert (created.old, created.new, created.path) == (None, "y", "y")
    assert (deleted.old, deleted.new, deleted.path) == ("x", None, "x")
    assert (copied.old, copied.new) == (renamed.old, renamed.new) == ("x 1", "y 2")


def test_lines_that_look_like_headers_are_lines_of_their_hunk() -> None:
    patch = f"--- a/x\n+++ b/x\n@@ -1 +1 @@\n--- a/y\n+++ b/y\n{HUNK}"
    assert [(f.path, f.added, f.deleted) for f in patch_files(patch)] == [("x", 2, 2)]


PIECES = st.sampled_from([
    *("diff --git a/x b/x\n", "--- a/x\n", "+++ b/x\n", "@@ -1,2 +1 @@\n", "@@ -1 +1,3 @@ f\n"),
    *("-a\n", "+b\n", " c\n", "\n", "\r\n", "\\ No newline\n", "Binary files a and b differ\n"),
    *("GIT binary patch\n", "literal 1\n", "index 1..2\n", "new mode 1\n", "rename to \n", '"\\'),
    *("diff --git \n", 'diff --git "a/x" b/x\n', "--- \n", "+++ \n", "--- /dev/null\n", "-- \n"),
])  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.text(max_size=20)).map("".join))
@example("diff --git a\n")
def test_anything_is_taken_and_nothing_lost(patch: str) -> None:
    before, files = parse_patch(patch)
    assert before + "".join(file.text for file in files) == patch
    patch_files(patch)
    patch_fingerprint(patch)


@pytest.mark.parametrize("head", ["", "diff --git ", '--- "', f"--- a\n+++ a\n{HUNK}"])
@pytest.mark.parametrize(
    "piece",
    [
        *("--- a/x\n+++ b/x\n", f"--- a/x\n+++ b/x\n{HUNK}", "diff --git a b", '"\\', " and "),
        *("@@ -1,999 +1,999 @@\n", "\n", "9", "+ \t", " "),
    ],
)
def test_what_a_patch_takes_grows_as_it_does(head: str, piece: str) -> None:
    def look(text: str) -> None:
        patch_files(head + text)
        patch_fingerprint(head + text)

    # a cost may step up once, where a search takes another way
    sizes = ((2**14, 2**16), (2**16, 2**18))
    assert not all(grows(look, piece, *of) for of in sizes)


# --- taking it apart

TWO = """\
diff --git a/src/a b.py b/src/a b.py
--- a/src/a b.py
+++ b/src/a b.py
@@ -1 +1,2 @@
 x
+diff --git a/no b/no
diff --git a/tests/test_a.py b/tests/test_a.py
new file mode 100644
--- /dev/null
+++ b/tests/test_a.py
@@ -0,0 +1 @@
+y
"""


def test_files_are_left_out_whole() -> None:
    assert files_of(TWO) == ("src/a b.py", "tests/test_a.py")
    assert files_added(TWO) == ("tests/test_a.py",)
    assert files_added(TWO.replace("\nnew file mode 100644\n--- /dev/null", "\n--- a/x")) == ()
    assert without_files(TWO, {"tests/test_a.py"}) == TWO[: TWO.index("diff --git a/tests")]
    assert without_files(TWO, {"no"}) == TWO
    assert without_files("", {"no"}) == ""
