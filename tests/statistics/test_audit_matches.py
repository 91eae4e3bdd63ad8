"""A match whose votes do not add up, or do not give what was recorded, is named."""

from typing import Any

import pytest
from outcome_cases import match, rollout, selection

from inspect_tts.method.records import Match
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
