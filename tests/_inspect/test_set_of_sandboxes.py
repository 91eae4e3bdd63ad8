"""The sandboxes of rollouts: prepared as Inspect prepares the sample's, and closed unless kept."""

from pathlib import Path
from typing import Any

import pytest
from conftest import Box, local_box
from helpers import remove_containers
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import TaskState
from inspect_ai.util import sandbox
from scripted import acting, last_words, only, pool, run, turn

from inspect_tts import rtv


@scorer(metrics=[mean()])
def finds(name: str) -> Scorer:
    """Scores 1 where a file is in the sandbox."""

    async def score(state: TaskState, target: Target) -> Score:
        found = await sandbox().exec(["cat", name])
        return Score(value=float(found.success), answer=found.stdout)

    return score


async def lists(state: TaskState) -> TaskState:
    """Say which files there are."""
    listed = await sandbox().exec(["sh", "-c", "ls | tr '\\n' ' '"])
    return await turn(state, f"#good has {listed.stdout}")


def kept(box: Box, folder: Path, setup: str, **options: Any) -> str:
    sample = Sample(input="Go.", target="#good", files={"given": "x"}, setup=setup)
    task = Task(dataset=[sample], scorer=last_words(), sandbox=box.spec, name=box.task_name)
    log = run(task, rtv(n=2, votes=1, agent=acting(lists)), folder, **options)
    assert pool(log).adopted is not None
    return only(log).output.completion


@pytest.mark.parametrize("first", ["", "#!/bin/bash\n", "#! /usr/bin/env bash\n"])
def test_a_setup_script_runs_in_bash_whether_it_says_so_or_not(tmp_path: Path, first: str) -> None:
    said = kept(local_box(tmp_path), tmp_path / "logs", f"{first}[[ -f given ]] && touch made\n")
    assert "given made" in said


@pytest.mark.parametrize("graded", [False, True])
def test_the_scorer_finds_the_winners_sandbox_open_and_then_it_is_closed(
    tmp_path: Path, graded: bool
) -> None:
    async def writes(state: TaskState) -> TaskState:
        await sandbox().exec(["sh", "-c", "echo good > result"])
        return await turn(state, "#good")

    box = local_box(tmp_path)
    sample = Sample(input="Go.", target="#good", setup=box.setup)
    task = Task(dataset=[sample], scorer=finds("result"), sandbox="local")
    strategy = rtv(n=3, votes=1, agent=acting(writes), score_rollouts=graded)
    log = run(task, strategy, tmp_path / "logs")
    score = (only(log).scores or {})["finds"]
    assert (score.value, score.answer) == (1.0, "good\n")
    assert (len(box.opened()), box.alive()) == (4, [])


@pytest.mark.docker
@pytest.mark.parametrize(("cleanup", "left"), [(None, 0), (False, 3)])
def test_containers_stay_only_if_they_are_not_to_be_cleaned_up(
    docker_box: Box, tmp_path: Path, cleanup: bool | None, left: int
) -> None:
    """One of the sample and two of rollouts; the winner's replaces the sample's."""
    try:
        kept(docker_box, tmp_path / "logs", "touch made", sandbox_cleanup=cleanup)
        assert len(docker_box.alive()) == left
    finally:
        remove_containers(docker_box.task_name)
