"""The progress of runs: what is counted twice, what counts as failed, what is ahead."""

import asyncio
from typing import Any

import pytest
from inspect_ai.hooks import SampleEnd
from inspect_ai.log import EvalError, EvalSample
from test_state import begun, outcome, shown

from inspect_tts.method.records import Facts, Rollout, Summary, Usage
from inspect_tts.progress import Outcome
from inspect_tts.progress.hooks import _register, _registered
from inspect_tts.progress.run import RUNS
from inspect_tts.progress.state import Pace, Phase, RunState, Totals
from inspect_tts.progress.words import amount, line, numbers, phases_in_words, plural


@pytest.mark.parametrize(
    ("error", "ended", "finished"),
    [
        (None, "done", 1),
        ("ValueError('no')", "failed", 0),
        ("CancelledError()", "", 0),
        ("Cancelled('by the user')", "", 0),
    ],
)
def test_a_cancelled_problem_has_not_failed(error: str | None, ended: str, finished: int) -> None:
    run = RUNS["progress"] = begun(problems=1)
    run.problem("p/1").begin("rollouts", "iteration 0", 2)
    why = error and EvalError(message=error, traceback="", traceback_ansi="")
    sample = EvalSample(id="p", epoch=1, input="", target="", error=why or None)
    _register()
    data = SampleEnd(None, run_id="r", eval_id="progress", sample_id="uuid", sample=sample)
    try:
        asyncio.run(_registered[0]().on_sample_end(data))
    finally:
        del RUNS["progress"]
    assert (run.state.states["p/1"].ended, run.finished) == (ended, finished)


@pytest.mark.parametrize(
    ("status", "failed"),
    [("completed", False), ("limit", False), ("refused", False), ("error", True)],
)
def test_only_an_error_counts_as_a_failure(status: Any, failed: bool) -> None:
    summary = Summary(status="structured", text="", usage=Usage(total_tokens=1))
    rollout = Rollout(
        id="t0-n00",
        iteration=0,
        index=0,
        status=status,
        model="m",
        turns=1,
        messages=2,
        seconds=1.0,
        facts=Facts(status=status),
        summary=summary,
        usage=Usage(total_tokens=2),
    )
    assert Outcome.of(rollout) == (failed, False, rollout.usage, summary.usage)


def test_nothing_counts_twice() -> None:
    run = begun(problems=1)
    problem = run.problem("p/1")
    for _ in range(2):  # its sample was tried again
        problem.begin("rollouts", "iteration 0", 2)
        problem.start("t0-n00")
        problem.end("t0-n00", outcome())
    assert run.state.by_iteration("rollouts") == [Totals(total=2, done=1), Totals(total=2)]
    assert run.pace.costs["rollouts"] == {0: [pytest.approx(1.1)]}
    problem.over(failed=True)
    problem.over()
    assert (run.state.done, run.state.failed) == (0, 1), "how it ended first"


def test_only_a_call_that_used_tokens_needs_a_price() -> None:
    run = begun(problems=1)
    problem = run.problem("p/1")
    problem.paid("votes", Usage())
    assert run.state.priced
    problem.paid("votes", Usage(total_tokens=1))
    assert not run.state.priced


def test_problems_with_plans_of_their_own_are_ahead_until_they_begin() -> None:
    run = begun(problems=2, plan=[])
    run.expect({f"{id}/1": [Phase(kind="summaries", total=n)] for id, n in (("p", 3), ("q", 2))})
    for _ in range(2):
        assert shown(run, "summaries") == (0, 5)
        run.restart("p/1")
    assert run.state.ahead == {"summaries": 2}
    run.restart("q/1")
    assert shown(run, "summaries") == (0, 5)
    assert run.state.ahead == {"summaries": 0}


def test_votes_of_an_earlier_run_are_neither_done_nor_to_come() -> None:
    assert shown(begun(problems=10, reused=4), "votes") == (0, 6 * 24)


def test_more_problems_than_planned_take_nothing_from_the_total() -> None:
    run = begun(problems=1)
    run.problem("p/1")
    run.problem("q/1")
    assert shown(run, "rollouts") == (0, 8)


def test_the_bar_counts_what_failed_as_far_as_it_came_and_never_more_than_planned() -> None:
    run = begun(problems=2)
    for id, count in (("p/1", 1), ("q/1", 9)):
        run.problem(id).begin("rollouts", "iteration 0", 9)
        run.problem(id).did(count)
    assert run.state.bar() == 1 + 4
    run.problem("p/1").over(failed=True)
    assert run.state.bar() == 1 + 4


def test_after_the_end_nothing_runs_and_no_time_is_left() -> None:
    run = begun(problems=1)
    run.problem("p/1").begin("rollouts", "iteration 0", 2)
    run.problem("p/1").start("t0-n00")
    run.state.seconds_left = 60.0
    run.state.stop()
    assert run.state.totals("rollouts").running == 0
    assert run.state.seconds_left is None


# --- time


def paced(*ended: tuple[float, float], running: float | None = None) -> Pace:
    """A pace with rollouts from start to end, and perhaps one that runs since a time."""
    pace = Pace()
    for start, end in ended:
        pace.start("ended", start)
        pace.end("ended", end, ran=True)
    if running is not None:
        pace.start("running", running)
    return pace


@pytest.mark.parametrize(
    ("pace", "total", "now", "left"),
    [
        (paced((0, 100), running=100), 3, 150.0, 50 + 100),  # the one that runs, then another
        (paced((0, 100), running=100), 2, 500.0, 400 / 4),  # longer than any: a quarter more
        (paced((0, 100), (200, 300)), 3, 300.0, 100 * 3 / 2),  # a third of the time none ran
    ],
)
def test_time_left_covers_what_runs_what_waits_and_pauses(
    pace: Pace, total: int, now: float, left: float
) -> None:
    done, running = len(pace.seconds), len(pace.started)
    totals = Totals(total=total, done=done, running=running)
    assert pace.seconds_left(totals, now) == pytest.approx(left)


# --- words


def test_votes_have_a_bound_only_where_all_is_known() -> None:
    run = begun(problems=3, reused=1, planned=False)
    run.problem("p/1").begin("votes", "selection t0", 8)
    assert "votes" in numbers(run.state)
    assert "/" not in numbers(run.state)["votes"]
    run.problem("q/1")
    assert "/≤" in numbers(run.state)["votes"], "the third was finished by an earlier run"


def test_a_bound_that_is_reached_is_a_count() -> None:
    run = begun(problems=1)
    run.problem("p/1").begin("votes", "selection t0", 3)
    run.problem("p/1").did(3)
    run.problem("p/1").over()
    assert numbers(run.state)["votes"] == "3/3"


def test_a_task_without_rollouts_to_come_does_not_hide_the_time_of_the_others() -> None:
    over, running = begun(problems=1), begun(problems=1)
    over.problem("p/1").begin("rollouts", "iteration 0", 0)
    over.problem("p/1").over()
    running.state.seconds_left = 60.0
    assert numbers(over.state, running.state)["left"] == "about 60 s"


def test_failures_are_told_of_rollouts_and_of_problems() -> None:
    run = begun(problems=2, strategy="")
    problem = run.problem("p/1")
    problem.begin("rollouts", "iteration 0", 1)
    problem.start("t0-n00")
    problem.end("t0-n00", outcome(failed=True))
    problem.over(failed=True)
    run.state.priced = True
    assert line(run.state).startswith("task: 0 of 2 problems (1 failed), rollouts 1/5 (1 failed), ")
    assert phases_in_words(run.state) == "", "it is over"


def test_tokens_stand_in_for_dollars_that_are_not_all_known() -> None:
    run = RunState(task="t", model="m", strategy="rtv", log="a.eval", problems=1)
    spent = run.spent.model_copy(update={"tokens": 1234.0, "dollars": 0.5})
    assert amount(spent, priced=True) == "$0.50"
    assert amount(spent, priced=False) == "1,234 tokens"
    assert [plural("problem", n) for n in (0, 1, 2)] == ["problems", "problem", "problems"]
