"""Which models a replay asks: those that its command names, else the recorded ones."""

import json
from typing import Any

import pytest
from inspect_ai.log import EvalSpec
from inspect_ai.model import GenerateConfig, ModelConfig

from inspect_tts.method.records import Vote
from inspect_tts.models.replayed import GivenModels
from inspect_tts.models.roles import NO_MODEL

JUDGE = ModelConfig(model="m/judge", config=GenerateConfig(temperature=0.5))
SECOND = ModelConfig(model="m/second", base_url="http://there", args={"x": 1})


def spec(model: str = "m/agent", **roles: ModelConfig) -> EvalSpec:
    return EvalSpec.model_validate(
        {
            "created": "2026-01-01T00:00:00+00:00",
            "task": "t",
            "dataset": {},
            "model": model,
            "model_roles": roles or None,
            "config": {},
        }
    )


def given(model: str | None = None, *roles: str) -> GivenModels:
    return GivenModels(model, roles)


def votes(*cast: tuple[str, str | None]) -> list[Vote]:
    return [Vote(index=0, order=("a", "b"), model=model, judge=judge) for model, judge in cast]


def test_the_models_of_given_roles() -> None:
    found = given(None, "judge=m/x", 'judge2={"model": "m/y", "temperature": 0}')
    assert found.roles == {"judge": "m/x", "judge2": "m/y"}
    assert found.judge == "m/x"
    assert given("m/z").judge == "m/z"
    assert given("m/z", "judge=m/x").judge == "m/x"
    assert given(None, "judge2=m/y").judge is None


CAST: list[tuple[GivenModels, list[Vote], str]] = [
    (given(), votes(("m/a", None), ("m/b", None), ("m/b", None)), "m/b"),
    (given(), votes(("m/a", "judge"), ("m/b", "judge2"), ("m/b", "judge2")), "m/a"),
    (given(), votes(("m/b", "judge2")), "m/agent"),
    (given(), [], "m/agent"),
    (given("m/z"), votes(("m/a", None)), "m/z"),
    (given("m/z", "judge=m/x"), votes(("m/a", None)), "m/x"),
]


@pytest.mark.parametrize(("models", "cast", "judge"), CAST)
def test_the_judge_is_the_named_one_or_the_one_with_most_votes(
    models: GivenModels, cast: list[Vote], judge: str
) -> None:
    assert models.judge_of(cast, spec()) == judge


def options(models: GivenModels, judges: dict[str, str], recorded: EvalSpec) -> Any:
    """The model of the replay, and its roles with their settings."""
    found = models.options(judges, recorded, needed=True)
    roles = dict(value.split("=", 1) for value in found["model_role"])
    shown = {n: json.loads(r) if r.startswith("{") else r for n, r in roles.items()}
    return found["model"], shown


def test_nobody_is_made_where_nobody_is_needed() -> None:
    found = given().options({"judge": "m/judge"}, spec(judge=JUDGE), needed=False)
    assert found == {"model": NO_MODEL, "model_role": ()}
    named = given("m/z").options({"judge": "m/judge"}, spec(), needed=False)
    assert named["model"] == "m/z"


def test_recorded_judges_are_asked_with_their_settings_at_their_servers() -> None:
    judges = {"judge": "m/judge", "judge2": "m/second"}
    model, roles = options(given(), judges, spec(judge=JUDGE, judge2=SECOND))
    assert model == NO_MODEL
    assert roles == {
        "judge": {"model": "m/judge", "model_args": {}, "temperature": 0.5},
        "judge2": {"model": "m/second", "model_args": {"x": 1, "base_url": "http://there"}},
    }


def test_what_the_command_names_goes_before_what_is_recorded() -> None:
    judges = {"judge": "m/judge", "judge2": "m/second"}
    recorded = spec(judge=JUDGE, judge2=SECOND)
    model, roles = options(given("m/z"), judges, recorded)
    assert model == "m/z"
    assert roles.keys() == {"judge2"}, "--model judges in place of the recorded role"
    model, roles = options(given(None, "judge2=m/y"), judges, recorded)
    assert (model, roles["judge2"]) == (NO_MODEL, "m/y")
    assert roles["judge"]["model"] == "m/judge"


def test_a_judge_that_is_named_replaces_the_model_that_judged() -> None:
    found = options(given(None, "judge=m/x"), {"judge": "m/agent"}, spec())
    assert found == (NO_MODEL, {"judge": "m/x"})


def test_without_a_recorded_role_the_recorded_model_judges() -> None:
    assert options(given(), {"judge": "m/agent"}, spec()) == ("m/agent", {})
    assert options(given(), {"m/agent": "m/agent"}, spec()) == ("m/agent", {})
    assert options(given(), {"m/b": "m/b"}, spec()) == (NO_MODEL, {})
    assert options(given(), {}, spec(summarizer=JUDGE)) == (NO_MODEL, {}), "only judges are asked"
