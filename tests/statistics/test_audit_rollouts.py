"""Which rollouts should be there: the waves of the first iteration, all of the later ones."""

import pytest
from outcome_cases import rollout

from inspect_tts.method.records import Stage
from inspect_tts.statistics.audit.rollouts import check_rollouts

AUTO = {"n": "auto", "min_n": 2, "max_n": 4, "wave": 1}


@pytest.mark.parametrize(
    ("given", "answers", "complaints"),
    [
        ({"n": 2}, ["ab"], []),
        ({"n": 3}, ["ab"], ["rollout t0-n02 is not recorded"]),
        ({"n": 1}, ["ab"], ["rollout t0-n01 is recorded but did not run"]),
        (AUTO, ["aa"], []),
        (AUTO, ["aba"], []),
        (AUTO, ["ab"], ["rollout t0-n02 is not recorded"]),
        (AUTO, ["aab"], ["rollout t0-n02 is recorded but did not run"]),
        (AUTO, ["abcd", "aabb"], []),
        (AUTO, ["aa", "ab"], []),
        (AUTO, ["aa", "a"], ["rollout t1-n01 is not recorded"]),
        (AUTO, ["aa", "abc"], ["rollout t1-n02 is recorded but did not run"]),
    ],
)
def test_who_should_have_run(
    given: dict[str, object], answers: list[str], complaints: list[str]
) -> None:
    stages = [
        Stage(name="rollouts", iteration=iteration, parameters=given)
        for iteration in range(len(answers))
    ]
    made = [
        rollout(f"t{iteration}-n{index:02d}", fingerprint=f"answer:{letter}")[0]
        for iteration, letters in enumerate(answers)
        for index, letter in enumerate(letters)
    ]
    assert check_rollouts(stages, made) == complaints
