"""What adopting leaves in the sample: its state, and numbers of which none is made up."""

from math import isnan, nan
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.model import ModelName
from inspect_ai.scorer import Score
from inspect_ai.solver import Solver, TaskState, chain
from inspect_ai.util import Store
from outcome_cases import match, rollout, selection
from own_stages import WRITERS, boxed
from scripted import acting, only, run

from inspect_tts import RolloutPool, adopt, rollouts
from inspect_tts.method.records import NO_SANDBOX, STOP, Stage, Usage
from inspect_tts.stages.adopt import _publisher, take_over_state

A, B = "t0-n00", "t0-n01"
PAID = Usage(total_tokens=10, cost=0.5)


def state(**stored: Any) -> TaskState:
    made = TaskState(ModelName("mockllm/model"), "p", 1, "x", [])
    for key, value in stored.items():
        made.store.set(key.replace("__", ":"), value)
    return made


def test_the_store_becomes_the_rollouts_except_for_the_pool() -> None:
    ours = state(left=1, both=2, RolloutPool__problem="ours")
    take_over_state(ours, state(both=3, new=4, RolloutPool__problem="of a rollout"))
    assert dict(ours.store.items()) == {"both": 3, "new": 4, "RolloutPool:problem": "ours"}


def published(
    *scores: Any, publish: bool = False, winner: Any = 1, stop: int = 0, usage: Usage = PAID
) -> dict[str, Any]:
    """The numbers of two rollouts, of which the first is adopted and the others are graded."""
    first, _ = rollout(A, usage=usage)
    others = [
        rollout(f"t0-n{n:02d}", usage=usage)[0].model_copy(
            update={"score_error": score} if isinstance(score, str) else {"scores": score}
        )
        for n, score in enumerate(scores, 1)
    ]
    pool = RolloutPool(store=Store())
    pool.rollouts = [first, *others]
    pool.selections = [selection([match(f"{A} {B}", {A: 2, B: 0}, A)])]
    if stop:
        parameters = {"iterations": stop}
        pool.stages = [Stage(name=STOP, iteration=0, parameters=parameters)]
    publish_them = _publisher(pool, A, publish)
    before, after = publish_them({}), publish_them({"match": Score(value=winner)})
    assert isinstance(before.value, dict)
    assert isinstance(after.value, dict)
    assert before.value.keys() == after.value.keys(), "Inspect needs the same keys throughout"
    assert isnan(before.value["selected"])
    return {name: None if isnan(number) else number for name, number in after.value.items()}


GRADED = {"match": 0.0}


@pytest.mark.parametrize(
    ("scores", "given", "expected"),
    [
        ([None], {}, {"selected": 1}),
        ([], {}, {"selected": 1, "cost": 0.5}),
        ([None], {"publish": True}, {"iteration_0": None, "selected": 1, "oracle": None}),
        ([GRADED], {}, {"iteration_0": 0.5, "selected": 1, "oracle": 1}),
        ([GRADED], {"winner": "I"}, {"iteration_0": 0, "selected": 0, "oracle": 0}),
        ([NO_SANDBOX], {}, {"iteration_0": 0.5, "selected": 1, "oracle": 1}),
        (["the scorer failed"], {}, {"iteration_0": None, "selected": 1, "oracle": None}),
        ([{"match": nan}], {}, {"iteration_0": None, "selected": 1, "oracle": None}),
        ([GRADED], {"winner": "odd"}, {"iteration_0": None, "selected": None, "oracle": None}),
        (
            [GRADED],
            {"stop": 3},
            {
                "iteration_0": 0.5,
                "iteration_1": None,
                "iteration_2": None,
                "selected": 1,
                "oracle": 1,
            },
        ),
    ],
    ids=[
        "not graded",
        "alone",
        "graded in another sample",
        "graded",
        "in words",
        "no sandbox",
        "a failed grading",
        "no number",
        "no number of the winner",
        "stopped early",
    ],
)
def test_a_number_that_needs_an_unknown_score_is_unknown(
    scores: list[Any], given: dict[str, Any], expected: dict[str, float | None]
) -> None:
    found = published(*scores, **given)
    assert {"votes": 2, "cost": 1.0} | expected == found


def test_an_unknown_cost_is_a_number_of_each_sample_as_well() -> None:
    assert published(GRADED, usage=Usage(total_tokens=10))["cost"] is None


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        (rollouts(n=2, agent=acting(*WRITERS)), "needs one selected rollout and found 2"),
        (
            rollouts(n=1, agent=acting(*WRITERS), keep_sandboxes=False),
            "rollout t0-n00 cannot be adopted: its sandbox is closed",
        ),
    ],
    ids=["two", "closed"],
)
def test_one_rollout_with_its_sandbox_is_adopted(stage: Solver, said: str, tmp_path: Path) -> None:
    error = only(run(boxed(), chain(stage, adopt()), tmp_path)).error
    assert error is not None
    assert said in error.message
