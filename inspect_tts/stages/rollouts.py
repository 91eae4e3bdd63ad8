"""The stage that runs one iteration of rollouts."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from time import monotonic
from typing import TypeAlias

from inspect_ai.solver import Generate, Solver, TaskState, solver
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
    tasks_to_run,
    widen_throttles,
)
from inspect_tts.arguments import takes
from inspect_tts.errors import UserError, no_traceback
from inspect_tts.execution.shown import checks_text
from inspect_tts.machine.capacity import check_capacity
from inspect_tts.machine.orphans import register_folders
from inspect_tts.method.candidates import eligible, next_wave
from inspect_tts.method.records import Draw, Rollout, Stage
from inspect_tts.method.refinement import refinement_contexts
from inspect_tts.models.preflight import asked_models, preflight
from inspect_tts.options import RolloutsOptions
from inspect_tts.registry import is_stage
from inspect_tts.rollout.agent import check_own_solver
from inspect_tts.rollout.context import Job, Settings, check_settings
from inspect_tts.rollout.rollout import LiveRollout
from inspect_tts.rollout.source import (
    Contexts,
    FinishedRollout,
    HeldSlot,
    RolloutSource,
    check_some_ended,
    rollout_tasks,
)
from inspect_tts.scores import strategy_view, tag_log

from .hooks import install_hooks
from .pool import RolloutPool, draw, pool_of, slot_draws


@solver
@takes(RolloutsOptions)
def rollouts(options: RolloutsOptions) -> Solver:
    """Run one iteration: n rollouts, each in a fresh sandbox, each summarised as soon as it ends.

    Model Roles:
        summarizer: Writes the summaries; default the model under evaluation.

    Returns:
        A solver that adds the iteration to the sample's `RolloutPool`.

    Raises:
        UserError: If an argument is out of range, an agent unknown, or a prompt incomplete.
    """
    settings = check_settings(options)
    check_tasks(settings)
    install_hooks()
    planned = progress.PlannedRollouts(options.most_rollouts, options.keep_parents)

    @no_traceback
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return await run_iteration(state, generate, settings)

    progress.mark_planned(solve, [planned])
    return solve


Slot: TypeAlias = AbstractAsyncContextManager[object]
DEFAULT_ROLLOUTS_AT_ONCE = 64
"""Rollouts at once in the process where neither the user nor the sandbox provider sets a limit."""


async def run_iteration(state: TaskState, generate: Generate, settings: Settings) -> TaskState:
    """Run an iteration and add it to the pool; sandboxes stay open where they are held."""
    pool, options = pool_of(state), settings.options
    source = rollout_tasks().source or await live_rollouts(state, generate, settings)
    contexts, draws = _contexts(pool, pool.iteration + 1, options)
    draws += slot_draws(pool, options)
    stage = Stage(
        name="rollouts",
        iteration=pool.iteration + 1,
        parameters=settings.parameters,
        prompts=tuple(prompt.record for prompt in settings.prompts),
    )
    carried = pool.selected if options.keep_parents else []
    guard = options.leak_guard
    records = await add_iteration(pool, source, contexts, stage, carried, leak_guard=guard)
    pool.draws = [*pool.draws, *(draws if records else ())]
    check_some_ended(records)
    return state


async def add_iteration(
    pool: RolloutPool,
    source: RolloutSource,
    contexts: Contexts,
    stage: Stage,
    carried: Sequence[str],
    *,
    leak_guard: bool = False,
) -> list[Rollout]:
    """Add the rollouts of an iteration to the pool; none where the strategy goes on elsewhere.

    Of the earlier ones only those that are `carried` may be selected once more.
    """
    tasks = rollout_tasks()
    for id in carried:
        tasks.rollouts[id].free_slot()
    tasks.release(set(tasks.rollouts) - set(carried))
    finished = await source.iteration(stage.iteration, contexts)
    if finished is None:
        return []
    tasks.add(finished)
    records = [rollout.record for rollout in finished]
    n = stage.parameters["n"]
    cut = tasks.budget.cut((source.asked or len(contexts)) if n == "auto" else n, len(records))
    stage = stage.model_copy(update={"seconds": source.seconds, "cut": cut})
    pool.stages = [*pool.stages, stage]
    pool.rollouts = [*pool.rollouts, *records]
    pool.selected = [*eligible(records, leak_guard=leak_guard), *carried]
    return records


async def live_rollouts(state: TaskState, generate: Generate, settings: Settings) -> "LiveRollouts":
    """Check everything that could fail before the first rollout is paid for."""
    active, spec, tasks = outer_sample(), eval_spec(), rollout_tasks()
    options, iteration = settings.options, pool_of(state).iteration + 1
    if spec.viewer is None:  # the log is written with it at the end, as with the tag
        spec.viewer = strategy_view([scorer.name for scorer in spec.scorers or ()])
    ours = [name for step in planned_steps() for name in step_names(step) if is_stage(name)]
    tag_log(spec, next(iter(ours), "rollouts"), options.n)
    sandbox = await sandbox_spec(spec, active)
    if iteration == 0:
        register_folders(sandbox, spec, active.sandbox_environments)
        tasks.open_saved(options.resume)
        progress.restart(pool_of(state).problem)
    progress.followed(pool_of(state).problem).meter("", tasks.budget)
    tasks.budget.begin("rollouts", n=options.fewest_rollouts)
    # a budget may end the strategy after any iteration
    held = options.keep_sandboxes or tasks.budget.limited
    job = Job.begin(
        settings,
        state,
        generate,
        iteration=iteration,
        sandbox=sandbox,
        setup=setup_steps(is_stage),
        problem=pool_of(state).problem,
        hold=held,
        saved=tasks.saved,
        budget=tasks.budget,
    )
    if iteration == 0:
        asked = [*asked_models(), *job.models]
        await preflight(spec, asked if options.preflight else ())
    needed = options.most_rollouts + (options.spare_sandbox and sandbox is not None)
    default = max(needed, default_sandboxes(spec, sandbox, DEFAULT_ROLLOUTS_AT_ONCE))
    at_once = options.max_rollouts or default
    if iteration == 0:
        await check_capacity(sandbox, at_once)
    await widen_throttles(spec, sandbox.type if sandbox else None, at_once)
    return LiveRollouts(job, pool_of(state), at_once)


class LiveRollouts(RolloutSource):
    """Rollouts that run in the sample, each in a task and a sandbox of its own."""

    def __init__(self, job: Job, pool: RolloutPool, at_once: int) -> None:
        self._job, self._pool, self._at_once = job, pool, at_once

    async def iteration(self, number: int, contexts: Contexts) -> list[FinishedRollout]:
        """Run the rollouts that the budget admits, all at once or in waves, until they ended."""
        job, n, options = self._job, len(contexts), self._job.settings.options
        new_slot = partial(concurrency, "rollout slots", self._at_once)
        waves, spare = options.waves if number == 0 else None, options.spare_sandbox
        slots: list[Slot] = [new_slot() for _ in contexts]
        rollouts: list[LiveRollout] = []
        problem = progress.followed(self._pool.problem)
        problem.begin("rollouts", f"iteration {number}", n)
        began = monotonic()
        async with span(f"iteration {number}", type="solver"):
            grow = options.max_rollouts is None
            async with reserve_slots("rollout slots", self._at_once, grow=grow) as most:
                if job.hold:
                    _check_room(n + spare, most)
                if not waves:
                    rollouts = self._start(number, contexts, slots)
                    for each in rollouts if job.hold else ():
                        await each.started.wait()
                elif job.hold:  # all of them now: between waves others could take what is missing
                    slots = [await rollout_tasks().hold_slot(slot) for slot in slots]
                if job.hold and spare:
                    await rollout_tasks().take_spare(new_slot())
            finished = await _ended(rollouts)
            while waves and (wave := next_wave(waves, [r.record for r in finished])):
                if len(finished) < len(rollouts):
                    break
                start = len(rollouts)
                rollouts += self._start(number, contexts[: start + wave], slots, start)
                finished = await _ended(rollouts)
        for slot in slots[len(rollouts) :]:
            if isinstance(slot, HeldSlot):
                slot.given_back.set()
        self.asked, self.seconds = len(rollouts), monotonic() - began
        problem.complete()
        return finished

    def _start(
        self, number: int, contexts: Contexts, slots: Sequence[Slot], start: int = 0
    ) -> list[LiveRollout]:
        """Start the rollouts of an iteration, from one on."""
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


def check_tasks(settings: Settings) -> None:
    """Check the settings against the tasks that are about to run, where these are known already."""
    for each in tasks_to_run():
        if settings.options.agent is None and settings.options.agents is None:
            check_own_solver(each.task.name, each.task.solver)
        if (
            settings.options.max_rollouts is not None
            and settings.options.keep_sandboxes
            and each.has_sandbox
        ):
            needed = settings.options.most_rollouts + settings.options.spare_sandbox
            _check_room(needed, settings.options.max_rollouts)


def _check_room(needed: int, slots: int) -> None:
    if slots < needed:
        raise UserError(
            f"max_rollouts={slots} is too small: the selection chooses among {needed} rollouts "
            "whose sandboxes must all be open, because the selected one is handed to the scorer as "
            f"it is. Give max_rollouts >= {needed}, or a smaller n"
        )


def _contexts(
    pool: RolloutPool, iteration: int, options: RolloutsOptions
) -> tuple[Contexts, tuple[Draw, ...]]:
    """What each new rollout starts from, and the random draws that decided it."""
    n = options.most_rollouts
    if options.waves and iteration > 0:
        n = len(pool.population(0))
    if options.context is None:
        return ((),) * n, ()
    key = f"{pool.problem}/t{iteration}/context"
    earlier = pool.population(iteration - 1)
    previous = [rollout.id for rollout in earlier]
    allowed = eligible(earlier, leak_guard=options.leak_guard)
    if options.context == "single" and any(stage.cut for stage in pool.stages):
        n = min(n, len(previous))
    try:
        chosen = refinement_contexts(
            options.context,
            n=n,
            previous=previous,
            selected=pool.selected,
            top_k=options.top_k,
            seed=options.seed,
            key=key,
            without_context=options.without_context,
            excluded=set(previous) - set(allowed),
        )
    except ValueError as error:
        raise UserError(str(error)) from error
    if options.context == "random":
        drawn = range(n - options.without_context)
        return chosen, tuple(draw(allowed, seed=options.seed, key=f"{key}/{i}") for i in drawn)
    return chosen, ()
