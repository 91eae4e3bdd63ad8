"""Strategies that are another one with other defaults."""

import inspect
from pathlib import Path
from typing import Any

import pytest
from crowd import crowd
from scripted import pool, problem, run
from test_strategies import FULL, Strategy

from inspect_tts import UserError, cheap, robust


@pytest.mark.parametrize(
    ("strategy", "changed"),
    [
        (robust, {"keep_parents": True, "dedupe": True, "tie": "evidence"}),
        (cheap, {"n": 10, "votes": "auto", "keep_parents": True, "dedupe": True}),
    ],
)
def test_a_preset_is_the_full_method_with_other_defaults(
    tmp_path: Path, strategy: Strategy, changed: dict[str, Any]
) -> None:
    shape = inspect.signature(strategy).parameters
    named = {n: p for n, p in shape.items() if p.kind is not inspect.Parameter.VAR_KEYWORD}
    assert {name: p.default for name, p in named.items()} == {**FULL, **changed}
    log = run(problem(), strategy(votes=1, n=4, agent=crowd()), tmp_path)
    params = dict(log.plan.steps[0].params)
    params.pop("agent")
    wanted = {**FULL, **changed, "votes": 1, "n": 4}
    assert params == {name: value for name, value in wanted.items() if name != "agent"}
    found = pool(log)
    assert found.stages[2].parameters["keep_parents"] is True
    assert found.selections[-1].tie == changed.get("tie", "random")
    assert len(found.selections[-1].population) == 8
    assert found.discrepancies() == ()


def test_a_preset_refuses_what_the_full_method_refuses() -> None:
    with pytest.raises(UserError, match="cheap has no argument vots; did you mean votes"):
        cheap(vots=1)  # type: ignore[call-arg]
    with pytest.raises(UserError, match="top_k=11"):
        cheap(top_k=11)
