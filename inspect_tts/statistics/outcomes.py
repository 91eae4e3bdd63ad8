"""The records and scores of a problem, from which statistics are computed after every decision."""

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
"""A rollout passes if its score is at least this."""


@dataclass(frozen=True, slots=True)
class ProblemOutcome:
    """One problem in one epoch of one run. Its records may lack their texts."""

    problem: str
    epoch: int
    rollouts: tuple[Rollout, ...]
    scores: Mapping[str, float] = field(default_factory=dict)
    """Scores by rollout id. A rollout without an entry was not graded."""
    selections: tuple[Selection, ...] = ()
    stages: tuple[Stage, ...] = ()
    adopted: str | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    """The result of `sample_numbers`. An unknown number is absent."""
    usage: Usage = field(default_factory=Usage)
    """Usage of the whole sample, including results that a retry took over."""
    seconds: float | None = None
    """Wall time of the whole sample."""
    executions: tuple[ExecutionEvidence, ...] = ()
    """Evidence from running checks on the results."""
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
        """Number of passing rollouts of an iteration; None if it has none or one is ungraded."""
        known = [self.passed(rollout.id) for rollout in self.population(iteration)]
        return sum(map(bool, known)) if known and None not in known else None

    def matches(self) -> Iterator[tuple[Selection, int, Match]]:
        """Every match with its selection and the number of its round."""
        for selection in self.selections:
            for round in selection.rounds:
                yield from ((selection, round.number, match) for match in round.matches)


def vote_usage(match: Match) -> Usage:
    """Usage of the votes of a match."""
    return sum((vote.usage for vote in match.votes), Usage())


def recorded_usage(
    rollouts: Sequence[Rollout], summarized: Sequence[Rollout], selections: Sequence[Selection]
) -> Usage:
    """Recorded usage of `rollouts`, of the summaries of `summarized`, and of `selections`."""
    matches = [match for s in selections for round in s.rounds for match in round.matches]
    used = [*(rollout.usage for rollout in rollouts), *(r.summary.usage for r in summarized)]
    used += [vote_usage(match) for match in matches]
    used += [match.investigation.usage for match in matches if match.investigation]
    return sum(used, Usage())


def with_numbers(outcome: ProblemOutcome) -> ProblemOutcome:
    """Add scores of 0 for rollouts that count as failed, and the numbers from all scores."""
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
    """Join the epochs of a problem that ran without a strategy."""
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
