"""Calibration of P(best) on graded rollouts."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from inspect_tts.method.voting.strength import Strength, strengths

from .outcomes import ProblemOutcome

ENDS = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Upper ends of the bins of P(best)."""


class StrengthBin(NamedTuple):
    """Selections with passing and failing rollouts, grouped by P(best) of the strongest rollout."""

    low: float
    high: float
    """P(best) in the bin is above `low`, up to `high`."""
    selections: int
    best: float
    """Mean P(best) of the strongest rollout."""
    mass: float
    """Mean sum of P(best) over the passing rollouts: the claimed chance that the best passes."""
    passed: float
    """Share of the strongest rollouts that pass: the actual chance."""
    chance: float
    """Mean share of passing rollouts: the chance of a random draw."""


def outcome_strengths(outcome: ProblemOutcome) -> tuple[Strength, ...]:
    """Strengths of a problem's rollouts; empty if no votes compared any or choix is missing."""
    try:
        return strengths(outcome.selections)
    except ImportError:
        return ()


def strength_bins(outcomes: Sequence[ProblemOutcome]) -> tuple[StrengthBin, ...]:
    """Calibration of P(best), in bins by P(best) of the strongest rollout."""
    bins: dict[int, list[tuple[float, float, float, float]]] = defaultdict(list)
    for outcome in outcomes:
        by_selection: dict[str, list[Strength]] = defaultdict(list)
        for each in outcome_strengths(outcome) if outcome.scores else ():
            by_selection[each.selection].append(each)
        for found in by_selection.values():
            passes = [outcome.passed(each.rollout) for each in found]
            if None in passes or len(set(passes)) < 2:
                continue
            mass = sum(each.best for each, passed in zip(found, passes, strict=True) if passed)
            place = next(i for i, high in enumerate(ENDS) if found[0].best <= high)
            share = sum(map(bool, passes)) / len(passes)
            bins[place].append((found[0].best, mass, float(bool(passes[0])), share))
    return tuple(
        StrengthBin(
            ENDS[place - 1] if place else 0.0,
            ENDS[place],
            len(entries),
            *(sum(column) / len(entries) for column in zip(*entries, strict=True)),
        )
        for place, entries in sorted(bins.items())
    )
