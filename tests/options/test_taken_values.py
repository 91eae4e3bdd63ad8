"""What options are taken as: presets, ranges, named checks, and what applies only with another."""

from typing import Any

import pytest

from inspect_tts import UserError
from inspect_tts.arguments import Options
from inspect_tts.options import (
    CheapOptions,
    JudgeOptions,
    PdrOptions,
    PdrRtvOptions,
    RandomOptions,
    ReplayOptions,
    RobustOptions,
    RolloutsOptions,
    RtvOptions,
    SelectOptions,
    SelectRecordedOptions,
    TournamentOptions,
)
from inspect_tts.options.choosing import ChooseOptions
from inspect_tts.options.evidence import MOST_CHECKS, EvidenceOptions, named_checks

AUTO = {"votes": "auto"}
WAVES = {"n": "auto"}


def differing(model: type[Options], base: type[Options]) -> dict[str, Any]:
    """The defaults of a preset that are not those of the strategy that it presets."""
    found, other = model().model_dump(), base().model_dump()
    return {name: value for name, value in found.items() if value != other[name]}


def test_presets_change_these_defaults_and_no_others() -> None:
    assert differing(RobustOptions, PdrRtvOptions) == {
        "keep_parents": True,
        "dedupe": True,
        "tie": "evidence",
    }
    assert differing(CheapOptions, PdrRtvOptions) == {
        "n": 10,
        "votes": "auto",
        "keep_parents": True,
        "dedupe": True,
    }


DEFAULTS: list[tuple[type[Options], dict[str, Any]]] = [
    (PdrOptions, {"iterations": 2, "top_k": 4, "context": "select", "without_context": 0}),
    (PdrRtvOptions, {"keep_parents": False, "stop_on_consensus": False, "diverse": False}),
    (RtvOptions, {"selection": "tournament", "score_rollouts": False, "resume": "log"}),
    (RtvOptions, {"preflight": True, "trajectory_tokens": 100_000, "evidence_time": 300}),
    (RtvOptions, {"investigation_turns": 30, "investigation_cost": 1.0, "evidence": "none"}),
    (RtvOptions, dict.fromkeys(("agent", "models", "agents", "max_rollouts", "check"))),
    (RolloutsOptions, {"keep_sandboxes": True, "spare_sandbox": False, "context": None}),
    (TournamentOptions, {"keep": 1, "diverse": False}),
    (RandomOptions, {"keep": 1, "seed": 0}),
    (ReplayOptions, {"top_k": None, "judge": None}),
    (SelectOptions, {"keep": 1, "selection": "tournament"}),
]


@pytest.mark.parametrize(("model", "expected"), DEFAULTS, ids=lambda value: str(value)[:60])
def test_defaults(model: type[Options], expected: dict[str, Any]) -> None:
    found = model().model_dump()
    assert {name: found[name] for name in expected} == expected


def test_only_a_replay_takes_what_is_not_given_from_the_record() -> None:
    assert ReplayOptions.as_recorded
    assert not SelectRecordedOptions.as_recorded


LEAST: list[tuple[type[Options], str, float, float]] = [
    # option, least value, a value below it
    (TournamentOptions, "keep", 1, 0),
    (RandomOptions, "keep", 1, 0),
    (ReplayOptions, "top_k", 1, 0),
    (EvidenceOptions, "evidence_time", 0.001, 0.0),
    (RtvOptions, "max_rollouts", 1, 0),
    (RtvOptions, "trajectory_tokens", 500, 499),
    (RtvOptions, "investigation_turns", 1, 0),
    (RtvOptions, "investigation_cost", 0.001, 0.0),
]


@pytest.mark.parametrize(("model", "name", "least", "below"), LEAST)
def test_ranges(model: type[Options], name: str, least: float, below: float) -> None:
    more = {"close": "investigate"} if name.startswith("investigation") else {}
    assert getattr(model(**{name: least}, **more), name) == least
    with pytest.raises(ValueError, match=name):
        model(**{name: below}, **more)


def test_names_of_checks() -> None:
    assert named_checks(None) == {}
    assert named_checks("make test") == {"make test": "make test"}
    assert named_checks(["make a", "make b"]) == {"make a": "make a", "make b": "make b"}
    assert named_checks({"unit": "make test"}) == {"unit": "make test"}


def test_twenty_checks_are_the_most() -> None:
    many = [f"make test-{i}" for i in range(MOST_CHECKS + 1)]
    assert MOST_CHECKS == 20
    assert len(named_checks(many[:-1])) == 20
    with pytest.raises(UserError, match="check has 21 commands; give at most 20"):
        RtvOptions(check=many)


@pytest.mark.parametrize(
    ("given", "takes"),
    [
        ({}, False),
        ({"check": "make"}, True),
        ({"check": []}, False),
        ({"check": {}}, False),
        ({"evidence": "regression"}, True),
        ({"evidence": "cross"}, True),
        ({"evidence": "all"}, True),
    ],
    ids=str,
)
def test_what_takes_evidence(given: dict[str, Any], takes: bool) -> None:
    assert EvidenceOptions(**given).takes_evidence is takes
    assert RolloutsOptions(n="auto", **given).spare is takes


APPLIES: list[tuple[type[Options], dict[str, Any], dict[str, Any]]] = [
    # an option that is not its default, and what it needs
    (RtvOptions, {"min_votes": 3}, AUTO),
    (RtvOptions, {"max_votes": 9}, AUTO),
    (RtvOptions, {"vote_error": 0.1}, AUTO),
    (RtvOptions, {"min_n": 3}, WAVES),
    (RtvOptions, {"max_n": 9}, WAVES),
    (RtvOptions, {"wave": 3}, WAVES),
    (RolloutsOptions, {"max_n": 9}, WAVES),
    (RtvOptions, {"investigation_turns": 3}, {"close": "investigate"}),
    (RtvOptions, {"investigation_cost": 2.0}, {"close": "investigate"}),
    (RtvOptions, {"investigator_prompt": "x"}, {"close": "investigate"}),
    (SelectRecordedOptions, {"min_votes": 3}, AUTO),
    (SelectRecordedOptions, {"investigation_turns": 3}, {"close": "investigate"}),
]


@pytest.mark.parametrize(("model", "given", "needed"), APPLIES, ids=str)
def test_an_option_that_applies_only_with_another_is_refused_without_it(
    model: type[Options], given: dict[str, Any], needed: dict[str, Any]
) -> None:
    model(**given, **needed)
    [name], [(other, value)] = given, needed.items()
    with pytest.raises(UserError, match=f"{name} applies to {other}={value!r} only"):
        model(**given)


TAKEN: list[tuple[type[Options], dict[str, Any]]] = [
    (RtvOptions, {**AUTO, "min_votes": 8, "max_votes": 8}),
    (RtvOptions, {**AUTO, "selection": "agreement"}),
    (RtvOptions, {"ranked_by": "strength", "selection": "swiss"}),
    (RtvOptions, {"selection": "round_robin"}),
    (PdrOptions, {"n": 3, "top_k": 3}),
    (PdrOptions, {"n": 3, "context": "single"}),
    (PdrOptions, {"n": 3, "iterations": 1}),
    (PdrRtvOptions, {"n": 5, "without_context": 5}),
    (RtvOptions, {"models": ["m/a", "m/b"], "n": 2}),
    (RtvOptions, {"models": {"m/a": 1, "m/b": 1}, "n": 2}),
    (RtvOptions, {"models": [f"m/{i}" for i in range(8)], **WAVES, "max_n": 8}),
    (RtvOptions, {"judges": ("m/a", "m/b")}),
    (ChooseOptions, {"selection": "agreement", "dedupe": True}),
]


@pytest.mark.parametrize(("model", "given"), TAKEN, ids=str)
def test_what_is_just_possible_is_taken(model: type[Options], given: dict[str, Any]) -> None:
    found = model(**given)
    for name, value in given.items():
        assert getattr(found, name) == ([*value] if isinstance(value, tuple) else value)


REFUSED: list[tuple[type[Options], dict[str, Any], str]] = [
    (RtvOptions, {"ranked_by": "strength", "selection": "round_robin"}, "is for selection="),
    (RtvOptions, {"ranked_by": "strength"}, "is for selection='swiss' or 'pivot'"),
    (RtvOptions, {"selection": "best"}, "best"),
    (RtvOptions, {"resume": ""}, "resume"),
    (JudgeOptions, {"judges": ["m/a", "m/a"]}, "twice"),
    (JudgeOptions, {"judges": {"m/a"}}, "is not a list of names"),
    (JudgeOptions, {"judges": "  "}, "names no judge"),
    (JudgeOptions, {"close": "investigate", "group_size": 3}, "group_size=3"),
    (RtvOptions, {"close": "investigate", "selection": "swiss"}, "does not use winners"),
    (RtvOptions, {"close": "investigate", "selection": "first"}, "does not use winners"),
    (RtvOptions, {"agents": {"x/y": 3}}, "adds up to 3 rollouts, but n is 16"),
    (RtvOptions, {"agents": ["x/y", " "]}, "is not a valid list of names"),
    (RtvOptions, {"agents": ["x/y"], "agent_args": {"x/y": 3}}, "under its name"),
    (RtvOptions, {"models": {"m/a": -1}}, "-1 is not a number of rollouts"),
    (RtvOptions, {"models": [f"m/{i}" for i in range(9)], **WAVES, "max_n": 8}, "max_n is 8"),
    (RolloutsOptions, {**WAVES, "min_n": 9, "max_n": 8}, "give min_n <= 8"),
    (RolloutsOptions, {"evidence": "cross"}, "when the waves of n='auto' end"),
    (
        RolloutsOptions,
        {**WAVES, "min_n": 2, "without_context": 3, "context": "select"},
        "without_context <= 2",
    ),
    (PdrOptions, {**WAVES, "min_n": 2, "top_k": 2, "without_context": 3}, "without_context <= 2"),
    (PdrRtvOptions, {"context": "random", "stop_on_consensus": True}, "stop_on_consensus could"),
    (PdrOptions, {"context": "random", "n": 3}, "top_k <= 3"),
]


@pytest.mark.parametrize(("model", "given", "told"), REFUSED, ids=str)
def test_what_is_just_impossible_is_refused(
    model: type[Options], given: dict[str, Any], told: str
) -> None:
    with pytest.raises(UserError) as raised:
        model(**given)
    assert told in str(raised.value)
