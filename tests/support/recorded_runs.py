"""A run of pdr_rtv to replay, and what a replay of it should ask."""

from pathlib import Path
from typing import Any

from helpers import Outcome, Script, eval_one, prefer, say
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import TaskState, generate

from inspect_tts import pdr_rtv
from inspect_tts.options import ReplayOptions
from inspect_tts.recorded.replay_plan import changes_from, forecast_votes

BEST = prefer(*(f"I am a{i}." for i in (3, 2, 5, 4, 7, 6, 1, 0)))


@scorer(metrics=[accuracy()])
def number() -> Scorer:
    """Gives `a<i>` the score 0.8125 + i."""

    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=0.8125 + int(state.output.completion.split("did a")[-1][0]))

    return score


def run(
    folder: Path, script: Script, epochs: int = 1, roles: Any = None, **options: Any
) -> Outcome:
    sample = Sample(id="p", input="Say who you are.", target="secret-target")
    task = Task(dataset=[sample], scorer=number())
    given = {"n": 4, "top_k": 2, "votes": 4, "agent": generate(), "score_rollouts": True}
    return eval_one(task, pdr_rtv(**{**given, **options}), script, folder, model_roles=roles)


def agents() -> Script:
    """Agents that say who they are, and a judge that prefers a3."""
    return Script(act=lambda me, turn: say(f"I did {me}"), judge=BEST)


def expect(original: Outcome, **changes: Any) -> tuple[int, int, int]:
    """The forecast: reused for certain, asked at least, asked at most."""
    votes = forecast_votes(
        [original.pool], changes_from(ReplayOptions(**changes)), "mockllm/model"
    ).votes
    return votes.reused, votes.least, votes.most
