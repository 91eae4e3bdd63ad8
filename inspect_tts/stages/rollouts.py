"""The stage that runs one iteration of rollouts."""

from functools import partial
from time import monotonic

import anyio
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import concurrency, span

from inspect_tts import progress
from inspect_tts._inspect import (
    default_sandboxes,
    eval_spec,
    outer_sample,
    reserve_slots,
    sandbox_spec,
    setup_steps,
    tasks_to_run,
    widen_throttles,
)
from inspect_tts.arguments import takes
from inspect_tts.errors import UserError, no_traceback
from inspect_tts.execution.shown import checks_text
from inspect_tts.machine.capacity import check_capacity
from inspect_tts.machine.orphans import register_folders
from inspect_tts.method.candidates import eligible
from inspect_tts.method.records import Cut, Draw, Rollout, Stage
from inspect_tts.method.refinement import refinement_contexts
from inspect_tts.models.preflight import asked_models, preflight
from inspect_tts.models.roles import role_model
from inspect_tts.options import RolloutsOptions
from inspect_tts.registry import is_stage
from inspect_tts.resume.log_repair import note_run
from inspect_tts.resume.saved_results import SavedResults, open_store
from inspect_tts.rollout.agent import check_own_solver
from inspect_tts.rollout.context import Job, problem_text
from inspect_tts.rollout.lifecycle import (
    FinishedRollout,
    RolloutTask,
    RolloutTasks,
    check_some_ended,
    rollout_tasks,
)
from inspect_tts.rollout.refinement import Refinement, refinement_of
from inspect_tts.rollout.rollout import grade_in_place, run_rollout
from inspect_tts.rollout.settings import Settings, check_settings
from inspect_tts.scores import strategy_view

from .hooks import install_hooks
from .pool import RolloutPool, draw, pool_of


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

    @no_traceback
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return await run_iteration(state, generate, settings)

    return solve


DEFAULT_ROLLOUTS_AT_ONCE = 64
"""Rollouts at once in the process where neither the user nor the sandbox provider sets a limit."""


async def run_iteration(state: TaskState, generate: Generate, settings: Settings) -> TaskState:
    """Run an iteration and add it to the pool; sandboxes stay open where they are held."""
    active, spec, pool, crew = outer_sample(), eval_spec(), pool_of(state), rollout_tasks()
    if crew.supply is not None:
        return await _take_iteration(state, settings, crew)
    if spec.viewer is None:  # the log is written with it at the end
        spec.viewer = strategy_view([scorer.name for scorer in spec.scorers or ()])
    sandbox = await sandbox_spec(spec, active)
    if pool.iteration < 0:
        note_run(spec.eval_id, active.sample.id or 0, active.epoch)
        register_folders(sandbox, spec, active.sandbox_environments)
        crew.units = SavedResults(open_store(settings.options.resume, spec, active.log_location))
    budget = crew.budget
    budget.begin("rollouts", n=settings.options.n)
    hold = (
        settings.options.keep_sandboxes or budget.limited
    )  # a budget may end the strategy after any iteration
    job = settings.job(
        spec,
        iteration=pool.iteration + 1,
        state=state,
        generate=generate,
        sandbox=sandbox,
        setup=setup_steps(is_stage),
        hold=hold,
        units=crew.units,
        budget=budget,
    )
    role_model("judge")  # a role that cannot be made fails here, before the first rollout
    if settings.options.preflight and pool.iteration < 0:
        await preflight(spec, asked_models())
    contexts, lots = _contexts(pool, job.iteration, settings)
    spare = int(settings.options.spare_sandbox and sandbox is not None)
    default = max(
        settings.options.n + spare, default_sandboxes(spec, sandbox, DEFAULT_ROLLOUTS_AT_ONCE)
    )
    at_once = settings.options.max_rollouts or default
    if pool.iteration < 0:
        await check_capacity(sandbox, at_once)
    await widen_throttles(spec, sandbox.type if sandbox else None, at_once)
    carried = _carry(pool, crew, settings)
    n = len(contexts)
    owners = [_owner(job, settings, pool, i, contexts[i], at_once) for i in range(n)]
    progress.plan("rollouts", n)
    progress.plan("summaries", n)
    started = monotonic()
    async with span(f"iteration {job.iteration}", type="iteration"):
        grow = settings.options.max_rollouts is None
        async with reserve_slots("rollouts", at_once, grow=grow) as slots:
            held = hold and sandbox is not None
            if held:
                _check_room(n + spare, slots)
            crew.start(owners)
            for each in owners if held else ():
                await each.entered.wait()
            if held and spare:
                await crew.take_spare(concurrency("rollouts", at_once))
        for each in owners:
            await each.finished.wait()
    records = [each.result.rollout for each in owners if each.result]
    crew.forget(each.id for each in owners if each.result is None)
    progress.plan("rollouts", len(records) - n)
    progress.plan("summaries", len(records) - n)
    cut = budget.cut(settings.options.n, len(records))
    pool.draws = [*pool.draws, *lots]
    _add(pool, records, settings, carried, monotonic() - started, cut)
    return state


async def _take_iteration(state: TaskState, settings: Settings, crew: RolloutTasks) -> TaskState:
    """Add an iteration whose rollouts were samples of their own."""
    pool = pool_of(state)
    iteration = pool.iteration + 1
    contexts, lots = _contexts(pool, iteration, settings)
    assert crew.supply is not None
    owners = crew.supply(iteration, contexts)
    carried = _carry(pool, crew, settings)
    async with span(f"iteration {iteration}", type="iteration"):
        await crew.attend(owners)
    pool.draws = [*pool.draws, *lots]
    records = [each.result.rollout for each in owners if each.result]
    _add(pool, records, settings, carried, None, None)
    return state


def _carry(pool: RolloutPool, crew: RolloutTasks, settings: Settings) -> list[str]:
    """Keep what may be selected once more; nothing else but summaries goes on."""
    carried = pool.selected if settings.options.keep_parents else []
    for id in carried:
        crew.owners[id].carry()
    crew.release(set(crew.owners) - set(carried))
    return carried


def _owner(
    job: Job,
    settings: Settings,
    pool: RolloutPool,
    index: int,
    context: tuple[str, ...],
    at_once: int,
) -> RolloutTask:
    earlier = [pool.by_id(id) for id in context]
    refinement = refinement_of(
        settings.prompts["refinement"],
        earlier,
        iteration=job.iteration,
        seed=settings.options.seed,
        problem=problem_text(job.state),
        checks=checks_text(pool.execution(job.iteration - 1), context, "Attempt"),
    )
    grade = partial(grade_in_place, job=job)
    return RolloutTask(
        job.id(index),
        slot=concurrency("rollouts", at_once),
        attempt=partial(_attempt, job, index, refinement),
        grade=grade if settings.options.score_rollouts else None,
        hold=job.hold and job.sandbox is not None,
    )


async def _attempt(job: Job, index: int, refinement: Refinement) -> FinishedRollout | None:
    """Run a rollout if the budget admits it."""
    id, used = job.id(index), None
    if not await job.budget.admit(id, index):
        return None
    try:
        attempt = await run_rollout(job, index, refinement.context, refinement.text)
        attempt.rollout = refinement.noted(attempt.rollout)
        used = attempt.rollout.usage + attempt.rollout.summary.usage
        return attempt
    finally:
        with anyio.CancelScope(shield=True):  # else a rollout that has just ended would be lost
            await job.budget.end(id, used)


def check_tasks(settings: Settings) -> None:
    """Check the settings against the tasks that are about to run, where these are known already."""
    for each in tasks_to_run():
        if settings.options.agent is None:
            check_own_solver(each.task.name, each.task.solver)
        if (
            settings.options.max_rollouts is not None
            and settings.options.keep_sandboxes
            and each.has_sandbox
        ):
            needed = settings.options.n + settings.options.spare_sandbox
            _check_room(needed, settings.options.max_rollouts)


def _check_room(needed: int, slots: int) -> None:
    if slots < needed:
        raise UserError(
            f"max_rollouts={slots} is too small: the selection chooses among {needed} rollouts "
            "whose sandboxes must all be open, because the selected one is handed to the scorer as "
            f"it is. Give max_rollouts >= {needed}, or a smaller n"
        )


Contexts = tuple[tuple[str, ...], ...]


def _contexts(
    pool: RolloutPool, iteration: int, settings: Settings
) -> tuple[Contexts, tuple[Draw, ...]]:
    """What each new rollout starts from, and the lots that decided it."""
    if settings.options.context is None:
        return ((),) * settings.options.n, ()
    key = f"{pool.problem}/t{iteration}/context"
    earlier = pool.population(iteration - 1)
    previous = [rollout.id for rollout in earlier]
    allowed = eligible(earlier, leak_guard=settings.options.leak_guard)
    n = settings.options.n
    if settings.options.context == "single" and any(stage.cut for stage in pool.stages):
        n = min(n, len(previous))
    try:
        chosen = refinement_contexts(
            settings.options.context,
            n=n,
            previous=previous,
            selected=pool.selected,
            top_k=settings.options.top_k,
            seed=settings.options.seed,
            key=key,
            without_context=settings.options.without_context,
            barred=set(previous) - set(allowed),
        )
    except ValueError as error:
        raise UserError(str(error)) from error
    if settings.options.context == "random":
        warm, seed = range(n - settings.options.without_context), settings.options.seed
        return chosen, tuple(draw(allowed, seed=seed, key=f"{key}/{i}") for i in warm)
    return chosen, ()


def _add(
    pool: RolloutPool,
    records: list[Rollout],
    settings: Settings,
    carried: list[str],
    seconds: float | None,
    cut: Cut | None,
) -> None:
    iteration = records[0].iteration
    used = tuple(prompt.record for prompt in settings.prompts.values())
    stage = Stage(
        name="rollouts",
        iteration=iteration,
        parameters=settings.parameters,
        prompts=used,
        seconds=seconds,
        cut=cut,
    )
    pool.stages = [*pool.stages, stage]
    pool.rollouts = [*pool.rollouts, *records]
    pool.selected = [*eligible(records, leak_guard=settings.options.leak_guard), *carried]
    check_some_ended(records)
