"""Which files a rollout changed, also if they are more than are listed."""

from inspect_tts.evidence.facts import Workspace, files_changed, parse_numstat, patch_files
from inspect_tts.method.records import FileFact


def test_a_file_that_the_list_has_no_room_for_is_not_told_as_put_back() -> None:
    before = Workspace("c", (FileFact(path="z", added=1, deleted=0),), "p", 0, b"")
    listed = parse_numstat("\n".join(f"1\t0\tnew{n}" for n in range(10_000)))
    assert len(listed) < 10_000
    after = Workspace("c", listed, "q", 0, b"")
    assert files_changed(before, after) == listed
    few = Workspace("c", listed[:1], "q", 0, b"")
    assert files_changed(before, few) == (listed[0], FileFact(path="z", added=0, deleted=1))


def test_at_most_500_files_are_listed() -> None:
    numbers = "\n".join(f"1\t0\tnew{n}" for n in range(501))
    patch = "".join(f"--- a/{n}\n+++ b/{n}\n@@ -1 +1 @@\n-a\n+b\n" for n in range(501))
    assert [fact.path for fact in parse_numstat(numbers)] == [f"new{n}" for n in range(500)]
    assert [fact.path for fact in patch_files(patch)] == [f"{n}" for n in range(500)]


def test_names_that_git_quotes_are_plain() -> None:
    [fact] = parse_numstat('1\t-\t"caf\\303\\251\\t.py"\n\nno number\tx\ty')
    assert (fact.path, fact.added, fact.deleted) == ("café\t.py", 1, None)


def workspace(*lines: tuple[str, str], diff: bool = True) -> Workspace:
    """A workspace in which a line of each file was replaced; `index` is the file's new hash."""
    text = "".join(
        f"diff --git a/{path} b/{path}\nindex 1..{index} 100644\n--- a/{path}\n+++ b/{path}\n"
        "@@ -1 +1 @@\n-a\n+b\n"
        for path, index in lines
    )
    facts = tuple(FileFact(path=path, added=1, deleted=1) for path, _ in lines)
    return Workspace("c", facts, "p", len(text), text.encode() if diff else None)


def test_a_file_that_was_changed_before_counts_if_its_content_is_another() -> None:
    before = workspace(("kept", "2"), ("again", "2"))
    after = workspace(("kept", "2"), ("again", "3"), ("new", "2"))
    assert [fact.path for fact in files_changed(before, after) or ()] == ["again", "new"]


def test_without_the_patches_other_counts_of_lines_tell() -> None:
    before = workspace(("kept", "2"), diff=False)
    after = workspace(("kept", "3"), ("new", "2"))
    assert [fact.path for fact in files_changed(before, after) or ()] == ["new"]
    assert [fact.path for fact in files_changed(after, before) or ()] == []


def test_of_a_workspace_that_is_unknown_no_change_is_told() -> None:
    assert files_changed(None, workspace()) is None
    assert files_changed(workspace(), None) is None
    assert files_changed(workspace(), workspace()) == ()
