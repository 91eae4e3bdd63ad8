"""What a rollout starts with: its limits, its own copy of the sample, its own seed."""

from pathlib import Path

import pytest
from bad_ends import talks
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput
from inspect_ai.solver import TaskState
from scripted import (
    acting,
    calls,
    echo,
    last_words,
    model,
    pool,
    prefer,
    problem,
    run,
    says,
    summarize,
    turn,
)

from inspect_tts import rtv


@pytest.mark.parametrize(
    ("of_rollout", "of_sample", "applies"),
    [(7, None, 7), (None, 5, 5), (7, 5, 5), (5, 7, 5)],
    ids=["the rollout's", "the sample's", "the sample's is smaller", "the rollout's is smaller"],
)
def test_the_smaller_message_limit_ends_a_rollout(
    tmp_path: Path, of_rollout: int | None, of_sample: int | None, applies: int
) -> None:
    strategy = rtv(n=2, votes=1, agent=acting(talks), message_limit=of_rollout)
    found = pool(run(problem(), strategy, tmp_path, message_limit=of_sample)).rollouts
    assert [(r.status, r.limit, r.messages) for r in found] == [("limit", "message", applies)] * 2


def test_what_a_rollout_changes_of_its_state_is_its_own(tmp_path: Path) -> None:
    seen: list[str] = []

    async def changes(state: TaskState) -> TaskState:
        given = [*state.metadata["list"], state.target.text, state.messages[0].text]
        seen.append(" ".join([*given, *(choice.value for choice in state.choices)]))
        state.metadata["list"].append("left")
        state.messages[0].content = "left"
        state.choices[0].value = "left"
        state.target.target[0] = "left"
        return await turn(state, "#good")

    sample = Sample(input="Go.", target="#good", choices=["a", "b"], metadata={"list": ["given"]})
    task = Task(dataset=[sample], scorer=last_words())
    run(task, rtv(n=3, votes=1, agent=acting(changes)), tmp_path)
    assert seen == ["given #good Go. a b"] * 3


def test_with_a_seed_each_rollout_and_each_vote_of_a_match_has_its_own(tmp_path: Path) -> None:
    def plays(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        return (prefer("#good") if "<solution_1>" in input[0].text else echo)(input, config)

    def seeds(folder: str, seed: int | None) -> tuple[list[int | None], list[int | None]]:
        strategy = rtv(n=2, votes=4, early_stop=False, agent=acting(says("#good", "#again")))
        roles = {"summarizer": model(summarize, "summarizer")}
        log = run(problem(), strategy, tmp_path / folder, agent=plays, model_roles=roles, seed=seed)
        agents, votes = ([c.config.seed for c in calls(log, role)] for role in (None, "judge"))
        return agents, votes

    agents, votes = seeds("one", 5)
    assert sorted(agents.count(each) for each in set(agents)) == [2, 2], "two turns of each"
    assert len(set(votes)) == len(votes) == 4
    again = seeds("again", 5)
    assert ({*again[0]}, {*again[1]}) == ({*agents}, {*votes})
    assert not {*seeds("other", 99)[0]} & {*agents}
    assert {*seeds("none", None)[0]} == {None}
