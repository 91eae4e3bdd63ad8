"""What was chosen among candidates, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from inspect_tts.choosing.certainty import certainty, votes_for
from inspect_tts.method.records import Usage
from inspect_tts.stages.pool import RolloutPool

C = TypeVar("C")


@dataclass(frozen=True)
class Choice(Generic[C]):
    """The candidate that judges chose, with its votes, cost and record."""

    result: C = field(repr=False)
    """The chosen candidate, as it was given."""
    index: int
    """Index of the chosen candidate, counted from 0."""
    ranking: tuple[int, ...]
    """Indices of all candidates, best first. Those that lost in the same round are in no particular
    order."""
    votes: tuple[int, ...]
    """Votes for each candidate, in the order given. In a tournament, candidates that go further
    collect more."""
    probability: float | None
    """Probability from 0 to 1 that judges prefer it to each candidate that it met, given the votes;
    None if it met none. This describes the judges: only a test can tell whether it is right."""
    cost: float | None
    """Dollars for summaries and votes; None if Inspect knows no price for a model."""
    usage: Usage = field(repr=False)
    """Tokens for summaries and votes."""
    pool: RolloutPool = field(repr=False)
    """Every summary, match and vote with its text; candidate 0 is its rollout `t0-n00`."""
    log: str
    """Location of the log, for `inspect view`, `inspect-tts report` and `inspect-tts replay`."""


def choice_of(pool: RolloutPool, candidates: Sequence[C], log: str) -> Choice[C]:
    """Build the choice from the record in the log."""
    assert pool.adopted is not None
    selection, ids = pool.selections[-1], [rollout.id for rollout in pool.rollouts]
    matches = [match for round in selection.rounds for match in round.matches]
    used = [vote.usage for match in matches for vote in match.votes]
    used += [rollout.summary.usage for rollout in pool.rollouts]
    total = sum(used, Usage())
    index = ids.index(pool.adopted)
    return Choice(
        result=candidates[index],
        index=index,
        ranking=tuple(map(ids.index, selection.ranking)),
        votes=votes_for(selection, ids),
        probability=certainty(selection, pool.adopted),
        cost=total.cost,
        usage=total,
        pool=pool,
        log=log,
    )
