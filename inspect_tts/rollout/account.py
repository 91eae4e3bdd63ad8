"""Divide a problem's limit among rollouts and votes, and decide which of them may still start.

Nothing that already runs is stopped. A rollout or vote that would exceed the limit is not started,
so that the others can finish.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

WEIGHTS = {"rollouts": 9, "selection": 1}
"""Weights by which a phase and the phases after it share what is left when the phase begins. The
next phases get what a phase does not use."""


class Amount(NamedTuple):
    """Tokens and dollars: spent, expected or allowed."""

    tokens: float = 0.0
    dollars: float = 0.0

    def plus(self, other: "Amount", times: float = 1) -> "Amount":
        """Add a multiple of another amount."""
        return Amount(self.tokens + times * other.tokens, self.dollars + times * other.dollars)

    def at_least(self, other: "Amount") -> "Amount":
        """Take the larger number of tokens and the larger number of dollars."""
        return Amount(max(self.tokens, other.tokens), max(self.dollars, other.dollars))


UNLIMITED = Amount(float("inf"), float("inf"))


def ceiling(limit: Amount, spent: Amount, phases: Sequence[str]) -> Amount:
    """The total that may be spent by the end of the first of these phases."""
    share = WEIGHTS[phases[0]] / sum(WEIGHTS[phase] for phase in phases)
    return Amount(
        *(used + share * max(0.0, end - used) for end, used in zip(limit, spent, strict=True))
    )


def room(top: Amount, committed: Amount, each: Amount) -> float:
    """How many more rollouts or votes fit below `top`, if each of them costs `each`."""
    fits = float("inf")
    for end, used, more in zip(top, committed, each, strict=True):
        if used > end:
            return 0
        if end < float("inf") and more > 0:
            fits = min(fits, (end - used) // more)
    return fits


@dataclass
class Account:
    """What one problem has spent, and what may still be started."""

    limit: Amount = UNLIMITED
    top: Amount = UNLIMITED
    """The total that may be spent by the end of the current phase."""
    settled: Amount = field(default_factory=Amount)
    """Spent by the rollouts and votes that have ended."""
    rollouts: list[Amount] = field(default_factory=list)
    """What each ended rollout used, including its summary."""
    votes: list[Amount] = field(default_factory=list)
    """What each vote used."""
    under_way: set[str] = field(default_factory=set)
    """Rollouts that have not ended."""
    pilots: int = 1
    """How many rollouts may start before the first one has ended and shown what a rollout costs."""

    @property
    def limited(self) -> bool:
        """Whether there is a limit at all."""
        return self.limit != UNLIMITED

    def begin(self, phases: Sequence[str], spent: Amount, *, n: int = 1) -> None:
        """Begin the first of the phases; `n` is the number of rollouts it plans."""
        self.top = ceiling(self.limit, spent, phases) if self.limited else UNLIMITED
        self.pilots = -(-n // 4)

    def start(self, id: str) -> None:
        """Note that a rollout has started."""
        self.under_way.add(id)

    def end(self, id: str, used: Amount) -> None:
        """Note what a rollout has used."""
        self.under_way.discard(id)
        self.rollouts.append(used)
        self.settled = self.settled.plus(used)

    def cast(self, used: Amount) -> None:
        """Note what a vote has used."""
        self.votes.append(used)
        self.settled = self.settled.plus(used)

    def affords_rollout(self, spent: Amount) -> bool | None:
        """Whether another rollout may start; None if that depends on rollouts still under way."""
        if not self.limited:
            return True
        if not self.rollouts:
            return True if len(self.under_way) < self.pilots else None
        each = _mean(self.rollouts)
        committed = spent.at_least(self.settled.plus(each, len(self.under_way)))
        if room(self.top, committed, each) >= 1:
            return True
        return None if self.under_way else False

    def affords_votes(self, spent: Amount, guess: Amount, *, matches: int, votes: int) -> int:
        """How many votes each of the next matches may have."""
        if not self.limited or not matches:
            return votes
        each = _mean(self.votes) if self.votes else guess
        return int(min(votes, room(self.top, spent, each) // matches))

    def affords_more(self, spent: Amount) -> bool:
        """Whether the phase has anything left to spend."""
        return all(used < end for used, end in zip(spent, self.top, strict=True))


def _mean(amounts: Sequence[Amount]) -> Amount:
    total = Amount()
    for amount in amounts:
        total = total.plus(amount, 1 / len(amounts))
    return total
