"""Arguments that name judges, models or agents: what names nobody, or one twice, is refused."""

import re
from typing import Any

import pytest

from inspect_tts import rollouts, rtv, select, tournament
from inspect_tts.options import RtvOptions


@pytest.mark.parametrize("judges", [None, "m/a", ["m/a"], ["m/a", "judge2"]], ids=str)
def test_judges_are_one_name_or_a_list(judges: Any) -> None:
    assert RtvOptions(judges=judges).judges == judges


@pytest.mark.parametrize("name", ["models", "agents"])
@pytest.mark.parametrize(
    ("given", "read"),
    [
        (None, None),
        ("m/a", ["m/a"]),
        (("m/a", "m/b"), ["m/a", "m/b"]),
        ({"m/a": 1, "m/b": 3}, {"m/a": 1, "m/b": 3}),
        ([f"m/{i}" for i in range(4)], [f"m/{i}" for i in range(4)]),
    ],
    ids=str,
)
def test_shares_are_a_name_a_list_or_numbers(name: str, given: Any, read: Any) -> None:
    assert getattr(RtvOptions(n=4, **{name: given}), name) == read


def test_each_of_several_agents_may_have_arguments() -> None:
    given = RtvOptions(agents=["x/y", "x/z"], agent_args={"x/y": {"a": 1}})
    assert given.agent_args == {"x/y": {"a": 1}}


@pytest.mark.parametrize(
    ("judges", "told"),
    [
        (["m/a", "m/a"], "names 'm/a' twice"),
        ([], "names no judge"),
        (["m/a", " "], "names no judge"),
        (3, "judges=3 is not a list of names"),
        ({"m/a": 3}, "is not a list of names"),
    ],
)
def test_what_names_no_judges_is_refused_at_once(judges: Any, told: str) -> None:
    for stage in (rtv, select, tournament):
        with pytest.raises(Exception, match="judges=") as raised:
            stage(judges=judges)
        assert told in str(raised.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"models": {"m/a": 8, "m/b": 4}}, "adds up to 12 rollouts, but n is 16; give n=12"),
        (
            {"models": {"m/a": 2, "m/b": 2}, "n": "auto", "max_n": 8},
            "adds up to 4 rollouts, but max_n is 8; give max_n=4",
        ),
        ({"models": {"m/a": 0}}, "0 is not a number of rollouts for 'm/a'"),
        ({"models": {"m/a": True}}, "True is not a number of rollouts"),
        ({"models": []}, 'is not a valid list of names; give models=\'["provider/one", '),
        ({"models": 3}, "is not a valid list of names"),
        ({"models": ["m/a", "m/a"]}, "names 'm/a' twice"),
        ({"models": ["m/a", "m/b", "m/c"], "n": 2}, "models has 3 names, but n is 2"),
        ({"agents": ["a.py@b"], "agent": "inspect_tts/bash_agent"}, "leave out agent"),
        ({"agents": ["inspect_tts/bash_agent"], "agent_args": {"a": 1}}, "under its name"),
        (
            {"agents": ["inspect_tts/bash_agent"], "agent_args": {"x/y": {"a": 1}}},
            "agent_args has x/y={'a': 1}",
        ),
        (
            {
                "agents": ["inspect_tts/bash_agent"],
                "agent_args": {"inspect_tts/bash_agent": {"nope": 1}},
            },
            "does not take agent_args={'nope': 1}",
        ),
        ({"agents": ["inspect_tts/bash_agnt"]}, "could not be created"),
        ({"agents": [lambda: None]}, "is not a valid list of names"),
    ],
    ids=lambda given: re.sub(r" at 0x\w+", "", str(given)),  # workers must agree
)
def test_what_cannot_be_dealt_is_refused_at_once(given: dict[str, Any], told: str) -> None:
    for stage in (rtv, rollouts):
        with pytest.raises(Exception, match=r"models|agent") as raised:
            stage(**given)
        assert told in str(raised.value)
