"""Close matches, and the investigation that may decide one in place of its votes."""

from collections.abc import Mapping
from typing import Literal

from ..facts import CommandFact
from ..tournament import Outcome
from ..usage import Count, Record, Seconds, Spent, Usage

Close = Literal["votes", "investigate"]
LARGEST_LEAD = 1
"""The most votes by which the winner of a close match leads."""

InvestigationEnd = Literal["verdict", "unreadable", "limit", "error", "not run"]


class Investigation(Record):
    """The record of an agent with a shell that compared the results of a close match."""

    order: tuple[str, ...]
    """Rollout ids as shown: solution_1, solution_2."""
    ended: InvestigationEnd
    verdict: str | None = None
    """Id of the rollout named; if None, the match is decided as if there were no investigation."""
    reason: str | None = None
    """Why there is no verdict."""
    fence: str | None = None
    """The word that fenced the blocks of its prompt."""
    commands: tuple[CommandFact, ...] = ()
    """The commands that it ran; their outputs are in the match's span in the log."""
    leaks: tuple[str, ...] = ()
    """Commands that reach for the reference solution, as in `Rollout.leaks`."""
    turns: Count = 0
    """Model generations."""
    reasked: bool = False
    text: str = ""
    """Its last answers."""
    model: str | None = None
    usage: Spent = Usage()
    seconds: Seconds = 0.0
    reused: bool = False
    """Whether it was taken from an earlier run, together with its usage there."""


def is_close(tally: Mapping[str, int]) -> bool:
    """Whether the votes of a match ended within one of each other, ties included."""
    first, second = sorted(tally.values(), reverse=True)[:2]
    return first - second <= LARGEST_LEAD


def open_lead(close: Close) -> int:
    """The lead up to which votes do not settle the winner, because an investigation may."""
    return LARGEST_LEAD if close == "investigate" else 0


def investigated(outcome: Outcome, found: Investigation | None) -> Outcome:
    """The outcome of a match after its investigation."""
    if found is None or found.verdict is None:
        return outcome
    if found.verdict not in outcome.tally:
        raise ValueError(f"a verdict for {found.verdict} in a match of {list(outcome.tally)}")
    return outcome._replace(winner=found.verdict, decided_by="investigation")


def leader(tally: Mapping[str, int]) -> str | None:
    """The rollout with the most votes; None for a tie."""
    most = [name for name, count in tally.items() if count == max(tally.values())]
    return most[0] if len(most) == 1 else None
