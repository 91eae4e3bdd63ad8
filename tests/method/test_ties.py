"""What decides a match with equal votes: evidence if it tells the leaders apart, then a draw."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tts.method.seeding import seeded_shuffle
from inspect_tts.method.tournament import Outcome, decide

EVEN = {"a": 1, "b": 1, "c": 1}


def decided(verdicts: str, evidence: Mapping[str, tuple[float, ...]], key: str = "k") -> Outcome:
    return decide("abc", list(verdicts), seed=0, key=key, evidence=evidence)


def test_the_best_evidence_wins_a_tie() -> None:
    told = {"a": (1.0, 0.0), "b": (1.0, 0.5), "c": (0.0, 9.0)}
    assert decided("abc", told) == Outcome("b", "evidence", EVEN, ("a", "b", "c"))


def test_evidence_is_asked_of_the_leaders_only_and_never_against_votes() -> None:
    told = {"a": (0.0,), "b": (1.0,), "c": (9.0,)}
    assert decided("aabb", told).winner == "b"
    found = decided("aab", told)
    assert (found.winner, found.decided_by) == ("a", "votes")


def test_who_has_less_evidence_takes_no_part_in_the_draw() -> None:
    told = {"a": (0.0,), "b": (1.0,), "c": (1.0,)}
    found = [decided("abc", told, str(number)) for number in range(200)]
    assert {(each.decided_by, each.tied) for each in found} == {("random", ("b", "c"))}
    assert {each.winner for each in found} == {"b", "c"}


@pytest.mark.parametrize("verdicts", ["", "abc"])
@given(
    worth=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=3, max_size=3),
    key=st.text(),
)
def test_the_winner_of_a_tie_has_the_best_evidence(
    verdicts: str, worth: list[tuple[float, ...]], key: str
) -> None:
    told = dict(zip("abc", worth, strict=True))
    best = [name for name in "abc" if told[name] == max(worth)]
    expected = seeded_shuffle(best, seed=0, key=key)[0]
    assert decided(verdicts, told, key).winner == expected
