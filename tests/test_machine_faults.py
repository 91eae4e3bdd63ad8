"""Greedy rollouts, a silent provider, a daemon that hangs, a full disk, a clock that jumps."""

import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Box
from helpers import Script, compose_file, eval_one, shell, submit
from helpers import prefer as favour
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import includes

from inspect_tts import bash_agent, rtv


def task(box: Box, sandbox: object = None) -> Task:
    sample = Sample(input="Say who you are.", target="a1")
    spec = box.spec if sandbox is None else sandbox
    return Task(name=box.task_name, dataset=[sample], scorer=includes(), sandbox=spec)  # type: ignore[arg-type]


def greedy(command: str) -> Callable[[str, int], ModelOutput]:
    """Rollout `a0` runs a command that takes too much; all then show that their shell works."""

    def act(me: str, turn: int) -> ModelOutput:
        commands = ([command] if me == "a0" else []) + [f"echo {me} > me && cat me"]
        return shell(commands[turn]) if turn < len(commands) else submit(me)

    return act


GREEDY = {
    "1,000 processes": "for i in $(seq 1000); do sleep 1000 & done; echo forked",
    "1 GB of output": "head -c 1000000000 /dev/zero | tr '\\0' a",
    "1 GB of errors": "head -c 1000000000 /dev/zero | tr '\\0' a >&2",
    "a full disk": "head -c 100000000 /dev/zero > full; df . | tail -1",
    "300 MB of files": "head -c 300000000 /dev/zero > large",
}


@pytest.mark.docker
@pytest.mark.parametrize("command", GREEDY.values(), ids=GREEDY)
def test_a_greedy_rollout_disturbs_no_other(command: str, docker_box: Box, tmp_path: Path) -> None:
    small = "tmpfs: [/work:size=50m]"
    compose = compose_file(tmp_path, network=small if "full" in command else "network_mode: none")
    script = Script(greedy(command), favour("I am a1."))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = eval_one(
        task(docker_box, ("docker", compose)),
        rtv(n=3, votes=1, agent=bash_agent()),
        script,
        tmp_path,
    )
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 400_000, "kB: what it prints is not kept in memory"
    assert [rollout.status for rollout in outcome.pool.rollouts] == ["completed"] * 3
    assert outcome.who(outcome.pool.adopted or "") == "a1"
    assert outcome.score("includes") == "C"
    assert docker_box.alive() == []


@pytest.mark.docker
def test_a_daemon_that_hangs_for_ten_seconds_is_waited_for(docker_box: Box, tmp_path: Path) -> None:
    daemon = subprocess.run(["pidof", "dockerd"], capture_output=True, text=True).stdout.split()
    if not daemon or os.geteuid() != 0:
        pytest.skip("needs a docker daemon that this user may stop")
    stopped: list[float] = []

    def act(me: str, turn: int) -> ModelOutput:
        if me == "a0" and turn == 1 and not stopped:
            stopped.append(time.monotonic())
            os.kill(int(daemon[0]), signal.SIGSTOP)
            threading.Timer(10, os.kill, (int(daemon[0]), signal.SIGCONT)).start()
        return shell(f"echo {me} > me && cat me") if turn < 2 else submit(me)

    script = Script(act, favour("I am a1."))
    outcome = eval_one(task(docker_box), rtv(n=3, votes=1, agent=bash_agent()), script, tmp_path)
    assert time.monotonic() - stopped[0] > 10
    assert [rollout.status for rollout in outcome.pool.rollouts] == ["completed"] * 3
    assert outcome.score("includes") == "C"
    assert docker_box.alive() == []
