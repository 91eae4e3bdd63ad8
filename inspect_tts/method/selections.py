"""Selections: which rollouts are compared, and which ranking follows from the votes. Pure.

    candidates -> groups -> matches -> groups -> ... -> ranking, of which the first are selected

A selection is a generator: it yields the groups of a round, receives their matches, and returns the
ranking of all candidates, best first. The live stage, the replay of a log and simulations use the
same generator.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations

from .candidates import failed, identical
from .records import Draw, Match, Rollout
from .seeding import seeded_shuffle
from .tournament import form_groups
from .voting.strength import ranks

Groups = tuple[tuple[str, ...], ...]
SelectionSteps = Generator[Groups, Sequence[Match], tuple[str, ...]]

PIVOTS = 2
"""Number of candidates that all others meet in `pivot`."""


class Candidates:
    """The candidates of one selection, and its random draws.

    Args:
        candidates: The rollouts to rank.
        keep: How many will be selected.
        group_size: Size of the groups if the selection forms groups, G of the paper.
        seed: The strategy's seed.
        key: Prefix of the keys of this selection's draws.
    """

    def __init__(
        self, candidates: Sequence[Rollout], *, keep: int, group_size: int, seed: int, key: str
    ) -> None:
        self.rollouts = {rollout.id: rollout for rollout in candidates}
        self.ids = tuple(self.rollouts)
        self.keep, self.group_size, self.seed, self.key = keep, group_size, seed, key
        self.behavior: Mapping[str, str] = {}
        """By rollout id, the name of its behavior class: `untouched` if it behaves like the
        untouched tree. Empty without evidence from execution."""
        self.by_strength = False
        """Whether `swiss` and `pivot` rank by strength instead of votes."""
        self.remaining = self.ids
        """Ids that may still be selected."""
        self.draws: list[Draw] = []

    def draw(self, options: Iterable[str], what: str) -> tuple[str, ...]:
        """Order candidates by a seeded random draw, and record the draw.

        Args:
            options: Ids of the candidates.
            what: What is drawn, for example `round1/pairing`; the end of the draw's key.

        Returns:
            The ids in the order in which they were drawn.
        """
        names, key = tuple(options), f"{self.key}/{what}"
        order = seeded_shuffle(names, seed=self.seed, key=key)
        self.draws.append(Draw(key=key, seed=self.seed, options=names, order=order))
        return order

    def ranked_by(self, worth: Callable[[str], tuple[object, ...]], what: str) -> tuple[str, ...]:
        """Sort all candidates by a key, smallest first; break ties by a seeded random draw."""
        return tuple(sorted(self.draw(self.ids, what), key=worth))


def tournament(candidates: Candidates) -> SelectionSteps:
    """Recursive Tournament Voting (paper, section 1): the winner of each group advances.

    Eliminated candidates are ranked by the round they reached, and at random within a round, so
    that votes skipped by an early stop cannot matter.
    """
    byes, eliminated, number = Counter[str](), list[tuple[str, ...]](), 0
    while len(candidates.remaining) > candidates.keep:
        number += 1
        pairing = f"round{number}/pairing"
        candidates.draw(candidates.remaining, pairing)
        matches = yield form_groups(
            candidates.remaining,
            byes=byes,
            group_size=candidates.group_size,
            keep=candidates.keep,
            seed=candidates.seed,
            key=f"{candidates.key}/{pairing}",
        )
        winners = tuple(match.winner for match in matches)
        losers = [name for name in candidates.remaining if name not in winners]
        eliminated.append(candidates.draw(losers, f"round{number}/eliminated"))
        byes.update(match.winner for match in matches if match.decided_by == "bye")
        candidates.remaining = winners
    return (*candidates.remaining, *(name for losers in reversed(eliminated) for name in losers))


def swiss(candidates: Candidates) -> SelectionSteps:
    """Halving by cumulative votes: neighbors in the standings meet, and the upper half remains.

    Groups have at least `group_size` members, so that all candidates are judged equally often.
    Pairs do not meet twice if that can be avoided.
    """
    points, met = Counter[str](), set[frozenset[str]]()
    eliminated, judged = list[str](), list[Match]()
    number = 0
    while len(candidates.remaining) > candidates.keep:
        number += 1
        order = sorted(
            candidates.draw(candidates.remaining, f"round{number}/pairing"),
            key=lambda n: -points[n],
        )
        matches = yield _neighbors(order, candidates.group_size, met)
        for match in matches:
            met.update(frozenset(pair) for pair in combinations(match.group, 2))
            points.update(_points(match))
        judged += matches
        worth: Mapping[str, float | Fraction] = points
        if candidates.by_strength:
            worth = ranks(judged)
        drawn = candidates.draw(candidates.remaining, f"round{number}/standing")
        standing = sorted(drawn, key=lambda n: -worth.get(n, 0))
        stay = max(candidates.keep, -(-len(standing) // 2))
        eliminated = [*standing[stay:], *eliminated]
        candidates.remaining = tuple(standing[:stay])
    return (*candidates.remaining, *eliminated)


def round_robin(candidates: Candidates) -> SelectionSteps:
    """Every pair meets once; candidates are ranked by the votes received.

    Each candidate is shown first in about half of its pairs, so that a position bias of the judge
    does not add up with an odd number of votes.
    """
    order = candidates.draw(candidates.ids, "pairing")
    matches = yield tuple(
        pair if (i + j) % 2 else pair[::-1]
        for (i, j), pair in zip(
            combinations(range(len(order)), 2), combinations(order, 2), strict=True
        )
    )
    return _by_mean_points(candidates, matches)


def pivot(candidates: Candidates) -> SelectionSteps:
    """Probabilistic pivot tournament: a ring, then every candidate against its best.

    After LLM-as-a-Verifier (github.com/llm-as-a-verifier), with votes in place of token
    probabilities. About N * (1 + PIVOTS) matches.
    """
    ring = candidates.draw(candidates.ids, "pairing")
    around = _once(zip(ring, (*ring[1:], ring[0]), strict=True))
    matches = list((yield around))
    pivots = _by_mean_points(candidates, matches, "pivots")[:PIVOTS]
    against = _once(
        (one, other) if (i + j) % 2 else (other, one)
        for i, one in enumerate(pivots)
        for j, other in enumerate(ring)
    )
    new = tuple(pair for pair in against if not any({*pair} == {*met} for met in around))
    if new:
        matches += yield new
    if candidates.by_strength:
        strong = ranks(matches)
        return candidates.ranked_by(lambda n: (-strong.get(n, 0),), "ranking")
    return _by_mean_points(candidates, matches)


def listwise(candidates: Candidates) -> SelectionSteps:
    """All candidates meet in one group and are ranked by the votes received."""
    matches = yield (candidates.draw(candidates.ids, "pairing"),)
    return _by_mean_points(candidates, matches)


def pointwise(candidates: Candidates) -> SelectionSteps:
    """Each candidate is graded alone from 1 to 20; ranked by the mean grade."""
    matches = yield tuple((name,) for name in candidates.ids)
    grades = {match.winner: match.grade for match in matches}
    return candidates.ranked_by(lambda name: (-(grades[name] or 0.0),), "ranking")


def agreement(candidates: Candidates) -> SelectionSteps:
    """The largest class of duplicates first; one member of each class before all other members."""
    classes = identical(list(candidates.rollouts.values()))
    size = {name: len(members) for members in classes for name in members}
    place = {name: members.index(name) for members in classes for name in members}
    yield from ()
    return candidates.ranked_by(lambda name: (place[name] > 0, -size[name]), "ranking")


def behavior(candidates: Candidates) -> SelectionSteps:
    """The largest behavior class first; one member of each class before all other members.

    In both parts, results that behave like the untouched tree come after the other classes, and
    results that could not be executed come last. Without behavior classes, this is `agreement`.
    """
    labels = {name: candidates.behavior.get(name, name) for name in candidates.ids}
    if not candidates.behavior:
        return (yield from agreement(candidates))
    size, seen, place = Counter(labels.values()), Counter[str](), dict[str, int]()
    order = candidates.draw(candidates.ids, "members")
    for name in order:
        place[name] = seen[labels[name]]
        seen[labels[name]] += 1
    last = {name: 2 * (name not in candidates.behavior) for name in candidates.ids}
    last |= {name: 1 for name, label in labels.items() if label == "untouched"}
    yield from ()
    return candidates.ranked_by(
        lambda name: (place[name] > 0, last[name], -size[labels[name]]), "ranking"
    )


def random_order(candidates: Candidates) -> SelectionSteps:
    """A seeded random order."""
    yield from ()
    return candidates.draw(candidates.ids, "ranking")


def first(candidates: Candidates) -> SelectionSteps:
    """The order in which the rollouts were started; those of earlier iterations come last."""
    yield from ()
    started = {name: (-each.iteration, each.index) for name, each in candidates.rollouts.items()}
    return tuple(sorted(candidates.ids, key=started.__getitem__))


def fewest_turns(candidates: Candidates) -> SelectionSteps:
    """Fewest turns first; candidates that ended by themselves come before all others."""
    yield from ()
    return candidates.ranked_by(
        lambda n: (failed(candidates.rollouts[n]), candidates.rollouts[n].turns), "ranking"
    )


def cheapest(candidates: Candidates) -> SelectionSteps:
    """Fewest dollars first, or tokens if a price is unknown; completed candidates first."""
    costs = {name: rollout.usage.cost for name, rollout in candidates.rollouts.items()}
    known = all(cost is not None for cost in costs.values())
    tokens = {name: rollout.usage.total_tokens for name, rollout in candidates.rollouts.items()}
    spent: Mapping[str, float | None] = costs if known else tokens
    yield from ()
    return candidates.ranked_by(lambda n: (failed(candidates.rollouts[n]), spent[n]), "ranking")


def _points(match: Match) -> dict[str, Fraction]:
    """Votes received, as a multiple of the number expected by chance; 1 for all without votes."""
    cast = sum(match.tally.values())
    if cast == 0:
        return dict.fromkeys(match.group, Fraction(1))
    return {name: Fraction(match.tally[name] * len(match.group), cast) for name in match.group}


def _by_mean_points(
    candidates: Candidates, matches: Sequence[Match], what: str = "ranking"
) -> tuple[str, ...]:
    points, met = Counter[str](), Counter[str]()
    for match in matches:
        points.update(_points(match))
        met.update(match.group)
    return candidates.ranked_by(lambda n: (-Fraction(points[n], met[n]) if met[n] else 0,), what)


def _once(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Pairs of different candidates, each once."""
    return tuple({frozenset(pair): pair for pair in pairs if pair[0] != pair[1]}.values())


def _neighbors(order: Sequence[str], group_size: int, met: set[frozenset[str]]) -> Groups:
    """Groups of neighbors that have not met yet, if possible."""
    groups = max(1, len(order) // group_size)
    small, larger = divmod(len(order), groups)
    sizes = (small + 1,) * larger + (small,) * (groups - larger)
    left, found = list(order), list[tuple[str, ...]]()
    for size in sizes:
        head = left.pop(0)
        fresh = [name for name in left if frozenset((head, name)) not in met]
        others = (fresh + [name for name in left if name not in fresh])[: size - 1]
        left = [name for name in left if name not in others]
        found.append((head, *others))
    return tuple(found)
