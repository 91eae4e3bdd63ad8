"""How investigations changed close matches, and how often they were right."""

from collections.abc import Sequence
from typing import NamedTuple

from inspect_tts.method.records import Usage
from inspect_tts.method.voting.close_matches import leader

from .judge_quality import passing
from .outcomes import ProblemOutcome


class InvestigationNumbers(NamedTuple):
    """The investigations of a run."""

    close: int
    """Close matches, in which the leading rollouts are at most one vote apart."""
    verdicts: int
    """How many of these an investigation decided. The others kept the result of the votes."""
    led: int
    """Decided matches in which one rollout led the votes."""
    overturned: int
    """How many of these another rollout won."""
    decidable: int
    """Decided matches with passing and failing rollouts, all graded."""
    accuracy: float | None
    """Share of the decidable matches that a passing rollout won."""
    votes_accuracy: float | None
    """The same share if the votes had decided; a tie counts half."""
    turns: float
    """Mean turns of the investigations that ran."""
    dollars: float | None
    """Total cost of the investigations; None if a price is not known."""


def investigation_numbers(outcomes: Sequence[ProblemOutcome]) -> InvestigationNumbers | None:
    """The numbers on investigations of a run; None if no match was to be investigated."""
    close = [
        (outcome, match, match.investigation)
        for outcome in outcomes
        for *_, match in outcome.matches()
        if match.investigation is not None
    ]
    if not close:
        return None
    decided = [(match, looked.verdict) for _, match, looked in close if looked.verdict]
    leaders = [(verdict, first) for match, verdict in decided if (first := leader(match.tally))]
    right, by_votes = list[float](), list[float]()
    for outcome, match, looked in close:
        passes = passing(outcome, match)
        if passes and looked.verdict:
            first = leader(match.tally)
            right.append(passes[looked.verdict])
            by_votes.append(0.5 if first is None else passes[first])
    ran = [looked for *_, looked in close if looked.ended != "not run"]
    return InvestigationNumbers(
        close=len(close),
        verdicts=len(decided),
        led=len(leaders),
        overturned=sum(verdict != first for verdict, first in leaders),
        decidable=len(right),
        accuracy=sum(right) / len(right) if right else None,
        votes_accuracy=sum(by_votes) / len(by_votes) if by_votes else None,
        turns=sum(looked.turns for looked in ran) / max(1, len(ran)),
        dollars=sum((looked.usage for looked in ran), Usage()).cost,
    )
