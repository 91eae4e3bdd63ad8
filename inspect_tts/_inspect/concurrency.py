"""One process-wide limit for rollouts, and Inspect's own throttles.

Private: `get_or_create_semaphore`, which the public `concurrency()` calls, returns the limiter
itself, so that its size can be read and raised.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from inspect_ai.log import EvalSpec
from inspect_ai.util import SandboxEnvironmentSpec
from inspect_ai.util._concurrency import get_or_create_semaphore
from inspect_ai.util._sandbox.registry import registry_find_sandboxenv
from inspect_ai.util._subprocess import max_subprocesses_context_var

_MOST_PROCESSES = 64


def default_sandboxes(spec: EvalSpec, sandbox: SandboxEnvironmentSpec | None, fallback: int) -> int:
    """How many sandboxes the user or the provider allows at once."""
    if spec.config.max_sandboxes is not None:
        return spec.config.max_sandboxes
    if sandbox is None:
        return fallback
    provider = registry_find_sandboxenv(sandbox.type)
    default: int | None = provider.default_concurrency()
    return fallback if default is None else default


async def widen_throttles(spec: EvalSpec, sandbox_type: str | None, rollouts: int) -> None:
    """Allow as many concurrent subprocesses and docker CLI calls as rollouts.

    With Inspect's defaults, one subprocess per CPU and max(2 x CPUs, 4) docker CLI calls, rollouts
    would queue although they mostly wait for their commands. Limits set by the user are kept.
    """
    wanted = min(rollouts, _MOST_PROCESSES)
    if sandbox_type is None:
        return
    if spec.config.max_subprocesses is None:
        await _at_least("subprocesses", max_subprocesses_context_var.get(), wanted, visible=True)
    if sandbox_type == "docker" and "INSPECT_DOCKER_CLI_CONCURRENCY" not in os.environ:
        await _at_least("docker-cli", wanted, wanted, visible=False)


async def _at_least(name: str, initial: int, wanted: int, *, visible: bool) -> None:
    limiter = await get_or_create_semaphore(name, initial, None, visible, resizable=True)
    if limiter.concurrency < wanted:
        limiter.concurrency = wanted  # type: ignore[misc]  # settable if resizable


@asynccontextmanager
async def reserve_slots(name: str, limit: int, *, grow: bool) -> AsyncIterator[int]:
    """Hold a limiter's gate while a group takes all the slots that it needs.

    Only one group takes slots at a time, so no two groups can each hold half of what they need.
    """
    limiter = await get_or_create_semaphore(name, limit, None, True, resizable=True)
    explicit: int | None = getattr(limiter, "_inspect_tts_explicit", None)
    if not grow and (
        explicit is None or limit < explicit
    ):  # of several limits, the smallest applies
        limiter._inspect_tts_explicit = limit  # type: ignore[attr-defined]
        limiter.concurrency = limit  # type: ignore[misc]  # settable if resizable
    elif grow and explicit is None and limiter.concurrency < limit:
        limiter.concurrency = limit  # type: ignore[misc]  # settable if resizable
    gate: anyio.Lock | None = getattr(limiter, "_inspect_tts_gate", None)
    if gate is None:
        gate = anyio.Lock()
        limiter._inspect_tts_gate = gate  # type: ignore[attr-defined]  # lives as long as the limiter
    async with gate:
        yield limiter.concurrency
