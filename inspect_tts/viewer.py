"""What Inspect's viewer shows of a strategy's log."""

from collections.abc import Sequence

from inspect_ai.viewer import (
    SampleScoreView,
    ScoreColorScale,
    TaskSamplesColumn,
    TaskSamplesView,
    ViewerConfig,
)

from .scorers import SCORE

LABELS = {
    "selected": "selected",
    "iteration_0": "pass@1",
    "select_k": "select-K",
    "iteration_1": "iteration 1",
    "oracle": "oracle",
    "votes": "votes",
    "cost": "cost, $",
}
"""The numbers of `inspect_tts/rollouts` by the names that the report uses."""
_GRADES = ("selected", "iteration_0", "select_k", "iteration_1", "oracle")


def strategy_view(scorers: Sequence[str] = ()) -> ViewerConfig:
    """Show a strategy's numbers in the list of samples.

    Strategies set it for tasks that have no `viewer` of their own. Columns of numbers that a run
    does not have are not shown.

    Args:
        scorers: Names of the task's scorers, whose columns come before ours.

    Returns:
        For `Task(viewer=...)`: one line a sample with the problem, the task's scores, selected,
        pass@1, select-K, iteration 1, oracle, votes, cost, tokens and time.
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
