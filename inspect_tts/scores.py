"""The numbers of a strategy, as an Inspect score with its own metrics."""

from collections.abc import Sequence
from math import isnan, nan

from inspect_ai.log import EvalLog, EvalResults, EvalSpec
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
from inspect_ai.viewer import (
    SampleScoreView,
    ScoreColorScale,
    TaskSamplesColumn,
    TaskSamplesView,
    ViewerConfig,
)

SCORE = "inspect_tts/rollouts"
"""Name of the score that holds a sample's numbers, beside the task's scores."""


@scorer(name="rollouts", metrics={"*": [mean(), stderr()]})
def rollout_scores() -> Scorer:
    """Mean and standard error of the score `inspect_tts/rollouts`, which `adopt` publishes.

    The stage sets the score; Inspect looks up this scorer by the score's name to find the metrics.
    If it is added to a task by hand, it scores nothing.

    Returns:
        A scorer that returns no score.
    """

    async def score(state: TaskState, target: Target) -> Score | None:
        return None

    return score


def score_number(value: object) -> float:
    """A headline score as a number; NaN if it is not one."""
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


class _Unknown(float):
    """An unknown number, shown as `-`; Inspect would print `nan` at the end of an eval."""

    def __format__(self, spec: str) -> str:
        return "-"


def mark_unknown(log: EvalLog, shown: EvalResults | None) -> list[str]:
    """Let our unknown numbers be shown as `-`; return the reasons, one line each."""
    unknown = dict[str, None]()
    for score in shown.scores if shown else ():
        for metric in score.metrics.values() if score.scorer == SCORE else ():
            if isnan(metric.value):
                metric.value, unknown[score.name] = _Unknown(nan), None
    reasons: list[str] = []
    if unknown.pop("cost", 0) is None:
        used = log.stats.model_usage.items()
        names = [name for name, each in used if each.total_cost is None]
        reasons.append(f"cost is -: no price is known for {', '.join(names) or 'the model'}")
    if unknown:
        why = "the task's first scorer gave no number" if log.eval.scorers else "nothing was scored"
        reasons.append(f"{', '.join(unknown)} {'are' if len(unknown) > 1 else 'is'} -: {why}")
    return [f"inspect_tts: {reason}" for reason in reasons]


LABELS = {
    "selected": "selected",
    "iteration_0": "pass@1",
    "select_k": "select-K",
    "iteration_1": "iteration 1",
    "oracle": "oracle",
    "votes": "votes",
    "cost": "cost, $",
}
"""The numbers of `inspect_tts/rollouts`, with the names that the report uses."""
_GRADES = ("selected", "iteration_0", "select_k", "iteration_1", "oracle")


def tag_log(spec: EvalSpec, strategy: str, n: int | str) -> None:
    """Tag a log with its strategy and n, so that rows in a list of logs can be told apart."""
    tag = f"{strategy.rpartition('/')[2]} n={n}"
    if tag not in (spec.tags or []):  # a retry has its log's tags
        spec.tags = [*(spec.tags or []), tag]


def strategy_view(scorers: Sequence[str] = ()) -> ViewerConfig:
    """Show a strategy's numbers in the list of samples.

    Strategies set it for tasks that have no `viewer` of their own. Columns of numbers that a run
    does not have are not shown.
    """
    column = TaskSamplesColumn
    hidden = ("epoch", "input", "target", "answer", "limit", "error", "retries")
    columns = [
        column(id="sampleStatus"),
        column(id="sampleId"),
        *(column.score(name) for name in scorers),
        *(column.score(SCORE, name) for name in LABELS),
        column(id="tokens"),
        column(id="duration"),
        *(column(id=name, visible=False) for name in hidden),
    ]
    return ViewerConfig(
        task_samples_view=TaskSamplesView(
            name="Problems",
            columns=columns,
            multiline=False,
            score_labels=LABELS,
            score_color_scales={
                name: ScoreColorScale(palette="good-high", min=0, max=1) for name in _GRADES
            },
            color_scales_enabled=True,
        ),
        sample_score_view=SampleScoreView(default="grid"),
    )
