"""The footer of Inspect's display, where several tasks run at once."""

from collections.abc import Iterator

import pytest

from inspect_tts.progress.run import RUNS, Run
from inspect_tts.progress.state import Phase, RunState
from inspect_tts.progress.words import footer

WIDTH = 500


def begun(id: str, problems: int, *, left: float | None, expected: float | None) -> Run:
    """A run with one problem in its first iteration, of which one rollout of two runs."""
    plan = [Phase(kind="rollouts", total=2), Phase(kind="votes", total=8)]
    state = RunState(task=id, model="m", strategy="rtv", log=id, problems=problems, plan=plan)
    run = RUNS[id] = Run(state)
    problem = run.problem("a/1")
    problem.begin("rollouts", "iteration 0", 2)
    problem.start("t0-n00")
    state.states["a/1"].spent.dollars = 1.5
    state.seconds_left, state.expected = left, expected
    return run


@pytest.fixture(autouse=True)
def _no_runs() -> Iterator[None]:
    RUNS.clear()
    yield
    RUNS.clear()


def test_it_sums_up_all_tasks_that_run() -> None:
    begun("first", 3, left=60, expected=9)
    second = begun("second", 1, left=725, expected=3)
    caption, text = footer(second.beside(), WIDTH)
    assert caption.strip() == "rollouts"
    assert text == (
        "0/8 (2 running) in 2 tasks  votes: 0/≤32  $3.00 of about $12.00  about 12 min left  "
        "2 in iteration 0"
    )


def test_what_one_task_does_not_know_is_not_told_of_all() -> None:
    first = begun("first", 3, left=60, expected=9)
    begun("second", 1, left=None, expected=None)
    assert footer(first.beside(), WIDTH)[1] == (
        "0/8 (2 running) in 2 tasks  votes: 0/≤32  $3.00  2 in iteration 0"
    )


def test_a_task_that_has_ended_is_left_out() -> None:
    begun("first", 3, left=60, expected=9)
    second = begun("second", 1, left=30, expected=3)
    del RUNS["first"]
    assert footer(second.beside(), WIDTH)[1].startswith("0/2 (1 running)  votes: 0/≤8  $1.50 of")
