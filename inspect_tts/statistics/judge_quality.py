"""Quality of judges: accuracy in decidable matches, ties, flips, abstentions and calibration."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from inspect_tts.method.records import Match

from .outcomes import ProblemOutcome

SHARES = (0.5, 0.625, 0.75, 0.875, 1.0)
"""Upper ends of the bins: multiples of 1/8, as the paper uses 8 votes."""


class Judged(NamedTuple):
    """A match in which rollouts were compared."""

    selection: str
    iteration: int
    round: int
    match: Match
    passing: dict[str, bool] | None
    """The result of `passing`."""


class RoundAccuracy(NamedTuple):
    """Accuracy of the judge in one round of the selections of an iteration."""

    iteration: int
    selection: int
    """0 for the first selection of the iteration, 1 for the next."""
    round: int
    matches: int
    decidable: int
    """Matches with at least one passing and one failing rollout."""
    correct: int
    """Decidable matches that a passing rollout won."""
    accuracy: float | None
    chance: float | None
    """Accuracy of a random draw: mean share of passing rollouts in the decidable groups."""
    vote_accuracy: float | None
    """Share of single votes in decidable matches that named a passing rollout."""


class Rates(NamedTuple):
    """How often something unusual happened, as shares of matches or votes."""

    matches: int
    votes: int
    saved: int
    """Votes that were not needed."""
    tie: float | None
    abstention: float | None
    reask: float | None
    flip: float | None
    """Mean of `Match.order_flip_rate`: how often the verdict changes with the display order."""


class Bin(NamedTuple):
    """Decidable matches whose winners got a similar share of the votes cast."""

    low: float
    high: float
    """Shares of the bin are above `low`, up to `high`."""
    matches: int
    share: float
    """Mean share of the votes in the bin: the claimed accuracy."""
    accuracy: float
    """Share of the matches that a passing rollout won: the actual accuracy."""


def judged(outcomes: Iterable[ProblemOutcome]) -> list[Judged]:
    """All matches in which judges compared rollouts, without byes and grades."""
    return [
        Judged(selection.id, selection.iteration, round, match, passing(outcome, match))
        for outcome in outcomes
        for selection, round, match in outcome.matches()
        if len(match.group) > 1 and match.votes
    ]


def passing(outcome: ProblemOutcome, match: Match) -> dict[str, bool] | None:
    """Whether each rollout of a match passes; None unless all are graded, some pass, some fail."""
    known = {id: passed for id in match.group if (passed := outcome.passed(id)) is not None}
    decidable = len(known) == len(match.group) and len(set(known.values())) == 2
    return known if decidable else None


def accuracy_by_round(matches: Sequence[Judged]) -> tuple[RoundAccuracy, ...]:
    """Judge accuracy in decidable matches, by iteration and round (paper, section on the judge).

    accuracy = matches won by a passing rollout / decidable matches
    """
    rounds: dict[tuple[int, int, int], list[Judged]] = defaultdict(list)
    for each in matches:
        again = int(each.selection.partition(".")[2] or 1) - 1
        rounds[each.iteration, again, each.round].append(each)
    found = []
    for place, judged in sorted(rounds.items()):
        sure = [(each.match, passes) for each in judged if (passes := each.passing)]
        correct = sum(passes[match.winner] for match, passes in sure)
        chances = [sum(passes.values()) / len(passes) for _, passes in sure]
        votes = [(passes[id], n) for match, passes in sure for id, n in match.tally.items()]
        right = sum(count for passes, count in votes if passes)
        found.append(
            RoundAccuracy(
                *place,
                matches=len(judged),
                decidable=len(sure),
                correct=correct,
                accuracy=_share(correct, len(sure)),
                chance=_share(sum(chances), len(sure)),
                vote_accuracy=_share(right, sum(count for _, count in votes)),
            )
        )
    return tuple(found)


def rates(matches: Sequence[Judged]) -> Rates:
    """Rates of ties, abstentions, repeated requests, and flips."""
    judged = [each.match for each in matches]
    votes = [vote for match in judged for vote in match.votes]
    flips = [match.order_flip_rate for match in judged if match.order_flip_rate is not None]
    return Rates(
        matches=len(judged),
        votes=len(votes),
        saved=sum(match.skipped_votes for match in judged),
        tie=_share(sum(bool(match.tied) for match in judged), len(judged)),
        abstention=_share(sum(vote.abstention is not None for vote in votes), len(votes)),
        reask=_share(sum(vote.reasked for vote in votes), len(votes)),
        flip=_share(sum(flips), len(flips)),
    )


def calibration(matches: Sequence[Judged]) -> tuple[Bin, ...]:
    """Compare vote margins with accuracy in decidable matches.

    Matches are binned by the winner's share of the votes cast. With `early_stop`, this share is
    larger in clear matches than it would be with all votes. Ties, matches without verdicts, and
    matches that an investigation decided are left out.
    """
    found: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for each in matches:
        match, cast, passes = each.match, sum(each.match.tally.values()), each.passing
        by_votes = cast and not match.tied and match.decided_by != "investigation"
        if by_votes and passes:
            share = match.tally.get(match.winner, 0) / cast
            place = next(i for i, high in enumerate(SHARES) if share <= high)
            found[place].append((share, passes[match.winner]))
    bins = []
    for place, entries in sorted(found.items()):
        low = SHARES[place - 1] if place else 0.0
        shares, rights = (sum(column) / len(entries) for column in zip(*entries, strict=True))
        bins.append(Bin(low, SHARES[place], len(entries), shares, rights))
    return tuple(bins)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
