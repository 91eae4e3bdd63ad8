"""What the machine has no room for is refused before the first rollout."""

from pathlib import Path
from typing import Any

import pytest
from conftest import Box
from helpers import Script, compose_file, run_eval, shell, submit
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes

from inspect_tts import bash_agent, rtv


def refused(sandbox: Any, name: str, folder: Path, **options: Any) -> str:
    task = Task(name=name, dataset=[Sample(input="Do it.")], scorer=includes(), sandbox=sandbox)
    script = Script(lambda me, turn: shell("true") if turn == 0 else submit())
    log = run_eval(task, rtv(n=2, votes=1, agent=bash_agent(), **options), script, folder)
    assert log.status == "error"
    assert script.calls == []
    return str((log.samples or [])[0].error)


def test_too_many_files(tmp_path: Path) -> None:
    assert "ulimit -n" in refused("local", "files", tmp_path, max_rollouts=10**9)


@pytest.mark.docker
def test_too_many_networks(docker_box: Box, tmp_path: Path) -> None:
    compose = compose_file(tmp_path, network="stdin_open: true")
    said = refused(("docker", compose), docker_box.task_name, tmp_path, max_rollouts=1100)
    assert "network_mode: none" in said
