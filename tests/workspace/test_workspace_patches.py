"""The patch of a rollout: everything that `git apply` needs to make the workspace again."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from helpers import Outcome, Script, eval_one, shell_then_submit
from inspect_ai import Task
from inspect_ai.agent import react
from inspect_ai.dataset import Sample
from inspect_ai.log import read_eval_log_sample
from inspect_ai.scorer import includes
from inspect_ai.tool import bash

from inspect_tts import rtv
from inspect_tts.evidence.facts import PATCH_BYTES

SETUP = r"""
git init -q . && git config user.name a && git config user.email a@example.org
printf 'one\ntwo\n' >text && printf 'caf\351\n' >latin && printf '\0\1\2' >binary && touch gone
printf '*.py diff=python\n' >.gitattributes && echo ignored >.gitignore
git add -A && git commit -q -m base
"""
CHANGES = {
    "text": "echo three >>text",
    "committed": "echo three >>text && git commit -qam more && echo four >>text",
    "new file in a new folder": "mkdir new && printf 'a\\tb' >'new/a b'",
    "binary": "printf '\\0\\3' >>binary && head -c 2000 /dev/urandom >other.bin",
    "another encoding": "printf 'na\\357ve\\r\\n' >>latin && echo x >>text",
    "deleted, renamed, made executable": "rm gone && git mv text moved && chmod +x binary",
    "an index that was changed": "git rm -q --cached text && echo y >>latin",
    "settings that change what git shows": "git config diff.noprefix true"
    " && git config core.quotePath false && git config color.ui always && echo z >>text",
}


def rollout_of(command: str, tmp_path: Path, setup: str = SETUP) -> Outcome:
    task = Task(
        dataset=[Sample(input="Work.", target="x", setup=setup)],
        solver=react(tools=[bash()]),
        scorer=includes(),
        sandbox="local",
    )
    script = Script(shell_then_submit(command))
    return eval_one(task, rtv(n=1), script, tmp_path / "logs")


def git(folder: Path, *args: str, input: bytes | None = None) -> bytes:
    command = ["git", "-c", "core.autocrlf=false", *args]
    return subprocess.run(command, cwd=folder, input=input, capture_output=True, check=True).stdout


def tree(folder: Path) -> dict[str, Any]:
    paths = [p for p in sorted(folder.rglob("*")) if ".git" not in p.relative_to(folder).parts]
    return {
        str(p.relative_to(folder)): (p.read_bytes(), p.stat().st_mode & 0o111)
        for p in paths
        if p.is_file()
    }


@pytest.mark.parametrize("change", CHANGES)
def test_the_patch_makes_the_same_tree_of_a_fresh_one(change: str, tmp_path: Path) -> None:
    outcome = rollout_of(CHANGES[change], tmp_path)
    [rollout] = outcome.pool.rollouts
    patch = rollout.patch
    assert patch is not None
    assert patch.text is not None, patch.notice
    assert patch.size == len(patch.text.encode())
    expected, fresh = tmp_path / "expected", tmp_path / "fresh"
    for folder in (expected, fresh):
        folder.mkdir()
        subprocess.run(["bash", "-c", SETUP], cwd=folder, check=True)
    subprocess.run(["bash", "-c", CHANGES[change]], cwd=expected, check=True)
    git(fresh, "apply", "--whitespace=nowarn", "-", input=patch.text.encode())
    wanted, made = tree(expected), tree(fresh)
    if "binary" in change:  # the random file differs from run to run
        assert len(made.pop("other.bin")[0]) == len(wanted.pop("other.bin")[0]) == 2000
    assert made == wanted


def test_a_rollout_that_changed_nothing_has_an_empty_patch(tmp_path: Path) -> None:
    [rollout] = rollout_of("touch ignored", tmp_path).pool.rollouts
    assert rollout.patch is not None
    assert (rollout.patch.text, rollout.patch.size) == ("", 0)
    assert len(rollout.patch.commit or "") == 40


@pytest.mark.parametrize(
    ("command", "changed"),
    [
        ("touch ignored", []),
        ("echo one >text; echo TWO >>text", ["text"]),
        ("echo other >notes", ["notes"]),
        ("git checkout -q text; rm notes", ["notes", "text"]),
        ("echo x >>text; git add -A; git commit -qm x", ["text"]),
        ("chmod +x notes", ["notes"]),
        ("echo other >'a\"ü'", ['a"ü']),
    ],
    ids=[
        "nothing",
        "a line again",
        "a new file",
        "put back",
        "committed",
        "its mode",
        "an odd name",
    ],
)
def test_what_differed_before_is_a_change_where_the_agent_changed_it(
    command: str, changed: list[str], tmp_path: Path
) -> None:
    dirty = f"{SETUP}\nprintf 'one\ntwo!\n' >text; echo mine >notes; echo mine >'a\"ü'"
    [rollout] = rollout_of(command, tmp_path, dirty).pool.rollouts
    assert sorted(fact.path for fact in rollout.facts.files_changed or ()) == changed


def test_a_huge_patch_is_left_out_with_its_size(tmp_path: Path) -> None:
    [rollout] = rollout_of("seq 1 300000 >numbers", tmp_path).pool.rollouts
    assert rollout.patch is not None
    assert rollout.patch.text is None
    assert rollout.patch.size > PATCH_BYTES
    assert f"{rollout.patch.size} bytes, more than the {PATCH_BYTES}" in str(rollout.patch.notice)
    assert rollout.status == "completed"


def test_a_workspace_that_is_gone_says_so(tmp_path: Path) -> None:
    [rollout] = rollout_of('rm -rf "$PWD"', tmp_path).pool.rollouts
    assert rollout.patch is not None
    assert rollout.patch.text is None
    assert rollout.patch.notice == "the workspace could not be read at the end"


def test_the_log_holds_the_patch_as_an_attachment(tmp_path: Path) -> None:
    outcome = rollout_of("seq 1 500 >numbers", tmp_path)
    [rollout] = outcome.pool.rollouts
    assert rollout.patch is not None
    sample = read_eval_log_sample(outcome.log.location, id=1)
    assert rollout.patch.text in sample.attachments.values()
