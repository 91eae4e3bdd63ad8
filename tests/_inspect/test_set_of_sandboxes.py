"""The sandboxes of rollouts: prepared as Inspect prepares the sample's, and closed unless kept."""

from pathlib import Path
from typing import Any

import pytest
from conftest import Box, local_box
from helpers import remove_containers
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.solver import TaskState
from inspect_ai.util import sandbox
from scripted import acting, last_words, only, pool, run, turn

from inspect_tts import rtv


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
