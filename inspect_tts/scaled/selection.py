"""A sample that continues the strategy where earlier samples left it, without a sandbox."""

from itertools import takewhile

import anyio
from inspect_ai.scorer import Score
from inspect_ai.solver import Generate, TaskState

from inspect_tts import progress
from inspect_tts._inspect import lift_limits, outer_sample
from inspect_tts.method.candidates import waves_run
from inspect_tts.method.refinement import rollout_id
from inspect_tts.rollout.job import rollout_state
from inspect_tts.rollout.source import (
    Contexts,
    FinishedRollout,
    Place,
    RolloutSource,
    SealedScore,
    strategy_state,
)
from inspect_tts.stages.pool import RolloutPool, pool_of
from inspect_tts.text.writable import plain

from .records import Problem, ScaledSelection
from .scheduler import split_id
from .source import Plan, ScaledSource

ADOPT = "inspect_tts/adopt"


class SampleRollouts(RolloutSource):
    """A source of rollouts that run as samples. The strategy pauses until they have run."""

    def __init__(self, state: TaskState, problem: Problem, plan: Plan, *, last: bool) -> None:
        self._state, self._problem, self._last = state, problem, last
        self._waves = plan.settings.options.waves
        self.place = Place(problem.sample, plan.setup)
        self.done = [stage.name for stage in pool_of(state).stages]
        self.pending: Contexts | None = None
        """Contexts of the rollouts that must run before the strategy continues."""

    async def iteration(self, number: int, contexts: Contexts) -> list[FinishedRollout] | None:
        """The rollouts of an iteration, or None if some of their samples have not ended."""
        ids, ended = self._ids(number, len(contexts)), self._problem.finished
        if all(id in ended for id in ids):
            self.asked = len(ids)
            return [self.rollout(id) for id in ids]
        self.pending = contexts
        return None

    def _ids(self, number: int, most: int) -> list[str]:
        ids, ended = [rollout_id(number, index) for index in range(most)], self._problem.finished
        if self._waves is None or number > 0:
            return ids
        records = [ended[id].record for id in takewhile(ended.__contains__, ids)]
        return ids[: waves_run(self._waves, records)]

    def pauses_before(self, stage: str) -> bool:
        """Whether the strategy pauses: rollouts are missing, or only the last sample may adopt."""
        return self.pending is not None or (stage == ADOPT and not self._last)

    def rollout(self, id: str) -> FinishedRollout:
        """A rollout as it ended, but without a sandbox."""
        finished = self._problem.finished[id]
        state, values = rollout_state(self._state, id), None
        state.output = finished.output
        if finished.messages:
            state.messages = list(finished.messages)
        if finished.scores is not None:
            values = {name: plain(score.value) for name, score in finished.scores.items()}
        return FinishedRollout(
            finished.record, state, score=SealedScore(values, finished.score_error)
        )


async def continue_strategy(
    state: TaskState, generate: Generate, source: ScaledSource
) -> TaskState:
    """Run the strategy until it needs rollouts that have not run, or to its end.

    The sample's limits are lifted, since they are meant for rollouts.
    """
    source.check_expected(state.sample_id, state.epoch)
    active, shared = outer_sample(), strategy_state()
    lift_limits()
    id, part = split_id(state.sample_id)
    problem = source.problem(id, state.epoch)
    for key, value in problem.pool.items():
        state.store.set(key, value)
    pool = pool_of(state)
    pool.problem = f"{id}/{state.epoch}"
    shared.open_saved(source.plan.settings.options.resume)
    shared.source = rollouts = SampleRollouts(state, problem, source.plan, last=part == "")
    shared.add(rollouts.rollout(rollout.id) for rollout in pool.rollouts)
    progress.followed(pool.problem).meter(part, shared.budget)
    try:
        state = await source.plan.strategy(state, generate)
    except anyio.get_cancelled_exc_class():
        if active.interrupt_action == "score":  # otherwise it would count as done
            raise RuntimeError("a selection that is cut short has no result") from None
        raise
    if part == "" and rollouts.pending is not None:
        missing = len(rollouts.pending)
        raise RuntimeError(f"{state.sample_id} cannot end: {missing} rollouts must run first")
    left = state.store_as(ScaledSelection)
    left.contexts = list(rollouts.pending or ())
    left.elsewhere, left.began = problem.elsewhere, problem.began
    return state


def adopted_scores(state: TaskState, source: ScaledSource) -> dict[str, Score] | None:
    """The scores of the adopted rollout; None unless the sample is the end of a problem."""
    id, part = split_id(state.sample_id)
    adopted = state.store_as(RolloutPool).adopted if not part else None
    if adopted is None:
        return None
    chosen = source.problem(id, state.epoch).finished[adopted]
    if chosen.score_error is not None:
        raise RuntimeError(f"the adopted rollout {adopted} has no score: {chosen.score_error}")
    return chosen.scores or {}
