"""Stopping early names the winner that all votes would have named, and no later than it can."""

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspect_tts.method.tournament import decide, votes_needed
from inspect_tts.method.voting.early_stopping import AutoVotes, further_votes

NAMES = ("a", "b", "c", "d")


def asked(group: Sequence[str], verdicts: Sequence[str | None]) -> int:
    """How many of these votes are asked when they are asked in waves."""
    count = 0
    while wave := votes_needed(group, verdicts[:count], votes=len(verdicts)):
        count += wave
    return count


@st.composite
def matches(draw: st.DrawFn) -> tuple[tuple[str, ...], list[str | None]]:
    group = NAMES[: draw(st.integers(2, 4))]
    return group, draw(st.lists(st.sampled_from([*group, None]), min_size=1, max_size=17))


@settings(max_examples=500, deadline=None)
@given(matches(), st.integers(0, 9))
def test_the_winner_is_that_of_all_votes(
    match: tuple[tuple[str, ...], list[str | None]], seed: int
) -> None:
    group, verdicts = match
    early = decide(group, verdicts[: asked(group, verdicts)], seed=seed, key="k")
    assert early.winner == decide(group, verdicts, seed=seed, key="k").winner


@pytest.mark.parametrize("group", [NAMES[:2], NAMES[:3]], ids=["G=2", "G=3"])
@pytest.mark.parametrize("votes", [1, 2, 3, 4, 5])
def test_votes_are_needed_just_as_long_as_some_outcome_could_change_the_winner(
    group: tuple[str, ...], votes: int
) -> None:
    choices = [*group, None]
    for cast in range(votes + 1):
        for verdicts in product(choices, repeat=cast):
            outcomes = {
                tuple(sorted(leaders))
                for rest in product(choices, repeat=votes - cast)
                if (leaders := decide(group, verdicts + rest, seed=0, key="k").tied or ())
                or (leaders := (decide(group, verdicts + rest, seed=0, key="k").winner,))
            }
            open_ = cast < votes and len(outcomes) > 1
            assert (votes_needed(group, verdicts, votes=votes) > 0) == open_, verdicts


@pytest.mark.parametrize(
    ("verdicts", "votes", "needed"),
    [
        pytest.param("", 8, 5, id="none yet: a majority of 8"),
        pytest.param("", 1, 1, id="one vote"),
        pytest.param("aaaaa", 8, 0, id="5 of 8 are a majority"),
        pytest.param("aaaa", 8, 1, id="4 of 8 could still become a tie"),
        pytest.param("aaaab", 8, 1, id="4:1, one more settles it"),
        pytest.param("aaabb", 8, 2, id="3:2, two more settle it"),
        pytest.param("aaabbb", 8, 2, id="3:3, all that are left"),
        pytest.param("aaaabbbb", 8, 0, id="a tie, none left"),
        pytest.param("aaa-----", 8, 0, id="abstentions use their vote up"),
    ],
)
def test_votes_needed(verdicts: str, votes: int, needed: int) -> None:
    given_ = [None if letter == "-" else letter for letter in verdicts]
    assert votes_needed(("a", "b"), given_, votes=votes) == needed


@pytest.mark.parametrize("auto", [None, AutoVotes(least=1, most=8, error=0.3)])
def test_without_early_stop_all_votes_are_asked(auto: AutoVotes | None) -> None:
    asked = [
        further_votes("ab", "a" * cast, votes=8, early_stop=False, auto=auto) for cast in range(9)
    ]
    assert asked == [*range(8, -1, -1)]
    assert further_votes("ab", "aaaaa", votes=8, early_stop=True, auto=auto) == 0
