"""A further fresh sandbox of a problem, with the tree that results are put on."""

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
class FreshSandbox:
    """A sandbox in the state in which rollouts begin."""

    state: TaskState
    view: RolloutSampleView
    sandboxes: SandboxSet
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
    """Open it in the current async task, which then has a state of its own."""
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
    sandboxes: SandboxSet | None = None
    try:
        sandboxes = await open_sandbox(sandbox, spec, place.sample)
        view.sandbox_environments = sandboxes.environments
        for step in place.setup:
            state = await step(state, generate)
        return FreshSandbox(state, view, sandboxes, await open_tree(sandbox.type))
    except BaseException as error:
        with anyio.CancelScope(shield=True):
            if sandboxes is not None:
                await sandboxes.close()
        passed_on = (LimitExceededError, TerminateSampleError, TreeError)
        if isinstance(error, passed_on) or not isinstance(error, Exception):
            raise
        if sandboxes is not None and isinstance(error, TimeoutError):
            raise TreeError("its workspace could not be read in time") from error
        # each provider raises its own
        raise TreeError(f"its sandbox could not be opened: {error}"[:500]) from error
