"""What is taken of a rollout: the files that it made beside its change, and how it ran them."""

import pytest
from inspect_ai.model import ChatMessage, ChatMessageAssistant
from inspect_ai.tool import ToolCall

from inspect_tts.evidence.shell import simple_commands
from inspect_tts.execution.commands import checks_something, pytest_run
from inspect_tts.execution.kits import Kit, KitCommand, kit_of
from inspect_tts.execution.paths import TREE, joined, placed

WRITTEN = "cat > try.py <<'EOF'\nprint(1)\nEOF\n"


def called(function: str = "bash", **arguments: str) -> ChatMessage:
    call = ToolCall(id="1", function=function, arguments=dict(arguments))
    return ChatMessageAssistant(content="", tool_calls=[call])


def ran(*scripts: str) -> list[ChatMessage]:
    return [called(command=script) for script in scripts]


def kit(messages: list[ChatMessage], patch: str = "", home: str = "") -> Kit:
    return kit_of("t0-n00", messages, patch, top="/testbed", home=home)


def commands(found: Kit) -> list[tuple[str, str]]:
    return [(command.text, command.folder) for command in found.commands]


CHECKS = {
    "python try.py": True,
    "python3.11 -m pytest tests/test_a.py -q": True,
    "pytest -x": True,
    "./tests/runtests.py app.test_x": True,
    "bash run.sh": True,
    "bash -c 'ls'": False,
    "timeout 60 python try.py": True,
    "DEBUG=1 python try.py": True,
    "python -c 'import a'": True,
    "python - <<'E'\nimport a\nE": True,
    "go test ./...": True,
    "npm test": True,
    "make test": True,
    "make": False,
    "pip install x": False,
    "python -m pip install x": False,
    "python setup.py build_ext": False,
    "python --version": False,
    "sed -i s/a/b/ a.py": False,
    "git apply x": False,
    "ls -la": False,
    "grep -r python .": False,
    "rm try.py": False,
}


@pytest.mark.parametrize(("command", "expected"), CHECKS.items(), ids=CHECKS)
def test_which_commands_are_checks(command: str, expected: bool) -> None:
    assert [checks_something(each) for each in simple_commands(command)] == [expected]


SCRIPTS = {
    "as it was written": ("python a.py --x 'b c'", ["python a.py --x 'b c'"]),
    "without the pipe behind": ("python a.py 2>&1 | tail -5", ["python a.py"]),
    "a digit at the end stays": ("python a.py 12", ["python a.py 12"]),
    "one after the other": ("python a.py && pytest b.py; echo $?", ["pytest b.py", "python a.py"]),
    "with its document": (
        "python - <<'E'\nprint(1)\nE\nls",
        ["python - <<'E'\nprint(1)\nE"],
    ),
    "the last use counts": (
        "python a.py; python b.py; python a.py",
        ["python a.py", "python b.py"],
    ),
}


@pytest.mark.parametrize(("script", "expected"), SCRIPTS.values(), ids=SCRIPTS)
def test_commands_can_be_run_again(script: str, expected: list[str]) -> None:
    assert [command.text for command in kit(ran(script)).commands] == expected


def test_a_command_runs_where_it_ran() -> None:
    found = kit(ran("cd /testbed/docs && python a.py", "cd sub; cd ..; python b.py"))
    assert commands(found) == [("python b.py", ""), ("python a.py", "docs")]
    assert commands(kit(ran("cd /etc && python a.py"))) == []
    assert commands(kit(ran("python a.py"), home="pkg")) == [("python a.py", "pkg")]


FILES = {
    "here-document": (ran(WRITTEN), {"try.py": "print(1)\n"}),
    "operator first": (ran("cat <<EOF > try.py\nprint(1)\nEOF"), {"try.py": "print(1)\n"}),
    "tee": (ran("tee try.py <<'EOF'\nprint(1)\nEOF"), {"try.py": "print(1)\n"}),
    "appended": (
        ran(WRITTEN, "cat >> try.py <<'EOF'\nprint(2)\nEOF"),
        {"try.py": "print(1)\nprint(2)\n"},
    ),
    "the last text counts": (
        ran(WRITTEN, "cat > try.py <<'EOF'\nprint(2)\nEOF"),
        {"try.py": "print(2)\n"},
    ),
    "in a folder, removed later": (
        ran("cd /testbed/a && cat > b.py <<'EOF'\n1\nEOF\nrm b.py"),
        {"a/b.py": "1\n"},
    ),
    "renamed": (ran(f"{WRITTEN}mv try.py other.py"), {"other.py": "print(1)\n"}),
    "for temporary files": (ran("cat > /tmp/x/t.py <<'E'\n1\nE"), {"/tmp/x/t.py": "1\n"}),
    "a tool that writes": (
        [called("text_editor", command="create", path="/testbed/t.py", file_text="1\n")],
        {"t.py": "1\n"},
    ),
    "a tool that edits": (
        [
            called("Write", file_path="/testbed/t.py", content="old\n"),
            called("Edit", file_path="/testbed/t.py", old_string="old", new_string="new"),
        ],
        {"t.py": "new\n"},
    ),
    "a shell block of a text": (
        [ChatMessageAssistant(content=f"I try:\n```bash\n{WRITTEN}```\n")],
        {"try.py": "print(1)\n"},
    ),
    "nowhere else": (ran("cat > /etc/x <<'E'\n1\nE", "cat > ../x <<'E'\n1\nE"), {}),
    "no variable": (ran("cat > $HOME/x <<'E'\n1\nE"), {}),
}


@pytest.mark.parametrize(("messages", "expected"), FILES.values(), ids=FILES)
def test_files_are_taken_in_their_places(
    messages: list[ChatMessage], expected: dict[str, str]
) -> None:
    assert kit(messages).files == expected


def added(path: str, *lines: str) -> str:
    body = "".join(f"+{line}\n" for line in lines)
    head = f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n"
    return f"{head}@@ -0,0 +1,{len(lines)} @@\n{body}"


CHANGED = "diff --git a/m.py b/m.py\n--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-a\n+b\n"


def test_the_change_itself_is_no_part_of_a_kit() -> None:
    patch = CHANGED + added("lib/new.py", "x = 1") + added("tests/test_new.py", "assert 1")
    wrote = ran("cat > m.py <<'E'\nb\nE", "cat > lib/new.py <<'E'\nx = 1\nE", WRITTEN)
    assert set(kit(wrote, patch).files) == {"tests/test_new.py", "try.py"}
    named = kit([*wrote, *ran("python lib/new.py")], patch)
    assert set(named.files) == {"tests/test_new.py", "try.py", "lib/new.py"}


EDITS = {
    "an edit in line": ("python3 - <<'E'\nopen('a.py', 'w').write('b')\nE", False),
    "an edit by a path": ("python3 - <<'E'\nPath('a.py').write_text('b')\nE", False),
    "a file of its own": ("python3 - <<'E'\nopen('log', 'w').write('b')\nE", True),
    "a file whose name ends so": ("python3 - <<'E'\nopen('data.py', 'w').write('b')\nE", True),
    "only reading": ("python3 - <<'E'\nprint(open('a.py').read())\nE", True),
}


@pytest.mark.parametrize(("script", "kept"), EDITS.values(), ids=EDITS)
def test_a_script_that_makes_the_change_is_no_check(script: str, kept: bool) -> None:
    patch = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a\n+b\n"
    assert bool(kit(ran(script), patch).commands) == kept
    made = "cat > fix.py <<'E'\nopen('a.py', 'w').write('b')\nE\npython3 fix.py"
    assert kit(ran(made), patch).commands == ()
    assert kit(ran(made), "").commands != ()


def test_a_file_is_as_the_patch_left_it() -> None:
    found = kit(ran(WRITTEN, "python try.py"), added("try.py", "print(2)"))
    assert found.files == {"try.py": "print(2)\n"}


def test_a_command_runs_with_all_files_or_none() -> None:
    found = kit(ran(WRITTEN, "cat > helper.py <<'E'\n1\nE", "python try.py; pytest tests/old.py"))
    needed = {command.text: set(found.needed(command)) for command in found.commands}
    assert needed == {"python try.py": {"try.py", "helper.py"}, "pytest tests/old.py": set()}
    assert found.needed(KitCommand("python -m unittest pkg.helper")) == found.files


def test_the_place_of_the_workspace_is_kept_out() -> None:
    at = [called(command="cat > t.py <<'E'\nopen('/testbed/x')\nE\npython /testbed/t.py /testbeds")]
    found = kit(at)
    assert found.files == {"t.py": f"open('{TREE}/x')\n"}
    assert commands(found) == [(f"python {TREE}/t.py /testbeds", "")]


def test_kits_are_bounded() -> None:
    many = ran(*(f"cat > f{i}.py <<'E'\n{'x' * 150_000}\nE\npython f{i}.py" for i in range(60)))
    found = kit(many)
    assert sum(map(len, found.files.values())) <= 1_000_000
    assert len(found.commands) == 40


PATHS = {
    ("a/../b.py", ""): "b.py",
    ("../b.py", "a"): "b.py",
    ("../b.py", ""): None,
    (f"{TREE}/a/b.py", "c"): "a/b.py",
    ("/tmp/../etc/x", ""): None,
    ("/tmp/x", "a"): "/tmp/x",
    ("~/x", ""): None,
    ("", ""): None,
}


@pytest.mark.parametrize(("given", "expected"), PATHS.items())
def test_where_files_may_stand(given: tuple[str, str], expected: str | None) -> None:
    assert placed(*given) == expected
    assert joined("a", "..", "..") is None


def test_runs_of_pytest_tell_their_files() -> None:
    run = pytest_run("python -m pytest -k 'a b' tests/a.py::test_x tests/b.py -q > out")
    assert run is not None
    assert (run.launcher, run.files) == ("python -m pytest", ("tests/a.py", "tests/b.py"))
    for launcher in ("/opt/venv/bin/python -m pytest", ".venv/bin/pytest", "$VENV/bin/py.test"):
        run = pytest_run(f"timeout 60 {launcher} tests/a.py")
        assert run is not None
        assert run.launcher == launcher, "the Python that has the packages"
    for given in ("PYTHONPATH=src", "A='b c' B=\"$PWD/src\""):
        run = pytest_run(f"env {given} timeout 60 pytest tests/a.py")
        assert run is not None
        assert run.launcher == f"{given} pytest"
    assert pytest_run("pytest tests") is None
    assert pytest_run("python a.py") is None
