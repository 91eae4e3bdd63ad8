"""When a match stops asking: at a fixed number of votes, or with `votes=auto` by a sequential test.

The sequential test compares the hypotheses "this rollout is the best of the group". It assumes that
a judge names the best rollout rather than any other one with the odds `ODDS`. With two rollouts, it
is Wald's sequential probability ratio test: it stops at a lead, which grows as the error shrinks.
"""

from collections import Counter
from collections.abc import Sequence

from ..tournament import votes_needed
from ..usage import Record

ODDS = 7 / 3
"""Odds of a vote for the better of two rollouts, from a judge who is right in 70 of 100 votes."""
LARGEST_ERROR = 1 / 3
"""Below one half, so that equal votes never settle a match."""


class AutoVotes(Record):
    """The arguments of the sequential test of `votes=auto`."""

    least: int
    """Votes of every match, at least."""
    most: int
    """Votes of a match that stays undecided."""
    error: float
    """Chance that the only match of a round is settled wrongly."""


def chance_of_error(group: Sequence[str], verdicts: Sequence[str | None]) -> float:
    """The chance that the leading rollout is not the best, if all were equally likely at first."""
    counts = Counter(verdict for verdict in verdicts if verdict is not None)
    most = max(counts[name] for name in group)
    return 1 - 1 / sum(ODDS ** (counts[name] - most) for name in group)


def allowed_error(rule: AutoVotes, matches: int) -> float:
    """The error that each match of a round may have, from the number of matches in the round.

    The result depends on each of m matches by one m-th, so each of them may err m times as often as
    the only match of a round. This saves votes for the later rounds.
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
    """The fewest further votes after which a match may be settled; 0 if it is settled.

    Asking that many at a time asks for the same votes as asking for one at a time.

    Args:
        group: The rollouts of the match.
        verdicts: The rollouts that its votes have named so far, None for abstentions.
        votes: Votes of the match at most.
        early_stop: Whether votes may stop once the winner is settled.
        auto: The sequential test; None if the number of votes is fixed.
        matches: Judged matches of its round.
        open_lead: The lead up to which votes do not settle the winner.

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
