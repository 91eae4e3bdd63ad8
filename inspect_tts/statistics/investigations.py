"""What investigations of close matches changed, and how often they were right."""

from collections.abc import Sequence
from typing import NamedTuple

from inspect_tts.method.records import Usage
from inspect_tts.method.voting.close_matches import leader

from .judge_quality import passing
from .outcomes import ProblemOutcome


class InvestigationNumbers(NamedTuple):
    """The investigations of a run."""

    close: int
    """Matches whose votes ended within one of each other."""
    verdicts: int
    """Of these, how many an investigation decided; the others stayed as the votes had them."""
    led: int
    """Decided matches in which one had more votes."""
    overturned: int
    """Of these, how many the other one won."""
    decidable: int
    """Decided matches of a passing and a failing rollout."""
    accuracy: float | None
    """Share of these that the passing one won."""
    votes_accuracy: float | None
    """The same if the votes had decided; a tie counts half."""
    turns: float
    """Of an investigation that ran, on average."""
    dollars: float | None
    """Of all; None if a price is not known."""


def investigation_numbers(outcomes: Sequence[ProblemOutcome]) -> InvestigationNumbers | None:
    """The numbers of a run; None if no match was to be investigated."""
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
