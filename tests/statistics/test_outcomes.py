"""A problem's records with their scores, and the numbers that follow."""

from dataclasses import replace

import pytest
from outcome_cases import iterations, match, outcome, rollout, selection

from inspect_tts.method.records import NO_SANDBOX, STOP, Stage, Usage
from inspect_tts.method.voting.close_matches import Investigation
from inspect_tts.statistics.outcomes import (
    ProblemOutcome,
    plain_outcome,
    recorded_usage,
    with_numbers,
)

REFINED = replace(
    iterations([0, 1, 0], [1, 0]),
    selections=(
        selection(id="t0", population=("t0-n00", "t0-n01", "t0-n02"), selected=("t0-n01",)),
        selection(id="t1", population=("t1-n00", "t1-n01"), selected=("t1-n01",)),
    ),
    adopted="t1-n01",
)


@pytest.mark.parametrize(
    ("made", "numbers"),
    [
        pytest.param(
            REFINED,
            {"iteration_0": 1 / 3, "iteration_1": 0.5, "select_k": 1, "selected": 0, "oracle": 1},
            id="two iterations",
        ),
        pytest.param(replace(REFINED, adopted=None), {}, id="nothing was adopted"),
        pytest.param(
            replace(iterations([0, 1]), adopted="t0-n01"),
            {"iteration_0": 0.5, "selected": 1, "oracle": 1},
            id="no selection",
        ),
        pytest.param(
            replace(iterations([0, None]), adopted="t0-n00"),
            {"selected": 0},
            id="one was not graded",
        ),
        pytest.param(
            replace(
                iterations([0, 1]),
                selections=(
                    selection(id="t0", population=("t0-n00", "t0-n01"), selected=("t0-n00",)),
                    selection(id="t0.2", population=("t0-n00",), selected=("t0-n00",)),
                ),
                stages=(Stage(name=STOP, iteration=0, parameters={"iterations": 2}),),
                adopted="t0-n00",
            ),
            {"iteration_0": 0.5, "select_k": 0, "selected": 0, "oracle": 1},
            id="stopped",
        ),
    ],
)
def test_the_numbers_of_a_problem(made: ProblemOutcome, numbers: dict[str, float]) -> None:
    assert with_numbers(made).numbers == numbers


def test_without_a_sandbox_a_rollout_counts_as_failed() -> None:
    lost = rollout("t0-n01", score_error=NO_SANDBOX)
    made = with_numbers(outcome(rollout("t0-n00", 1.0), lost, adopted="t0-n00"))
    assert made.scores == {"t0-n00": 1.0, "t0-n01": 0.0}
    assert made.numbers["iteration_0"] == 0.5
    other = rollout("t0-n01", score_error="the scorer failed")
    assert "t0-n01" not in with_numbers(outcome(rollout("t0-n00", 1.0), other)).scores
    assert with_numbers(outcome(lost)).scores == {"t0-n01": 0.0}, "even if none was adopted"


def test_what_a_problem_used_is_the_sum_of_all_that_was_asked() -> None:
    made, _ = rollout("t0-n00", usage=Usage(total_tokens=1), summary_usage=Usage(total_tokens=10))
    only_summarized, _ = rollout("t0-n01", summary_usage=Usage(total_tokens=100))
    looked = Investigation(order=("a", "b"), ended="limit", usage=Usage(total_tokens=10_000))
    chosen = selection(
        [match("a b", {"a": 1}, "a", usage=Usage(total_tokens=1000), investigation=looked)]
    )
    used = recorded_usage([made], [made, only_summarized], [chosen])
    assert used.total_tokens == 11_111


@pytest.mark.parametrize(
    ("scores", "passes"), [([1, 0, 1], 2), ([0.5, 1], 1), ([1, None], None), ([], None)]
)
def test_how_many_pass(scores: list[float | None], passes: int | None) -> None:
    assert iterations(scores).passes(0) == passes


def test_where_half_is_enough_a_half_passes() -> None:
    half = replace(iterations([0.5, 0.4]), pass_mark=0.5)
    assert [half.passed(id) for id in ("t0-n00", "t0-n01", "t0-n02")] == [True, False, None]


def test_epochs_of_a_plain_run_are_rollouts_of_iteration_0() -> None:
    one, other = (
        replace(iterations([score]), usage=Usage(total_tokens=3), seconds=2.0, pass_mark=0.5)
        for score in (1.0, 0.0)
    )
    joined = plain_outcome("p", [one, other])
    assert joined.numbers == {"iteration_0": 0.5, "oracle": 1.0}
    assert (joined.passes(0), len(joined.rollouts)) == (1, 2)
    assert (joined.usage.total_tokens, joined.seconds, joined.pass_mark) == (6, 4.0, 0.5)
    assert joined.plain
    assert plain_outcome("p", [one, iterations([None])]).numbers == {}
    in_part = [replace(iterations([score]), pass_mark=0.5) for score in (0.6, 0.2)]
    assert plain_outcome("p", in_part).numbers == {"iteration_0": 0.4, "oracle": 0.6}
