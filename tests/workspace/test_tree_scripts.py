"""The scripts of a tree, run by hand: what they refuse, notice, restore and clean up."""

import os
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from inspect_tts.workspace.tree import _archive
from inspect_tts.workspace.tree_scripts import (
    APPLY,
    COPY,
    OPEN_TREE,
    RESTORE,
    RESTORE_CHANGED,
    RUN,
    SHOW,
    STATE,
)

SETUP = r"""
git init -q . && printf 'one\ntwo\n' >a && printf 'b\n' >b && ln -s a link && mkdir empty
git add -A && git -c user.name=a -c user.email=a@example.org commit -q -m base
"""


def sh(
    script: str, *given: object, cwd: Path, input: bytes = b"", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    command = ["sh", "-c", script, "sh", *map(str, given)]
    return subprocess.run(
        command, cwd=cwd, input=input, capture_output=True, env={**os.environ, **(env or {})}
    )


def opened_at(
    top: Path, most: int = 100_000, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return sh(OPEN_TREE, most, top.parent / "place", cwd=top, env=env)


class Ended(NamedTuple):
    """How a command ended on a tree."""

    code: int
    state: str
    edited: list[str]
    output: str
    report: str


class Opened(NamedTuple):
    """A tree in its start state."""

    top: Path
    own: Path

    def script(self, script: str, *given: object, input: bytes = b"") -> str:
        done = sh(script, self.top, self.own, *given, cwd=Path("/"), input=input)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    def states(self, script: str = STATE) -> tuple[str, str]:
        """The checksums of the content and of the state."""
        told = dict(line.split(" ") for line in self.script(script).splitlines())
        return told["content"], told["state"]

    def change(self, script: str) -> None:
        assert sh(script, cwd=self.top).returncode == 0

    def run(self, command: str, *, folder: str = "", **files: str) -> Ended:
        report = self.own / "report.xml"
        placed = {name.replace("__", "/"): text for name, text in files.items()}
        told = self.script(
            RUN,
            *(folder, command, 20, 100_000, report, "no", *placed),
            input=_archive(placed, str(self.top)),
        )
        code, state, *encoded = told.split("\n")
        edited, output, text = (b64decode(each).decode() for each in encoded[:3])
        return Ended(int(code), state, edited.splitlines(), output, text)


@pytest.fixture
def tree(tmp_path: Path) -> Opened:
    top = tmp_path / "top"
    top.mkdir()
    (tmp_path / "place").mkdir()
    subprocess.run(["sh", "-c", SETUP], cwd=top, check=True)
    told = opened_at(top).stdout.decode().splitlines()
    assert (told[0], told[2]) == (str(top), str(top))
    made = Opened(top, Path(told[1]))
    made.states()
    return made


# --- what cannot be opened


def test_a_workspace_that_cannot_be_copied_is_refused_by_its_reason(
    tree: Opened, tmp_path: Path
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for name in ("awk", "cp", "du", "git", "mkdir", "mktemp", "rm", "sha256sum", "sh", "stat"):
        (few / name).symlink_to(shutil.which(name) or name)
    root = tmp_path / "root"
    root.mkdir()
    (root / "git").write_text("#!/bin/sh\necho /\n", encoding="utf-8")
    (root / "git").chmod(0o755)
    nowhere = tmp_path / "nowhere"
    place = sh(OPEN_TREE, 100_000, nowhere, cwd=tree.top, env={"TMPDIR": str(nowhere)})
    found = {
        "no repository": opened_at(tmp_path / "place").returncode,
        "the root": opened_at(tree.top, env={"PATH": f"{root}:{os.environ['PATH']}"}).returncode,
        "too large": opened_at(tree.top, most=8).returncode,
        "no timeout": opened_at(tree.top, env={"PATH": str(few)}).returncode,
        "no room": place.returncode,
    }
    assert [*found.values()] == [3, 4, 5, 6, 7]


# --- what is noticed


@pytest.mark.parametrize(
    ("change", "content", "state"),
    [
        ("touch -d @1 a", False, True),
        ("echo 1 >>a", True, True),
        ("chmod +x a", True, True),
        ("ln -sfn b link", True, True),
        ("rm link && echo a >link", True, True),
        ("mkdir new", True, True),
        ("rmdir empty", True, True),
        ("mv a c", True, True),
        ("git config a.b c", True, False),
        ("true", False, False),
    ],
)
def test_content_is_all_but_times_and_state_is_all_but_git(
    change: str, content: bool, state: bool, tree: Opened
) -> None:
    before = tree.states()
    tree.change(change)
    after = tree.states()
    assert (after[0] != before[0], after[1] != before[1]) == (content, state)


@pytest.mark.parametrize("script", [RESTORE_CHANGED, RESTORE])
def test_the_start_comes_back(script: str, tree: Opened) -> None:
    before, _ = tree.states()
    tree.change(
        "echo 1 >>a && chmod 700 b && rm link && mkdir link && touch link/x 'c d'"
        " && rmdir empty && git config a.b c && git checkout -q -b other"
    )
    content, _ = tree.states(script)
    assert content == before
    assert not (tree.top / "c d").exists()


def test_more_than_2000_changes_are_not_restored_one_by_one(tree: Opened) -> None:
    tree.change("for n in $(seq 2000); do : >new$n; done")
    before, _ = tree.states(RESTORE_CHANGED)
    tree.change("for n in $(seq 2001); do : >new$n; done")
    assert sh(RESTORE_CHANGED, tree.top, tree.own, cwd=tree.top).returncode == 4
    assert tree.states(RESTORE)[0] == before


# --- results


def patch(new: str, old: str = "two") -> bytes:
    return f"diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n one\n-{old}\n+{new}\n".encode()


def test_a_result_is_put_on_byte_for_byte(tree: Opened) -> None:
    tree.change("git config core.autocrlf true")
    assert tree.script(APPLY, "", input=patch("2 ")).startswith("state ")
    assert (tree.top / "a").read_bytes() == b"one\n2 \n"
    tree.script(APPLY, "-R", input=patch("2 "))
    assert (tree.top / "a").read_bytes() == b"one\ntwo\n"
    assert tree.script(APPLY, "", input=b"").startswith("state "), "nothing is a result as well"
    refused = sh(APPLY, tree.top, tree.own, "", cwd=tree.top, input=patch("2", old="zwei"))
    assert refused.returncode == 4
    assert b"patch does not apply" in refused.stderr


def test_copies_are_shown_and_put_in_the_place_of_the_workspace(
    tree: Opened, tmp_path: Path
) -> None:
    beside = tmp_path / "beside"
    tree.change("echo 1 >new")
    tree.script(COPY, beside, "solution_1")
    tree.states(RESTORE)
    tree.script(SHOW, beside, "untouched")
    assert not tree.own.exists()
    assert sorted(path.name for path in beside.iterdir()) == ["solution_1", "untouched", "use"]

    def use(*which: str) -> int:
        return subprocess.run(["sh", str(beside / "use"), *which], capture_output=True).returncode

    assert [use(), use("solution_9")] == [2, 2]
    assert (tree.top / "a").exists(), "a wrong name changes nothing"
    assert use("solution_1") == 0
    assert (tree.top / "new").exists()
    assert use("untouched") == 0
    assert not (tree.top / "new").exists()
    assert (tree.top / ".git").is_dir()


# --- commands


def test_a_command_has_a_plain_environment_and_begins_in_its_folder(tree: Opened) -> None:
    names = ("PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "NO_COLOR", "TERM", "PYTEST_ADDOPTS")
    shown = "; ".join(f"echo ${name}" for name in names)
    unset = "echo ${LC_ALL-none} ${GIT_CONFIG_COUNT-none}"
    ended = tree.run(f"{shown}; {unset}; pwd; echo bad >&2; cat; exit 3", folder="empty")
    assert ended.output.splitlines() == [
        *("0", "1", "1", "dumb", "-p no:cacheprovider"),
        "none none",
        str(tree.top / "empty"),
        "bad",
    ]
    assert (ended.code, ended.edited, ended.report) == (3, [], "")
    assert tree.run("true", folder="nowhere").code == 127


def test_the_files_of_a_check_go_with_it_and_nothing_else_does(
    tree: Opened, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.py"
    before = tree.states()[1]
    names = ("sub/deep/try.py", "empty/try.py", str(elsewhere))
    files = {name.replace("/", "__"): "text" for name in names}
    ended = tree.run(f"cat {' '.join(names)}", **files)
    assert (ended.code, ended.output, ended.state) == (0, "text" * 3, before)
    assert not elsewhere.exists()
    assert (tree.top / "empty").is_dir(), "it was there before"
    assert not (tree.top / "sub").exists()


def test_a_report_is_read_once(tree: Opened) -> None:
    report = tree.own / "report.xml"
    assert tree.run(f"echo '<x/>' >{report}").report == "<x/>\n"
    assert tree.run("true").report == ""


def test_what_a_command_changed_is_named_and_no_more_than_20_files(tree: Opened) -> None:
    ended = tree.run("echo 1 >>a; rm b; touch new")
    assert sorted(ended.edited) == ["a", "b"]
    tree.states(RESTORE)
    tree.change("for n in $(seq -w 30); do : >f$n; done")
    tree.states()
    assert len(tree.run("rm f*").edited) == 20
