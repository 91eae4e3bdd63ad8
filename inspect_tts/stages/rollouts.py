"""The stage that runs one iteration of rollouts."""

from collections.abc import Sequence

from inspect_ai.solver import Generate, Solver, TaskState, solver

from inspect_tts import progress
from inspect_tts._inspect import tasks_to_run
from inspect_tts.arguments import takes
from inspect_tts.errors import UserError, no_traceback
from inspect_tts.method.candidates import eligible
from inspect_tts.method.records import Draw, Rollout, Stage
from inspect_tts.method.refinement import refinement_contexts
from inspect_tts.options import RolloutsOptions
from inspect_tts.rollout.agent import check_own_solver
from inspect_tts.rollout.job import Settings, check_settings
from inspect_tts.rollout.source import (
    Contexts,
    RolloutSource,
    check_some_ended,
    strategy_state,
)

from .hooks import install_hooks
from .live import check_room, live_rollouts
from .pool import RolloutPool, draw, pool_of, slot_draws


@solver
@takes(RolloutsOptions)
def rollouts(options: RolloutsOptions) -> Solver:
    """Run one iteration: n rollouts, each in a fresh sandbox, each summarized as soon as it ends.

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


async def run_iteration(state: TaskState, generate: Generate, settings: Settings) -> TaskState:
    """Run an iteration and add it to the pool; sandboxes stay open if they are held."""
    pool, options = pool_of(state), settings.options
    source = strategy_state().source or await live_rollouts(state, generate, settings)
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
    """Add the rollouts of an iteration to the pool; returns none if they must run as samples first.

    Of the earlier rollouts, only those in `carried` may be selected again.
    """
    shared = strategy_state()
    for id in carried:
        shared.rollouts[id].free_slot()
    shared.release(set(shared.rollouts) - set(carried))
    shared.give_back_spare()
    finished = await source.iteration(stage.iteration, contexts)
    if finished is None:
        return []
    shared.add(finished)
    records = [rollout.record for rollout in finished]
    n = stage.parameters["n"]
    cut = shared.budget.cut((source.asked or len(contexts)) if n == "auto" else n, len(records))
    stage = stage.model_copy(update={"seconds": source.seconds, "cut": cut})
    pool.stages = [*pool.stages, stage]
    pool.rollouts = [*pool.rollouts, *records]
    pool.count_taken_over(shared.budget.newly_taken_over())
    pool.selected = [*eligible(records, leak_guard=leak_guard), *carried]
    return records


def check_tasks(settings: Settings) -> None:
    """Check the settings against the tasks that are about to run, if these are known already."""
    for each in tasks_to_run():
        if settings.options.agent is None and settings.options.agents is None:
            check_own_solver(each.task.name, each.task.solver)
        if (
            settings.options.max_rollouts is not None
            and settings.options.keep_sandboxes
            and each.has_sandbox
        ):
            needed = settings.options.most_rollouts + settings.options.spare
            check_room(needed, settings.options.max_rollouts)


def _contexts(
    pool: RolloutPool, iteration: int, options: RolloutsOptions
) -> tuple[Contexts, tuple[Draw, ...]]:
    """The refinement context of each new rollout, and the random draws that decided it."""
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
