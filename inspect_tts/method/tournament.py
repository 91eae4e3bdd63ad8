"""Recursive Tournament Voting (paper, section 1): the groups of a round, and who advances.

Of a match: the display order, the votes needed, and ties.

P candidates -> groups of at most G -> one winner per group -> ... until `keep` remain
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from math import gcd, lcm
from typing import Literal, NamedTuple

from .seeding import seeded_shuffle

DecidedBy = Literal["votes", "random", "evidence", "bye", "grade", "investigation"]
TieBreak = Literal["random", "evidence"]
RankedBy = Literal["votes", "strength"]


class Outcome(NamedTuple):
    """The outcome of one match."""

    winner: str
    decided_by: DecidedBy
    tally: dict[str, int]
    tied: tuple[str, ...]


def group_sizes(population: int, *, group_size: int, keep: int) -> tuple[int, ...]:
    """Split a population into groups of sizes that differ by at most 1."""
    if group_size < 2 or keep < 1 or population <= keep:
        raise ValueError(
            f"no round is possible: population={population}, group_size={group_size}, keep={keep}; "
            "need group_size >= 2, keep >= 1 and population > keep"
        )
    groups = max(keep, -(-population // group_size))
    small, larger = divmod(population, groups)
    return (small + 1,) * larger + (small,) * (groups - larger)


def form_groups(
    remaining: Sequence[str],
    *,
    byes: Mapping[str, int],
    group_size: int,
    keep: int,
    seed: int,
    key: str,
) -> tuple[tuple[str, ...], ...]:
    """Draw the groups of one round.

    If the numbers force byes, they go to the candidates with the fewest byes so far, in random
    order, so that nobody advances without a match more often than necessary.
    """
    sizes = group_sizes(len(remaining), group_size=group_size, keep=keep)
    drawn = seeded_shuffle(remaining, seed=seed, key=key)
    most_byes_first = sorted(drawn, key=lambda name: -byes.get(name, 0))
    groups: list[tuple[str, ...]] = []
    bye_count = sizes.count(1)
    judged = most_byes_first[: len(drawn) - bye_count]
    judged.sort(key=drawn.index)
    for size in sizes[: len(sizes) - bye_count]:
        groups.append(tuple(judged[:size]))
        judged = judged[size:]
    groups.extend((name,) for name in most_byes_first[len(drawn) - bye_count :])
    return tuple(groups)


def turns_of(judges: Sequence[str], *, seed: int, key: str) -> tuple[str, ...]:
    """The order in which the judges of a panel take turns with the votes of one match."""
    return seeded_shuffle(judges, seed=seed, key=key)


def judges_key(selection: str, match: str, *, grades: bool) -> str:
    """The key of the draw in `turns_of`.

    All matches share it if judges grade: grades are compared, so all rollouts need the same judges.
    """
    return f"{selection}/judges" if grades else f"{selection}/{match}/judges"


def display_order(group: Sequence[str], vote: int, judges: int = 1) -> tuple[str, ...]:
    """The order in which the judge of one vote sees the group.

    The order rotates from vote to vote: over any G consecutive votes of one judge, every candidate
    is shown once in every position. If judges take turns, the rotation skips one order whenever
    each judge would see the same orders again, so that this holds for every judge.
    """
    size = len(group)
    shift = (vote + vote // lcm(judges, size) % gcd(judges, size)) % size
    return tuple(group[shift:]) + tuple(group[:shift])


def votes_needed(
    group: Sequence[str], verdicts: Sequence[str | None], *, votes: int, open_lead: int = 0
) -> int:
    """The fewest further votes that could settle the winner of a match.

    Asking that many at a time until the number is 0 gives the same winner as asking for all votes:
    the number is above 0 as long as the missing votes could change the winner, make a tie, or bring
    the lead down to `open_lead`.
    """
    left = votes - len(verdicts)
    counts = Counter(verdict for verdict in verdicts if verdict is not None)
    first, second = sorted((counts[name] for name in group), reverse=True)[:2]
    lead = first - second
    if left <= 0 or lead > left + open_lead:
        return 0
    return min(left, (left + open_lead - lead) // 2 + 1)


def decide(
    group: Sequence[str],
    verdicts: Sequence[str | None],
    *,
    seed: int,
    key: str,
    evidence: Mapping[str, tuple[float, ...]] | None = None,
) -> Outcome:
    """Decide a match: by its votes, then by evidence if it is given, then by a random draw."""
    unknown = {verdict for verdict in verdicts if verdict is not None} - set(group)
    if unknown:
        raise ValueError(f"verdicts for {sorted(unknown)} in a match of {list(group)}")
    counts = Counter(verdict for verdict in verdicts if verdict is not None)
    tally = {name: counts[name] for name in group}
    if len(group) == 1:
        return Outcome(group[0], "bye", tally, ())
    most = max(tally.values())
    tied = tuple(name for name in group if tally[name] == most)
    if len(tied) == 1:
        return Outcome(tied[0], "votes", tally, ())
    if evidence is not None:
        best = max(evidence[name] for name in tied)
        supported = tuple(name for name in tied if evidence[name] == best)
        if len(supported) == 1:
            return Outcome(supported[0], "evidence", tally, tied)
        tied = supported
    return Outcome(seeded_shuffle(tied, seed=seed, key=key)[0], "random", tally, tied)


def unasked(cut: int, votes: int) -> bool:
    """Whether a limit left a match without votes; then evidence decides before a random draw."""
    return cut > 0 and votes == 0


def vote_key(selection: str, match: str, order: Sequence[str]) -> str:
    """The key of the prompt shared by all votes of a match with the same display order."""
    return f"{selection}/{match}/{' '.join(order)}"


def order_flip_rate(
    orders: Sequence[Sequence[str]], verdicts: Sequence[str | None]
) -> float | None:
    """How often a match's verdict changes with the display order; None if no two orders differ."""
    cast = [(tuple(o), v) for o, v in zip(orders, verdicts, strict=True) if v is not None]
    pairs = [(a, b) for (x, a), (y, b) in combinations(cast, 2) if x != y]
    return sum(a != b for a, b in pairs) / len(pairs) if pairs else None
