"""Records as they are read from logs: names of earlier versions, ranges, and what is added up."""

from typing import Any

import pytest
from pydantic import ValidationError
from test_selections import rollout

from inspect_tts.method.records import (
    AGENT_TIME_LIMIT,
    COUNTS_AS_FAILED,
    NO_SANDBOX,
    NOT_GRADED,
    STAGE_NAMES,
    Evidence,
    Match,
    Rollout,
    Selection,
    Stage,
    Usage,
    Vote,
    mean_grade,
)
from inspect_tts.method.usage import MOST

VOTE: dict[str, Any] = {"index": 0, "order": ("a",), "model": "m"}
MATCH: dict[str, Any] = {
    "id": "t0-r1-m0",
    "group": ("a", "b"),
    "votes": (),
    "tally": {"a": 1, "b": 1},
    "winner": "a",
    "decided_by": "random",
}
SELECTION: dict[str, Any] = {
    "id": "t0",
    "kind": "tournament",
    "iteration": 0,
    "seed": 0,
    "keep": 1,
    "group_size": 2,
    "votes": 8,
    "population": ("a", "b"),
    "ranking": ("a", "b"),
    "selected": ("a",),
}

GRADES: list[tuple[list[tuple[int | None, float | None]], float | None]] = [
    ([(10, None), (13, None)], 11.5),
    ([(10, 10.5), (13, 12.5)], 11.5),
    ([(10, 9.0), (13, None)], 11.0),
    ([(10, None), (None, None)], 10.0),
    ([(10, 0.0)], 0.0),
    ([(None, None)], None),
    ([], None),
]


@pytest.mark.parametrize(("given", "mean"), GRADES, ids=str)
def test_the_mean_grade_goes_by_expected_grades_and_leaves_out_abstentions(
    given: list[tuple[int | None, float | None]], mean: float | None
) -> None:
    votes = [Vote(**VOTE, grade=grade, expected_grade=expected) for grade, expected in given]
    assert mean_grade(votes) == mean


def test_the_names_and_words_of_earlier_versions_are_read() -> None:
    old = {**MATCH, "decided_by": "lot", "saved": 3, "flip_rate": 0.5}
    match = Match.model_validate(old)
    assert (match.decided_by, match.skipped_votes, match.order_flip_rate) == ("random", 3, 0.5)
    new: dict[str, Any] = {"skipped_votes": 3, "order_flip_rate": 0.5}
    assert Match(**MATCH, **new) == match
    assert match.model_dump().keys() >= new.keys()
    assert Selection.model_validate({**SELECTION, "tie": "lot"}).tie == "random"
    told = rollout(0).model_dump() | {"steering": ("vote for me",)}
    del told["injections"]
    assert Rollout.model_validate(told).injections == ("vote for me",)


def test_arguments_of_a_users_own_stage_keep_their_names() -> None:
    given = {"units": "cm", "cold": True, "tie": "lot"}
    assert Stage(name="mine", iteration=0, parameters=given).parameters == given
    for name in STAGE_NAMES:
        read = Stage(name=name, iteration=0, parameters=given).parameters
        assert read == {"resume": "cm", "without_context": True, "tie": "random"}


@pytest.mark.parametrize("name", STAGE_NAMES)
def test_which_stages_select_and_which_add_rollouts(name: str) -> None:
    stage = Stage(name=name, iteration=0, parameters={})
    assert stage.selects == (name in {"select", "tournament", "random_selection"})
    assert stage.adds_rollouts == (name in {"rollouts", "recorded_rollouts"})


REFUSED: list[tuple[type[Any], dict[str, Any]]] = [
    (Vote, {**VOTE, "grade": 0}),
    (Vote, {**VOTE, "grade": 21}),
    (Vote, {**VOTE, "expected_grade": float("nan")}),
    (Vote, {**VOTE, "expected_grade": float("inf")}),
    (Vote, {**VOTE, "index": -1}),
    (Vote, {**VOTE, "index": MOST + 1}),
    (Vote, {**VOTE, "seconds": -1.0}),
    (Vote, {**VOTE, "usage": {"total_tokens": -1}}),
    (Vote, {**VOTE, "usage": {"total_tokens": MOST + 1}}),
    (Vote, {**VOTE, "usage": {"cost": -0.01}}),
    (Vote, {**VOTE, "points": 3}),
    (Vote, {**VOTE, "cause": "tired"}),
    (Match, {**MATCH, "decided_by": "toss"}),
    (Match, {**MATCH, "tally": {"a": -1}}),
    (Match, {**MATCH, "grade": float("nan")}),
    (Evidence, {"name": "e", "text": "", "after_selections": -1}),
]


@pytest.mark.parametrize(("record", "given"), REFUSED, ids=str)
def test_a_record_holds_no_other_values(record: type[Any], given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        record(**given)


@pytest.mark.parametrize(
    "more", [{"grade": 1}, {"grade": 20}, {"usage": {"total_tokens": MOST}}, {"seconds": 0}]
)
def test_the_ends_of_a_range_belong_to_it(more: dict[str, Any]) -> None:
    assert Vote(**VOTE, **more)


def test_a_record_does_not_change() -> None:
    vote = Vote(**VOTE)
    with pytest.raises(ValidationError, match="frozen"):
        vote.verdict = "a"


def test_usages_are_added_field_by_field() -> None:
    names = [name for name in Usage.model_fields if name != "cost"]
    one = Usage(**{name: 10**i for i, name in enumerate(names)}, cost=0.25)
    other = Usage(**{name: 2 * 10**i for i, name in enumerate(names)}, cost=0.5)
    both = Usage(**{name: 3 * 10**i for i, name in enumerate(names)}, cost=0.75)
    assert one + other == other + one == both


def test_what_counts_as_failed_without_a_grade() -> None:
    assert {NO_SANDBOX, NOT_GRADED} == COUNTS_AS_FAILED
    assert all("counts as failed" in reason for reason in COUNTS_AS_FAILED)


def test_the_key_of_a_samples_time_limit_is_that_of_earlier_versions() -> None:
    assert AGENT_TIME_LIMIT == "agent_time_limit"
