"""Arguments that contradict each other are refused at once; the nearest that do not are taken."""

from typing import Any

import pytest

from inspect_tts import UserError, pdr, pdr_rtv, rollouts, rtv, select, tournament
from inspect_tts.options import RolloutsOptions, RtvOptions, SelectRecordedOptions
from inspect_tts.options.choosing import ChooseOptions

AUTO = {"votes": "auto"}
WAVES = {"n": "auto"}
REFINED = {"context": "select"}
CASES: list[tuple[Any, dict[str, Any], str, dict[str, Any]]] = [
    # sequential votes
    (rtv, {**AUTO, "early_stop": False}, "early_stop=false never does", {**AUTO}),
    (rtv, {**AUTO, "min_votes": 9, "max_votes": 8}, "give min_votes <= 8", {"votes": 9}),
    (rtv, {**AUTO, "min_votes": 17}, "give min_votes <= 16", {**AUTO, "min_votes": 16}),
    (
        rtv,
        {**AUTO, "selection": "swiss"},
        "selection='swiss' counts every vote",
        {**AUTO, "selection": "tournament"},
    ),
    (rtv, {"min_votes": 3}, "min_votes applies to votes='auto' only", {**AUTO, "min_votes": 3}),
    (rtv, {"vote_error": 0.1}, "vote_error applies to", {**AUTO, "vote_error": 0.1}),
    (tournament, {"max_votes": 9}, "votes='auto'", {**AUTO, "max_votes": 9}),
    # waves
    (rtv, {**WAVES, "min_n": 9, "max_n": 8}, "give min_n <= 8", {**WAVES, "min_n": 8, "max_n": 8}),
    (rtv, {"wave": 2}, "wave applies to n='auto' only", {**WAVES, "wave": 2}),
    (rollouts, {"check": "make"}, "when the waves of n='auto' end", {**WAVES, "check": "make"}),
    # rankings
    (
        select,
        {"ranked_by": "strength"},
        "is for selection='swiss' or 'pivot'",
        {"ranked_by": "strength", "selection": "pivot"},
    ),
    # close matches
    (
        rtv,
        {"close": "investigate", "group_size": 3},
        "compares two results, but group_size=3",
        {"close": "investigate", "group_size": 2},
    ),
    (
        rtv,
        {"close": "investigate", "selection": "pointwise"},
        "does not use winners",
        {"close": "investigate", "selection": "tournament"},
    ),
    (
        rtv,
        {"investigation_turns": 5},
        "investigation_turns applies to close='investigate' only",
        {"close": "investigate", "investigation_turns": 5},
    ),
    # evidence
    (rtv, {"dedupe_behavior": True}, "can only be used with evidence", {"dedupe": True}),
    (rtv, {"check": "make\0test"}, "has a NUL character", {"check": "make test"}),
    (rtv, {"check": ["make", " "]}, "contains an empty command", {"check": ["make"]}),
    (rtv, {"check": {" ": "make"}}, "contains an empty command", {"check": {"unit": "make"}}),
    (
        rtv,
        {"selection": "behavior"},
        "selection=behavior can only be used",
        {"selection": "behavior", "check": "make test"},
    ),
    (
        rtv,
        {"dedupe_behavior": True, "selection": "behavior"},
        "dedupe_behavior and selection=behavior can only be used",
        {"dedupe_behavior": True, "selection": "behavior", "evidence": "cross"},
    ),
    # refinement
    (pdr, {"n": 3}, "top_k=4 is too large; give top_k <= 3", {"n": 4}),
    (pdr, {**WAVES, "min_n": 3}, "is taken from min_n rollouts", {**WAVES, "min_n": 4}),
    (pdr, {"n": 3, "context": "random"}, "top_k <= 3", {"n": 3, "context": "single"}),
    (pdr_rtv, {"n": 3, "iterations": 2}, "top_k <= 3", {"n": 3, "iterations": 1}),
    (pdr, {"n": 4, "without_context": 5}, "without_context <= 4", {"n": 4, "without_context": 4}),
    (pdr, {"context": "random", "diverse": True}, "that diverse could apply to", {"diverse": True}),
    (
        pdr_rtv,
        {"context": "single", "keep_parents": True, "stop_on_consensus": True},
        "keep_parents and stop_on_consensus could apply to",
        {"keep_parents": True, "stop_on_consensus": True},
    ),
    (
        rollouts,
        {"keep_parents": True},
        "apply to refined rollouts only",
        {**REFINED, "keep_parents": True},
    ),
    (
        rollouts,
        {"without_context": 1},
        "apply to refined rollouts only",
        {**REFINED, "without_context": 1},
    ),
    (
        rollouts,
        {**REFINED, "n": 2, "without_context": 3},
        "without_context <= 2",
        {**REFINED, "n": 2, "without_context": 2},
    ),
    # grades
    (
        rollouts,
        {"score_rollouts": True, "keep_sandboxes": False},
        "give keep_sandboxes=true",
        {"score_rollouts": True, "keep_sandboxes": True},
    ),
    (
        rollouts,
        {"score_rollouts": True, "keep_sandboxes": False},
        "open",
        {"keep_sandboxes": False},
    ),
    # candidates in memory
    (ChooseOptions, {"check": "make"}, "executes nothing: leave out", {}),
    (ChooseOptions, {"evidence": "cross"}, "executes nothing: leave out", {"evidence": "none"}),
    (
        ChooseOptions,
        {"selection": "behavior"},
        "executes nothing: leave out",
        {"selection": "swiss"},
    ),
    (ChooseOptions, {"dedupe_behavior": True}, "executes nothing: leave out", {"dedupe": True}),
    (ChooseOptions, {"close": "investigate"}, "executes nothing: leave out", {"close": "votes"}),
    # recorded rollouts
    (
        SelectRecordedOptions,
        {"dedupe_behavior": True},
        "can only be used with evidence",
        {"dedupe": True},
    ),
    (SelectRecordedOptions, {"max_votes": 3}, "votes='auto' only", {**AUTO, "max_votes": 3}),
]


@pytest.mark.parametrize(
    ("made", "wrong", "told", "right"),
    CASES,
    ids=[f"{made.__name__} {wrong}" for made, wrong, _, _ in CASES],
)
def test_a_contradiction_is_refused(
    made: Any, wrong: dict[str, Any], told: str, right: dict[str, Any]
) -> None:
    with pytest.raises(UserError) as raised:
        made(**wrong)
    assert told in str(raised.value)
    made(**right)


@pytest.mark.parametrize(
    ("given", "spare"),
    [({}, False), ({"check": "make"}, True), ({"close": "investigate"}, True)],
    ids=str,
)
def test_what_runs_beside_the_rollouts_needs_a_sandbox_more(
    given: dict[str, Any], spare: bool
) -> None:
    assert RtvOptions(**given).spare_sandbox is spare


def test_the_stage_of_rollouts_executes_only_between_waves() -> None:
    fixed = RolloutsOptions.of(RtvOptions(check="make"), spare_sandbox=True)
    assert (fixed.check, fixed.spare) == (None, True)
    waves = RolloutsOptions.of(RtvOptions(check="make", evidence="cross", n="auto"))
    assert (waves.check, waves.evidence, waves.spare) == ("make", "cross", True)
    assert not RolloutsOptions(n=2).spare
