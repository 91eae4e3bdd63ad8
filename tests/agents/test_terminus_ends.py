"""Terminus in real containers: what ends it, and what it leaves behind."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Box
from helpers import (
    IMAGE,
    TOKENS,
    compose_file,
    docker_missing,
    eval_one,
    processes,
    run_eval,
)
from inspect_ai.model import ChatMessage, ModelOutput, get_model
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import TaskState
from typist import DONE, answer, judge_and_summarizer, run, script, seen, task

from inspect_tts import rtv
from inspect_tts.agents.terminus import terminus
from inspect_tts.errors import UserError

pytestmark = pytest.mark.docker


GONE = {
    "tmux": ("tmux kill-server", "the terminal is gone"),
    "the container": ("kill -9 -1", ""),
}


@pytest.mark.parametrize(("deadly", "reason"), GONE.values(), ids=GONE)
@pytest.mark.faults
def test_a_dead_terminal_fails_its_rollout_alone(
    deadly: str, reason: str, docker_box: Box, tmp_path: Path
) -> None:
    lives: list[int] = []

    def outputs(messages: list[ChatMessage], *rest: Any) -> ModelOutput:
        turn = sum(message.role == "assistant" for message in messages)
        if turn == 0:
            lives.append(1)
        first = len(lives) == 1 and turn == 0
        text = answer(run(deadly if first else "echo alive")) if turn < 2 else DONE
        output = ModelOutput.from_content("mockllm", text)
        output.usage = TOKENS
        return output

    model = get_model("mockllm/model", custom_outputs=outputs, memoize=False)
    outcome = eval_one(
        task(docker_box),
        rtv(n=2, votes=1, agent="inspect_tts/terminus", max_rollouts=2),
        model,
        tmp_path,
        model_roles=judge_and_summarizer(),
    )
    ended = {rollout.status: rollout for rollout in outcome.pool.rollouts}
    assert set(ended) == {"error", "completed"}
    assert ended["error"].reason is not None
    assert reason in ended["error"].reason
    assert ended["completed"].facts.last_commands[-1].command == "echo alive"
    assert ended["completed"].facts.last_commands[-1].returncode == 0
    assert docker_box.alive() == []


def test_a_time_limit_ends_a_rollout_in_the_middle_of_a_command(
    docker_box: Box, tmp_path: Path
) -> None:
    found: list[str] = []

    @scorer(metrics=[accuracy()])
    def watch() -> Scorer:
        async def score(state: TaskState, target: Target) -> Score:
            found.extend(processes(name) for name in docker_box.alive())
            return Score(value=1)

        return score

    job = task(docker_box, metadata={"agent_time_limit": 3})
    job.scorer = [watch()]
    outcome = eval_one(
        job,
        rtv(n=1, agent="inspect_tts/terminus"),
        script(answer(run("sleep 600", 600)), DONE),
        tmp_path,
        model_roles=judge_and_summarizer(),
    )
    [rollout] = outcome.pool.rollouts
    assert (rollout.status, rollout.limit) == ("limit", "time")
    assert ["sleep 600" in each for each in found] == [True], "it is not waited for"
    assert docker_box.alive() == []


def test_what_runs_in_the_terminal_outlives_the_agent(docker_box: Box, tmp_path: Path) -> None:
    found: list[str] = []

    @scorer(metrics=[accuracy()])
    def watch() -> Scorer:
        async def score(state: TaskState, target: Target) -> Score:
            found.extend(processes(name) for name in docker_box.alive())
            return Score(value=1)

        return score

    job = task(docker_box)
    job.scorer = [watch()]
    agent: Any = terminus()
    eval_one(job, agent, script(answer(run("sleep 4242 &")), DONE), tmp_path)
    assert ["sleep 4242" in each for each in found] == [True]


@pytest.mark.bench
def test_the_bench_counts_one_execution_a_turn() -> None:
    missing = docker_missing()
    if missing:
        pytest.skip(missing)
    bench = Path(__file__).parents[2] / "bench" / "terminus.py"
    ran = subprocess.run(
        [sys.executable, str(bench), "--turns", "2", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = json.loads(ran.stdout)
    assert found["executions a turn"] == 1
    assert found["terminus ms"] > 0
    assert found["bare ms"] > 0
    assert found["ratio"] > 0


def image_without_tmux() -> str:
    tag = "tts-terminal/no-tmux"
    dockerfile = f"FROM {IMAGE}\nRUN dpkg --purge tmux\n"
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", tag, "-"],
        input=dockerfile.encode(),
        check=True,
        capture_output=True,
    )
    return tag


@pytest.mark.parametrize("network", [False, True], ids=["without a network", "with a network"])
@pytest.mark.faults
def test_where_tmux_is_missing(network: bool, docker_box: Box, tmp_path: Path) -> None:
    tag = image_without_tmux()
    line = "network_mode: bridge" if network else "network_mode: none"
    path = Path(compose_file(tmp_path, network=line))
    path.write_text(path.read_text(encoding="utf-8").replace(IMAGE, tag), encoding="utf-8")
    asked: list[int] = []
    agent: Any = terminus()
    model = script(answer(run("echo here")), DONE, asked=asked)
    log = run_eval(task(docker_box), agent, model, tmp_path)
    [sample] = log.samples or []
    if network:
        assert log.status == "success", sample.error
        assert "\nhere\n" in seen(sample)[0]
    else:
        assert sample.error is not None
        assert "Terminus needs tmux" in sample.error.message
        assert "Put tmux into the image, or give the sandbox a network" in sample.error.message
        assert asked == []


@pytest.mark.parametrize(
    "arguments",
    [{"max_turns": 0}, {"max_turns": "many"}, {"width": 3}, {"max_seconds": float("nan")}],
    ids=str,
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(
        UserError, match=f"{next(iter(arguments))}=.*; give {next(iter(arguments))} "
    ):
        terminus(**arguments)
