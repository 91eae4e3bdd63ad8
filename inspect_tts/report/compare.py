"""Paired differences between runs, on the problems that both runs have."""

from collections.abc import Sequence
from typing import NamedTuple

from inspect_tts.statistics.intervals import Estimate, mean_of_known
from inspect_tts.statistics.outcomes import ProblemOutcome

from .estimates import COSTS, Row, by_problem, row
from .numbers import Run

_COMPARED = ("pass_1", "select_k", "iteration_1", "selected", "oracle", *COSTS)


class Difference(NamedTuple):
    """The difference between two runs in one number, on the problems that both runs have."""

    name: str
    """Name of the number, as in `RunNumbers.scores` and `RunNumbers.per_problem`."""
    a: float
    b: float
    difference: Estimate
    """`b - a`, with its interval."""


class Comparison(NamedTuple):
    """Two runs, compared problem by problem."""

    a: int
    """Index of the run under the first path."""
    b: int
    both: int
    """How many problems both runs have."""
    only_a: int
    only_b: int
    differences: tuple[Difference, ...]


def comparisons(runs: Sequence[Run], *, seed: int = 0) -> list[Comparison]:
    """Compare the runs under the first path with the runs under the second.

    Only runs of the same task are compared. A run whose model also occurs on the other side is
    compared only with runs of that model. The same holds for strategy and settings.
    """
    pairs = [
        (a, b)
        for a, one in enumerate(runs)
        for b, other in enumerate(runs)
        if (one.numbers.side, other.numbers.side) == (0, 1)
        and one.numbers.task == other.numbers.task
    ]
    for name in ("model", "strategy", "settings"):
        pairs = _closest(runs, pairs, name)
    found = [_compare(runs, a, b, seed) for a, b in pairs]
    return [comparison for comparison in found if comparison.both]


def _closest(runs: Sequence[Run], pairs: list[tuple[int, int]], name: str) -> list[tuple[int, int]]:
    def value(run: int) -> object:
        return getattr(runs[run].numbers, name)

    matched = {run for pair in pairs if value(pair[0]) == value(pair[1]) for run in pair}
    return [(a, b) for a, b in pairs if value(a) == value(b) or not (a in matched or b in matched)]


def _compare(runs: Sequence[Run], a: int, b: int, seed: int) -> Comparison:
    left, right = by_problem(runs[a].outcomes), by_problem(runs[b].outcomes)
    both = sorted(set(left) & set(right))
    rows = [(_row(left[name]), _row(right[name])) for name in both]
    differences = []
    for name in _COMPARED:
        known = [(x[name], y[name]) for x, y in rows if name in x and name in y]
        change = mean_of_known([y - x for x, y in known], seed=seed)
        if change is not None:
            one, other = (sum(values) / len(known) for values in zip(*known, strict=True))
            differences.append(Difference(name, one, other, change))
    only_a, only_b = len(left) - len(both), len(right) - len(both)
    return Comparison(a, b, len(both), only_a, only_b, tuple(differences))


def _row(problem: Sequence[ProblemOutcome]) -> Row:
    """The numbers of a problem; for a run without selections, the numbers of one attempt."""
    plain = not any(outcome.selections for outcome in problem)
    found = row(problem, an_attempt=plain)
    return found | {"selected": found["pass_1"]} if plain and "pass_1" in found else found
