"""Containers that die at the worst moments: during a rollout, before adoption, while graded."""

import re
import subprocess
from pathlib import Path

import pytest
from conftest import Box
from helpers import Script, containers, eval_one, run_eval, shell, submit
from helpers import prefer as favour
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import TaskState
from inspect_ai.util import sandbox

from inspect_tts import bash_agent, rtv

pytestmark = [pytest.mark.docker, pytest.mark.faults]


@scorer(metrics=[accuracy()])
def who_was_here() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=(await sandbox().read_file("me")).strip() == target.text)

    return score


def task(box: Box, target: str = "a1") -> Task:
    sample = Sample(input="Say who you are.", target=target)
    return Task(name=box.task_name, dataset=[sample], scorer=who_was_here(), sandbox=box.spec)


def writes_its_name(me: str, turn: int) -> ModelOutput:
    return shell(f"echo {me} > me; rm -f /etc/motd") if turn == 0 else submit(me)


def kill(box: Box, me: str) -> None:
    """Remove the container of a rollout, by the name that it wrote."""
    for name in containers(box.task_name):
        read = ["docker", "exec", name, "cat", "me"]
        found = subprocess.run(read, capture_output=True, text=True, check=False)
        if found.stdout.strip() == me:
            subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=True)
            return
    raise AssertionError(f"no container of {me}")


def test_during_a_rollout_it_is_that_rollout_that_fails(docker_box: Box, tmp_path: Path) -> None:
    def act(me: str, turn: int) -> ModelOutput:
        if turn == 1 and me == "a0":
            kill(docker_box, me)
        return writes_its_name(me, 0) if turn < 2 else submit(me)

    strategy = rtv(n=3, votes=1, agent=bash_agent())
    outcome = eval_one(task(docker_box), strategy, Script(act, favour("I am a1.")), tmp_path)
    assert outcome.score("who_was_here") == 1
    lost = next(r for r in outcome.pool.rollouts if outcome.who(r.id) == "a0")
    assert lost.status == "error"
    assert "its sandbox was lost" in (lost.reason or "")
    assert [r.status for r in outcome.pool.rollouts].count("completed") == 2
    assert docker_box.alive() == []


def test_before_adoption_it_is_started_anew_as_it_was(docker_box: Box, tmp_path: Path) -> None:
    killed: list[str] = []

    def judge(prompt: str) -> ModelOutput | str:
        if not killed:
            killed.append("a1")
            kill(docker_box, "a1")
        return favour("I am a1.")(prompt)

    strategy = rtv(n=2, votes=1, agent=bash_agent())
    outcome = eval_one(task(docker_box), strategy, Script(writes_its_name, judge), tmp_path)
    assert outcome.who(outcome.pool.adopted or "") == "a1"
    assert outcome.score("who_was_here") == 1
    assert docker_box.alive() == []


def test_without_units_the_scorer_says_what_is_missing(docker_box: Box, tmp_path: Path) -> None:
    killed: list[str] = []

    def judge(prompt: str) -> ModelOutput | str:
        if not killed:
            killed.append("a1")
            kill(docker_box, "a1")
        return favour("I am a1.")(prompt)

    strategy = rtv(n=2, votes=1, agent=bash_agent(), resume="off")
    log = run_eval(task(docker_box), strategy, Script(writes_its_name, judge), tmp_path)
    assert log.status == "error"
    [sample] = log.samples or []
    assert sample.error is not None
    assert docker_box.alive() == []


def test_while_a_loser_is_graded_its_score_is_what_fails(docker_box: Box, tmp_path: Path) -> None:
    @scorer(metrics=[accuracy()])
    def deadly() -> Scorer:
        async def score(state: TaskState, target: Target) -> Score:
            me = (await sandbox().read_file("me")).strip()
            if me == "a0":
                kill(docker_box, "a0")
            return Score(value=(await sandbox().read_file("me")).strip() == target.text)

        return score

    graded = task(docker_box)
    graded.scorer = [deadly()]
    strategy = rtv(n=2, votes=1, agent=bash_agent(), score_rollouts=True)
    outcome = eval_one(graded, strategy, Script(writes_its_name, favour("I am a1.")), tmp_path)
    lost = next(r for r in outcome.pool.rollouts if outcome.who(r.id) == "a0")
    assert lost.scores is None
    assert re.search(r"\w+Error", lost.score_error or "")
    assert outcome.score("deadly") == 1
