"""How many votes a selection will have to ask, and what recorded ones settle."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from plain_rollouts import plain_rollout

from inspect_tts.estimate.forecast import Forecast, Plan, forecast
from inspect_tts.method.recorded_votes import RecordedVotes, VoteKey
from inspect_tts.method.records import Match, Vote
from inspect_tts.method.selection_specs import SELECTIONS
from inspect_tts.method.selections import Candidates
from inspect_tts.method.tournament import display_order
from inspect_tts.method.voting.close_matches import Investigation

ASKED = VoteKey("m/judge", "prompt", "reask", "summary")
JUDGED = [name for name, rules in SELECTIONS.items() if rules.answer]


def vote(order: Sequence[str], verdict: str) -> tuple[VoteKey, Vote]:
    return ASKED, Vote(index=0, order=tuple(order), verdict=verdict, model="m/judge")


def field(names: str) -> Candidates:
    return Candidates(
        [plain_rollout(name) for name in names], keep=1, group_size=2, seed=0, key="p/1/t0"
    )


def plan(kind: str = "tournament", votes: int = 4, *, early_stop: bool = False) -> Plan:
    return Plan(kind, votes, early_stop, "random", ASKED)


def every_vote(names: str, votes: int) -> list[tuple[VoteKey, Vote]]:
    """Unanimous votes of all pairs, for the first in the alphabet."""
    pairs = [(a, b) for a in names for b in names if a < b]
    orders = [display_order(pair, i) for pair in pairs for i in range(votes)]
    return [vote(order, min(order)) for order in orders]


def test_nothing_recorded_needs_every_vote() -> None:
    expected = {"tournament": 3, "swiss": 3, "round_robin": 6, "listwise": 1, "pointwise": 4}
    for kind, matches in expected.items():
        found, ranking = forecast(plan(kind), field("abcd"), RecordedVotes([]))
        assert found.most == 4 * matches, kind
        assert ranking is None


def test_everything_recorded_needs_none_and_tells_the_ranking() -> None:
    found, ranking = forecast(plan(), field("abcd"), RecordedVotes(every_vote("abcd", 4)))
    assert found == Forecast(reused=12)
    assert ranking is not None
    assert ranking[0] == "a"


def test_more_votes_than_recorded_need_the_difference_and_leave_the_rest_open() -> None:
    found, _ = forecast(plan(votes=6), field("abcd"), RecordedVotes(every_vote("abcd", 4)))
    assert found == Forecast(reused=8, least=4, most=4 + 6)


def test_early_stop_uses_no_more_votes_than_it_needs() -> None:
    stop = plan(votes=8, early_stop=True)
    found, ranking = forecast(stop, field("ab"), RecordedVotes(every_vote("ab", 8)))
    assert found == Forecast(reused=5), "five of eight settle it"
    assert ranking == ("a", "b")


def test_early_stop_asks_at_least_what_the_first_wave_lacks() -> None:
    stop = plan(votes=8, early_stop=True)
    found, _ = forecast(stop, field("ab"), RecordedVotes(every_vote("ab", 4)))
    assert found == Forecast(reused=4, least=1, most=4)


def test_each_of_several_judges_is_taken_to_see_every_order() -> None:
    orders = [("a", "b"), ("b", "a")]
    cast = [vote(order, "b")[1] for order in orders]
    recorded = [(ASKED._replace(judge=f"m/{judge}"), each) for judge in "xy" for each in cast]
    panel = replace(plan(), judges={"x": "m/x", "y": "m/y"})
    found, ranking = forecast(panel, field("ab"), RecordedVotes(recorded))
    assert (found, ranking) == (Forecast(reused=4), ("b", "a"))
    found, ranking = forecast(panel, field("ab"), RecordedVotes(recorded[:3]))
    assert (found, ranking) == (Forecast(reused=3, least=1, most=1), None)


@pytest.mark.parametrize("kind", JUDGED)
@pytest.mark.parametrize("names", ["ab", "abc", "abcd", "abcdefg"])
def test_no_run_asks_more_than_the_bound(kind: str, names: str) -> None:
    found, _ = forecast(plan(kind, votes=1), field(names), RecordedVotes([]))
    for favourite in names:
        assert _asked(kind, names, favourite) <= found.most


def _asked(kind: str, names: str, favourite: str) -> int:
    """How many matches are judged where a judge prefers one, then the alphabet."""
    given = field(names)
    play = SELECTIONS[kind].steps(given)
    groups, asked = next(play), 0
    while True:
        matches = []
        for group in groups:
            asked += len(group) > 1 or kind == "pointwise"
            winner = favourite if favourite in group else min(group)
            tally = {name: int(name == winner) for name in group}
            matches.append(
                Match(
                    id="m",
                    group=group,
                    votes=(),
                    tally=tally,
                    winner=winner,
                    decided_by="votes",
                    grade=float(ord(winner)),
                )
            )
        try:
            groups = play.send(matches)
        except StopIteration:
            return asked


@pytest.mark.parametrize("verdict", ["a", "b"])
def test_a_close_match_goes_to_its_recorded_investigation(verdict: str) -> None:
    even = [vote(display_order(("a", "b"), i), "aabb"[i]) for i in range(4)]
    looked = [
        Investigation(order=order, ended="verdict", verdict=verdict)
        for order in (("a", "b"), ("b", "a"))
    ]
    close = replace(plan(), close="investigate")
    found, ranking = forecast(close, field("ab"), RecordedVotes(even, investigations=looked))
    assert (found, ranking and ranking[0]) == (Forecast(reused=4), verdict)
    found, ranking = forecast(close, field("ab"), RecordedVotes(even[:3], investigations=looked))
    assert (found, ranking) == (Forecast(reused=3, least=1, most=1), None)
