"""The numbers of a strategy as an Inspect score with metrics of its own."""

from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState


@scorer(name="rollouts", metrics={"*": [mean(), stderr()]})
def rollout_scores() -> Scorer:
    """Mean and standard error of what `adopt` publishes as the score `inspect_tts/rollouts`.

    The stage sets the score; Inspect looks this scorer up by the score's name to find its metrics.
    Added to a task by hand it scores nothing.

    Returns:
        A scorer that returns no score.
    """

    async def score(state: TaskState, target: Target) -> Score | None:
        return None

    return score
