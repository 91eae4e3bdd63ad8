"""Inspect logs: each epoch of a sample is a rollout, or each rollout in a strategy's pool."""

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

from inspect_ai.event import ErrorEvent, ModelEvent, SpanBeginEvent, StateEvent
from inspect_ai.log import EvalSample, EvalSampleSummary, EvalSpec, read_eval_log
from inspect_ai.model import ChatMessage
from pydantic import JsonValue

from inspect_tts.errors import CANCELLED, why
from inspect_tts.evidence.facts import last_commands
from inspect_tts.method.records import CommandFact, Status, Usage
from inspect_tts.models.roles import usage
from inspect_tts.recorded.records import DAMAGED, Found, LeftOut, Malformed, Recorded, reader
from inspect_tts.report import samples
from inspect_tts.report.samples import is_scaled, log_header, problem_pools, summaries
from inspect_tts.scaled.scheduler import is_rollout, split_id
from inspect_tts.scores import SCORE
from inspect_tts.stages.pool import pool_in
from inspect_tts.workspace.commands import commands_outside

from .files import is_json_log

_HEAVY = {"events", "timelines", "store"}
POOL_HEAVY = {"events", "timelines", "messages", "output"}
"""Fields of a sample that reading its pool does not need."""
_NOT_THE_AGENT = {"init", "scorers"}


def _no_log(path: Path) -> LeftOut | None:
    """Why a file is not an Inspect log; None if it is one."""
    is_log = path.suffix == ".eval" or is_json_log(path)
    return None if is_log else LeftOut("not an Inspect log", told=False)


def _one(path: Path, part: str) -> Iterator[Recorded]:
    spec, (id, epoch) = log_header(str(path)).eval, split_part(part)
    try:
        yield _recorded(read_sample(path, id, epoch), spec)
    except Exception:  # the error was reported when the sample was found
        told = [s for s in summaries(str(path)) if (str(s.id), s.epoch) == (id, epoch)]
        if not told:
            raise
        yield _damaged(told[0], spec)


@reader(name="inspect", patterns=("*.eval", "*.json"), one=_one, passes_over=_no_log)
def inspect(path: Path) -> Iterator[Found]:
    """Read each epoch of a sample as one rollout; in a scaled run, each sample of a rollout."""
    header = log_header(str(path))
    scaled, written = is_scaled(header.eval), samples.written_at(path)
    count = cancelled = 0
    for sample, read in _samples(path, header.eval):
        if _is_cancelled(sample):
            cancelled += 1
            continue
        count += 1
        if not scaled or is_rollout(split_id(sample.id)[1]):
            for found in read():
                if isinstance(found, Recorded):
                    found = replace(found, version=f"{found.version} {written:012d}")
                    found = replace(found, problem=split_id(sample.id)[0]) if scaled else found
                yield found
    if header.status != "success" or cancelled or not count:
        more = f", not those that were cancelled ({cancelled})" if cancelled else ""
        yield LeftOut(f"has status {header.status}: its finished samples count ({count}){more}")


def _is_cancelled(sample: EvalSample | EvalSampleSummary) -> bool:
    return str(getattr(sample.error, "message", sample.error)).startswith(CANCELLED)


def _samples(
    path: Path, spec: EvalSpec
) -> Iterator[tuple[EvalSample | EvalSampleSummary, Callable[[], Iterator[Found]]]]:
    """The samples of a log, or their summaries, each with a function that reads it."""
    if path.suffix == ".json":  # can only be read as a whole
        whole = read_eval_log(str(path), resolve_attachments="core")
        yield from ((s, partial(_found, partial(copy, s), spec)) for s in whole.samples or [])
        return
    read = partial(samples.read_sample, str(path), resolve_attachments="core")
    for told in summaries(str(path)):
        sample = partial(read, told.id, told.epoch, exclude_fields=_HEAVY)
        yield told, partial(_found, sample, spec, told)


def _found(
    read: Callable[[], EvalSample], spec: EvalSpec, told: EvalSampleSummary | None = None
) -> Iterator[Found]:
    try:
        sample = read()
        if sample.invalidation is None:
            yield _recorded(sample, spec)
            return
        said = f": {sample.invalidation.reason}" if sample.invalidation.reason else ""
        ids = tuple(filter(None, [sample.uuid]))
        yield LeftOut(f"invalidated{said}", f"{sample.id}/{sample.epoch}", ids=ids)
    except Exception as error:  # one broken sample must not stop the others
        yield Malformed(why(error), f"{told.id}/{told.epoch}" if told else "")
        if told is not None:
            yield _damaged(told, spec)


def _damaged(told: EvalSampleSummary, spec: EvalSpec) -> Recorded:
    """The rollout of a sample that cannot be read, from the log's summary of it."""
    return Recorded(
        problem=str(told.id),
        task=spec.task,
        text=None,
        messages=(),
        part=f"{told.id}/{told.epoch}",
        started=str(told.started_at) if told.started_at else None,
        status="error",
        reason=DAMAGED,
        model=spec.model,
        scores=sealed_scores(told),
        ids=_ids(spec, told),
        version=f" {spec.created}",
    )


def split_part(part: str) -> tuple[str, int]:
    """Sample id and epoch of a part `<id>/<epoch>`."""
    id, _, epoch = part.rpartition("/")
    return id, int(epoch)


def read_sample(path: Path, id: str, epoch: int, without: set[str] | None = None) -> EvalSample:
    """Read a sample whose id may be a number."""
    for name in (id, int(id)) if id.isdecimal() else (id,):
        try:
            return samples.read_sample(
                str(path), name, epoch, resolve_attachments="full", exclude_fields=without
            )
        except IndexError:
            if not id.isdecimal() or name != id:
                raise
    raise AssertionError  # the loop returns or raises


def _ids(spec: EvalSpec, sample: EvalSample | EvalSampleSummary) -> tuple[str, ...]:
    own = f"inspect/{spec.task_id}/{sample.id}/{sample.epoch}" if spec.task_id else None
    return tuple(filter(None, (own, sample.uuid)))


def sealed_scores(sample: EvalSample | EvalSampleSummary) -> dict[str, JsonValue] | None:
    """The scores by the task's scorers, the main one first, without this package's own numbers."""
    given = (sample.scores or {}).items()
    values = {name: cast("JsonValue", score.value) for name, score in given if name != SCORE}
    return values or None


def _recorded(sample: EvalSample, spec: EvalSpec) -> Recorded:
    scoring = _scoring(sample)
    status, reason = _ended(sample, scoring)
    details = [score.metadata or {} for score in (sample.scores or {}).values()]
    patches = [d["model_patch"] for d in details if isinstance(d.get("model_patch"), str)]
    turns = sum(message.role == "assistant" for message in sample.messages)
    return Recorded(
        problem=str(sample.id),
        task=spec.task,
        text=sample.input,
        choices=tuple(sample.choices or ()),
        messages=_before_scoring(sample, scoring),
        part=f"{sample.id}/{sample.epoch}",
        started=str(sample.started_at) if sample.started_at else None,
        status=status,
        reason=reason,
        limit=sample.limit.type if sample.limit and not sample.error else None,
        model=sample.output.model or spec.model,
        turns=sample.turn_count if sample.turn_count is not None else turns,
        usage=_usage(sample, scoring),
        seconds=_seconds(sample, scoring),
        answer=None if sample.sandbox else sample.output.completion,
        patch=patches[0] if patches else None,
        commands=_commands(sample),
        scores=sealed_scores(sample),
        ids=_ids(spec, sample),
        version=f"{sample.error is None:d}{spec.created}",
    )


def _scoring(sample: EvalSample) -> int | None:
    """Index of the event at which scoring began; None if it did not, or events were left out.

    What scorers raised or said must not reach a judge.
    """
    for index, event in enumerate(sample.events):
        if isinstance(event, SpanBeginEvent) and event.type == "scorers":
            return index
    return None


def _usage(sample: EvalSample, scoring: int | None) -> Usage:
    """The usage of the sample's models, without what its scorers used: it may tell the score."""
    used = [
        usage(event.output.usage)
        for event in sample.events[:scoring]
        if isinstance(event, ModelEvent) and event.cache != "read"
    ]
    if scoring is None or not any(each.total_tokens for each in used):
        used = [usage(each) for each in sample.model_usage.values()]
    return sum(used, Usage())


def _seconds(sample: EvalSample, scoring: int | None) -> float:
    if scoring is not None and sample.events[scoring].working_start:
        return sample.events[scoring].working_start
    return sample.working_time or sample.total_time or 0.0


def _before_scoring(sample: EvalSample, scoring: int | None) -> list[ChatMessage]:
    """The messages without those that the scorers added."""
    if scoring is None:
        return sample.messages
    told = "".join(
        event.model_dump_json(include={"changes", "input", "output"})
        for event in sample.events[:scoring]
        if isinstance(event, StateEvent | ModelEvent)
    )
    messages = list(sample.messages)
    while messages and messages[-1].id and messages[-1].id not in told:
        messages.pop()
    return messages or sample.messages[:1]


def _ended(sample: EvalSample, scoring: int | None) -> tuple[Status, str | None]:
    by_scorer = scoring is not None and not any(
        isinstance(event, ErrorEvent) for event in sample.events[:scoring]
    )
    if sample.error is not None and not by_scorer:
        return "error", sample.error.message[:1000]
    if sample.limit is not None:
        return "limit", f"its {sample.limit.type} limit of {sample.limit.limit:g} was reached"
    if sample.output.choices and sample.output.stop_reason == "content_filter":
        return "refused", "the model refused to go on"
    return "completed", None


def _commands(sample: EvalSample) -> tuple[CommandFact, ...]:
    return last_commands(commands_outside(sample.events, _NOT_THE_AGENT))


def _rollout(path: Path, part: str) -> Iterator[Recorded]:
    problem, _, _ = part.rpartition("/")
    yield from rollouts_in(read_sample(path, *split_part(problem), without=POOL_HEAVY))


@reader(name="strategy", patterns=(), one=_rollout)
def strategy(path: Path) -> Iterator[Found]:
    """Read each rollout of a `RolloutPool`, with its summary. For `replay`."""
    found = list[Malformed]()
    for sample in strategy_samples(path, lambda part, why: found.append(Malformed(why, part))):
        yield from rollouts_in(sample)
    yield from found


def strategy_samples(path: Path, malformed: Callable[[str, str], None]) -> Iterator[EvalSample]:
    """The samples of a log in which a rollout was adopted, without events and messages.

    `malformed` is called with each sample that cannot be read or is invalidated, and the reason.
    """
    for sample, pool in problem_pools(
        str(path), malformed, resolve_attachments="full", exclude_fields=POOL_HEAVY
    ):
        if sample.invalidation is not None:
            malformed(f"{sample.id}/{sample.epoch}", "it is invalidated")
        elif pool.adopted is not None:
            yield sample


def rollouts_in(sample: EvalSample) -> Iterator[Recorded]:
    """The rollouts of a sample's pool."""
    pool = pool_in(sample)
    for rollout in pool.rollouts:
        adopted = rollout.id == pool.adopted
        yield Recorded(
            problem=f"{sample.id}/{sample.epoch}",
            text=sample.input,
            choices=tuple(sample.choices or ()),
            messages=(),
            part=f"{sample.id}/{sample.epoch}/{rollout.id}",
            scores=sealed_scores(sample) if adopted else rollout.scores,
            score_error=rollout.score_error,
            record=rollout.model_copy(update={"scores": None, "score_error": None}),
        )
