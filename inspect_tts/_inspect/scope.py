"""Run an agent isolated from others in one sample, under its own limits.

Private: Inspect's `fork()` shares the sandbox, the limits and `sample_state()`, and an error in one
fork cancels all. So each rollout sets, in its own async task, the store (`init_subtask_store`), the
state (`set_sample_state`), and a view of the `ActiveSample`; without the view, a limit reached
behind the agent bridge would end the whole sample.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from copy import copy, deepcopy
from dataclasses import dataclass, field
from typing import Any, cast

import anyio
from anyio.abc import TaskGroup
from inspect_ai._eval.task.util import sample_messages
from inspect_ai._util.exception import TerminateSampleError
from inspect_ai.log._samples import ActiveSample, _sample_active
from inspect_ai.model import (
    CachePolicy,
    GenerateConfig,
    Model,
    ModelName,
    ModelUsage,
)
from inspect_ai.model._generate_config import (
    active_generate_config,
    set_active_generate_config,
)
from inspect_ai.solver import TaskState
from inspect_ai.solver._task_state import sample_state, set_sample_state
from inspect_ai.util import (
    LimitExceededError,
    apply_limits,
    sample_limits,
    span,
    time_limit,
    turn_limit,
)
from inspect_ai.util._checkpoint.checkpointer_factory import create_checkpointer
from inspect_ai.util._limit import Limit, _TokenMetering
from inspect_ai.util._store import init_subtask_store, suspend_store_events

from .scoring import mark_scoring

_OWN = {"real", "tg", "checkpointer", "sandbox_environments", "outer", "limit_error", "live_state"}


class RolloutSampleView:
    """A rollout's view of the running sample, which overrides whatever would end the sample.

    Inspect finds the sample through `sample_active()`: the bridge stops it at a limit,
    `background()` starts work in it, agents checkpoint it.
    """

    def __init__(self, real: ActiveSample, state: TaskState) -> None:
        self.real = real
        self.live_state = state
        self.tg: TaskGroup | None = None
        self.sandbox_environments: dict[str, Any] = {}
        self.outer: list[Limit] = []
        self.limit_error: LimitExceededError | None = None
        self.checkpointer = create_checkpointer(
            config=None,
            log_location=real.log_location,
            sample_id=cast("int | str", real.sample.id),
            epoch=real.epoch,
            resume_checkpoint=None,
        )

    def limit_exceeded(self, error: LimitExceededError) -> None:
        """End the sample if the limit is its own, otherwise only this rollout."""
        if self.tg is None or (error.source in self.outer and not is_budget(error)):
            self.real.limit_exceeded(error)
            return
        self.limit_error = error
        self.tg.cancel_scope.cancel()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            super().__setattr__(name, value)
        else:
            setattr(self.real, name, value)


@dataclass
class Ended:
    """How an agent ended, and what it used."""

    limit: LimitExceededError | None = None
    error: Exception | None = None
    turns: int = 0
    usage: ModelUsage = field(default_factory=ModelUsage)


def fresh_state(
    state: TaskState,
    active: ActiveSample,
    *,
    cache_scope: int,
    message_limit: int | None,
    token_limit: int | None,
    cost_limit: float | None,
    model: Model | None = None,
) -> TaskState:
    """A rollout's copy of the sample's initial state, with another model if one is given."""
    limits = [limit for limit in (message_limit, state.message_limit) if limit is not None]
    return TaskState(
        model=ModelName(model) if model is not None else state.model,
        sample_id=state.sample_id,
        epoch=cache_scope,
        input=deepcopy(state.input),
        messages=sample_messages(active.sample.model_copy(deep=True)),
        target=deepcopy(state.target),
        choices=deepcopy(active.sample.choices),
        message_limit=min(limits, default=None),
        token_limit=token_limit,
        cost_limit=cost_limit,
        metadata=deepcopy(active.sample.metadata),
        sample_uuid=state.uuid,
    )


def isolate_rollout(state: TaskState, active: ActiveSample) -> RolloutSampleView:
    """Give the current async task a rollout's state, store and view of the sample."""
    sample_view = RolloutSampleView(active, state)
    init_subtask_store(state.store)
    _sample_active.set(cast("ActiveSample", sample_view))
    set_active_generate_config(_separate_config(state.epoch))
    mark_scoring()
    set_sample_state(state, replacing=state)
    return sample_view


@asynccontextmanager
async def rollout_scope(
    sample_view: RolloutSampleView, state: TaskState, *, turns: int | None, seconds: float | None
) -> AsyncIterator[Ended]:
    """Run an agent under its rollout's limits; its errors and limits become data."""
    ended = Ended()
    turn_meter = turn_limit(turns)
    limits: list[Limit] = [state._message_limit, state._token_limit, state._cost_limit, turn_meter]
    limits.append(time_limit(seconds))
    try:
        with apply_limits(limits, catch_errors=True) as applied:
            sample_view.outer = _outer(limits)
            try:
                async with anyio.create_task_group() as tg:
                    sample_view.tg = tg
                    yield ended
                    tg.cancel_scope.cancel()
            except Exception as error:
                cause = _cause(error)
                if isinstance(cause, TerminateSampleError):
                    raise cause from error
                if not isinstance(cause, LimitExceededError):
                    ended.error = cause
                elif cause.source in sample_view.outer and not is_budget(cause):
                    raise cause from error
                else:
                    ended.limit = cause
    finally:
        sample_view.tg = None
        ended.turns = int(turn_meter.usage)
        ended.usage = state._token_limit._usage
    ended.limit = ended.limit or applied.limit_error or sample_view.limit_error


def metered_tokens(limit_type: str, usage: ModelUsage) -> int:
    """Count tokens as a token limit does."""
    return _TokenMetering(limit_type).value(usage)


def lift_limits() -> None:
    """Remove the limits of the running sample."""
    limits = sample_limits()
    counted: tuple[Any, ...] = (limits.token, limits.cost, limits.message, limits.turn)
    for limit in counted:
        limit.limit = None
    timed: tuple[Any, ...] = (limits.time, limits.working)
    for limit in timed:
        limit._limit = None
    timed[0]._refresh_deadline()


def is_budget(error: LimitExceededError) -> bool:
    """Whether a limit is the sample's token or cost limit, which is the strategy's budget."""
    return error.source in (sample_limits().token, sample_limits().cost)


def _outer(limits: list[Limit]) -> list[Limit]:
    """The enclosing limits: the sample's, and any around the strategy."""
    outer: list[Limit] = [sample_limits().working]
    for limit in limits:
        node = getattr(limit, "parent", None)
        while node is not None:
            outer.append(node)
            node = node.parent
    return outer


def _cause(error: Exception) -> Exception:
    """The exception to act on: first one that ends the sample, then a limit, then any."""
    leaves: list[Exception] = []
    queue: list[Any] = [error]
    while queue:
        head = queue.pop(0)
        if isinstance(head, BaseExceptionGroup):
            queue.extend(head.exceptions)
        elif isinstance(head, Exception):
            leaves.append(head)
    for kind in (TerminateSampleError, LimitExceededError):
        for leaf in leaves:
            if isinstance(leaf, kind):
                return leaf
    return leaves[0] if leaves else error


def current_cache_scope() -> int:
    """The cache scope of model calls made here; outside of rollouts, the epoch."""
    state = sample_state()
    return 0 if state is None else state.epoch


def sample_metadata() -> dict[str, Any]:
    """Metadata of the running sample, which agents are not given."""
    state = sample_state()
    return {} if state is None else dict(state.metadata)


def latest_state(state: TaskState) -> TaskState:
    """The latest state of an agent that was stopped."""
    return sample_state() or state


def _separate_config(cache_scope: int) -> GenerateConfig:
    """The eval's config with a separate cache scope and, with `--seed`, a separate seed."""
    config = active_generate_config()
    changes: dict[str, Any] = {}
    if config.cache:
        policy = config.cache if isinstance(config.cache, CachePolicy) else CachePolicy()
        scopes = {**policy.scopes, "inspect_tts": str(cache_scope)}
        changes["cache"] = policy.model_copy(update={"scopes": scopes})
    if config.seed is not None:
        changes["seed"] = (config.seed + cache_scope) % 2**31
    return config.model_copy(update=changes)


@contextmanager
def model_cache_scope(cache_scope: int) -> Iterator[None]:
    """Give model calls inside the block a separate cache scope and seed.

    Otherwise Inspect's cache would return one answer for equal prompts, such as the votes of a
    match, and a provider that honors `--seed` would repeat itself.
    """
    if (before := sample_state()) is None:
        raise RuntimeError("model_cache_scope() needs a running sample")
    state = copy(before)
    state._epoch = cache_scope
    set_sample_state(state, replacing=state)
    config = active_generate_config()
    set_active_generate_config(_separate_config(cache_scope))
    try:
        yield
    finally:
        set_active_generate_config(config)
        set_sample_state(before, replacing=before)


def no_store_events() -> Any:
    """Keep each span inside the block from logging the whole store."""
    return suspend_store_events()


@asynccontextmanager
async def span_without_store(name: str, type: str) -> AsyncIterator[None]:
    """A span that does not log the store; spans inside it do."""
    async with AsyncExitStack() as stack:
        with no_store_events():
            await stack.enter_async_context(span(name, type=type))
        yield


def effective_config(model: Model) -> GenerateConfig:
    """The config of a call of this model: its own, merged with the eval's."""
    return model._resolve_config(GenerateConfig())
