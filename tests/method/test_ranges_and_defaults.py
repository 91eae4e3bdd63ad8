"""The arguments on which decisions depend: the paper's defaults, their ranges, what they give."""

from typing import Any

import pytest
from pydantic import ValidationError

from inspect_tts.method.parameters import (
    JudgeParameters,
    RolloutsParameters,
    Waves,
    assignments_key,
    renamed,
)
from inspect_tts.method.voting.early_stopping import AutoVotes

JUDGING = {
    "seed": 0,
    "group_size": 2,
    "votes": 8,
    "min_votes": 2,
    "max_votes": 16,
    "vote_error": 0.05,
    "judges": None,
    "early_stop": True,
    "tie": "random",
    "close": "votes",
    "ranked_by": "votes",
    "dedupe": False,
    "dedupe_behavior": False,
    "judge_input": "summary",
    "judge_tokens": 20_000,
}
ROLLOUTS = {
    "seed": 0,
    "n": 16,
    "min_n": 4,
    "max_n": 16,
    "wave": 4,
    "models": None,
    "agents": None,
    "leak_guard": False,
    "context": None,
    "top_k": 4,
    "without_context": 0,
    "keep_parents": False,
}


def test_the_defaults_are_the_papers() -> None:
    assert JudgeParameters().model_dump() == JUDGING
    assert RolloutsParameters().model_dump() == ROLLOUTS


LEAST: dict[str, Any] = {
    **dict.fromkeys(("votes", "min_votes", "max_votes"), (1, 0)),
    **dict.fromkeys(("n", "min_n", "max_n", "wave", "top_k"), (1, 0)),
    **dict.fromkeys(("seed", "without_context"), (0, -1)),
    "group_size": (2, 1),
    "judge_tokens": (500, 499),
    "vote_error": (0.001, 0.0),
}


@pytest.mark.parametrize("name", LEAST)
def test_numbers_begin_at_their_least_value(name: str) -> None:
    model = JudgeParameters if name in JUDGING else RolloutsParameters
    least, below = LEAST[name]
    assert getattr(model(**{name: least}), name) == least
    with pytest.raises(ValidationError, match=name):
        model(**{name: below})


WRONG: list[tuple[type[Any], dict[str, Any]]] = [
    (JudgeParameters, {"vote_error": 0.5}),
    (JudgeParameters, {"votes": "8"}),
    (JudgeParameters, {"votes": "many"}),
    (JudgeParameters, {"early_stop": "true"}),
    (JudgeParameters, {"tie": "lot"}),
    (JudgeParameters, {"vote": 8}),
    (RolloutsParameters, {"n": 8.0}),
    (RolloutsParameters, {"context": "all"}),
    (RolloutsParameters, {"votes": 8}),
]


@pytest.mark.parametrize(("model", "given"), WRONG, ids=str)
def test_what_is_no_argument_or_of_another_type_is_refused(
    model: type[Any], given: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        model(**given)


def test_arguments_do_not_change() -> None:
    given = JudgeParameters()
    with pytest.raises(ValidationError, match="frozen"):
        given.votes = 3


def test_the_arguments_of_the_sequential_test() -> None:
    auto = JudgeParameters(votes="auto", min_votes=3, max_votes=9, vote_error=0.1)
    assert auto.auto == AutoVotes(least=3, most=9, error=0.1)
    assert auto.most_votes == 9
    fixed = JudgeParameters(votes=5, min_votes=3, max_votes=9)
    assert fixed.auto is None
    assert fixed.most_votes == 5


def test_the_arguments_of_waves() -> None:
    auto = RolloutsParameters(n="auto", min_n=3, max_n=8, wave=2)
    assert auto.waves == Waves(least=3, most=8, wave=2)
    assert auto.waves.ends == (3, 5, 7, 8)
    assert (auto.fewest_rollouts, auto.most_rollouts) == (3, 8)
    fixed = RolloutsParameters(n=5, min_n=3, max_n=8)
    assert fixed.waves is None
    assert (fixed.fewest_rollouts, fixed.most_rollouts) == (5, 5)


def test_each_iteration_and_problem_deals_models_anew() -> None:
    given = RolloutsParameters(n=8, models=["a", "b"])

    def dealt(iteration: int, problem: str) -> tuple[str, ...]:
        return tuple(model for _, model in given.assignments(iteration, problem).values())

    assert len({dealt(iteration, "p") for iteration in range(20)}) > 10
    assert len({dealt(0, f"p{number}") for number in range(20)}) > 10
    assert len({assignments_key(problem, i) for problem in "pq" for i in range(3)}) == 6


OLD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"units": "off"}, {"resume": "off"}),
    ({"judge_identical": True}, {"dedupe": False}),
    ({"judge_identical": None}, {"dedupe": None}),
    ({"stop_agreed": True}, {"stop_on_consensus": True}),
    ({"carry_over": True}, {"keep_parents": True}),
    ({"cold": 2}, {"without_context": 2}),
    ({"hold": False}, {"keep_sandboxes": False}),
    ({"tie": "lot"}, {"tie": "random"}),
    ({"tie": "evidence", "votes": 3}, {"tie": "evidence", "votes": 3}),
]


@pytest.mark.parametrize(("old", "new"), OLD, ids=str)
def test_arguments_of_version_0_1_are_read(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert renamed(old) == new
