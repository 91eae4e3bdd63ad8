"""Which files stand in a kit, and how large it may be."""

import pytest
from inspect_ai.model import ChatMessage, ChatMessageAssistant
from inspect_ai.tool import ToolCall

from inspect_tts.execution.kits import (
    MOST_FILE_CHARS,
    MOST_FILES,
    Kit,
    KitCommand,
    kit_of,
    names,
)
from inspect_tts.execution.paths import TREE, folder_after, placed


def called(**arguments: str) -> ChatMessage:
    call = ToolCall(id="1", function="tool", arguments=dict(arguments))
    return ChatMessageAssistant(content="", tool_calls=[call])


def kit(*messages: ChatMessage, patch: str = "", home: str = "") -> Kit:
    return kit_of("t0-n00", messages, patch, top="/testbed", home=home)


def ran(script: str) -> ChatMessage:
    return called(command=script)


EDIT = {"old_str": "a", "new_str": "b"}
AT = "import sys\nsys.path.append('/testbed/a')\n"
WRITTEN: dict[str, tuple[list[ChatMessage], dict[str, str]]] = {
    "an edit replaces the first place": (
        [called(path="/testbed/t.py", content="a a"), called(path="/testbed/t.py", **EDIT)],
        {"t.py": "b a"},
    ),
    "an edit of the workspace's place": (
        [
            called(path="t.py", content=AT),
            called(path="t.py", old_str="'/testbed/a'", new_str="'/testbed/b'"),
        ],
        {"t.py": AT.replace("/testbed/a", f"{TREE}/b")},
    ),
    "an edit of a file that it did not write": ([called(path="old.py", **EDIT)], {}),
    "tee appends": (
        [ran("tee t.py <<'E'\n1\nE"), ran("tee -a t.py <<'E'\n2\nE")],
        {"t.py": "1\n2\n"},
    ),
    "tee to two files": ([ran("tee t.py u.py <<'E'\n1\nE")], {"t.py": "1\n"}),
    "errors to nowhere": ([ran("cat 2> /dev/null > t.py <<'E'\n1\nE")], {"t.py": "1\n"}),
    "renamed away": ([ran("cat > t.py <<'E'\n1\nE\nmv t.py u.py")], {"u.py": "1\n"}),
    "a name with a line break": ([called(path="a\nb", content="1")], {}),
    "for other temporary files": (
        [called(path="/var/tmp/t.py", content="1")],
        {"/var/tmp/t.py": "1"},
    ),
}


@pytest.mark.parametrize(("messages", "files"), WRITTEN.values(), ids=WRITTEN)
def test_what_is_written(messages: list[ChatMessage], files: dict[str, str]) -> None:
    assert kit(*messages).files == files


def test_tools_write_where_the_rollout_began() -> None:
    wrote = called(path="t.py", content="a"), called(path="t.py", **EDIT)
    assert kit(*wrote, home="pkg").files == {"pkg/t.py": "b"}


FOLDERS = {
    ("cd",): None,
    ("cd", "~"): None,
    ("cd", "/etc"): None,
    ("cd", ".."): "",
    ("cd", "../.."): None,
    ("cd", "b"): "a/b",
    ("cd", TREE): "",
    ("cd", f"{TREE}/c"): "c",
    ("cd", f"{TREE}/.."): None,
    ("cd", f"{TREE}s"): None,
}


@pytest.mark.parametrize(("words", "folder"), FOLDERS.items(), ids=str)
def test_where_cd_leads(words: tuple[str, ...], folder: str | None) -> None:
    assert folder_after(words, "a") == folder


def test_nothing_runs_where_the_workspace_was_left() -> None:
    assert kit(ran("cd; python a.py")).commands == ()
    assert kit(ran("cd /testbed && python a.py"), home="pkg").commands == (
        KitCommand("python a.py"),
    )


def test_a_kit_holds_a_hundred_files_and_none_that_is_too_long() -> None:
    many = [called(path=f"f{i}.py", content="1") for i in range(MOST_FILES + 1)]
    assert [*kit(*many).files] == [f"f{i}.py" for i in range(MOST_FILES)]
    lengths = {"long.py": MOST_FILE_CHARS, "longer.py": MOST_FILE_CHARS + 1, "short.py": 1}
    wrote = [called(path=path, content="x" * length) for path, length in lengths.items()]
    assert set(kit(*wrote).files) == {"long.py", "short.py"}


def test_a_command_of_more_than_20000_characters_is_left_out() -> None:
    for length, kept in ((20_000, True), (20_001, False)):
        script = "python a.py ".ljust(length, "x")
        assert bool(kit(ran(script)).commands) == kept


def test_only_the_last_400_commands_are_considered() -> None:
    patch = "diff --git a/m.py b/m.py\n--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-a\n+b\n"
    edits = [ran(f"python - <<'E'\nopen('m.py', 'w').write('{i}')\nE") for i in range(400)]
    assert kit(ran("python a.py"), *edits[1:], patch=patch).commands == (KitCommand("python a.py"),)
    assert kit(ran("python a.py"), *edits, patch=patch).commands == ()


NAMED = {
    ("python try.py", "try.py"): True,
    ("python -m pkg.helper", "pkg/helper.py"): True,
    ("python -m pkg.helpers", "pkg/helper.py"): False,
    ("cd ab && ls", "ab.py"): False,
    ("cd abc && ls", "abc.py"): True,
}


@pytest.mark.parametrize(("given", "expected"), NAMED.items(), ids=str)
def test_whether_a_command_names_a_file(given: tuple[str, str], expected: bool) -> None:
    assert names(*given) is expected


CHANGED = "diff --git a/m.py b/m.py\n--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-a\n+b\n"


def new_file(path: str, body: str = "@@ -0,0 +1 @@\n+1\n") -> str:
    head = f"diff --git a/{path} b/{path}\nnew file mode 100644\n"
    return f"{head}--- /dev/null\n+++ b/{path}\n{body}"


EDITS = {
    "open('m.py', 'w')": False,
    "open('m.py', 'a')": False,
    "open('m.py', 'x')": False,
    "open('m.py', 'r')": True,
    "Path('m.py').write_text(t)": False,
    "Path('m.py').write_bytes(t)": False,
    "out('m.py').writelines(t)": False,
    "out('m.py').writer(t)": True,
    "open('new.py', 'w')": True,
}


@pytest.mark.parametrize(("code", "kept"), EDITS.items(), ids=EDITS)
def test_a_command_that_makes_the_change_itself_is_left_out(code: str, kept: bool) -> None:
    script = f"python - <<'E'\n{code}\nE"
    assert bool(kit(ran(script), patch=CHANGED + new_file("new.py")).commands) == kept


ADDED = {
    "tests/a.txt": True,
    "test/a.txt": True,
    "a/test_b.py": True,
    "a/b_test.go": True,
    "a/conftest.py": True,
    "a/b.py": False,
    "latest/b.py": False,
}


@pytest.mark.parametrize(("path", "kept"), ADDED.items(), ids=ADDED)
def test_tests_that_the_patch_adds_belong_to_the_kit(path: str, kept: bool) -> None:
    assert set(kit(patch=new_file(path)).files) == ({path} if kept else set())


def test_an_added_file_is_taken_as_it_ends() -> None:
    no_end = "@@ -0,0 +1,2 @@\n+1\n+2\n\\ No newline at end of file\n"
    assert kit(patch=new_file("tests/a", no_end)).files == {"tests/a": "1\n2"}
    head = "diff --git a/tests/b b/tests/b\nnew file mode 100644\nindex 0000000..1111111\n"
    binary = f"{head}GIT binary patch\nliteral 1\nIcmZPo000310RR91\n\nliteral 0\nHcmV?d00001\n\n"
    assert kit(patch=binary).files == {}


@pytest.mark.parametrize("path", ["~/a", "a\nb", "$HOME/a", " ", "/etc/a", "/tmp/../etc/a"])
def test_files_elsewhere_are_not_taken(path: str) -> None:
    assert placed(path) is None
