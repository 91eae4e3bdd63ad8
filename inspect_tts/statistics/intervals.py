"""Intervals by the paired bootstrap over problems (Efron and Tibshirani, 1993, chapter 13)."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import shake_128
from operator import itemgetter
from typing import NamedTuple, TypeVar

T = TypeVar("T")

REPLICATES = 2000
TAIL = (1 - 0.95) / 2
"""Share that a 95 % interval excludes at each end."""


class Estimate(NamedTuple):
    """A statistic over problems, with its 95 % interval."""

    value: float
    low: float | None
    """Lower end of the interval; None for a single problem."""
    high: float | None
    problems: int
    """Number of problems it is computed from."""

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends of the interval, or None."""
        return None if self.low is None or self.high is None else (self.low, self.high)


@lru_cache(maxsize=8)
def resamples(
    problems: int, *, seed: int = 0, replicates: int = REPLICATES
) -> tuple[tuple[int, ...], ...]:
    """Draw problems with replacement. Every number uses the same draws, so numbers are paired."""
    count = problems * replicates
    stream = shake_128(f"bootstrap/{seed}/{problems}".encode()).digest(8 * count)
    drawn = [int.from_bytes(stream[i : i + 8], "little") % problems for i in range(0, 8 * count, 8)]
    return tuple(tuple(drawn[i : i + problems]) for i in range(0, count, problems))


def estimate(
    values: Sequence[T], statistic: Callable[[Sequence[T]], float | None], *, seed: int = 0
) -> Estimate | None:
    """Compute a statistic over problems and its percentile interval; None if it is undefined."""
    if not values or (value := statistic(values)) is None:
        return None
    if len(values) == 1:
        return Estimate(value, None, None, 1)
    samples = [itemgetter(*drawn)(values) for drawn in resamples(len(values), seed=seed)]
    found = sorted(number for each in samples if (number := statistic(each)) is not None)
    return Estimate(value, _quantile(found, TAIL), _quantile(found, 1 - TAIL), len(values))


def mean(values: Sequence[float]) -> float | None:
    """Arithmetic mean; None if there are no values."""
    return sum(values) / len(values) if values else None


def mean_of_known(values: Sequence[float | None], *, seed: int = 0) -> Estimate | None:
    """Mean over the problems that have a value, with its interval."""
    return estimate([value for value in values if value is not None], mean, seed=seed)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Linear interpolation between order statistics (type 7 of Hyndman and Fan, 1996)."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
