"""Rollouts that run in the sample of their problem, each in its own async task and sandbox."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from time import monotonic
from typing import TypeAlias

from inspect_ai.solver import Generate, TaskState
from inspect_ai.util import background, concurrency, span

from inspect_tts import progress
from inspect_tts._inspect import (
    default_sandboxes,
    eval_spec,
    outer_sample,
    planned_steps,
    reserve_slots,
    sandbox_spec,
    setup_steps,
    step_names,
    widen_throttles,
)
from inspect_tts.errors import UserError
from inspect_tts.execution.classes import agreeing
from inspect_tts.execution.recording import without_texts
from inspect_tts.execution.shown import checks_text
from inspect_tts.machine.capacity import check_capacity
from inspect_tts.machine.orphans import register_folders
from inspect_tts.method.candidates import next_wave
from inspect_tts.method.parameters import Waves
from inspect_tts.models.preflight import asked_models, preflight
from inspect_tts.registry import is_stage
from inspect_tts.rollout.job import Job, Settings
from inspect_tts.rollout.rollout import LiveRollout
from inspect_tts.rollout.source import (
    Contexts,
    FinishedRollout,
    HeldSlot,
    RolloutSource,
    strategy_state,
)
from inspect_tts.scores import strategy_view, tag_log

from .evidence.stage import executed
from .pool import RolloutPool, pool_of

Slot: TypeAlias = AbstractAsyncContextManager[object]
DEFAULT_ROLLOUTS_AT_ONCE = 64
"""Concurrent rollouts in the process if neither the user nor the sandbox provider sets a limit."""


async def live_rollouts(state: TaskState, generate: Generate, settings: Settings) -> "LiveRollouts":
    """Prepare an iteration; check everything that could fail before its first rollout starts."""
    active, spec, shared = outer_sample(), eval_spec(), strategy_state()
    options, iteration = settings.options, pool_of(state).iteration + 1
    if spec.viewer is None:  # Inspect writes it, and the tag, into the log at the end
        spec.viewer = strategy_view([scorer.name for scorer in spec.scorers or ()])
    ours = [name for step in planned_steps() for name in step_names(step) if is_stage(name)]
    tag_log(spec, next(iter(ours), "rollouts"), options.n)
    sandbox = await sandbox_spec(spec, active)
    if iteration == 0:
        register_folders(sandbox, spec, active.sandbox_environments)
        shared.open_saved(options.resume)
        progress.restart(pool_of(state).problem)
    progress.followed(pool_of(state).problem).meter("", shared.budget)
    shared.budget.begin("rollouts", n=options.fewest_rollouts)
    # a budget may end the strategy after any iteration
    held = options.keep_sandboxes or shared.budget.limited
    job = Job.begin(
        settings,
        state,
        generate,
        iteration=iteration,
        sandbox=sandbox,
        setup=setup_steps(is_stage),
        problem=pool_of(state).problem,
        hold=held,
        saved=shared.saved,
        budget=shared.budget,
    )
    if iteration == 0:
        asked = [*asked_models(), *job.models]
        await preflight(spec, asked if options.preflight else ())
    needed = options.most_rollouts + (options.spare and sandbox is not None)
    default = max(needed, default_sandboxes(spec, sandbox, DEFAULT_ROLLOUTS_AT_ONCE))
    at_once = options.max_rollouts or default
    if iteration == 0:
        await check_capacity(sandbox, at_once)
    await widen_throttles(spec, sandbox.type if sandbox else None, at_once)
    return LiveRollouts(job, pool_of(state), at_once)


class LiveRollouts(RolloutSource):
    """Rollouts that run in the sample, each in its own async task and sandbox."""

    def __init__(self, job: Job, pool: RolloutPool, at_once: int) -> None:
        self._job, self._pool, self._at_once = job, pool, at_once
        self._executing = 0.0
        """Seconds that checks between waves ran here; checks that were taken over count 0."""

    async def iteration(self, number: int, contexts: Contexts) -> list[FinishedRollout]:
        """Run the rollouts that the budget admits, at once or in waves, and wait until they end."""
        job, n, options = self._job, len(contexts), self._job.settings.options
        new_slot = partial(concurrency, "rollout slots", self._at_once)
        waves, spare = options.waves if number == 0 else None, options.spare
        slots: list[Slot] = [new_slot() for _ in contexts]
        rollouts: list[LiveRollout] = []
        problem = progress.followed(self._pool.problem)
        problem.begin("rollouts", f"iteration {number}", n)
        began = monotonic()
        async with span(f"iteration {number}", type="solver"):
            grow = options.max_rollouts is None
            async with reserve_slots("rollout slots", self._at_once, grow=grow) as most:
                if job.hold:
                    check_room(n + spare, most)
                if not waves:
                    rollouts = self._start(number, contexts, slots)
                    for each in rollouts if job.hold else ():
                        await each.started.wait()
                elif job.hold:  # take all slots now: between waves, other samples could take them
                    slots = [await strategy_state().hold_slot(slot) for slot in slots]
                if job.hold and spare:
                    await strategy_state().take_spare(new_slot())
            finished = await _ended(rollouts)
            while waves and (wave := await self._next_wave(waves, finished)):
                if len(finished) < len(rollouts):
                    break
                start = len(rollouts)
                rollouts += self._start(number, contexts[: start + wave], slots, start)
                finished = await _ended(rollouts)
        for slot in slots[len(rollouts) :]:
            if isinstance(slot, HeldSlot):
                slot.given_back.set()
        self.asked, self.seconds = len(rollouts), monotonic() - began - self._executing
        problem.complete()
        return finished

    async def _next_wave(self, waves: Waves, finished: Sequence[FinishedRollout]) -> int:
        """How many rollouts to run next; if patches do not agree, run checks on the results."""
        records, options = [each.record for each in finished], self._job.settings.options
        more = next_wave(waves, records)
        if not (more and finished and options.takes_evidence):
            return more
        state, generate = self._job.state, self._job.generate
        ended, began = {each.record.id: each for each in finished}, monotonic()
        found = await executed(state, generate, options, records, ended)
        self._executing += monotonic() - began
        self._pool.waves = [*self._pool.waves, without_texts(found)]
        progress.followed(self._pool.problem).doing("iteration 0")
        return next_wave(waves, records, agreeing(found))

    def _start(
        self, number: int, contexts: Contexts, slots: Sequence[Slot], start: int = 0
    ) -> list[LiveRollout]:
        """Start the rollouts of an iteration from index `start` on."""
        known, rollouts = self._pool.execution(number - 1), []
        for i, context in enumerate(contexts[start:], start):
            earlier = [self._pool.by_id(id) for id in context]
            refinement = self._job.refinement(earlier, checks_text(known, context, "Attempt"))
            rollouts.append(LiveRollout(self._job, i, refinement, slots[i]))
        for each in rollouts:
            background(each.live)
        return rollouts


async def _ended(rollouts: Sequence[LiveRollout]) -> list[FinishedRollout]:
    for each in rollouts:
        await each.ended.wait()
    return [each.finished for each in rollouts if each.finished]


def check_room(needed: int, slots: int) -> None:
    """Raise if there are fewer slots than sandboxes that must be open at the same time."""
    if slots < needed:
        raise UserError(
            f"max_rollouts={slots} is too small: the selection chooses among {needed} rollouts "
            "whose sandboxes must all be open, because the selected one is handed to the scorer as "
            f"it is. Give max_rollouts >= {needed}, or a smaller n"
        )
