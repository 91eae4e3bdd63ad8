"""How far a run has come: counts, time left and dollars."""

from typing import Any, Literal

import pytest

from inspect_tts.estimate.counts import counts
from inspect_tts.method.records import Usage
from inspect_tts.progress import Outcome, planned_stages
from inspect_tts.progress.plan import phases
from inspect_tts.progress.run import Run
from inspect_tts.progress.state import Kind, Pace, Phase, RunState, Spent, Totals
from inspect_tts.progress.words import line
from inspect_tts.strategies import STRATEGIES, cheap, pdr, pdr_rtv, robust, rtv

PLAN = [
    Phase(kind="rollouts", total=2),
    Phase(kind="votes", total=8),
    Phase(kind="rollouts", total=2),
    Phase(kind="votes", total=16),
]


def begun(problems: int = 2, **given: Any) -> Run:
    state = RunState(
        task="task",
        model="model",
        strategy="pdr_rtv",
        log="a.eval",
        problems=problems,
        plan=[phase.model_copy() for phase in PLAN],
    )
    return Run(state.model_copy(update=given))


def outcome(*, failed: bool = False, cost: float | None = 1.0) -> Outcome:
    used = Usage(total_tokens=10, cost=cost)
    return Outcome(failed, False, used, Usage(total_tokens=1, cost=cost and cost / 10))


def shown(run: Run, kind: Kind) -> tuple[int, int]:
    totals = run.state.totals(kind)
    return totals.done, totals.total


# --- totals


@pytest.mark.parametrize("made", [rtv, pdr, pdr_rtv, robust, cheap], ids=lambda m: m.__name__)
@pytest.mark.parametrize(
    "given", [{}, {"n": 5, "votes": 3}, {"selection": "swiss", "votes": 8}], ids=str
)
def test_totals_are_those_that_estimate_prints(made: Any, given: dict[str, Any]) -> None:
    name = made.__name__
    plan = phases(planned_stages([made(**given)]))
    expected = counts(STRATEGIES[name](**given).arguments(), final=name != "pdr")
    assert sum(p.total for p in plan if p.kind == "rollouts") == expected.rollouts
    assert sum(p.total for p in plan if p.kind == "votes") == expected.votes


def test_totals_are_known_before_a_problem_begins() -> None:
    run = begun(problems=10)
    assert shown(run, "rollouts") == (0, 40)
    assert shown(run, "votes") == (0, 240)


def test_what_a_phase_turns_out_to_take_replaces_what_was_planned() -> None:
    run = begun(problems=2)
    problem = run.problem("p/1")
    problem.begin("rollouts", "iteration 0", 2)
    for id in ("t0-n00", "t0-n01"):
        problem.start(id)
        problem.end(id, outcome(failed=id == "t0-n01"))
    problem.complete()
    assert run.state.totals("rollouts").failed == 1
    problem.begin("votes", "selection t0", 8)
    problem.did(3)
    problem.spare(2)  # a match was decided
    assert shown(run, "votes") == (3, 6 + 16 + 24)
    problem.spare(4)
    assert shown(run, "votes") == (3, 3 + 16 + 24), "no fewer than were cast"
    problem.complete(["t0-n00"])
    assert shown(run, "votes") == (3, 3 + 16 + 24)
    assert run.state.states["p/1"].leaders == ["t0-n00"]
    problem.over()  # the rollouts agreed: nothing follows
    assert shown(run, "rollouts") == (2, 2 + 4)
    assert shown(run, "votes") == (3, 3 + 24)
    assert run.state.bar() == 4, "for the bar it counts as a whole"


def test_a_selection_that_was_not_planned_replaces_none() -> None:
    problem = begun(problems=1).problem("p/1")
    problem.begin("votes", "selection of a stage of mine", 4)
    assert [phase.kind for phase in problem._state.phases][:2] == ["votes", "rollouts"]
    problem.did(6)
    assert problem._state.phases[0].total == 6, "more than it said"


@pytest.mark.parametrize("how", ["done", "failed"])
def test_nothing_follows_the_end(how: Literal["done", "failed"]) -> None:
    run = begun(problems=1)
    problem = run.problem("p/1")
    problem.begin("rollouts", "iteration 0", 2)
    problem.start("t0-n00")
    problem.start("t0-n01")
    problem.end("t0-n01", outcome())
    state = run.state.states["p/1"]
    state.end(how)
    assert state.ended == how
    assert run.state.totals("rollouts") == Totals(total=1, done=1, running=0)
    assert run.state.totals("votes") == Totals()


def test_a_cancelled_rollout_is_neither_done_nor_running() -> None:
    run = begun()
    problem = run.problem("p/1")
    problem.begin("rollouts", "iteration 0", 2)
    problem.start("t0-n00")
    problem.start("t0-n00")  # its sample was tried again
    assert run.state.totals("rollouts").running == 1
    problem.end("t0-n00")
    assert run.state.totals("rollouts") == Totals(total=8)


def test_a_problem_that_begins_again_counts_once() -> None:
    run = begun(problems=1)
    for _ in range(2):
        run.restart("p/1")
        problem = run.problem("p/1")
        problem.begin("rollouts", "iteration 0", 2)
        problem.start("t0-n00")
        problem.end("t0-n00", outcome())
    assert shown(run, "rollouts") == (1, 4)


def test_what_an_earlier_run_finished_counts_as_done() -> None:
    run = begun(problems=10, reused=4)
    assert shown(run, "rollouts") == (16, 40)
    assert run.state.done == 4
    assert run.state.bar() == 16


# --- time and dollars


def test_time_left_follows_from_the_rollouts_that_ended() -> None:
    pace = Pace()
    assert pace.seconds_left(Totals(total=8), 0.0) is None
    for id in "abcd":
        pace.start(id, 0.0)
    assert pace.seconds_left(Totals(total=8, running=4), 50.0) is None, "none has ended"
    for id in "abcd":
        pace.end(id, 100.0, ran=True)
    assert pace.seconds_left(Totals(total=8, done=4), 100.0) == pytest.approx(100)
    # had they stood still for as long as they ran, the rest would too
    assert pace.seconds_left(Totals(total=8, done=4), 200.0) == pytest.approx(200)
    pace.start("e", 200.0)
    left = pace.seconds_left(Totals(total=5, done=4, running=1), 260.0)
    assert left is not None
    assert left >= 40
    assert pace.seconds_left(Totals(total=4, done=4), 300.0) is None, "only votes are left"


def test_what_was_taken_over_says_nothing_of_the_time() -> None:
    pace = Pace()
    pace.start("a", 0.0)
    pace.end("a", 0.1, ran=False)
    assert pace.seconds_left(Totals(total=8, done=1), 0.1) is None
    run = begun(problems=1)
    problem = run.problem("p/1")
    problem.begin("rollouts", "iteration 0", 2)
    for id, taken_over in (("t0-n00", True), ("t0-n01", False)):
        problem.start(id)
        problem.end(id, outcome()._replace(taken_over=taken_over))
    assert shown(run, "rollouts") == (2, 4)
    assert len(run.pace.seconds) == 1, "that of the one that ran here"


def test_dollars_expected_follow_from_means() -> None:
    run = begun(problems=1)
    problem = run.problem("p/1")
    problem.begin("rollouts", "iteration 0", 2)
    assert run.pace.expected(run.state) is None
    problem.start("t0-n00")
    problem.end("t0-n00", outcome(cost=1.0))
    # 4 rollouts of 1.10 and 24 votes that are taken to cost as much as the summary
    assert run.pace.expected(run.state) == pytest.approx(4 * 1.1 + 24 * 0.1)
    problem.begin("votes", "selection t0", 8)
    problem.paid("votes", Usage(total_tokens=1, cost=0.5))
    problem.did()
    assert run.pace.expected(run.state) == pytest.approx(4 * 1.1 + 24 * 0.5)


def test_dollars_expected_count_what_runs_and_what_is_outstanding() -> None:
    run = begun(problems=1)
    problem = run.problem("p/1")
    problem.begin("rollouts", "iteration 0", 2)
    for id in ("t0-n00", "t0-n01"):
        problem.start(id)
    problem.end("t0-n00", outcome(cost=1.0))
    # the other one has spent 1.60 and runs; to come are 2 rollouts and 24 votes
    run.state.states["p/1"].spent.dollars = 2.7
    assert run.pace.expected(run.state) == pytest.approx(2.7 + 1.1 / 4 + 2 * 1.1 + 24 * 0.1)
    problem.end("t0-n01", outcome(cost=2.0))
    problem.complete()
    problem.begin("votes", "selection t0", 0)
    problem.begin("rollouts", "iteration 1", 3)
    problem.start("t1-n00")
    problem.end("t1-n00", outcome(cost=5.0))
    problem.start("t1-n01")
    run.state.states["p/1"].spent.dollars = 1.1 + 2.2 + 5.5 + 0.5
    # of 3 refined ones the second has spent 0.50, and the third has not begun
    expected = run.pace.expected(run.state)
    assert expected == pytest.approx(9.3 + (5.5 - 0.5) + 5.5 + 16 * 0.8 / 3)
    problem.over()
    assert run.pace.expected(run.state) == pytest.approx(1.1 + 2.2 + 5.5), "nothing is left"


def test_what_a_sample_used_replaces_its_meter_once_it_has_ended() -> None:
    class Meter:
        spent = Spent(tokens=10.0, dollars=1.0)

    run = begun(problems=1)
    problem = run.problem("p/1")
    problem.meter("t0-n00", Meter())
    run.refresh()
    assert run.state.spent == Spent(tokens=10.0, dollars=1.0)
    problem.settle("t0-n00", Usage(total_tokens=12, cost=1.5))
    run.refresh()
    assert run.state.spent == Spent(tokens=12.0, dollars=1.5)


@pytest.mark.parametrize(
    ("expected", "said"), [(2.701, "$2.70,"), (2.71, "$2.70 of about $2.71,"), (None, "$2.70,")]
)
def test_what_is_expected_is_told_where_it_is_more(expected: float | None, said: str) -> None:
    run = begun(problems=1)
    run.problem("p/1")
    run.state.states["p/1"].spent.dollars = 2.7
    run.state.expected, run.state.seconds_left = expected, 60.0
    assert f", {said} about 60 s left" in line(run.state)


def test_what_is_saved_counts_as_done_where_the_state_is_older() -> None:
    run = begun(problems=3)
    run.problem("p/1").begin("rollouts", "iteration 0", 2)
    run.state.saved = {"rollouts": 8, "votes": 100}
    assert shown(run, "rollouts") == (8, 12)
    assert shown(run, "votes") == (72, 72), "never more than all"


def test_without_a_price_tokens_are_told() -> None:
    run = begun(problems=1)
    problem = run.problem("p/1")
    problem.begin("rollouts", "iteration 0", 2)
    problem.start("t0-n00")
    problem.end("t0-n00", outcome(cost=None))
    problem.settle("", Usage(total_tokens=1234))
    run.refresh()
    assert run.state.expected is None
    assert "1,234 tokens" in line(run.state)
    assert "$" not in line(run.state)
