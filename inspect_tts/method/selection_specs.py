"""All selections by name, with what they ask a judge and how many matches they need at most."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .selections import (
    PIVOTS,
    Candidates,
    SelectionSteps,
    agreement,
    behavior,
    cheapest,
    fewest_turns,
    first,
    listwise,
    pivot,
    pointwise,
    random_order,
    round_robin,
    swiss,
    tournament,
)
from .tournament import group_sizes

Answer = Literal["verdict", "grade"]
"""What a judge is asked for: the best rollout of a group, or a grade from 1 to 20 for one."""


@dataclass(frozen=True)
class SelectionSpec:
    """A selection, and what it asks a judge."""

    steps: Callable[[Candidates], SelectionSteps]
    """Yields the groups of a round, receives their matches, returns the ranking."""
    answer: Answer | None = None
    """None if no judge is asked."""
    can_stop_early: bool = False
    """Whether only the winner of a match counts, so that its votes may stop early."""
    most_matches: Callable[[int, int, int], int] = lambda n, keep, group_size: 0
    """Judged matches at most, from the number of candidates, `keep` and the group size."""
    orders: Callable[[int], int] = lambda n: 2
    """Number of display orders of its smallest match among n candidates."""
    fewest_matches: Callable[[int, int, int], int] | None = None
    """Judged matches at least; None if this is the same as `most_matches`."""


def halvings(n: int, keep: int, group_size: int) -> int:
    """Number of matches if half of the candidates remain after each round."""
    matches = 0
    while n > keep:
        matches += max(1, n // group_size)
        n = max(keep, -(-n // 2))
    return matches


def eliminations(n: int, keep: int, group_size: int) -> int:
    """Number of matches if the winner of each group remains after each round."""
    matches = 0
    while n > keep:
        sizes = group_sizes(n, group_size=group_size, keep=keep)
        matches += len(sizes) - sizes.count(1)
        n = len(sizes)
    return matches


def _ring_and_pivots(n: int, keep: int, group_size: int) -> int:
    """Number of matches of a ring, and then of each pivot with all it did not meet in the ring."""
    return n + PIVOTS * (n - 3) if n > 3 else n * (n - 1) // 2


SELECTIONS: dict[str, SelectionSpec] = {
    "tournament": SelectionSpec(tournament, "verdict", True, eliminations),
    "swiss": SelectionSpec(swiss, "verdict", most_matches=halvings),
    "round_robin": SelectionSpec(
        round_robin, "verdict", most_matches=lambda n, keep, group_size: n * (n - 1) // 2
    ),
    "pivot": SelectionSpec(
        pivot,
        "verdict",
        most_matches=_ring_and_pivots,
        # pivots that are not neighbors in the ring meet each other once, not twice
        fewest_matches=lambda n, keep, size: _ring_and_pivots(n, keep, size) - (n > 3),
    ),
    "listwise": SelectionSpec(
        listwise, "verdict", most_matches=lambda n, keep, group_size: 1, orders=lambda n: n
    ),
    "pointwise": SelectionSpec(
        pointwise, "grade", most_matches=lambda n, keep, group_size: n, orders=lambda n: 1
    ),
    "agreement": SelectionSpec(agreement),
    "behavior": SelectionSpec(behavior),
    "random": SelectionSpec(random_order),
    "first": SelectionSpec(first),
    "fewest_turns": SelectionSpec(fewest_turns),
    "cheapest": SelectionSpec(cheapest),
}
"""All selections by name; `registry.find_selection` adds those of other packages and files. There
is no oracle, because it would read scores."""


def selection(
    *,
    answer: Answer | None = None,
    can_stop_early: bool = False,
    most_matches: Callable[[int, int, int], int] = lambda n, keep, group_size: 0,
    orders: Callable[[int], int] = lambda n: 2,
) -> Callable[[Callable[[Candidates], SelectionSteps]], SelectionSpec]:
    """Turn a generator into a selection, for `-S selection=file.py@name` or an entry point.

    The generator yields the groups of ids that are compared in a round, receives their `Match`
    records in the same order, and returns all ids, best first. If `answer` is a verdict, groups of
    one advance without a judge. Make random draws with `Candidates.draw`, which seeds and records
    them.

    Args:
        answer: What judges are asked for: a `verdict` on a group, a `grade` for one rollout, or
            None if no judge is asked.
        can_stop_early: Whether only the winner of a match counts.
        most_matches: Judged matches at most, from the number of candidates, how many are kept, and
            the group size. Budgets and `estimate` need it. Default 0, for selections without a
            judge.
        orders: Number of display orders of its smallest match among n candidates; default 2.

    Returns:
        A decorator that returns the selection.
    """

    def decorate(steps: Callable[[Candidates], SelectionSteps]) -> SelectionSpec:
        return SelectionSpec(
            steps, answer, can_stop_early, most_matches, orders, lambda n, keep, size: 0
        )

    return decorate


def matches_at_most(spec: SelectionSpec, n: int, keep: int, group_size: int) -> int:
    """Judged matches at most; 0 if there are no more candidates than are kept."""
    return 0 if n <= keep else spec.most_matches(n, keep, group_size)


def matches_at_least(spec: SelectionSpec, n: int, keep: int, group_size: int) -> int:
    """Judged matches at least; 0 if there are no more candidates than are kept."""
    fewest = spec.fewest_matches or spec.most_matches
    return 0 if n <= keep else fewest(n, keep, group_size)


def begin_selection(name: str, candidates: Candidates) -> SelectionSteps:
    """Begin a selection; no judge is asked if there are no more candidates than are kept."""
    spec = SELECTIONS[name]
    if spec.answer is not None and len(candidates.ids) <= candidates.keep:
        return _as_they_are(candidates)
    return spec.steps(candidates)


def _as_they_are(candidates: Candidates) -> SelectionSteps:
    yield from ()
    return candidates.ids
