"""What is not held is closed after its summary, and can be neither adopted nor graded."""

from pathlib import Path

import pytest
from conftest import Box, local_box
from crowd import crowd
from helpers import Script, run_eval, shell_then_submit
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import includes
from inspect_ai.solver import Solver, chain
from scripted import pool, problem, run

from inspect_tts import (
    UserError,
    adopt,
    bash_agent,
    random_selection,
    rollouts,
    tournament,
)


def boxed(box: Box) -> Task:
    sample = Sample(input="Do it.", target="a", setup=box.setup)
    return Task(dataset=[sample], scorer=includes(), sandbox=box.spec)


def counting(box: Box, alive: list[int]) -> Script:
    """A judge that notes how many sandboxes there are at each vote."""

    def judge(prompt: str) -> ModelOutput | str:
        alive.append(len(box.alive()))
        return "Final verdict: Solution 1"

    return Script(shell_then_submit("echo {me}"), judge)


@pytest.mark.parametrize(
    ("hold", "at_votes"), [(True, [1 + 2]), (False, [1])], ids=["held", "not held"]
)
def test_what_is_held_is_open_until_it_is_decided(
    tmp_path: Path, hold: bool, at_votes: list[int]
) -> None:
    box, alive = local_box(tmp_path), list[int]()
    strategy = chain(
        rollouts(n=2, keep_sandboxes=hold, agent=bash_agent()), tournament(votes=1), adopt()
    )
    log = run_eval(boxed(box), strategy, counting(box, alive), tmp_path)
    assert alive == at_votes
    assert box.alive() == []
    if hold:
        assert log.status == "success"
        return
    assert log.status == "error"
    [sample] = log.samples or []
    assert sample.error is not None
    assert "its sandbox is closed. Use rollouts(keep_sandboxes=True) for" in sample.error.message
    assert "Traceback" not in sample.error.message


def test_only_the_iteration_that_is_selected_from_has_to_be_held(tmp_path: Path) -> None:
    box, alive = local_box(tmp_path), list[int]()
    strategy = chain(
        rollouts(n=2, keep_sandboxes=False, agent=bash_agent()),
        tournament(votes=1),
        rollouts(n=2, context="select", agent=bash_agent()),
        tournament(votes=1),
        adopt(),
    )
    log = run_eval(boxed(box), strategy, counting(box, alive), tmp_path)
    assert log.status == "success"
    assert alive == [1, 1 + 2]


def test_without_a_sandbox_there_is_nothing_to_hold(tmp_path: Path) -> None:
    stages: list[Solver] = [
        rollouts(n=2, keep_sandboxes=False, agent=crowd()),
        random_selection(),
        adopt(),
    ]
    assert pool(run(problem(), stages, tmp_path)).adopted is not None


def test_rollouts_that_are_not_held_cannot_be_graded() -> None:
    with pytest.raises(UserError, match=r"score_rollouts=true .* give keep_sandboxes=true"):
        rollouts(score_rollouts=True, keep_sandboxes=False)
