"""Intervals: the same draws everywhere, and as wide as they should be."""

import numpy as np
import pytest

from inspect_tts.statistics.intervals import Estimate, estimate, mean, mean_of_known, resamples

PINNED = ((3, 0, 3, 2, 1), (2, 1, 2, 0, 0))


def test_resamples_are_the_same_everywhere() -> None:
    assert resamples(5, seed=1, replicates=3) == resamples(5, seed=1, replicates=3)
    assert resamples(5, seed=1, replicates=3) != resamples(5, seed=2, replicates=3)
    assert resamples(5, seed=1, replicates=2) == PINNED


def test_an_interval_covers_the_mean_and_shrinks_with_problems() -> None:
    few, many = ([i % 2 for i in range(count)] for count in (10, 1000))
    narrow, wide = (estimate(values, mean) for values in (many, few))
    assert narrow is not None
    assert wide is not None
    assert wide.interval is not None
    assert narrow.interval is not None
    low, high = narrow.interval
    assert wide.interval[0] < low < 0.5 < high < wide.interval[1]
    # the standard error of a mean of 1000 coins is 0.0158
    assert high - low == pytest.approx(2 * 1.96 * 0.0158, rel=0.1)


def test_an_estimate_rests_on_the_problems_that_have_a_value() -> None:
    assert mean_of_known([1.0, None, 1.0]) == Estimate(1.0, 1.0, 1.0, 2)
    assert mean_of_known([None]) is None
    assert estimate([], mean) is None


def test_draws_in_which_the_statistic_is_undefined_do_not_count() -> None:
    found = estimate([1.0, None, None], lambda drawn: mean([x for x in drawn if x is not None]))
    assert found == Estimate(1.0, 1.0, 1.0, 3)


def test_one_problem_has_no_interval() -> None:
    assert estimate([3.0], mean) == Estimate(3.0, None, None, 1)
    found = mean_of_known([None, 2.0])
    assert found is not None
    assert found.interval is None


def test_the_ends_are_interpolated_between_draws() -> None:
    values = [index**1.5 for index in range(40)]  # hardly any two draws have the same mean
    means = [float(np.mean([values[i] for i in drawn])) for drawn in resamples(40, seed=3)]
    found = estimate(values, mean, seed=3)
    assert found is not None
    assert found.interval == pytest.approx(tuple(np.percentile(means, [2.5, 97.5])), rel=1e-9)
