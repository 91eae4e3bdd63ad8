"""Logs of Inspect: each epoch of a sample is a rollout, in a scaled run each rollout's sample."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

from inspect_ai.event import ErrorEvent, ModelEvent, SpanBeginEvent, StateEvent
from inspect_ai.log import EvalSample, read_eval_log, read_eval_log_sample
from inspect_ai.model import ChatMessage
from pydantic import JsonValue

from inspect_tts.core.facts import last_commands
from inspect_tts.core.records import CommandFact, Status, Usage
from inspect_tts.core.scaled import is_rollout, split_id
from inspect_tts.logs import each_sample, is_scaled
from inspect_tts.models import usage
from inspect_tts.scorers import SCORE
from inspect_tts.stages.facts import commands_outside

from ..records import Malformed, Recorded

_HEAVY = {"events", "timelines", "store"}
_NOT_THE_AGENT = {"init", "scorers"}


class InspectReader:
    """A sample's epoch is one rollout; its scores are sealed."""

    name = "inspect"
    patterns = ("*.eval",)

    def read(self, path: Path, part: str | None = None) -> Iterator[Recorded | Malformed]:
        """Read a file; see `Reader`."""
        header = read_eval_log(str(path), header_only=True)
        if part is not None:
            sample = read_sample(path, *split_part(part))
            yield _recorded(sample, header.eval.task, header.eval.model)
            return
        scaled = is_scaled(header.eval)
        samples = each_sample(
            str(path),
            lambda id: not scaled or is_rollout(split_id(id)[1]),
            resolve_attachments="core",
            exclude_fields=_HEAVY,
        )
        for sample in samples:
            recorded = _recorded(sample, header.eval.task, header.eval.model)
            problem = split_id(sample.id)[0] if scaled else recorded.problem
            yield replace(recorded, problem=problem)


def split_part(part: str) -> tuple[str, int]:
    """Sample id and epoch of a part `<id>/<epoch>`."""
    id, _, epoch = part.rpartition("/")
    return id, int(epoch)


def read_sample(path: Path, id: str, epoch: int, without: set[str] | None = None) -> EvalSample:
    """Read a sample whose id may be a number.

    Args:
        path: Of the log.
        id: Of the sample, as text.
        epoch: From 1.
        without: Fields to leave out.

    Returns:
        The sample.

    Raises:
        IndexError: If there is none.
    """
    names: list[str | int] = [id, int(id)] if id.isdecimal() else [id]
    for name in names:
        try:
            return read_eval_log_sample(
                str(path), name, epoch, resolve_attachments="full", exclude_fields=without
            )
        except IndexError:
            if name == names[-1]:
                raise
    raise AssertionError  # the loop returns or raises


def sealed_scores(sample: EvalSample) -> dict[str, JsonValue] | None:
    """What the task's scorers said, the headline first; never our own numbers."""
    given = (sample.scores or {}).items()
    values = {name: cast("JsonValue", score.value) for name, score in given if name != SCORE}
    return values or None


def _recorded(sample: EvalSample, task: str, model: str) -> Recorded:
    scoring = _scoring(sample)
    status, reason = _ended(sample, scoring)
    details = [score.metadata or {} for score in (sample.scores or {}).values()]
    patches = [d["model_patch"] for d in details if isinstance(d.get("model_patch"), str)]
    turns = sum(message.role == "assistant" for message in sample.messages)
    return Recorded(
        problem=str(sample.id),
        task=task,
        text=sample.input,
        choices=tuple(sample.choices or ()),
        messages=_before_scoring(sample, scoring),
        part=f"{sample.id}/{sample.epoch}",
        started=str(sample.started_at) if sample.started_at else None,
        status=status,
        reason=reason,
        limit=sample.limit.type if sample.limit and not sample.error else None,
        model=sample.output.model or model,
        turns=sample.turn_count if sample.turn_count is not None else turns,
        usage=sum((usage(used) for used in sample.model_usage.values()), Usage()),
        seconds=sample.working_time or sample.total_time or 0.0,
        answer=None if sample.sandbox else sample.output.completion,
        patch=patches[0] if patches else None,
        commands=_commands(sample),
        scores=sealed_scores(sample),
        uuid=sample.uuid,
    )


def _scoring(sample: EvalSample) -> int | None:
    """Where among the events the scorers began; None where they did not, or events were left out.

    What they raised or said must not reach a judge.
    """
    for index, event in enumerate(sample.events):
        if isinstance(event, SpanBeginEvent) and event.type == "scorers":
            return index
    return None


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
