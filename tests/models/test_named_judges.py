"""Which models the names of judges, roles and rollouts stand for, and which names are refused."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import EvalSpec
from inspect_ai.model import ChatMessage, GenerateConfig, Model, ModelOutput, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver
from scripted import echo, model, problem, reply, run

from inspect_tts.errors import UserError
from inspect_tts.method.parameters import INVESTIGATOR
from inspect_tts.models.panel import (
    check_asked,
    judge_model,
    judge_models,
    judges_of,
    rollout_model,
)
from inspect_tts.models.preflight import (
    SWITCH,
    asked_models,
    judges_asked,
    mark_judges,
    preflight,
)
from inspect_tts.models.roles import NO_MODEL, check_roles, needed_model, role_model


class Stage:
    """Anything that asks judges."""


def asking(*names: str) -> Stage:
    stage = Stage()
    mark_judges(stage, names)
    return stage


def within(
    folder: Path, roles: dict[str, Any], *asked: Callable[[], Any], **options: Any
) -> list[Any]:
    """What functions return in an eval with these roles; the message of what they refuse."""
    found = list[Any]()

    @solver
    def asks() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            for function in asked:
                try:
                    found.append(function())
                except UserError as error:
                    found.append(str(error))
            return state

        return solve

    log = run(problem(), asks(), folder, agent=evaluated(), model_roles=roles, **options)
    assert log.status == "success", log.error
    return found


def evaluated() -> Model:
    return model(echo, "evaluated", GenerateConfig(max_tokens=77))


def named(name: str, **config: Any) -> Model:
    return model(echo, name, GenerateConfig(**config))


def at(server: str, **more: Any) -> Model:
    return get_model("mockllm/same", base_url=server, memoize=False, **more)


def test_names_of_judges(tmp_path: Path) -> None:
    roles = {"judge": named("j"), "judge2": named("j2"), "mockllm/role": named("j3")}
    found = within(
        tmp_path,
        roles,
        lambda: judge_model("judge"),
        lambda: judge_model("judge2"),
        lambda: judge_model("mockllm/other"),
        lambda: judge_model("mockllm/role"),
        lambda: judge_model("mockllm/evaluated").config.max_tokens,
        lambda: judge_model("judge3"),
        lambda: judge_model("nobody/x"),
    )
    assert [str(each) for each in found[:5]] == [
        *("mockllm/j", "mockllm/j2", "mockllm/other", "mockllm/j3", "77")
    ]
    assert "its roles are judge, judge2, mockllm/role" in found[5]
    assert "judges names 'nobody/x': " in found[6]


def test_names_of_models_of_rollouts(tmp_path: Path) -> None:
    found = within(
        tmp_path,
        {"judge2": named("j2")},
        lambda: str(rollout_model("mockllm/other")),
        lambda: rollout_model("mockllm/evaluated").config.max_tokens,
        lambda: rollout_model("judge2"),
        lambda: rollout_model("nobody/x"),
    )
    assert found[:2] == ["mockllm/other", 77]
    assert found[2].startswith("models names 'judge2'; give the names of models")
    assert found[3].startswith("models names 'nobody/x': ")


SAME: dict[str, tuple[Model, Model, bool]] = {
    "the same": (at("http://a"), at("http://a"), True),
    "other calls, not other answers": (
        at("http://a"),
        at("http://a", config=GenerateConfig(max_retries=3)),
        True,
    ),
    "another server": (at("http://a"), at("http://b"), False),
    "other arguments": (at("http://a"), at("http://a", x=1), False),
    "other settings": (at("http://a"), at("http://a", config=GenerateConfig(seed=1)), False),
    "no models": (get_model(NO_MODEL), get_model(NO_MODEL), False),
}


@pytest.mark.parametrize(("one", "other", "same"), SAME.values(), ids=SAME)
def test_two_names_of_the_same_model_are_refused(
    one: Model, other: Model, same: bool, tmp_path: Path
) -> None:
    roles = {"judge": one, "judge2": other}
    [found] = within(tmp_path, roles, lambda: judge_models(["judge", "judge2"]))
    if same:
        assert "'judge' and 'judge2', which are the same model" in found
    else:
        assert len(found) == 2


def test_without_votes_no_judge_is_made() -> None:
    [judge] = judges_of(["nobody/x"], votes=8, orders=2, asked=False)
    assert (judge.name, str(judge.model)) == ("nobody/x", NO_MODEL)


ASKED: list[tuple[tuple[str, ...], tuple[str, ...], str]] = [
    # given roles, names of judges that are asked, what is refused
    (("judge",), ("judge",), ""),
    (("judge", "judge2"), ("judge", "judge2"), ""),
    (("judge2",), ("judge",), "--model-role judge2=... would not be used"),
    (("judge3",), ("judge", "judge2"), "--model-role judge3=... would not be used"),
    ((INVESTIGATOR,), ("judge",), "no match is investigated"),
    ((INVESTIGATOR,), ("judge", INVESTIGATOR), ""),
    (("grader",), ("judge",), ""),
    (("judge_of_the_task",), ("judge",), ""),
]


@pytest.mark.parametrize(("roles", "names", "refused"), ASKED, ids=str)
def test_roles_that_nobody_asks(
    roles: tuple[str, ...], names: tuple[str, ...], refused: str, tmp_path: Path
) -> None:
    given = {name: named(name) for name in roles}
    [found] = within(tmp_path, given, lambda: check_asked(names))
    assert refused in (found or "")
    assert (found is None) == (refused == "")


def test_a_role_that_the_task_may_ask_is_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    role = "judge_of_many_other_things"
    twice = (lambda: check_asked(["judge"]),) * 2
    roles = {role: named("x"), "my_grader": named("y")}
    assert within(tmp_path, roles, *twice) == [None, None]
    assert not any("my_grader" in record.message for record in caplog.records)
    told = [r.message for r in caplog.records if f"{role}=... judges no rollouts" in r.message]
    assert len(told) == 1


@pytest.mark.parametrize(
    ("role", "near"),
    [
        ("summariser", "summarizer"),
        ("jugde", "judge"),
        ("judges", "judge"),
        ("judge2", ""),
        ("grader", ""),
    ],
)
def test_a_misspelt_role_is_refused(role: str, near: str, tmp_path: Path) -> None:
    [found] = within(tmp_path, {role: named("x")}, check_roles)
    assert (found or "").count("did you mean") == bool(near)
    assert f"'{near}'" in found if near else found is None


def test_the_models_of_our_roles(tmp_path: Path) -> None:
    found = within(
        tmp_path,
        {"judge": named("j", seed=3)},
        *(lambda role=role: role_model(role) for role in ("judge", "summarizer", INVESTIGATOR)),
        lambda: needed_model("judge"),
    )
    assert [str(each) for each in found] == [
        *("mockllm/j", "mockllm/evaluated", "mockllm/j", "mockllm/j")
    ]
    assert [each.role for each in found[:2]] == ["judge", "summarizer"]
    assert found[1].config.max_tokens == 77
    assert found[2].config.seed == 3
    [default] = within(tmp_path, {}, lambda: role_model("summarizer").config, temperature=0.25)
    assert (default.max_tokens, default.temperature) == (77, 0.25), "as the eval was told"
    [none] = within(tmp_path, {"judge": get_model(NO_MODEL)}, lambda: needed_model("judge"))
    assert none.startswith("there is no model: give --model")


def test_the_judges_that_stages_ask_are_named_once_in_their_order() -> None:
    stages = [asking("b", "a", "b"), Stage(), asking("c", "a")]
    assert judges_asked(stages) == ("b", "a", "c")
    assert judges_asked([]) == ()


def test_the_models_that_are_asked_first(tmp_path: Path) -> None:
    def asked(*stages: Stage) -> Callable[[], list[str]]:
        return lambda: [str(each) for each in asked_models(stages)]

    roles = {"judge": named("j"), "summarizer": named("s"), INVESTIGATOR: named("i")}
    found = within(
        tmp_path,
        roles,
        asked(),
        asked(asking("judge", INVESTIGATOR)),
        asked(asking("mockllm/x", INVESTIGATOR), asking("judge")),
        asked(asking("judge")),
    )
    first = ["mockllm/evaluated", "mockllm/s"]
    assert found[:3] == [
        first,
        [*first, "mockllm/j", "mockllm/i"],
        [*first, "mockllm/x", "mockllm/j", "mockllm/i"],
    ]
    assert "no match is investigated" in found[3]


SPEC = EvalSpec.model_validate(
    {"created": "2026-01-01T00:00:00+00:00", "task": "t", "dataset": {}, "model": "m", "config": {}}
)


@pytest.mark.parametrize("value", ["false", "FALSE", "False"])
def test_the_switch_turns_the_question_off(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, value)
    asked = list[str]()

    def policy(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        asked.append(input[-1].text)
        return reply("OK")

    asyncio.run(preflight(SPEC, [model(policy)]))
    assert asked == []


def test_the_absence_of_a_model_is_asked_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(SWITCH, "true")
    asyncio.run(preflight(SPEC, [get_model(NO_MODEL)]))
    assert caplog.records == []
