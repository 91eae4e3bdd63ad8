"""Numbers of runs and their differences, from outcomes written by hand."""

from dataclasses import replace
from typing import Any

import pytest
from outcome_cases import iterations, match, outcome, rollout, selection
from run_numbers import run_numbers

from inspect_tts.method.records import Usage
from inspect_tts.report.compare import Comparison, comparisons
from inspect_tts.report.estimates import by_problem, means, pass_at_k, rounds, row, scores
from inspect_tts.report.logs import RunKey, _short
from inspect_tts.report.numbers import Run, _label, as_json
from inspect_tts.statistics.intervals import Estimate
from inspect_tts.statistics.outcomes import ProblemOutcome


def epoch(number: int, numbers: dict[str, float], **given: Any) -> ProblemOutcome:
    found = outcome(rollout("t0-n00", 1.0), rollout("t0-n01", 0.0), numbers=numbers, **given)
    return replace(found, epoch=number)


def test_a_problem_has_the_means_of_its_epochs() -> None:
    used = Usage(total_tokens=100, cost=2.0)
    first = epoch(1, {"iteration_0": 1.0, "oracle": 1.0}, usage=used, seconds=10.0)
    second = epoch(2, {"iteration_0": 0.0}, usage=used, seconds=30.0)
    found = row([first, second])
    assert (found["pass_1"], found["tokens"], found["dollars"], found["seconds"]) == (
        0.5,
        100,
        2,
        20,
    )
    assert "oracle" not in found, "the second epoch has none"
    assert "iteration_0" not in found
    attempt = row([first, second], an_attempt=True)
    assert (attempt["tokens"], attempt["dollars"], attempt["seconds"]) == (50, 1, 10)


def test_what_used_no_token_cost_nothing_and_what_has_no_price_has_no_cost() -> None:
    assert row([epoch(1, {})])["dollars"] == 0.0
    assert "dollars" not in row([epoch(1, {}, usage=Usage(total_tokens=1))])


def test_pass_at_k_is_that_of_problems_that_are_graded_whole() -> None:
    problems = by_problem(
        [
            iterations([1, 0, 0], [1, 1], problem="a"),
            iterations([1, 1, 1, 1], problem="b"),
            replace(iterations([1, 1, 1, 1], problem="b"), epoch=2),
            iterations([1, None, 1], problem="c"),
            iterations([0], problem="c"),
        ]
    )
    found = pass_at_k(problems, 0)
    assert [*found] == [1, 2, 3], "and the fewest rollouts of a problem"
    assert found[1].value == pytest.approx((1 / 3 + 1) / 2)
    assert found[2].value == pytest.approx((2 / 3 + 1) / 2)
    assert found[3].value == 1
    assert {each.problems for each in found.values()} == {2}
    assert pass_at_k({}, 0) == {}


def test_a_mean_is_that_of_the_problems_that_have_the_number() -> None:
    found = means([{"a": 1.0}, {"a": 0.0, "b": 1.0}], ["a", "b", "c"], 0)
    a, b = found["a"], found["b"]
    assert a is not None
    assert b is not None
    assert ((a.value, a.problems), (b.value, b.problems), found["c"]) == ((0.5, 2), (1.0, 1), None)


ROWS = [
    {"pass_1": 0.5, "select_k": 0.6, "iteration_1": 0.7, "selected": 1.0, "oracle": 1.0},
    {"pass_1": 0.25, "selected": 0.25, "oracle": 0.75},
    {"pass_1": 0.0},
]


def test_columns_are_those_that_a_strategy_has() -> None:
    one = [outcome(selections=(selection([match("a b", {"a": 1}, "a")]),))]
    two = [replace(one[0], selections=one[0].selections * 2)]
    chosen = {"selected", "gain", "headroom"}
    assert {*scores(ROWS, one, (), 0, strategy="rtv")} == {"pass_1", "oracle", *chosen}
    found = scores(ROWS, two, (1,), 0, strategy="pdr_rtv")
    assert {*found} == {"pass_1", "select_k", "iteration_1", "oracle", *chosen}
    gain, headroom = found["gain"], found["headroom"]
    assert gain is not None
    assert headroom is not None
    assert (gain.value, gain.problems) == (0.25, 2), "where both are known"
    assert headroom.value == pytest.approx((0.625 - 0.375) / (0.875 - 0.375))
    assert {*scores(ROWS, [outcome()], (), 0, strategy=None)} == {"pass_1", "oracle"}


@pytest.mark.parametrize(
    ("strategy", "refines"),
    [
        ("rtv", False),
        ("select_recorded", False),
        ("rollouts+tournament", False),
        ("rollouts+tournament+rollouts", True),
        ("pdr", True),
        ("mine", True),
    ],
)
def test_a_run_without_a_sample_has_the_columns_of_its_strategy(
    strategy: str, refines: bool
) -> None:
    found = scores([], [], (), 0, strategy=strategy)
    assert ("iteration_1" in found, "select_k" in found) == (refines, refines)
    assert "selected" in found
    assert set(found.values()) == {None}


def test_rounds_count_selections_in_which_all_that_are_left_are_graded() -> None:
    played = selection(
        [match("t0-n00 t0-n01", {"t0-n00": 1}, "t0-n00"), match("t0-n02 t0-n03", {}, "t0-n02")],
        [match("t0-n00 t0-n02", {"t0-n00": 1}, "t0-n00")],
        selected=("t0-n00",),
    )
    graded = replace(iterations([1, 0, 0, 0]), selections=(played,))
    partly = replace(iterations([0, 0, None, 0], problem="q"), selections=(played,))
    won = selection([match("t0-n00 t0-n01", {"t0-n00": 1}, "t0-n00")], selected=("t0-n00",))
    fewer = replace(iterations([1, 0], problem="r"), selections=(won,))
    assert rounds([graded, partly, fewer]) == (
        ("t0 start", 0.375, 4, 2),
        ("t0 round 1", 0.75, 2, 2),
        ("t0 round 2", 0.5, 1, 2),
    )


# --- names of runs


def key(**given: Any) -> RunKey:
    fields = {"side": 0, "task": "t", "model": "m", "strategy": "rtv", "settings": ""}
    return RunKey(**{**fields, **given})


def test_a_run_is_named_by_what_tells_it_from_runs_of_its_strategy() -> None:
    one, two = key(settings="n=4 votes=2"), key(settings="n=8 votes=2")
    others = [key(strategy="pdr", settings="n=1"), key(model="other", settings="votes=3")]
    keys = [one, two, *others]
    assert [_label(each, keys) for each in keys] == ["rtv n=4", "rtv n=8", "pdr", "rtv"]
    assert [_label(each, [one, key(side=1)]) for each in (one, key(side=1))] == ["A: rtv", "B: rtv"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"name": "pkg/agent", "params": {"a": 1}}, "pkg/agent"),
        (["a", {"name": "b"}], "a,b"),
        ({"a": 1, "b": [2]}, '{"a":1,"b":[2]}'),
        ("x" * 40, "x" * 40),
        ("", ""),
    ],
)
def test_a_short_value_is_shown_whole(value: object, shown: str) -> None:
    assert _short(value) == shown


def test_long_values_that_begin_alike_are_told_apart() -> None:
    one, other, words = (_short(each) for each in ("x" * 41, "x" * 42, "make test"))
    assert one.startswith("x" * 39 + "…")
    assert len(one) == len(other) == 44
    assert one != other
    assert words.startswith("make…"), "settings are separated by spaces"
    assert _short("make check") != words


def test_numbers_as_json_keep_the_names_of_their_fields() -> None:
    found = as_json({1: Estimate(0.5, None, None, 1), "seen": (Usage(total_tokens=1),)})
    assert found["1"] == {"value": 0.5, "low": None, "high": None, "problems": 1}
    assert found["seen"][0]["total_tokens"] == 1


# --- differences


def run(side: int, *outcomes: ProblemOutcome, **given: Any) -> Run:
    return Run(run_numbers(side=side, **given), list(outcomes))


def solved(problem: str, passed: float, **given: Any) -> ProblemOutcome:
    found = outcome(rollout("t0-n00", passed), rollout("t0-n01", passed), problem=problem)
    return replace(found, numbers={"iteration_0": passed, **given}, seconds=4.0)


def test_differences_are_those_of_problems_that_both_have() -> None:
    chosen = (selection([match("a b", {"a": 1}, "a")]),)
    plain = run(0, solved("p", 0.0), solved("q", 1.0), solved("only", 1.0))
    ours = run(
        1,
        *(replace(solved(id, 1.0, selected=1.0), selections=chosen) for id in ("p", "q", "x", "y")),
    )
    [found] = comparisons([plain, ours])
    assert (found.a, found.b, found.both, found.only_a, found.only_b) == (0, 1, 2, 1, 2)
    by_name = {each.name: each for each in found.differences}
    one = by_name["pass_1"]
    assert (one.a, one.b, one.difference.value) == (0.5, 1.0, 0.5)
    assert by_name["selected"].a == 0.5, "without a selection, one attempt is selected"
    assert (by_name["seconds"].a, by_name["seconds"].b) == (2.0, 4.0), "of one attempt, of all"
    assert comparisons([plain, run(1, solved("other", 1.0))]) == []


def pairs(*runs: Run) -> set[tuple[int, int]]:
    found: list[Comparison] = comparisons(runs)
    return {(each.a, each.b) for each in found}


def test_runs_are_compared_with_those_that_are_most_like_them() -> None:
    p = solved("p", 1.0)
    assert pairs(run(0, p), run(0, p), run(1, p, task="other")) == set()
    a, b = run(0, p, model="x"), run(0, p, model="y")
    assert pairs(a, b, run(1, p, model="x"), run(1, p, model="z")) == {(0, 2), (1, 3)}
    rtv, pdr = run(0, p, strategy="rtv"), run(0, p, strategy="pdr")
    assert pairs(rtv, pdr, run(1, p, strategy="pdr")) == {(1, 2)}
    four, eight = run(0, p, settings="n=4"), run(0, p, settings="n=8")
    assert pairs(four, eight, run(1, p, settings="n=8"), run(1, p, settings="n=2")) == {
        (0, 3),
        (1, 2),
    }
