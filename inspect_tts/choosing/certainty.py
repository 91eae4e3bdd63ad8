"""How sure the votes are of the rollout that they selected."""

from collections.abc import Sequence
from math import comb, prod

from inspect_tts.method.records import Match, Selection


def certainty(selection: Selection, chosen: str) -> float | None:
    """The probability that judges prefer a rollout to every rival that it met; None if it met none.

    In each match, only the votes for the rollout and for its strongest rival count. The prior for
    the share of votes is uniform, and matches are taken as independent.
    """
    met = [
        _preferred(match, chosen)
        for round in selection.rounds
        for match in round.matches
        if chosen in match.group and len(match.group) > 1
    ]
    return prod(met) if met else None


def _preferred(match: Match, chosen: str) -> float:
    """The posterior probability of a share above one half, under a uniform prior.

    With `w` votes for it and `l` against, the share is distributed as Beta(w + 1, l + 1). Its
    probability above one half equals that of at most `w` heads in w + l + 1 tosses of a fair coin.
    """
    votes = match.tally.get(chosen, 0)
    against = max(match.tally.get(other, 0) for other in match.group if other != chosen)
    return _lower_tail(votes, votes + against + 1)


def _lower_tail(most: int, tosses: int) -> float:
    below = sum(comb(tosses, number) for number in range(most + 1))
    return float(below / 2**tosses)


def votes_for(selection: Selection, ids: Sequence[str]) -> tuple[int, ...]:
    """How many votes each rollout got."""
    matches = [match for round in selection.rounds for match in round.matches]
    return tuple(sum(match.tally.get(id, 0) for match in matches) for id in ids)
