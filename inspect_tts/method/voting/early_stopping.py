"""When a match stops asking: at a fixed number of votes, or with `votes=auto` by a sequential test.

The test compares the hypotheses "this rollout of the group is the better one". A judge is taken to
name the better one rather than a given other one with the odds `ODDS`. With two rollouts it is
Wald's sequential probability ratio test: it stops at a lead, the larger the smaller the error.
"""

from collections import Counter
from collections.abc import Sequence

from ..tournament import votes_needed
from ..usage import Record

ODDS = 7 / 3
"""Of a vote for the better rollout: a judge who is right in 70 of 100 votes."""
LARGEST_ERROR = 1 / 3
"""Below one half, so that equal votes never settle a match."""


class AutoVotes(Record):
    """The arguments of the test, as `votes=auto` has them."""

    least: int
    """Votes of every match."""
    most: int
    """Votes of a match that nothing settles."""
    error: float
    """Chance that a match which decides alone is settled wrongly."""


def chance_of_error(group: Sequence[str], verdicts: Sequence[str | None]) -> float:
    """The chance that the one with the most votes is not the better one, all alike before."""
    counts = Counter(verdict for verdict in verdicts if verdict is not None)
    most = max(counts[name] for name in group)
    return 1 - 1 / sum(ODDS ** (counts[name] - most) for name in group)


def allowed_error(rule: AutoVotes, matches: int) -> float:
    """The error of each of so many matches of a round.

    What is selected depends on each of m matches by one m-th, so that each may err m times as often
    as a match which decides alone: the votes go to the later rounds.
    """
    return min(rule.error * matches, LARGEST_ERROR)


def further_votes(
    group: Sequence[str],
    verdicts: Sequence[str | None],
    *,
    votes: int,
    early_stop: bool,
    auto: AutoVotes | None = None,
    matches: int = 1,
    open_lead: int = 0,
) -> int:
    """The fewest further votes after which a match may be settled, 0 if it is.

    Asking so many at a time asks the same votes as asking one by one.

    Args:
        group: The rollouts of the match.
        verdicts: What its votes named so far, None for abstentions.
        votes: Votes of the match at most.
        early_stop: Whether only its winner counts.
        auto: The test, None if the number of votes is fixed.
        matches: Judged matches of its round.
        open_lead: The lead up to which votes do not settle who wins.

    Returns:
        How many to ask next.
    """
    if not early_stop:
        return votes - len(verdicts)
    settling = votes_needed(group, verdicts, votes=votes, open_lead=open_lead)
    if auto is None or settling == 0:
        return settling
    first, allowed = auto.least - len(verdicts), allowed_error(auto, matches)
    leader = Counter(v for v in verdicts if v is not None).most_common(1)
    ahead = [leader[0][0] if leader else group[0]]
    for more in range(settling):
        if more >= first and chance_of_error(group, [*verdicts, *ahead * more]) <= allowed:
            return more
    return settling
