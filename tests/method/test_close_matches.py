"""Which matches are close, when their votes may stop, and what an investigation decides."""

from itertools import product

import pytest

from inspect_tts.method.tournament import Outcome, decide, votes_needed
from inspect_tts.method.voting.close_matches import (
    LARGEST_LEAD,
    Investigation,
    investigated,
    is_close,
    leader,
    open_lead,
)
from inspect_tts.method.voting.early_stopping import AutoVotes, further_votes

PAIR = ("a", "b")


@pytest.mark.parametrize(
    ("tally", "close", "first"),
    [
        ({"a": 4, "b": 4}, True, None),
        ({"a": 0, "b": 0}, True, None),
        ({"a": 4, "b": 3}, True, "a"),
        ({"a": 3, "b": 4}, True, "b"),
        ({"a": 5, "b": 3}, False, "a"),
        ({"a": 0, "b": 2}, False, "b"),
    ],
)
def test_votes_within_one_of_each_other_are_close(
    tally: dict[str, int], close: bool, first: str | None
) -> None:
    assert is_close(tally) == close
    assert leader(tally) == first


@pytest.mark.parametrize("close", ["votes", "investigate"])
@pytest.mark.parametrize("votes", range(1, 7))
def test_stopping_early_changes_neither_closeness_nor_winner(close: str, votes: int) -> None:
    lead = LARGEST_LEAD if close == "investigate" else 0
    assert open_lead("investigate" if lead else "votes") == lead
    for verdicts in product([*PAIR, None], repeat=votes):
        asked = 0
        while wave := votes_needed(PAIR, verdicts[:asked], votes=votes, open_lead=lead):
            asked += wave
        assert asked <= votes
        early, all_ = (decide(PAIR, v, seed=0, key="k") for v in (verdicts[:asked], verdicts))
        assert early.winner == all_.winner
        if lead:
            assert is_close(early.tally) == is_close(all_.tally), verdicts


@pytest.mark.parametrize(
    ("verdicts", "votes", "needed"),
    [
        pytest.param("aaaaa", 8, 0, id="an even number stops as before"),
        pytest.param("aaaa", 8, 1, id="4 of 8 could become a tie"),
        pytest.param("aaaa", 7, 1, id="4 of 7 could end 4:3"),
        pytest.param("aaaaa", 7, 0, id="5 of 7 cannot be close"),
        pytest.param("", 1, 1, id="never more than there are"),
    ],
)
def test_votes_that_could_make_a_match_close_are_asked(
    verdicts: str, votes: int, needed: int
) -> None:
    for auto in (None, AutoVotes(least=1, most=votes, error=1e-9)):
        found = further_votes(
            PAIR, [*verdicts], votes=votes, early_stop=True, auto=auto, open_lead=1
        )
        assert found == needed


def looked(verdict: str | None, ended: str = "verdict") -> Investigation:
    return Investigation.model_validate({"order": PAIR, "ended": ended, "verdict": verdict})


def test_a_verdict_decides_in_place_of_votes_and_draw() -> None:
    by_votes = Outcome("a", "votes", {"a": 4, "b": 3}, ())
    drawn = Outcome("a", "random", {"a": 4, "b": 4}, PAIR)
    for before in (by_votes, drawn):
        after = investigated(before, looked("b"))
        assert after == before._replace(winner="b", decided_by="investigation")
        assert investigated(before, looked("a")).winner == "a"
        assert investigated(before, None) == before
        assert investigated(before, looked(None, "limit")) == before
    with pytest.raises(ValueError, match="a verdict for c"):
        investigated(by_votes, looked("c"))
