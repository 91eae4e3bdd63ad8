"""A stage whose rollouts must run as samples of their own first."""

from pathlib import Path

from inspect_ai.solver import Generate, Solver, TaskState, solver
from scripted import pool, problem, run

from inspect_tts import rollouts
from inspect_tts.rollout.source import Contexts, FinishedRollout, RolloutSource, strategy_state


class Elsewhere(RolloutSource):
    """Rollouts that have not run yet."""

    async def iteration(self, number: int, contexts: Contexts) -> list[FinishedRollout] | None:
        return None


@solver
def elsewhere() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        strategy_state().source = Elsewhere()
        return state

    return solve


def test_draws_are_recorded_with_the_rollouts_that_they_decided(tmp_path: Path) -> None:
    stage = rollouts(n=2, models=["mockllm/a", "mockllm/b"])
    found = pool(run(problem(), [elsewhere(), stage], tmp_path))
    assert (found.rollouts, found.draws) == ([], []), "the sample that gets them records both"
