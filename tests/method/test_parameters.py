"""The arguments in a stage's record, read as what they are."""

import pytest

from inspect_tts.method.parameters import JudgeParameters, RolloutsParameters
from inspect_tts.method.records import RECORDED, STOP, PromptRecord, Stage

PROMPT = PromptRecord(name="judge", source="built-in", sha256="x")


def stage(name: str, *prompts: PromptRecord, **parameters: object) -> Stage:
    return Stage(name=name, iteration=0, parameters=parameters, prompts=prompts)


def test_the_arguments_of_rollouts_are_attributes() -> None:
    given = stage("rollouts", n=4, context="random", top_k=2, agent="mine", seed=7)
    assert given.rollouts == RolloutsParameters(n=4, context="random", top_k=2, seed=7)


def test_names_of_earlier_versions_are_read() -> None:
    assert stage("rollouts", n=4, carry_over=True, cold=1).rollouts == RolloutsParameters(
        n=4, keep_parents=True, without_context=1
    )
    votes = stage("tournament", PROMPT, votes=3, tie="lot", judge_identical=False, keep=2)
    assert votes.judging == JudgeParameters(votes=3, dedupe=True)


def test_a_stage_of_recorded_rollouts_has_the_arguments_of_rollouts() -> None:
    assert stage(RECORDED, n=2, keep_parents=True, sources=[]).rollouts.keep_parents


def test_the_end_of_a_strategy_tells_how_many_iterations_were_planned() -> None:
    assert stage(STOP, iterations=3).planned_iterations == 3


@pytest.mark.parametrize("name", ["adopt", "tournament", "mine"])
def test_a_stage_without_rollouts_has_no_arguments_of_them(name: str) -> None:
    with pytest.raises(ValueError, match=f"the stage {name} has no such arguments"):
        _ = stage(name, n=3).rollouts


def test_a_selection_that_asks_nobody_has_no_arguments_of_judges() -> None:
    for other in (stage("random_selection", keep=1), stage("rollouts", PROMPT, n=2)):
        with pytest.raises(ValueError, match="has no such arguments"):
            _ = other.judging


def test_a_stage_without_a_planned_end_has_none() -> None:
    with pytest.raises(ValueError, match="has no such arguments"):
        _ = stage("adopt", iterations=3).planned_iterations
