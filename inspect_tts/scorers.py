"""The numbers of a strategy as an Inspect score with metrics of its own."""

from math import nan

from inspect_ai.scorer import (
    CORRECT,
    INCORRECT,
    NOANSWER,
    PARTIAL,
    Score,
    Scorer,
    Target,
    mean,
    scorer,
    stderr,
    value_to_float,
)
from inspect_ai.solver import TaskState

SCORE = "inspect_tts/rollouts"
"""Name under which a sample's numbers stand beside the task's scores."""


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


def score_number(value: object) -> float:
    """A headline score as a number.

    Args:
        value: The value of a task's score.

    Returns:
        The number; not-a-number for what has no agreed one, as a dict.
    """
    words = {CORRECT, INCORRECT, PARTIAL, NOANSWER, "yes", "no", "true", "false"}
    if isinstance(value, str) and (value in words or value.lower() in words or _numeric(value)):
        return value_to_float()(value)
    return float(value) if isinstance(value, int | float) else nan


def _numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
