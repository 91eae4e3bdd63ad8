"""What statistics read of a problem: rollouts with scores, matches, costs; flat, without texts.

    records of a log -> ProblemOutcome -> statistics, dataframes, report

Everything here is read after the run. Nothing of it feeds a decision.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
class GradedRollout:
    """A rollout and its score."""

    id: str
    iteration: int
    index: int
    model: str
    status: str
    turns: int
    messages: int | None
    """None for a rollout of a plain run."""
    usage: Usage
    seconds: float
    """Wall time of the agent."""
    score: float | None = None
    """None where it was not graded."""
    passed: bool | None = None
    unscored: str | None = None
    """Why grading failed."""
    limit: str | None = None
    fingerprint: str | None = None
    context: tuple[str, ...] = ()
    files_changed: int | None = None
    injections: int = 0
    summary_status: str | None = None
    summary_usage: Usage = field(default_factory=Usage)
    summary_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class PlayedMatch:
    """A match and its ballot, counted."""

    selection: str
    kind: str
    iteration: int
    round: int
    id: str
    group: tuple[str, ...]
    tally: Mapping[str, int]
    votes: int
    """Votes asked."""
    skipped_votes: int
    abstentions: int
    reasked: int
    winner: str
    decided_by: str
    tied: bool
    order_flip_rate: float | None
    usage: Usage
    seconds: float
    """Sum over the votes; most of them ran at once."""

    @property
    def cast(self) -> int:
        """Votes that named somebody."""
        return sum(self.tally.values())

    @property
    def compared(self) -> bool:
        """Whether rollouts met and somebody was asked: no bye, no grade for one alone."""
        return len(self.group) > 1 and self.votes > 0


@dataclass(frozen=True, slots=True)
class MadeSelection:
    """A selection, and who was left after each of its rounds."""

    id: str
    kind: str
    iteration: int
    population: tuple[str, ...]
    selected: tuple[str, ...]
    left: tuple[tuple[str, ...], ...]
    """The population, then who remained after each round. Only a tournament drops somebody in each
    round; other selections do so at the end."""


@dataclass(frozen=True, slots=True)
class StageTime:
    """Wall time of one stage (None in logs that lack it), and whether a limit cut it."""

    name: str
    iteration: int
    seconds: float | None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class ProblemOutcome:
    """One problem in one epoch of one run."""

    problem: str
    epoch: int
    rollouts: tuple[GradedRollout, ...]
    selections: tuple[MadeSelection, ...] = ()
    matches: tuple[PlayedMatch, ...] = ()
    stages: tuple[StageTime, ...] = ()
    adopted: str | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    """As from `sample_numbers`; a number that is not known is absent."""
    usage: Usage = field(default_factory=Usage)
    """Of the whole sample, as Inspect counted it."""
    seconds: float | None = None
    """Wall time of the whole sample."""
    executions: tuple[ExecutionEvidence, ...] = ()
    """What running checks on the results showed."""

    def population(self, iteration: int) -> tuple[GradedRollout, ...]:
        """The rollouts of one iteration."""
        return tuple(r for r in self.rollouts if r.iteration == iteration)

    def passes(self, iteration: int) -> int | None:
        """Passing rollouts of an iteration; None if it has none or one was not graded."""
        known = [r.passed for r in self.population(iteration)]
        return sum(map(bool, known)) if known and None not in known else None


def graded_rollout(
    rollout: Rollout, score: float | None, *, pass_mark: float = PASS_MARK
) -> GradedRollout:
    """Flatten a rollout."""
    files = rollout.facts.files_changed
    return GradedRollout(
        id=rollout.id,
        iteration=rollout.iteration,
        index=rollout.index,
        model=rollout.model,
        status=rollout.status,
        turns=rollout.turns,
        messages=rollout.messages,
        usage=rollout.usage,
        seconds=rollout.seconds,
        score=score,
        passed=None if score is None else score >= pass_mark,
        unscored=rollout.score_error,
        limit=rollout.limit,
        fingerprint=rollout.facts.fingerprint,
        context=rollout.context,
        files_changed=None if files is None else len(files),
        injections=len(rollout.injections),
        summary_status=rollout.summary.status,
        summary_usage=rollout.summary.usage,
        summary_seconds=rollout.summary.seconds,
    )


def played_match(selection: Selection, round: int, match: Match) -> PlayedMatch:
    """Flatten a match."""
    return PlayedMatch(
        selection=selection.id,
        kind=selection.kind,
        iteration=selection.iteration,
        round=round,
        id=match.id,
        group=match.group,
        tally=match.tally,
        votes=len(match.votes),
        skipped_votes=match.skipped_votes,
        abstentions=sum(vote.abstention is not None for vote in match.votes),
        reasked=sum(vote.reasked for vote in match.votes),
        winner=match.winner,
        decided_by=match.decided_by,
        tied=bool(match.tied),
        order_flip_rate=match.order_flip_rate,
        usage=sum((vote.usage for vote in match.votes), Usage()),
        seconds=sum(vote.seconds for vote in match.votes),
    )


def made_selection(selection: Selection) -> MadeSelection:
    """Flatten a selection."""
    left = [selection.population]
    played = [tuple(id for m in round.matches for id in m.group) for round in selection.rounds]
    for round, after in zip(selection.rounds, [*played, selection.selected][1:], strict=True):
        winners = tuple(match.winner for match in round.matches)
        if selection.classes or set(winners) != set(after):
            break  # who stays is no matter of one round's winners
        left.append(winners)
    if set(left[-1]) != set(selection.selected):
        left.append(selection.selected)
    shared = ("id", "kind", "iteration", "population", "selected")
    return MadeSelection(**{name: getattr(selection, name) for name in shared}, left=tuple(left))


def problem_outcome(
    problem: str,
    epoch: int,
    *,
    rollouts: Sequence[Rollout],
    selections: Sequence[Selection],
    stages: Sequence[Stage],
    adopted: str | None,
    scores: Mapping[str, float],
    usage: Usage,
    seconds: float | None,
    pass_mark: float = PASS_MARK,
) -> ProblemOutcome:
    """Flatten what a strategy recorded on one problem."""
    known = {**scores, **{r.id: 0.0 for r in rollouts if r.score_error in COUNTS_AS_FAILED}}
    stopped = any(stage.name == STOP for stage in stages)
    numbers = (
        sample_numbers(known, rollouts, selections, adopted, stopped=stopped) if adopted else {}
    )
    return ProblemOutcome(
        problem=problem,
        epoch=epoch,
        rollouts=tuple(graded_rollout(r, known.get(r.id), pass_mark=pass_mark) for r in rollouts),
        selections=tuple(map(made_selection, selections)),
        matches=tuple(
            played_match(selection, round.number, match)
            for selection in selections
            for round in selection.rounds
            for match in round.matches
        ),
        stages=tuple(StageTime(s.name, s.iteration, s.seconds, s.cut is not None) for s in stages),
        adopted=adopted,
        numbers=numbers,
        usage=usage,
        seconds=seconds,
    )


def plain_outcome(problem: str, attempts: Sequence[ProblemOutcome]) -> ProblemOutcome:
    """Join epochs of a task that ran without a strategy: each is a rollout of iteration 0."""
    rollouts = tuple(rollout for attempt in attempts for rollout in attempt.rollouts)
    scores = [rollout.score for rollout in rollouts]
    known = [score for score in scores if score is not None]
    numbers = {}
    if known and len(known) == len(scores):
        numbers = {"iteration_0": sum(known) / len(known), "oracle": max(known)}
    return ProblemOutcome(
        problem=problem,
        epoch=1,
        rollouts=rollouts,
        numbers=numbers,
        usage=sum((attempt.usage for attempt in attempts), Usage()),
        seconds=sum(attempt.seconds or 0.0 for attempt in attempts),
    )
