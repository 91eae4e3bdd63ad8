"""A sample without a sandbox: the strategy goes on from where the samples before it left it."""

from contextlib import nullcontext
from functools import partial

import anyio
from inspect_ai.scorer import Score
from inspect_ai.solver import Generate, TaskState

from inspect_tts._inspect import eval_spec, fresh_state, lift_limits, outer_sample
from inspect_tts.method.refinement import rollout_id
from inspect_tts.method.seeding import cache_scope
from inspect_tts.resume.log_repair import note_run
from inspect_tts.resume.saved_results import SavedResults, open_store
from inspect_tts.rollout.lifecycle import (
    Elsewhere,
    FinishedRollout,
    RolloutTask,
    SealedScore,
    no_sandbox,
    rollout_tasks,
)
from inspect_tts.stages.pool import RolloutPool, pool_of
from inspect_tts.text.writable import plain

from .records import Finished, Problem, ScaledSelection
from .scheduler import split_id
from .source import ScaledSource


async def continue_strategy(
    state: TaskState, generate: Generate, source: ScaledSource
) -> TaskState:
    """Run the strategy until it needs rollouts that have not run, or to its end.

    Limits are those of rollouts: a selection has none.
    """
    active, spec, crew = outer_sample(), eval_spec(), rollout_tasks()
    source.check_expected(state.sample_id, state.epoch)
    lift_limits()
    id, part = split_id(state.sample_id)
    problem = source.problem(id, state.epoch)
    note_run(spec.eval_id, active.sample.id or 0, active.epoch)
    for key, value in problem.pool.items():
        state.store.set(key, value)
    pool = pool_of(state)
    pool.problem = f"{id}/{state.epoch}"
    owner = partial(_owner, state, problem)
    crew.adopts = part == ""
    crew.units = SavedResults(
        open_store(source.plan.settings.options.resume, spec, active.log_location)
    )
    crew.supply = partial(_supply, problem, owner)
    await crew.attend([owner(rollout.id) for rollout in pool.rollouts])
    try:
        state = await source.plan.strategy(state, generate)
        contexts: tuple[tuple[str, ...], ...] = ()
    except Elsewhere as missing:
        if part == "":
            raise RuntimeError(f"{state.sample_id} cannot end: {missing}") from missing
        contexts = missing.contexts
    except anyio.get_cancelled_exc_class():
        if active.interrupt_action == "score":  # else it would count as done
            raise RuntimeError("a selection that is cut short has no result") from None
        raise
    left = state.store_as(ScaledSelection)
    left.contexts, left.elsewhere, left.began = list(contexts), problem.elsewhere, problem.began
    return state


def adopted_scores(state: TaskState, source: ScaledSource) -> dict[str, Score] | None:
    """The scores that the adopted rollout's sample was given, once a problem has ended."""
    id, part = split_id(state.sample_id)
    adopted = state.store_as(RolloutPool).adopted if not part else None
    if adopted is None:
        return None
    chosen = source.problem(id, state.epoch).finished[adopted]
    if chosen.score_error is not None:
        raise RuntimeError(f"the adopted rollout {adopted} has no score: {chosen.score_error}")
    return chosen.scores or {}


def _supply(
    problem: Problem,
    owner: "partial[RolloutTask]",
    iteration: int,
    contexts: tuple[tuple[str, ...], ...],
) -> list[RolloutTask]:
    ids = [rollout_id(iteration, index) for index in range(len(contexts))]
    if not all(id in problem.finished for id in ids):
        raise Elsewhere(contexts)
    return [owner(id) for id in ids]


def _owner(state: TaskState, problem: Problem, id: str) -> RolloutTask:
    finished = problem.finished[id]
    return RolloutTask(
        id,
        slot=nullcontext(),
        attempt=partial(_attempt, state, finished),
        grade=partial(attach_scores, finished),
        hold=False,
    )


async def _attempt(state: TaskState, finished: Finished) -> FinishedRollout:
    """What a rollout left behind, its sandbox excepted."""
    own = fresh_state(
        state,
        outer_sample(),
        cache_scope=cache_scope(state.epoch, finished.record.id),
        message_limit=None,
        token_limit=None,
        cost_limit=None,
    )
    own.output = finished.output
    if finished.messages:
        own.messages = list(finished.messages)
    return FinishedRollout(finished.record, own, None, "", no_sandbox)


async def attach_scores(finished: Finished, attempt: FinishedRollout) -> SealedScore:
    """Give a rollout that was not adopted the score of its sample."""
    values = None
    if finished.scores is not None:
        values = {name: plain(score.value) for name, score in finished.scores.items()}
    return SealedScore(values, finished.score_error)
