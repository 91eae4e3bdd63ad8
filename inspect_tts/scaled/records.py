"""What a scaled run records in its samples, and what it holds of a problem that has not ended."""

from dataclasses import dataclass, field
from typing import Any

from inspect_ai.dataset import Sample
from inspect_ai.log import EvalSample, resolve_sample_attachments
from inspect_ai.model import ChatMessage, ModelOutput
from inspect_ai.scorer import Score
from inspect_ai.util import StoreModel, store_from_events
from pydantic import Field

from inspect_tts.errors import CANCELLED
from inspect_tts.method.records import NO_SANDBOX, Facts, Rollout, Usage
from inspect_tts.method.refinement import rollout_place
from inspect_tts.models.roles import usage
from inspect_tts.models.summarizer import failed_summary, no_summary
from inspect_tts.rollout.source import Contexts

from .scheduler import split_id

ROLLOUT = "rollout"
"""Name of the score that a rollout's sample has."""


class ScaledRollout(StoreModel):
    """The rollout that a sample was."""

    record: Rollout | None = None
    """Without scores: these are the sample's."""


class ScaledSelection(StoreModel):
    """Where a sample left a strategy, beside its `RolloutPool`."""

    contexts: list[tuple[str, ...]] = Field(default_factory=list)
    """Of the rollouts that must run next: ids of rollouts each. Empty where only the end is left.
    """
    elsewhere: Usage = Usage()
    """What the problem's other samples used."""
    began: str | None = None
    """When the first of them started, in ISO 8601."""


@dataclass(frozen=True)
class Finished:
    """A rollout that has ended. What its sample scored is sealed until one is adopted."""

    record: Rollout
    output: ModelOutput
    scores: dict[str, Score] | None = None
    score_error: str | None = None
    messages: tuple[ChatMessage, ...] = ()
    """Where judges read trajectories, or what rollouts ran is run again."""


@dataclass
class Problem:
    """A problem in one epoch."""

    sample: Sample
    contexts: list[Contexts]
    """Of each iteration that has begun."""
    finished: dict[str, Finished] = field(default_factory=dict)
    pool: dict[str, Any] = field(default_factory=dict)
    """Items of the store that are the `RolloutPool` so far."""
    elsewhere: Usage = field(default_factory=Usage)
    began: str | None = None

    def context(self, rollout: str) -> tuple[str, ...]:
        """What a rollout starts from."""
        iteration, index = rollout_place(rollout)
        return self.contexts[iteration][index]

    def note(self, sample: EvalSample) -> None:
        """Count what a sample of the problem used."""
        self.elsewhere = sum(map(usage, sample.model_usage.values()), self.elsewhere)
        started = sample.started_at
        if started is not None and (self.began is None or started < self.began):
            self.began = started


def store_of(sample: EvalSample) -> EvalSample:
    """A sample with the store that it ended with.

    Inspect keeps only the events of one that it recovers after its process was killed.
    """
    if not sample.store and sample.events:
        sample = resolve_sample_attachments(sample, "full")
        return sample.model_copy(update={"store": dict(store_from_events(sample.events).items())})
    return sample


def finished_rollout(
    sample: EvalSample,
    context: tuple[str, ...],
    *,
    model: str,
    agent: str | None = None,
    messages: bool,
) -> Finished:
    """Read a rollout that has ended from its sample."""
    record = store_of(sample).store_as(ScaledRollout).record
    score = (sample.scores or {}).get(ROLLOUT)
    why = sample.error.message if sample.error else None
    if record is None:
        if why is None and sample.limit is not None:
            why = f"Cancelled({sample.limit.reason or 'it was ended by hand'})"
        if why is None:
            raise RuntimeError(
                f"the rollout {sample.id} left no record: a scaled run reads each rollout when it "
                "is scored; run it without --no-score"
            )
        used = sum(map(usage, sample.model_usage.values()), Usage())
        record = without_record(sample.id, context, why, model, used, agent)
        begun = used != Usage() or why.startswith(CANCELLED)
        return Finished(record, sample.output, score_error=why if begun else NO_SANDBOX)
    known = (score.metadata or {}) if score else {}
    return Finished(
        record,
        sample.output,
        scores={n: Score.model_validate(s) for n, s in known["scores"].items()}
        if "scores" in known
        else None,
        score_error=why,
        messages=tuple(sample.messages) if messages else (),
    )


def without_record(
    id: str | int,
    context: tuple[str, ...],
    reason: str,
    model: str,
    used: Usage,
    agent: str | None = None,
) -> Rollout:
    """The record of a rollout of which nothing but its end is known."""
    _, rollout = split_id(id)
    iteration, index = rollout_place(rollout)
    facts = Facts(status="error", reason=reason[:1000])
    return Rollout(
        id=rollout,
        iteration=iteration,
        index=index,
        status="error",
        reason=facts.reason,
        context=context,
        model=model,
        agent=agent,
        turns=0,
        messages=0,
        usage=used,
        seconds=0.0,
        facts=facts,
        summary=no_summary() if used == Usage() else failed_summary(reason),
    )
