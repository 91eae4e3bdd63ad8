"""What statistics read of a problem: its records with their scores, after every decision."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.method.records import (
    COUNTS_AS_FAILED,
    STOP,
    Match,
    Rollout,
    Selection,
    Stage,
    Usage,
)

from .sample import sample_numbers

PASS_MARK = 1.0
"""A rollout passes where its score is at least this."""


@dataclass(frozen=True, slots=True)
class ProblemOutcome:
    """One problem in one epoch of one run. Its records may come without their texts."""

    problem: str
    epoch: int
    rollouts: tuple[Rollout, ...]
    scores: Mapping[str, float] = field(default_factory=dict)
    """By rollout; one that is absent was not graded."""
    selections: tuple[Selection, ...] = ()
    stages: tuple[Stage, ...] = ()
    adopted: str | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    """As from `sample_numbers`; a number that is not known is absent."""
    usage: Usage = field(default_factory=Usage)
    """Of the whole sample, with what a retry took over."""
    seconds: float | None = None
    """Wall time of the whole sample."""
    executions: tuple[ExecutionEvidence, ...] = ()
    """What checks on the results showed."""
    pass_mark: float = PASS_MARK
    plain: bool = False
    """Whether it ran without a strategy: each epoch is a rollout of iteration 0."""

    def passed(self, rollout: str) -> bool | None:
        """Whether a rollout passes; None if it was not graded."""
        score = self.scores.get(rollout)
        return None if score is None else score >= self.pass_mark

    def population(self, iteration: int) -> tuple[Rollout, ...]:
        """The rollouts of one iteration."""
        return tuple(r for r in self.rollouts if r.iteration == iteration)

    def passes(self, iteration: int) -> int | None:
        """Passing rollouts of an iteration; None if it has none or one was not graded."""
        known = [self.passed(rollout.id) for rollout in self.population(iteration)]
        return sum(map(bool, known)) if known and None not in known else None

    def matches(self) -> Iterator[tuple[Selection, int, Match]]:
        """Every match with its selection and the number of its round."""
        for selection in self.selections:
            for round in selection.rounds:
                yield from ((selection, round.number, match) for match in round.matches)


def vote_usage(match: Match) -> Usage:
    """What the votes of a match used."""
    return sum((vote.usage for vote in match.votes), Usage())


def recorded_usage(
    rollouts: Sequence[Rollout], summarized: Sequence[Rollout], selections: Sequence[Selection]
) -> Usage:
    """What rollouts, the summaries of others, votes and investigations used by their records."""
    matches = [match for s in selections for round in s.rounds for match in round.matches]
    used = [*(rollout.usage for rollout in rollouts), *(r.summary.usage for r in summarized)]
    used += [vote_usage(match) for match in matches]
    used += [match.investigation.usage for match in matches if match.investigation]
    return sum(used, Usage())


def with_numbers(outcome: ProblemOutcome) -> ProblemOutcome:
    """Add the scores of rollouts that count as failed, and what follows from all scores."""
    failed = {r.id: 0.0 for r in outcome.rollouts if r.score_error in COUNTS_AS_FAILED}
    scores = {**outcome.scores, **failed}
    if outcome.adopted is None:
        return replace(outcome, scores=scores)
    numbers = sample_numbers(
        scores,
        outcome.rollouts,
        outcome.selections,
        outcome.adopted,
        stopped=any(stage.name == STOP for stage in outcome.stages),
    )
    return replace(outcome, scores=scores, numbers=numbers)


def plain_outcome(problem: str, attempts: Sequence[ProblemOutcome]) -> ProblemOutcome:
    """Join epochs of a task that ran without a strategy."""
    given = [(rollout, a.scores.get(rollout.id)) for a in attempts for rollout in a.rollouts]
    names = [f"a{number:02d}" for number in range(len(given))]  # an epoch may have run twice
    rollouts = tuple(
        rollout.model_copy(update={"id": name})
        for name, (rollout, _) in zip(names, given, strict=True)
    )
    scores = {n: score for n, (_, score) in zip(names, given, strict=True) if score is not None}
    numbers = {}
    if scores and len(scores) == len(rollouts):
        numbers = {
            "iteration_0": sum(scores.values()) / len(scores),
            "oracle": max(scores.values()),
        }
    return ProblemOutcome(
        problem=problem,
        epoch=1,
        rollouts=rollouts,
        scores=scores,
        numbers=numbers,
        usage=sum((attempt.usage for attempt in attempts), Usage()),
        seconds=sum(attempt.seconds or 0.0 for attempt in attempts),
        pass_mark=attempts[0].pass_mark,
        plain=True,
    )
