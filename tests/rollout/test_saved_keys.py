"""Keys of saved results: whatever influences a result is part of its key."""

from typing import Any

import pytest
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalConfig, EvalDataset, EvalSpec
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import SandboxEnvironmentSpec

from inspect_tts.execution.records import Check
from inspect_tts.rollout.saved_keys import check_key, investigation_key
from inspect_tts.rollout.source import Place


@solver
def installs(package: str) -> Solver:
    """A step of a task's setup."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return state

    return solve


def spec(task: str = "t", version: int | str = 0) -> EvalSpec:
    return EvalSpec(
        created="2026-01-01T00:00:00+00:00",
        task=task,
        task_version=version,
        dataset=EvalDataset(),
        model="mockllm/model",
        config=EvalConfig(),
    )


def place(package: str = "a", **sample: Any) -> Place:
    return Place(Sample(**{"id": "p", "input": "Solve it.", **sample}), (installs(package),))


BOX = SandboxEnvironmentSpec("local")
INVESTIGATION: dict[str, Any] = {
    "spec": spec(),
    "sandbox": BOX,
    "place": place(),
    "patches": ["a", "b"],
    "asked": {"prompt": "Which?"},
}
CHECK: dict[str, Any] = {
    "spec": spec(),
    "sandbox": BOX,
    "place": place(),
    "check": Check(id="u01", name="unit", origin="user", command="make test"),
    "patch": "a",
    "repeat": 0,
    "seconds": 60.0,
}
OF_BOTH: dict[str, Any] = {
    "sandbox": {"sandbox": SandboxEnvironmentSpec("docker", "compose.yaml")},
    "input": {"place": place(input="Solve this.")},
    "files": {"place": place(files={"a.py": "1"})},
    "setup of the sample": {"place": place(setup="make")},
    "setup of the task": {"place": place("b")},
}
OF_INVESTIGATIONS: dict[str, Any] = {
    **OF_BOTH,
    "task": {"spec": spec("other")},
    "version": {"spec": spec(version=1)},
    "order of the results": {"patches": ["b", "a"]},
    "question": {"asked": {"prompt": "Which one?"}},
}
OF_CHECKS: dict[str, Any] = {
    **OF_BOTH,
    "result": {"patch": "b"},
    "repeat": {"repeat": 1},
    "time limit": {"seconds": 30.0},
    **{
        name: {"check": CHECK["check"].model_copy(update={name: value})}
        for name, value in {
            "command": "make check",
            "folder": "sub",
            "files": {"try.py": "1"},
            "junit": True,
            "origin": "rollout",
        }.items()
    },
}
HIDDEN = {"place": place(target="the solution")}


@pytest.mark.parametrize("change", OF_INVESTIGATIONS.values(), ids=OF_INVESTIGATIONS)
def test_an_investigation_is_known_again_only_if_all_is_the_same(change: dict[str, Any]) -> None:
    key = investigation_key(**INVESTIGATION)
    assert investigation_key(**{**INVESTIGATION, **HIDDEN}) == key
    assert investigation_key(**{**INVESTIGATION, **change}) != key


@pytest.mark.parametrize("change", OF_CHECKS.values(), ids=OF_CHECKS)
def test_a_check_is_known_again_only_if_all_is_the_same(change: dict[str, Any]) -> None:
    key = check_key(**CHECK)
    assert check_key(**{**CHECK, **HIDDEN}) == key
    assert check_key(**{**CHECK, **change}) != key
