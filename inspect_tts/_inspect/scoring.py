"""Grade a rollout with the task's own scorers, and publish numbers beside theirs.

Private: `init_scoring_context` passes one scorer at a time to the public `score()`, so that each
score keeps its scorer's name. Context variables hold the sample's scorers and target.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy, deepcopy
from functools import wraps
from typing import cast

from inspect_ai.scorer import Score, Scorer, Target, score
from inspect_ai.scorer._score import _scorers, _target, init_scoring_context
from inspect_ai.scorer._scorer import unique_scorer_name
from inspect_ai.solver import TaskState
from inspect_ai.solver._task_state import set_sample_state
from inspect_ai.util import span


def mark_scoring() -> None:
    """Put everything that scorers do in the current async task into spans of type `scorer`.

    An agent may have its work scored while it runs (`react(attempts=2)`). Without these spans, the
    commands of hidden tests would count among the agent's own.
    """
    scorers, target = _scorers.get(None), _target.get(None)
    if scorers and target is not None:
        init_scoring_context([_in_span(scorer) for scorer in scorers], target)


def _in_span(scorer: Scorer) -> Scorer:
    @wraps(scorer)
    async def score_in_span(state: TaskState, target: Target) -> Score | None:
        async with span("score", type="scorer"):
            return await scorer(state, target)

    return cast("Scorer", score_in_span)


async def grade(state: TaskState) -> dict[str, Score]:
    """Run the task's scorers on a rollout, in the sandbox of the current context."""
    scorers, target = _scorers.get(None), _target.get(None)
    scores: dict[str, Score] = {}
    if not scorers or target is None:
        return scores
    try:
        for scorer in scorers:
            name = unique_scorer_name(scorer, list(scores))
            init_scoring_context([scorer], target)
            for result in await score(state):
                scores[name] = result
    finally:
        init_scoring_context(scorers, target)
    return scores


async def grade_as(
    state: TaskState, scorers: Sequence[Scorer], target: Target, sample_id: str | int
) -> dict[str, Score]:
    """Grade a sample with other scorers than its task's, under another sample id.

    Call it in a separate context. Messages that the scorers add do not reach the sample.
    """
    own = copy(state)
    own._sample_id, own._scores = sample_id, {}
    own.messages, own.output = deepcopy(state.messages), deepcopy(state.output)
    set_sample_state(own, replacing=own)
    score_with(scorers, target)
    return await grade(own)


def score_with(scorers: Sequence[Scorer], target: Target) -> None:
    """Let `score()` in the current context use these scorers."""
    init_scoring_context(list(scorers), target)


def scorer_names(scorers: Sequence[Scorer]) -> list[str]:
    """The names of a task's scorers in its log, in order."""
    names: list[str] = []
    for scorer in scorers:
        names.append(unique_scorer_name(scorer, names))
    return names


def own_scorer_names() -> list[str]:
    """The names of the scorers in the current context, as `grade` gives them."""
    return scorer_names(_scorers.get([]))


class PublishedScores(dict[str, Score]):
    """A sample's scores, with one of ours that is recomputed after each of the task's scorers.

    Inspect puts each scorer's result into `TaskState.scores` and reads a solver's scores only
    afterwards. So our numbers can include the adopted rollout's score.
    """

    def __init__(self, name: str, publish: Callable[[Mapping[str, Score]], Score | None]) -> None:
        super().__init__()
        self._name, self._publish = name, publish
        self._update()

    def __setitem__(self, name: str, score: Score) -> None:
        """Set a scorer's result and recompute ours."""
        super().__setitem__(name, score)
        if name != self._name:
            self._update()

    def _update(self) -> None:
        others = {name: score for name, score in self.items() if name != self._name}
        ours = self._publish(others)
        if ours is not None:
            super().__setitem__(self._name, ours)
