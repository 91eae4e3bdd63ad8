"""What a scaled run records in its samples, and keeps in memory of an unfinished problem."""

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
"""Name of the score of a rollout's sample."""


class ScaledRollout(StoreModel):
    """The record of a rollout, in the store of its sample."""

    record: Rollout | None = None
    """The rollout without its scores, which are in the sample's scores."""


class ScaledSelection(StoreModel):
    """The state of a strategy at the end of a sample, in addition to its `RolloutPool`."""

    contexts: list[tuple[str, ...]] = Field(default_factory=list)
    """Contexts of the rollouts that must run next, as rollout ids. Empty if only the end is left.
    """
    elsewhere: Usage = Usage()
    """Usage of the problem's other samples."""
    began: str | None = None
    """Start time of the first of these samples, in ISO 8601."""


@dataclass(frozen=True)
class Finished:
    """A rollout that has ended. Its scores stay sealed until a rollout is adopted."""

    record: Rollout
    output: ModelOutput
    scores: dict[str, Score] | None = None
    score_error: str | None = None
    messages: tuple[ChatMessage, ...] = ()
    """Kept only if judges read trajectories or `evidence` runs their commands again."""


@dataclass
class Problem:
    """An unfinished problem in one epoch."""

    sample: Sample
    contexts: list[Contexts]
    """Contexts of each iteration that has begun."""
    finished: dict[str, Finished] = field(default_factory=dict)
    pool: dict[str, Any] = field(default_factory=dict)
    """The store items of the `RolloutPool` so far."""
    elsewhere: Usage = field(default_factory=Usage)
    began: str | None = None

    def context(self, rollout: str) -> tuple[str, ...]:
        """The refinement context of a rollout, as rollout ids."""
        iteration, index = rollout_place(rollout)
        return self.contexts[iteration][index]

    def note(self, sample: EvalSample) -> None:
        """Add the usage of a sample of the problem, and note when it started."""
        self.elsewhere = sum(map(usage, sample.model_usage.values()), self.elsewhere)
        started = sample.started_at
        if started is not None and (self.began is None or started < self.began):
            self.began = started


def store_of(sample: EvalSample) -> EvalSample:
    """Return the sample with its final store.

    If Inspect recovers a sample of a killed process, it keeps events but no store.
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
    """Read a finished rollout from its sample."""
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
    """Build a record for a rollout that left none: only how it ended is known."""
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
