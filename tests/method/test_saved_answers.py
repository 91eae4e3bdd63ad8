"""A saved vote or investigation is taken over only if it answers the question."""

from typing import Any

import pytest

from inspect_tts.method.records import Investigation, Vote
from inspect_tts.method.voting.saved_answers import check_investigation, check_vote

A, B = "t0-n00", "t0-n01"

VOTES: dict[str, tuple[bool, dict[str, Any], str]] = {
    "a verdict": (False, {"verdict": B}, ""),
    "an abstention": (False, {"abstention": "it is unreadable"}, ""),
    "a grade": (True, {"grade": 20}, ""),
    "a grade that abstains": (True, {"abstention": "it is unreadable"}, ""),
    "nothing": (False, {}, "needs one of"),
    "no grade": (True, {}, "needs one of"),
    "two ends": (False, {"verdict": B, "abstention": "x"}, "needs one of"),
    "a verdict for a grade": (True, {"verdict": A}, "a grade was asked"),
    "a grade for a verdict": (False, {"grade": 3}, "a verdict was asked"),
    "another's verdict": (False, {"verdict": "t9-n99"}, "'t9-n99' is not one of t0-n00 t0-n01"),
    "another index": (False, {"verdict": B, "index": 4}, "it is vote 4"),
    "another order": (False, {"verdict": B, "order": (B, A)}, "on t0-n01 t0-n00"),
}


@pytest.mark.parametrize(("grades", "given", "why"), VOTES.values(), ids=VOTES)
def test_a_vote_must_fit(grades: bool, given: dict[str, Any], why: str) -> None:
    vote = Vote(**{"index": 3, "order": (A, B), "model": "m", **given})
    if not why:
        check_vote(vote, index=3, order=[A, B], grades=grades)
        return
    with pytest.raises(ValueError, match=why):
        check_vote(vote, index=3, order=[A, B], grades=grades)


INVESTIGATIONS: dict[str, tuple[dict[str, Any], str]] = {
    "a verdict": ({"ended": "verdict", "verdict": A}, ""),
    "a limit": ({"ended": "limit"}, ""),
    "no verdict": ({"ended": "verdict"}, "its verdict is None"),
    "a verdict after a limit": ({"ended": "limit", "verdict": A}, "ended with 'limit'"),
    "another's verdict": ({"ended": "verdict", "verdict": "t9-n99"}, "is not one of"),
    "another order": ({"ended": "limit", "order": (B, A)}, "it is on t0-n01 t0-n00"),
}


@pytest.mark.parametrize(("given", "why"), INVESTIGATIONS.values(), ids=INVESTIGATIONS)
def test_an_investigation_must_fit(given: dict[str, Any], why: str) -> None:
    found = Investigation(**{"order": (A, B), **given})
    if not why:
        check_investigation(found, order=[A, B])
        return
    with pytest.raises(ValueError, match=why):
        check_investigation(found, order=[A, B])


@pytest.mark.parametrize("number", [-1, float("nan"), float("inf"), 1e19])
def test_a_record_holds_no_other_numbers(number: float) -> None:
    fields: list[dict[str, Any]] = [{"seconds": number}, {"usage": {"cost": number}}]
    for given in fields:
        with pytest.raises(ValueError, match=r"greater|less|finite|out of range"):
            Vote(**{"index": 0, "order": (A,), "model": "m", **given})
