"""A match whose votes do not add up, or do not give what was recorded, is named."""

from typing import Any

import pytest
from outcome_cases import match, rollout, selection

from inspect_tts.method.records import Match
from inspect_tts.method.voting.close_matches import Investigation
from inspect_tts.statistics.audit.matches import match_discrepancies

GROUP = ("t0-n00", "t0-n01")
ROLLOUTS = {id: rollout(id)[0] for id in GROUP}


def voted(first: int, second: int, **given: Any) -> Match:
    """A match of two votes in each order: so many for the first, then for the second."""
    made = match(" ".join(GROUP), {GROUP[0]: first, GROUP[1]: second}, GROUP[0])
    orders = (GROUP, GROUP[::-1])
    votes = [vote.model_copy(update={"order": orders[vote.index % 2]}) for vote in made.votes]
    flips = None if first + second < 2 else 0.0
    return made.model_copy(update={"votes": tuple(votes), "order_flip_rate": flips, **given})


def complaints(made: Match, **given: Any) -> list[str]:
    chosen = selection([made], **{"votes": 4, **given})
    return match_discrepancies("p/1/t0/m0/tie", chosen, made, 1, ROLLOUTS, None)


@pytest.mark.parametrize(
    ("made", "named"),
    [
        pytest.param(voted(4, 0), "", id="all votes"),
        pytest.param(voted(3, 0, skipped_votes=1), "", id="three settle it"),
        pytest.param(voted(2, 0, skipped_votes=2), "2 votes, 2 saved and 0 cut of 4", id="two not"),
        pytest.param(voted(3, 0), "3 votes, 0 saved and 0 cut of 4", id="one is lost"),
        pytest.param(voted(3, 0, cut=1), "", id="the limit cut one"),
        pytest.param(voted(2, 0, cut=1), "2 votes, 0 saved and 1 cut of 4", id="cut and lost"),
        pytest.param(voted(2, 0, cut=1, skipped_votes=1), "", id="cut, and two settle three"),
        pytest.param(voted(4, 0, winner=GROUP[1]), "recorded", id="another won"),
        pytest.param(voted(4, 0, tally={GROUP[0]: 3, GROUP[1]: 0}), "recorded", id="other counts"),
        pytest.param(voted(4, 0, order_flip_rate=0.5), "recorded", id="other flips"),
        pytest.param(voted(4, 0, decided_by="random"), "recorded", id="decided otherwise"),
    ],
)
def test_a_match_follows_from_its_votes(made: Match, named: str) -> None:
    found = complaints(made)
    assert bool(found) == bool(named), found
    assert named in "".join(found)


LOOKED = Investigation(order=GROUP, ended="verdict", verdict=GROUP[0])


@pytest.mark.parametrize(
    ("looked", "close", "named"),
    [
        pytest.param(LOOKED, "investigate", "", id="a verdict"),
        pytest.param(LOOKED, "votes", "an investigation is recorded", id="nobody asked"),
        pytest.param(None, "investigate", "no investigation is recorded", id="none"),
        pytest.param({"order": GROUP[::-1]}, "investigate", "display order of its", id="order"),
        pytest.param({"ended": "limit"}, "investigate", "ended with 'limit'", id="its end"),
        pytest.param({"fence": "word"}, "investigate", "fence of its investigation", id="fence"),
        pytest.param({"fence": "word", "reused": True}, "investigate", "", id="an earlier run"),
    ],
)
def test_an_investigation_is_there_for_a_close_match_and_agrees_with_it(
    looked: Investigation | dict[str, Any] | None, close: str, named: str
) -> None:
    if isinstance(looked, dict):
        looked = LOOKED.model_copy(update=looked)
    by = "random" if looked is None else "investigation"
    made = voted(2, 2, tied=GROUP, decided_by=by, investigation=looked, order_flip_rate=0.0)
    found = [each for each in complaints(made, close=close) if "the votes give" not in each]
    assert bool(found) == bool(named), found
    assert named in "".join(found)


def test_a_judge_that_the_seed_does_not_give_and_a_wrong_fence_are_named() -> None:
    found = complaints(voted(4, 0), judges=("one", "other"))
    assert sum("wrong judge of vote" in each for each in found) == 4
    made = voted(4, 0)
    for reused in (False, True):
        votes = [v.model_copy(update={"fence": "word", "reused": reused}) for v in made.votes]
        found = complaints(made.model_copy(update={"votes": tuple(votes)}))
        assert found == [] if reused else len(found) == 4
