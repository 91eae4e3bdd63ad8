"""Run the stages of a strategy one after another."""

from collections.abc import Sequence

from inspect_ai.solver import Generate, Solver, TaskState

from inspect_tts._inspect import planned_steps, span_without_store, step_names
from inspect_tts.errors import UserError, no_traceback
from inspect_tts.method.candidates import agreed
from inspect_tts.method.records import STOP, Stage
from inspect_tts.models.preflight import judges_asked, mark_judges
from inspect_tts.progress import mark_planned, planned_stages
from inspect_tts.registry import STRATEGY_NAMES, is_stage
from inspect_tts.rollout.budget import Budget, phases_of
from inspect_tts.rollout.source import strategy_state

from .pool import pool_of


def strategy_chain(
    *stages: Solver,
    early_end: Sequence[Solver] = (),
    stop_on_consensus: bool = False,
    iterations: int = 1,
) -> Solver:
    """Make one solver that runs stages one after another.

    If a strategy returned an Inspect chain, the log would name the chain instead of the strategy,
    and would hold the whole pool after each stage. The step of this solver logs the pool once.
    Stages of this package open their own spans, whose titles say more than the stages' names. If
    rollouts run as samples of their own, the stages that ran in earlier samples are skipped.
    """

    @no_traceback
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        _check_alone()
        source = strategy_state().source
        done = list(source.done) if source is not None else []
        if STOP in done:
            return await _end(early_end[len(done) - done.index(STOP) - 1 :], state, generate)
        names = [step_names(stage)[0] for stage in stages]
        for number, stage in enumerate(stages[len(done) :], len(done)):
            if _pauses_before(names[number]):
                break
            budget = strategy_state().budget
            budget.ahead = phases_of(names[number:])
            if early_end and number > 0 and _too_short(state, names[number], budget, iterations):
                return await _end(early_end, state, generate)
            before = len(pool_of(state).selections)
            state = await _run(stage, state, generate)
            if (
                stop_on_consensus
                and number < len(stages) - 2
                and len(pool_of(state).selections) > before
                and _consensus(state, iterations)
            ):
                return await _end(early_end, state, generate)
        return state

    mark_judges(solve, judges_asked(stages))
    mark_planned(solve, planned_stages(stages))
    return solve


def _check_alone() -> None:
    names = [name.rpartition("/")[2] for step in planned_steps() for name in step_names(step)]
    strategies = [name for name in names if name in STRATEGY_NAMES]
    if len(strategies) > 1:
        raise UserError(
            f"{' and '.join(strategies)} are in one list of solvers, which runs as one chain; run "
            "one eval per strategy"
        )


async def _end(stages: Sequence[Solver], state: TaskState, generate: Generate) -> TaskState:
    names = [step_names(stage)[0] for stage in stages]
    for number, stage in enumerate(stages):
        if _pauses_before(names[number]):
            break
        strategy_state().budget.ahead = phases_of(names[number:])
        state = await _run(stage, state, generate)
    return state


def _pauses_before(stage: str) -> bool:
    source = strategy_state().source
    return source is not None and source.pauses_before(stage)


def _too_short(state: TaskState, stage: str, budget: Budget, iterations: int) -> bool:
    """Whether the sample's limit has no room for another iteration; if so, record the stop."""
    if phases_of([stage]) != ("rollouts",) or budget.affords_iteration():
        return False
    pool = pool_of(state)
    given = next(s.rollouts for s in pool.stages if s.name == "rollouts")
    n = len(pool.population(0)) if given.waves else given.most_rollouts
    cut = budget.cut(n * (iterations - 1 - pool.iteration), 0)
    parameters = {"iterations": iterations}
    stop = Stage(name=STOP, iteration=pool.iteration, parameters=parameters, cut=cut)
    pool.stages = [*pool.stages, stop]
    return True


async def _run(stage: Solver, state: TaskState, generate: Generate) -> TaskState:
    name = step_names(stage)[0]
    if is_stage(name):
        return await stage(state, generate)
    async with span_without_store(name, type="solver"):
        return await stage(state, generate)


def _consensus(state: TaskState, iterations: int) -> bool:
    pool = pool_of(state)
    if not agreed(pool.selections[-1], pool.rollouts):
        return False
    stop = Stage(name=STOP, iteration=pool.iteration, parameters={"iterations": iterations})
    pool.stages = [*pool.stages, stop]
    return True
