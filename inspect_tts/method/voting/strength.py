"""How sure a selection is: Bradley-Terry strengths of rollouts from all votes, and P(best).

A vote for one rollout of a group counts as a win over each of the others. Strengths have a normal
prior with variance 1, so that one vote does not make a rollout infinitely strong. `choix` finds the
most likely strengths; around these, the distribution is taken as normal (Laplace's approximation).
Votes count as independent: if a judge repeats itself, the intervals are too narrow.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from ..records import Match, Selection
from ..usage import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLES = 4000
"""Number of samples of the strengths, from which P(best) is estimated."""
DEVIATIONS = 1.96
"""Half the width of a 95% interval, in standard deviations."""


class Strength(Record):
    """How strong one rollout is in one selection, according to all votes."""

    selection: str
    """Id of the selection."""
    rollout: str
    """Id of the rollout."""
    strength: float
    """Natural logarithm of its odds against a rollout of average strength."""
    low: float
    high: float
    """The 95% interval of the strength is from `low` to `high`."""
    best: float
    """Probability that it is the strongest of the rollouts compared in the selection."""


class Fit(NamedTuple):
    """The strengths of all rollouts, fitted to all votes."""

    names: tuple[str, ...]
    means: "NDArray[np.float64]"
    covariance: "NDArray[np.float64]"


def wins(matches: Iterable[Match]) -> list[tuple[str, str]]:
    """Pairs of a preferred and another rollout: for each vote, one for each other in the group."""
    return [
        (name, other)
        for match in matches
        for name, votes in match.tally.items()
        for other in match.group * votes
        if other != name
    ]


def fit(matches: Sequence[Match]) -> Fit:
    """Fit the strengths of all rollouts that were compared with others."""
    import choix
    import numpy as np

    met = {name for match in matches if len(match.group) > 1 for name in match.group}
    names = tuple(sorted(met))
    index = {name: place for place, name in enumerate(names)}
    data = [(index[one], index[other]) for one, other in wins(matches)]
    means = np.zeros(len(names))
    if data:
        means = choix.opt_pairwise(len(names), data, alpha=0.5)  # its penalty is alpha * x**2
    precision = np.eye(len(names))
    for one, other in data:
        odds = np.exp(means[other] - means[one])
        pair = np.zeros(len(names))
        pair[one], pair[other] = 1, -1
        precision += odds / (1 + odds) ** 2 * np.outer(pair, pair)
    return Fit(names, means, np.linalg.inv(precision))


def ranks(matches: Sequence[Match]) -> dict[str, float]:
    """Strengths to rank by, rounded so that rounding errors of the arithmetic do not matter."""
    found = fit(matches)
    return {n: round(float(x), 4) for n, x in zip(found.names, found.means, strict=True)}


def strengths(selections: Sequence[Selection]) -> tuple[Strength, ...]:
    """Strengths from all votes of a pool; for each selection, the strongest first."""
    import numpy as np

    judged = {s.id: [m for round in s.rounds for m in round.matches] for s in selections}
    names, means, covariance = fit([*chain.from_iterable(judged.values())])
    if not names:
        return ()
    drawn = means + _normal(len(names)) @ np.linalg.cholesky(covariance).T
    width = DEVIATIONS * np.sqrt(np.diag(covariance))
    found: list[Strength] = []
    for id, matches in judged.items():
        met = {name for match in matches if len(match.group) > 1 for name in match.group}
        places = [place for place, name in enumerate(names) if name in met]
        if not places:
            continue
        firsts = np.bincount(drawn[:, places].argmax(axis=1), minlength=len(places)) / SAMPLES
        these = [
            Strength(
                selection=id,
                rollout=names[place],
                strength=float(means[place]),
                low=float(means[place] - width[place]),
                high=float(means[place] + width[place]),
                best=float(best),
            )
            for place, best in zip(places, firsts, strict=True)
        ]
        found += sorted(these, key=lambda each: -each.strength)
    return tuple(found)


@lru_cache(maxsize=8)
def _normal(columns: int) -> Any:
    """Standard normal numbers, always the same, so that equal votes give equal chances."""
    import numpy as np

    return np.random.default_rng(0).standard_normal((SAMPLES, columns))
