"""Programs and notes that an agent broke never make a patch that is not the agent's."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import Script, run_eval
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox

from inspect_tts.evidence.facts import PATCH_BYTES, Workspace
from inspect_tts.workspace.baseline import (
    TOOLS,
    Baseline,
    close_baseline,
    open_baseline,
    read_workspace,
)

SETUP = r"""
git init -q -b main . && git config user.name a && git config user.email a@example.org
for name in a b c; do echo $name >$name; done && echo '*.o' >.gitignore && git add -A
git commit -q -m base
"""
EDIT = "echo more >>a; echo new >new"
PROGRAMS = {
    "silent": "exit 0",
    "failing": "exit 1",
    "nonsense": "echo nonsense",
    "echoing": "cat",
}
NOTES = {
    "all excluded": "echo '*' >{own}/git/info/exclude",
    "all ignored": "echo '*' >{own}/ignore/.gitignore",
    "no sums and no git": ": >{own}/sums; rm -r {own}/git",
    "settings": "printf '[core]\\nexcludesFile=/dev/zero\\n' >>{own}/git/config",
    "another object": "echo x >{own}/big; echo a >{own}/nested",
    "all gone": "rm -r {own}",
}


async def sh(script: str) -> None:
    assert (await sandbox().exec(["sh", "-c", script])).success


def told(read: Workspace | None) -> str:
    if read is None:
        return "nothing"
    names = sorted(change.path for change in read.changes)
    if names != ["a", "new"]:
        return f"wrong: {names}"
    if read.diff is None:
        return "names"
    lines = [line for line in read.diff.decode().splitlines() if line[:1] in "+-"]
    changed = [line for line in lines if line[1:3] != line[0] * 2]
    return "all" if changed == ["+more", "+new"] else f"wrong: {changed}"


async def with_program(baseline: Baseline, name: str, kind: str, folder: Path) -> str:
    path, body = folder / f"{name}-{kind}", PROGRAMS[kind]
    path.write_text(f"#!/bin/bash\n{body}\n")
    path.chmod(0o755)
    tools = {**dict(baseline.tools), name: str(path)}
    read = await read_workspace(
        replace(baseline, tools=tuple(tools.items())), patch_bytes=PATCH_BYTES
    )
    return told(read)


async def with_notes(script: str) -> str:
    baseline = await open_baseline(local=True)
    assert baseline is not None
    await read_workspace(baseline)
    await sh(script.format(own=baseline.own))
    read = await read_workspace(baseline, patch_bytes=PATCH_BYTES)
    await close_baseline(baseline)
    return told(read)


@solver
def nothing() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return state

    return solve


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What was told in each case, by its name."""
    folder, found = tmp_path_factory.mktemp("programs"), dict[str, str]()
    first = tmp_path_factory.mktemp("first")

    @scorer(metrics=[accuracy()])
    def reads() -> Scorer:
        async def score(state: TaskState, target: Target) -> Score:
            baseline = await open_baseline(local=True)
            assert baseline is not None
            await sh(EDIT)
            found["no case"] = told(await read_workspace(baseline, patch_bytes=PATCH_BYTES))
            for name in TOOLS:
                for kind in PROGRAMS:
                    found[f"{name} {kind}"] = await with_program(baseline, name, kind, folder)
            for name in TOOLS:
                shutil.copy(folder / f"{name}-nonsense", first / name)
            found["first in the PATH"] = told(await read_workspace(baseline, patch_bytes=10**6))
            shutil.rmtree(first)
            await close_baseline(baseline)
            return Score(value=1)

        return score

    @scorer(metrics=[accuracy()])
    def tampered() -> Scorer:
        async def score(state: TaskState, target: Target) -> Score:
            for name, script in NOTES.items():
                await sh("git stash -q -u 2>/dev/null; true")
                found[name] = await with_notes(f"{EDIT}; {script}")
            return Score(value=1)

        return score

    sample = Sample("Work.", target="x", setup=SETUP)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PATH", f"{first}{os.pathsep}{os.environ['PATH']}")
        for graded in (reads(), tampered()):
            task = Task(dataset=[sample], scorer=graded, sandbox="local")
            log = run_eval(task, nothing(), Script(), folder / "logs")
            assert log.status == "success", log.error
    return found


def test_without_damage_all_is_told(findings: dict[str, str]) -> None:
    assert findings["no case"] == "all"


def test_programs_that_an_agent_put_first_in_the_path_are_not_run(
    findings: dict[str, str],
) -> None:
    assert findings["first in the PATH"] == "all"


def test_a_broken_program_makes_no_wrong_patch(findings: dict[str, str]) -> None:
    wrong = {name: what for name, what in findings.items() if what.startswith("wrong")}
    assert wrong == {}


@pytest.mark.parametrize("case", NOTES)
def test_changed_notes_are_not_trusted(case: str, findings: dict[str, str]) -> None:
    assert findings[case] == "all", "the repository's own objects tell it, too"
