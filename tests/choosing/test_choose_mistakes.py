"""What `choose` refuses, before a model is called."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from helpers import Script
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver
from test_choose import CANDIDATES, chosen

from inspect_tts import UserError, choose

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "one text": ({"candidates": "one"}, "candidates is a str; give a list of strings"),
    "a set": ({"candidates": {"a", "b"}}, "candidates is a set; give a list of strings"),
    "one candidate": ({"candidates": ["a"]}, "there is 1 candidate; give at least two"),
    "no candidate": ({"candidates": []}, "there are no candidates; give at least two"),
    "a number": (
        {"candidates": ["a", 3]},
        r"candidates\[1\] is an int; give a string, such as a patch",
    ),
    "bytes": ({"candidates": ["a", b"b"]}, r"candidates\[1\] is a bytes"),
    "no message": ({"candidates": ["a", []]}, r"candidates\[1\] contains no messages"),
    "no content": (
        {"candidates": ["a", [{"role": "user"}]]},
        r"candidates\[1\]\[0\]: .*role 'user' has no content",
    ),
    "a role": ({"candidates": ["a", [{"role": "x"}]]}, r"candidates\[1\]\[0\]: .*role 'x'"),
    "a text in a list": ({"candidates": ["a", ["b"]]}, r"candidates\[1\]\[0\]: .*role and content"),
    "blank problem": ({"problem": " "}, "problem is blank"),
    "no problem": ({"problem": None}, "problem is a NoneType"),
    "an argument": ({"vote": 3}, "choose has no argument vote; did you mean votes"),
    "a value": ({"votes": 0}, "votes=0 is too small"),
    "a selection": ({"selection": "oracle"}, "selection is blind"),
    "behavior": ({"dedupe_behavior": True}, "executes nothing: leave out"),
    "a check": ({"check": "true"}, "executes nothing: leave out"),
    "no model": (
        {"model": None},
        "there is no model for the summarizer and the judge; give model=",
    ),
    "a role's model": (
        {"model": None, "model_roles": {"judge": "mockllm/model"}},
        "there is no model for the summarizer; give model=",
    ),
    "eval_args": (
        {"eval_args": {"cost_limitt": 1}},
        "no argument cost_limitt; did you mean cost",
    ),
    "eval_args of ours": (
        {"eval_args": {"log_dir": "x"}},
        "log_dir is an argument of choose",
    ),
    "eval_args that leave nothing": ({"eval_args": {"epochs": 2}}, "has no argument epochs"),
}


@pytest.mark.parametrize(("given", "told"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_told_before_a_model_is_called(
    given: dict[str, Any], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INSPECT_EVAL_MODEL", raising=False)
    script = Script()
    with pytest.raises(UserError, match=told):
        chosen(tmp_path / "logs", script, **given)
    assert script.calls == []
    assert not (tmp_path / "logs").exists()


OURS = (
    *("tasks", "task_args", "solver", "epochs", "limit", "sample_id", "log_samples", "score"),
    *("log_header_only", "run_samples"),
)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        *((name, "eval_args of choose has no argument") for name in OURS),
        *((n, f"{n} is an argument of choose") for n in ("model", "model_roles", "log_dir")),
    ],
)
def test_what_choose_sets_is_no_eval_argument(name: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=told):
        chosen(tmp_path, eval_args={"temperature": 0.0, name: 1})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("selection", ["first", "random", "agreement"])
def test_where_nobody_judges_no_judge_needs_a_model(
    selection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INSPECT_EVAL_MODEL", raising=False)
    script = Script()
    roles = {"summarizer": script.model()}
    choice = chosen(tmp_path, script, model=None, model_roles=roles, selection=selection)
    assert choice.result in CANDIDATES
    assert {call.role for call in script.calls} == {"summarizer"}


def test_choose_sync_in_a_loop_says_what_to_write(tmp_path: Path) -> None:
    async def inside() -> None:
        chosen(tmp_path)

    with pytest.raises(UserError, match="await choose"):
        anyio.run(inside)


def test_inside_of_a_sample_the_stages_are_named(tmp_path: Path) -> None:
    told: list[str] = []

    @solver
    def chooses() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            try:
                await choose("p", CANDIDATES, model="mockllm/model", log_dir=str(tmp_path))
            except UserError as error:
                told.append(str(error))
            return state

        return solve

    task = Task(dataset=[Sample(input="x")], solver=chooses())
    eval(task, model=get_model("mockllm/model"), log_dir=str(tmp_path), display="none")
    assert "use the stages rollouts, tournament and adopt" in told[0]
