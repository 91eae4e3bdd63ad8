"""How often the strongest by votes passes, beside how sure the votes are of it."""

import pytest
from outcome_cases import match
from outcome_cases import selection as selection_of

from inspect_tts.method.records import Selection
from inspect_tts.method.voting.strength import strengths
from inspect_tts.statistics.outcomes import ProblemOutcome
from inspect_tts.statistics.strengths import strength_bins


def selection(*tallies: dict[str, int]) -> Selection:
    matches = [
        match(" ".join(tally), tally, max(tally, key=lambda n: tally[n])) for tally in tallies
    ]
    return selection_of(matches)


def test_calibration_of_p_best_is_on_selections_with_passes_and_failures() -> None:
    one = selection({"a": 8, "b": 0}, {"b": 8, "c": 0})
    scores = ({"a": 1.0, "b": 0.0, "c": 0.0}, {"a": 0.0, "b": 1.0, "c": 0.0}, {"a": 1.0, "b": 0.0})
    left_out: tuple[dict[str, float], ...] = ({"a": 1.0, "b": 1.0, "c": 1.0}, {})
    outcomes = [ProblemOutcome("p", 1, (), each, (one,)) for each in (*scores, *left_out)]
    first, second, _ = strengths([one])
    [found] = strength_bins(outcomes)
    assert (found.selections, found.passed) == (2, 0.5)
    assert found.chance == pytest.approx(1 / 3)
    assert found.best == first.best
    assert found.mass == pytest.approx((first.best + second.best) / 2)
    assert found.low < found.best <= found.high


def test_each_selection_of_a_problem_counts_for_itself() -> None:
    one = selection({"a": 8, "b": 0})
    other = selection({"c": 8, "d": 0}).model_copy(update={"id": "t1", "iteration": 1})
    scores = {"a": 1.0, "b": 0.0, "c": 1.0, "d": 0.0}
    found = strength_bins([ProblemOutcome("p", 1, (), scores, (one, other))])
    assert sum(each.selections for each in found) == 2
    assert all((each.passed, each.chance) == (1.0, 0.5) for each in found)
