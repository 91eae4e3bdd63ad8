"""How sure votes are of what they selected."""

from collections.abc import Sequence
from math import comb, prod

from inspect_tts.method.records import Match, Selection


def certainty(selection: Selection, chosen: str) -> float | None:
    """Probability that judges prefer a rollout to each that it met; None if none was voted on.

    Of a match only the votes for it and for its strongest rival count. Before the votes, each
    share of preference is equally likely, and matches are taken as independent.
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

    With `w` votes for it and `l` against, the share is distributed as Beta(w + 1, l + 1), whose
    upper half equals the lower tail, up to `w`, of w + l + 1 tosses of a coin.
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
