"""Open one further fresh sandbox of a problem, with the tree that results are put on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from inspect_ai.log import EvalSpec
from inspect_ai.solver import Generate, TaskState
from inspect_ai.util import LimitExceededError, SandboxEnvironmentSpec

from inspect_tts._inspect import (
    RolloutSampleView,
    SandboxSet,
    TerminateSampleError,
    fresh_state,
    isolate_rollout,
    outer_sample,
)
from inspect_tts.machine.orphans import open_sandbox
from inspect_tts.method.seeding import cache_scope
from inspect_tts.rollout.source import Place
from inspect_tts.workspace.tree import Tree, TreeError, open_tree


@dataclass
class StartSandbox:
    """A sandbox in the start state, in which rollouts begin."""

    state: TaskState
    view: RolloutSampleView
    sandboxes: SandboxSet

    async def close(self) -> None:
        """Close the sandbox."""
        await self.sandboxes.close()


@dataclass
class FreshSandbox(StartSandbox):
    """A sandbox in the start state, with the tree on which results are put."""

    tree: Tree

    async def close(self) -> None:
        """Close the sandbox."""
        if self.sandboxes.spec.type == "local":
            await self.tree.close()
        await self.sandboxes.close()


async def open_fresh(
    given: TaskState,
    generate: Generate,
    spec: EvalSpec,
    sandbox: SandboxEnvironmentSpec,
    place: Place,
    *,
    purpose: str,
    cost_limit: float | None = None,
) -> FreshSandbox:
    """Open a fresh sandbox in the current async task, and record the state of its workspace."""
    start = await open_start(
        given, generate, spec, sandbox, place, purpose=purpose, cost_limit=cost_limit
    )
    async with _closed_on_failure([start.sandboxes]):
        return FreshSandbox(**vars(start), tree=await open_tree(sandbox.type))


async def open_start(
    given: TaskState,
    generate: Generate,
    spec: EvalSpec,
    sandbox: SandboxEnvironmentSpec,
    place: Place,
    *,
    purpose: str,
    cost_limit: float | None = None,
) -> StartSandbox:
    """Open a sandbox in the start state in the current async task, which gets its own state."""
    state = fresh_state(
        given,
        outer_sample(),
        cache_scope=cache_scope(given.epoch, purpose),
        message_limit=None,
        token_limit=None,
        cost_limit=cost_limit,
    )
    state._sample_id = place.sample.id or 0
    view = isolate_rollout(state, outer_sample())
    opened: list[SandboxSet] = []
    async with _closed_on_failure(opened):
        opened.append(await open_sandbox(sandbox, spec, place.sample))
        view.sandbox_environments = opened[0].environments
        for step in place.setup:
            state = await step(state, generate)
    return StartSandbox(state, view, opened[0])


@asynccontextmanager
async def _closed_on_failure(opened: list[SandboxSet]) -> AsyncIterator[None]:
    """If the block fails, close what was opened and raise a `TreeError`."""
    try:
        yield
    except BaseException as error:
        with anyio.CancelScope(shield=True):
            for sandboxes in opened:
                await sandboxes.close()
        passed_on = (LimitExceededError, TerminateSampleError, TreeError)
        if isinstance(error, passed_on) or not isinstance(error, Exception):
            raise
        if opened and isinstance(error, TimeoutError):
            raise TreeError("its workspace could not be read in time") from error
        # each provider raises its own errors
        raise TreeError(f"its sandbox could not be opened: {error}"[:500]) from error
