"""The scripts that read a workspace, run by hand: from a folder below its top, in other shells."""

import shutil
import subprocess
from pathlib import Path

import pytest

from inspect_tts.evidence.facts import parse_workspace
from inspect_tts.workspace.baseline import LARGE, MOST_NEW, TOOLS, with_tools
from inspect_tts.workspace.read_scripts import READ
from inspect_tts.workspace.scripts import OPEN

SETUP = r"""
git init -q . && mkdir 'a b' && echo x >'a b/x' && echo '*.log' >.git/info/exclude
git add -A && git -c user.name=a -c user.email=a@example.org commit -q -m base
"""


@pytest.mark.parametrize("shell", ["sh", "bash", "mksh"])
@pytest.mark.parametrize("folder", [".", "a b"])
def test_rules_of_the_repository_hold_wherever_commands_begin(
    shell: str, folder: str, tmp_path: Path
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")

    def run(script: str, *given: str, cwd: Path) -> str:
        command = [shell, "-c", script, "sh", *given]
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    top, place = tmp_path / "top", tmp_path / "place"
    top.mkdir()
    place.mkdir()
    run(SETUP, cwd=top)
    opened = run(with_tools(OPEN), LARGE, str(place), *TOOLS, cwd=top / folder).splitlines()
    noted, found = opened[:5], [line.partition("=")[::2] for line in opened[5:]]
    assert noted[0] == str(top)
    (top / "a b" / "x").write_text("y\n", "utf-8")
    (top / "kept").write_text("new\n", "utf-8")
    (top / "left.log").write_text("out\n", "utf-8")
    asked = ("1000000", "!diff", LARGE, str(MOST_NEW))
    read = parse_workspace(run(with_tools(READ, tuple(found)), *noted, *asked, cwd=tmp_path))
    assert read.commit == noted[2]
    assert [change.path for change in read.changes] == ["a b/x", "kept"]
    assert (read.diff or b"").count(b"diff --git ") == 2
