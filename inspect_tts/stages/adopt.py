"""The stage that adopts the selected rollout as the sample's result."""

from collections.abc import Callable, Mapping
from functools import partial
from logging import getLogger
from math import isnan, nan

from inspect_ai.scorer import Score
from inspect_ai.solver import Generate, Solver, TaskState, solver

from inspect_tts._inspect import PublishedScores, adopt_sandboxes, outer_sample
from inspect_tts.errors import UserError, gather, no_traceback
from inspect_tts.method.records import COUNTS_AS_FAILED, STOP, Stage
from inspect_tts.progress import followed
from inspect_tts.resume.snapshot import missing_container
from inspect_tts.rollout.source import FinishedRollout, strategy_state
from inspect_tts.scores import SCORE, score_number
from inspect_tts.statistics.sample import explanation, sample_numbers, sample_spending

from .pool import RolloutPool, pool_of

logger = getLogger(__name__)


@solver
def adopt() -> Solver:
    """Adopt the selected rollout, so that the task's own scorer grades it.

    Its messages, output, store, metadata and live sandbox replace the sample's. All other sandboxes
    are closed; with `score_rollouts`, their rollouts are graded first. The sample also gets the
    score `inspect_tts/rollouts`, with the values `selected`, `votes` and `cost` and, if rollouts
    were graded, the mean of each iteration and the oracle.

    Returns:
        A solver that ends a chain of stages.

    Raises:
        UserError: If not exactly one rollout is selected, or its sandbox is already closed.
    """

    @no_traceback
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        pool, shared = pool_of(state), strategy_state()
        if len(pool.selected) != 1:
            raise UserError(
                f"adopt() needs one selected rollout and found {len(pool.selected)}; put "
                "tournament(keep=1) or random_selection(keep=1) before it"
            )
        id = pool.selected[0]
        winner = shared.rollouts[id]
        if not winner.adoptable:
            raise UserError(
                f"rollout {id} cannot be adopted: its sandbox is closed. Use "
                "rollouts(keep_sandboxes=True) for the iteration that is selected from"
            )
        followed(pool.problem).doing("grading", [id])
        pool.adopted = id
        pool.stages = [*pool.stages, Stage(name="adopt", iteration=pool.iteration, parameters={})]
        if winner.sandboxes is not None:
            await _restart_if_lost(winner)
            await adopt_sandboxes(winner.sandboxes, outer_sample())
        take_over_state(state, winner.state)
        winner.release(adopted=True)
        for other, score in (await shared.finish_all()).items():
            pool.replace(pool.by_id(other).model_copy(update=score._asdict()))
        pool.taken_over, pool.damaged = dict(shared.saved.taken_over), dict(shared.saved.damaged)
        publish = shared.source is not None and shared.source.publish_scores
        state.scores = PublishedScores(SCORE, _publisher(pool, id, publish))
        return state

    return solve


async def _restart_if_lost(winner: FinishedRollout) -> None:
    """Restore a container that has died since its rollout ended."""
    sandboxes = winner.sandboxes
    reason = None if sandboxes is None else await missing_container(sandboxes)
    if sandboxes is None or winner.reopen is None or reason is None:
        return
    [restored] = await gather([winner.reopen()])  # in a separate async context
    if restored is not None:  # else the task's scorer reports what is missing
        logger.warning(
            f"the sandbox of {winner.record.id} was lost and is being restored: {reason}"
        )
        await sandboxes.close()
        winner.sandboxes = restored


def take_over_state(state: TaskState, rollout: TaskState) -> None:
    """Give the sample the final state of a rollout, except for the pool."""
    ours = {key: value for key, value in state.store.items() if key.startswith("RolloutPool:")}
    for key in list(state.store.keys()):
        state.store.delete(key)
    for key, value in [*rollout.store.items(), *ours.items()]:
        state.store.set(key, value)
    state.messages = rollout.messages
    state.output = rollout.output
    state.metadata = rollout.metadata
    state.choices = rollout.choices
    state.tools = rollout.tools
    state.tool_choice = rollout.tool_choice
    state.completed = rollout.completed


def _publisher(
    pool: RolloutPool, adopted: str, publish_scores: bool
) -> Callable[[Mapping[str, Score]], Score]:
    """Make the function that computes the sample's numbers from the adopted rollout's score.

    Unknown numbers are NaN from the start, because Inspect reads only scores that exist before its
    scorers run, and needs the same keys in every sample.
    """
    records, selections = list(pool.rollouts), list(pool.selections)
    graded = {
        rollout.id: score_number(next(iter(rollout.scores.values())))
        for rollout in records
        if rollout.scores
    }
    graded |= {r.id: 0.0 for r in records if r.score_error in COUNTS_AS_FAILED}

    planned = [stage.planned_iterations for stage in pool.stages if stage.name == STOP]
    further = range(pool.iteration + 1, planned[0]) if planned else ()
    numbers = partial(
        sample_numbers,
        rollouts=records,
        selections=selections,
        adopted=adopted,
        stopped=bool(planned),
    )
    unknown = numbers(dict.fromkeys((rollout.id for rollout in records), nan))
    unknown |= {f"iteration_{t}": nan for t in further}
    graded_here = any(r.scores is not None or r.score_error is not None for r in records)
    if not (graded_here or publish_scores):
        unknown = {"selected": nan}
    spending = sample_spending(records, selections)
    spent = {"cost": nan, **spending}
    explained = explanation(records, selections, adopted, spending)

    def publish(winner: Mapping[str, Score]) -> Score:
        headline = {adopted: score_number(next(iter(winner.values())).value)} if winner else {}
        scores = {id: score for id, score in (graded | headline).items() if not isnan(score)}
        known = {n: v for n, v in numbers(scores).items() if n in unknown}
        return Score(value={**unknown, **known, **spent}, explanation=explained)

    return publish
