"""Nothing is left over: no container, no network, no folder, however the sample ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Box, docker_in_faults
from helpers import (
    Script,
    compose_file,
    eval_one,
    networks,
    prefer,
    processes,
    remove_containers,
    shell,
    shell_then_submit,
)
from inspect_ai import Task
from inspect_ai.agent import react
from inspect_ai.dataset import Sample
from inspect_ai.log import list_eval_logs, read_eval_log
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import TaskState
from inspect_ai.tool import bash

from inspect_tts import rtv

ROLLOUTS = 3


@pytest.fixture(autouse=True)
def with_network(box: Box, tmp_path: Path) -> None:
    """Docker gives each sandbox a network of its own here."""
    if box.kind == "docker":
        compose_file(tmp_path, network="networks: [default]")


@scorer(metrics=[mean()])
def counts_sandboxes(box: Box) -> Scorer:
    """How many are there when the sample has ended but the eval has not.

    At the eval's end Inspect removes what is left of its containers.
    """

    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=len(box.alive()))

    return score


def endless(box: Box, script: Script) -> Task:
    """A task whose rollouts never end by themselves."""
    return Task(
        name=box.task_name,
        dataset=[Sample(input="Go on for ever.", setup=box.setup)],
        solver=rtv(n=ROLLOUTS, votes=1, agent=react(tools=[bash()])),
        scorer=counts_sandboxes(box),
        sandbox=box.spec,
        model=script.model(),
    )


def noting(folder: Path, command: str) -> Script:
    """Agents that note their first turn in a file of the host and then run a command for ever."""

    def act(me: str, turn: int) -> ModelOutput:
        with (folder / "started").open("a") as started:
            started.write(f"{me}\n")
        return shell(command)

    return Script(act)


def assert_nothing_left(box: Box) -> None:
    assert box.alive() == []
    if box.kind == "docker":
        assert networks(box.task_name) == []


def rollouts_at_work(box: Box) -> int:
    """Rollouts whose command runs.

    Before that an interrupt may have to wait for it: Inspect kills the `docker compose` that it
    started, and the plugin behind that, if it has just begun, lives on with Inspect's pipe.
    """
    if box.kind == "docker":
        return sum("sleep 100" in processes(name) for name in box.alive())
    started = box.folder / "started"
    return len(started.read_text().split()) if started.exists() else 0


@docker_in_faults
def test_nothing_is_left_after_the_normal_end(box: Box, tmp_path: Path) -> None:
    script = Script(shell_then_submit("echo {me}"), prefer("I am a1."))
    outcome = eval_one(endless(box, script), None, script, tmp_path)

    assert outcome.pool.adopted is not None
    assert box.kind == "docker" or len(box.opened()) == ROLLOUTS + 1
    assert outcome.score("counts_sandboxes") == 1
    assert_nothing_left(box)


@pytest.mark.faults
def test_nothing_is_left_after_the_samples_time_limit(box: Box, tmp_path: Path) -> None:
    ended, started = tmp_path / "ended", tmp_path / "started"  # on docker nobody could see `ended`
    for seconds in (6, 20, 60):  # more on a loaded machine, until every rollout was at work
        started.unlink(missing_ok=True)
        script = noting(tmp_path, f"sleep {4 * seconds}; touch {ended}")
        outcome = eval_one(endless(box, script), None, script, tmp_path, time_limit=seconds)
        if started.exists() and len(started.read_text().split()) == ROLLOUTS:
            break

    assert outcome.sample.limit is not None
    assert outcome.sample.limit.type == "time"
    assert not ended.exists(), "the rollouts' commands were not waited for"
    assert sorted(started.read_text().split()) == ["a0", "a1", "a2"]
    assert outcome.pool.adopted is None
    assert outcome.score("counts_sandboxes") == 1
    assert_nothing_left(box)


@docker_in_faults
def test_nothing_is_left_after_the_samples_token_limit(box: Box, tmp_path: Path) -> None:
    script = noting(tmp_path, "sleep 0.2")
    outcome = eval_one(endless(box, script), None, script, tmp_path, token_limit=150)

    assert outcome.sample.limit is None, "the strategy ends within it"
    assert {rollout.limit for rollout in outcome.pool.rollouts} == {"token"}
    assert outcome.pool.adopted is not None
    assert len(script.asked("agent")) <= 10 + ROLLOUTS, "15 tokens each, over all rollouts"
    assert outcome.score("counts_sandboxes") == 1
    assert_nothing_left(box)


TASK_FILE = """
from pathlib import Path
from conftest import Box
from inspect_ai import Task, task
from test_cleanup import endless, noting

@task
def interrupted() -> Task:
    box = Box({kind!r}, Path({folder!r}), {spec!r}, {name!r})
    return endless(box, noting(Path({folder!r}), "sleep 100"))
"""


def restore_interrupts() -> None:
    """In a child, which inherits that tests that run in the background ignore interrupts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@docker_in_faults
def test_nothing_is_left_after_an_interrupt(box: Box, tmp_path: Path) -> None:
    source = TASK_FILE.format(
        kind=box.kind, folder=str(tmp_path), spec=box.spec, name=box.task_name
    )
    (tmp_path / "interrupted.py").write_text(source)
    (tmp_path / "tmp").mkdir()
    paths = [
        str(Path(__file__).parents[1]),
        str(Path(__file__).parents[1] / "support"),
        str(Path(__file__).parent),
        os.environ.get("PYTHONPATH", ""),
    ]
    command = [sys.executable, "-m", "inspect_ai", "eval", "interrupted.py", "--display", "plain"]
    with (tmp_path / "output").open("w") as output:
        process = subprocess.Popen(
            [*command, "--log-dir", "logs"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": ":".join(paths), "TMPDIR": str(tmp_path / "tmp")},
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=restore_interrupts,
        )
    try:
        while rollouts_at_work(box) < ROLLOUTS:
            assert process.poll() is None, (tmp_path / "output").read_text()
            time.sleep(0.1)
        assert len(box.alive()) == ROLLOUTS + 1
        process.send_signal(signal.SIGINT)
        process.wait(600)
    finally:
        if process.poll() is None:
            process.kill()
            remove_containers(box.task_name)

    [info] = list_eval_logs(str(tmp_path / "logs"))
    assert read_eval_log(info, header_only=True).status == "cancelled"
    assert_nothing_left(box)
    folders = [path for path in (tmp_path / "tmp").iterdir() if path.is_dir()]
    assert [path for path in folders if path.name.startswith("tmp")] == []
