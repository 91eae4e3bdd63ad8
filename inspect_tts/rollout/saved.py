"""Save a finished rollout, and take it over in a retry."""

from collections.abc import Callable
from dataclasses import dataclass, field
from logging import getLogger
from typing import Literal, cast

import anyio
from inspect_ai.log import transcript
from inspect_ai.model import ChatMessage, ModelOutput
from inspect_ai.solver import Choice, Choices, TaskState
from inspect_ai.util import LimitExceededError, concurrency
from pydantic import JsonValue, TypeAdapter
from pydantic_core import PydanticSerializationError, to_jsonable_python

from inspect_tts._inspect import RolloutSampleView, SandboxSet, TerminateSampleError
from inspect_tts.machine.orphans import open_sandbox
from inspect_tts.method.records import Facts, Patch, Usage
from inspect_tts.resume.format import SavedChoice, SavedRollout
from inspect_tts.resume.snapshot import SandboxBaseline, restore_snapshot, take_snapshot
from inspect_tts.resume.snapshot_format import SnapshotError

from .context import Job

logger = getLogger(__name__)

SNAPSHOTS_AT_ONCE = 4
"""In the whole process; each is in memory, and may have 256 MiB."""
_MESSAGES: TypeAdapter[list[ChatMessage]] = TypeAdapter(list[ChatMessage])


@dataclass
class Played:
    """A rollout whose agent has ended."""

    key: str
    state: TaskState
    sandboxes: SandboxSet | None = None
    facts: Facts = field(default_factory=lambda: Facts(status="error"))
    limit: str | None = None
    fault: Literal["sandbox", "model", "agent"] | None = None
    """Whose error ended it."""
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    patch: Patch | None = None
    leaks: tuple[str, ...] = ()


async def keep(job: Job, played: Played, before: SandboxBaseline) -> None:
    """Keep a rollout, so that a later run need not pay for it again.

    One that ended with an error is not kept: a retry should try it once more.
    """
    if not job.units.kept or played.facts.status == "error":
        return
    snapshot = False
    if played.sandboxes is not None and job.hold:
        async with concurrency("snapshots", SNAPSHOTS_AT_ONCE, visible=False):
            try:
                archive = await take_snapshot(played.sandboxes, before)
            except SnapshotError as reason:
                transcript().info(
                    {"kept": False, "reason": f"its sandbox could not be adopted later: {reason}"},
                    source="inspect_tts",
                )
                return
            snapshot = await job.units.put_bytes("snapshot", played.key, archive)
            del archive
        if not snapshot:
            return
    try:
        unit = _unit(played, snapshot=snapshot)
    except (PydanticSerializationError, ValueError, TypeError, RecursionError) as error:
        logger.warning(f"a rollout cannot be kept, its state is not JSON: {error}")
        return
    await job.units.put("rollout", played.key, unit)


async def take_over(
    job: Job, key: str, state: TaskState, sample_view: RolloutSampleView
) -> Played | None:
    """Take a kept rollout over; where it is held, with its sandboxes as they were."""
    unit = await job.units.get("rollout", key, SavedRollout)
    if unit is None:
        return None
    try:
        put = _restorer(unit)
    except (ValueError, TypeError, RecursionError) as error:  # pydantic's is a ValueError
        job.units.reject("rollout", error)
        return None
    sandboxes: SandboxSet | None = None
    if job.hold and job.sandbox is not None:
        sandboxes = await reopen(job, key) if unit.snapshot else None
        if sandboxes is None:
            return None
        sample_view.sandbox_environments = sandboxes.environments
    put(state)
    job.units.taken_over["rollout"] += 1
    transcript().info({"taken_over": key, "messages": unit.messages}, source="inspect_tts")
    return Played(
        key,
        state,
        sandboxes,
        unit.facts,
        limit=unit.limit,
        usage=unit.usage,
        seconds=unit.seconds,
        patch=unit.patch,
        leaks=unit.leaks,
    )


async def reopen(job: Job, key: str) -> SandboxSet | None:
    """Start the sandboxes of a saved rollout again, in their saved state."""
    archive = await job.units.get_bytes("snapshot", key)
    if archive is None or job.sandbox is None:
        return None
    sandboxes: SandboxSet | None = None
    try:
        sandboxes = await open_sandbox(job.sandbox, job.spec)
        await restore_snapshot(sandboxes, archive, trusted=job.units.trusted)
    except BaseException as error:
        if sandboxes is not None:
            with anyio.CancelScope(shield=True):
                await sandboxes.close()
        ends = isinstance(error, (LimitExceededError, TerminateSampleError))
        if ends or not isinstance(error, Exception):
            raise
        job.units.reject("snapshot", error)
        return None
    return sandboxes


def _unit(played: Played, *, snapshot: bool) -> SavedRollout:
    state = played.state
    return SavedRollout(
        facts=played.facts,
        limit=played.limit,
        usage=played.usage,
        seconds=played.seconds,
        patch=played.patch,
        leaks=played.leaks,
        messages=_MESSAGES.dump_python(state.messages, mode="json"),
        output=state.output.model_dump(mode="json"),
        store=_json(dict(state.store.items())),
        metadata=_json(state.metadata),
        completed=state.completed,
        choices=tuple(SavedChoice(**vars(choice)) for choice in state.choices),
        snapshot=snapshot,
    )


def _json(values: object) -> dict[str, JsonValue]:
    return cast("dict[str, JsonValue]", to_jsonable_python(values))


def _restorer(unit: SavedRollout) -> Callable[[TaskState], None]:
    """Read everything that a saved rollout holds, so that putting it into a state cannot fail."""
    messages = _MESSAGES.validate_python(unit.messages)
    output = ModelOutput.model_validate(unit.output)
    choices = Choices([Choice(**dict(choice)) for choice in unit.choices])

    def restore(state: TaskState) -> None:
        state.messages, state.output, state.choices = messages, output, choices
        for name, value in unit.store.items():
            state.store.set(name, value)
        state.metadata = dict(unit.metadata)
        state.completed = unit.completed

    return restore
