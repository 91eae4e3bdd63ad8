"""Save a finished rollout, and take it over in a retry."""

from collections.abc import Callable
from logging import getLogger
from typing import cast

import anyio
from inspect_ai.log import transcript
from inspect_ai.model import ChatMessage, ModelOutput
from inspect_ai.solver import Choice, Choices, TaskState
from inspect_ai.util import LimitExceededError, concurrency
from pydantic import JsonValue, TypeAdapter
from pydantic_core import PydanticSerializationError, to_jsonable_python

from inspect_tts._inspect import RolloutSampleView, SandboxSet, TerminateSampleError
from inspect_tts.machine.orphans import open_sandbox
from inspect_tts.resume.format import SavedChoice, SavedRollout
from inspect_tts.resume.snapshot import restore_snapshot, take_snapshot
from inspect_tts.resume.snapshot_format import SnapshotError
from inspect_tts.text.writable import writable

from .agent_run import AgentRun
from .job import Job

logger = getLogger(__name__)

SNAPSHOTS_AT_ONCE = 4
"""In the whole process: each snapshot is in memory and may take 256 MiB."""
NOT_HELD = "its sandbox was not kept for a selection"
_SEEN = ("facts", "limit", "usage", "seconds", "patch", "leaks")
"""Fields that a saved rollout and an `AgentRun` have in common."""
_MESSAGES: TypeAdapter[list[ChatMessage]] = TypeAdapter(list[ChatMessage])


async def save_rollout(run: AgentRun) -> None:
    """Save a rollout, so that a later run need not pay for it again.

    A rollout that ended with an error is not saved, so that a retry runs it again.
    """
    job = run.job
    if not job.saved.kept or run.facts.status == "error":
        run.no_copy = "it ended with an error" if job.saved.kept else "resume=off keeps none"
        return
    snapshot = False
    if run.sandboxes is not None and job.hold:
        async with concurrency("snapshots", SNAPSHOTS_AT_ONCE, visible=False):
            try:
                archive = await take_snapshot(run.sandboxes, run.before)
            except SnapshotError as reason:
                run.no_copy = str(reason)
                transcript().info(
                    {"kept": False, "reason": f"its sandbox could not be adopted later: {reason}"},
                    source="inspect_tts",
                )
                return
            snapshot = await job.saved.put_bytes("snapshot", run.key, archive)
            del archive
        if not snapshot:
            run.no_copy = "it could not be written"
            return
    run.no_copy = None if snapshot else NOT_HELD
    try:
        result = _result(run, snapshot=snapshot)
    except (PydanticSerializationError, ValueError, TypeError, RecursionError) as error:
        logger.warning(f"a rollout cannot be saved, its state is not JSON: {error}")
        return
    await job.saved.put("rollout", run.key, result)


async def load_rollout(run: AgentRun, sample_view: RolloutSampleView) -> bool:
    """Take over a saved rollout, with its restored sandboxes if they are held; False if none."""
    job, key = run.job, run.key
    result = await job.saved.get("rollout", key, SavedRollout)
    if result is None:
        return False
    try:
        restore = _restorer(result)
    except (ValueError, TypeError, RecursionError) as error:  # pydantic raises a ValueError
        job.saved.reject("rollout", error)
        return False
    if job.hold:
        run.sandboxes = await reopen(job, key) if result.snapshot else None
        if run.sandboxes is None:
            return False
        sample_view.sandbox_environments = run.sandboxes.environments
    restore(run.state)
    run.no_copy = None if result.snapshot else NOT_HELD
    job.saved.taken_over["rollout"] += 1
    transcript().info({"taken_over": key, "messages": result.messages}, source="inspect_tts")
    for name in _SEEN:
        setattr(run, name, getattr(result, name))
    return True


async def reopen(job: Job, key: str) -> SandboxSet | None:
    """Start the sandboxes of a saved rollout again, in their saved state."""
    archive = await job.saved.get_bytes("snapshot", key)
    if archive is None or job.sandbox is None:
        return None
    sandboxes: SandboxSet | None = None
    try:
        sandboxes = await open_sandbox(job.sandbox, job.spec)
        await restore_snapshot(sandboxes, archive, trusted=job.saved.trusted)
    except BaseException as error:
        if sandboxes is not None:
            with anyio.CancelScope(shield=True):
                await sandboxes.close()
        ends = isinstance(error, (LimitExceededError, TerminateSampleError))
        if ends or not isinstance(error, Exception):
            raise
        job.saved.reject("snapshot", error)
        return None
    return sandboxes


def _result(run: AgentRun, *, snapshot: bool) -> SavedRollout:
    state = run.state
    return SavedRollout(
        **{name: getattr(run, name) for name in _SEEN},
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


def _restorer(result: SavedRollout) -> Callable[[TaskState], None]:
    """Validate a saved rollout; return a function that puts it into a state and cannot fail."""
    if result.facts.status == "error":
        raise ValueError("a rollout that ended with an error is never saved")
    _check_names([result.store, result.metadata])
    messages = _MESSAGES.validate_python(result.messages)
    output = ModelOutput.model_validate(result.output)
    choices = Choices([Choice(**dict(choice)) for choice in result.choices])

    def restore(state: TaskState) -> None:
        state.messages, state.output, state.choices = messages, output, choices
        for name, value in result.store.items():
            state.store.set(name, value)
        state.metadata = dict(result.metadata)
        state.completed = result.completed

    return restore


def _check_names(value: JsonValue) -> None:
    """Refuse names that a log cannot hold."""
    if isinstance(value, dict):
        for name, each in value.items():
            if writable(name) != name:
                raise ValueError(f"the name {writable(name)[:200]!r} holds half a surrogate pair")
            _check_names(each)
    elif isinstance(value, list):
        for each in value:
            _check_names(each)
