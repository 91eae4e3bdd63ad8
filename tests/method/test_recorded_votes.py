"""Recorded votes: which fit, each once; and how many will have to be asked."""

import pytest

from inspect_tts.estimate.forecast import Forecast, Plan, forecast
from inspect_tts.method.parameters import JudgeParameters
from inspect_tts.method.recorded_votes import (
    RecordedVotes,
    VoteKey,
    judge_input_label,
    recorded_votes,
)
from inspect_tts.method.records import (
    Facts,
    Match,
    PromptRecord,
    Rollout,
    Round,
    Selection,
    Stage,
    Summary,
    Usage,
    Vote,
)
from inspect_tts.method.selection_specs import SELECTIONS
from inspect_tts.method.selections import Candidates
from inspect_tts.method.tournament import display_order

ASKED = VoteKey("m/judge", "prompt", "reask", "summary")
JUDGED = [name for name, rules in SELECTIONS.items() if rules.answer]


def vote(order: str, verdict: str | None = None, grade: int | None = None) -> Vote:
    return Vote(index=0, order=tuple(order), verdict=verdict, grade=grade, model="m/judge")


def rollout(id: str) -> Rollout:
    return Rollout(
        id=id,
        iteration=0,
        index=0,
        status="completed",
        model="m",
        turns=1,
        messages=1,
        usage=Usage(),
        seconds=0.0,
        facts=Facts(status="completed"),
        summary=Summary(status="structured", text="{}"),
    )


def field(names: str) -> Candidates:
    return Candidates([rollout(name) for name in names], keep=1, group_size=2, seed=0, key="p/1/t0")


def plan(kind: str = "tournament", votes: int = 4, *, early_stop: bool = False) -> Plan:
    return Plan(kind, votes, early_stop, "random", ASKED)


# --- which votes fit


def test_a_vote_is_used_once_and_the_oldest_first() -> None:
    ballots = RecordedVotes([(ASKED, vote("ab", "a")), (ASKED, vote("ab", "b"))])
    used = [ballots.take(ASKED, ("a", "b")) for _ in range(3)]
    assert [each and each.verdict for each in used] == ["a", "b", None]


@pytest.mark.parametrize(
    ("asked", "order"),
    [
        (ASKED._replace(judge="m/other"), "ab"),
        (ASKED._replace(prompt="other words"), "ab"),
        (ASKED._replace(reask="other words"), "ab"),
        (ASKED._replace(reads="trajectory in 20000 tokens"), "ab"),
        (ASKED, "ba"),
        (ASKED, "abc"),
        (ASKED, "ac"),
    ],
    ids=["judge", "wording", "wording of the re-ask", "reading", "order", "group", "rollout"],
)
def test_a_vote_does_not_fit_where_anything_differs(asked: VoteKey, order: str) -> None:
    ballots = RecordedVotes([(ASKED, vote("ab", "a"))])
    assert ballots.take(asked, tuple(order)) is None
    assert ballots.take(ASKED, ("a", "b")) is not None, "and it is still there"


def test_the_votes_of_a_named_judge_are_used_whoever_judges_now() -> None:
    ballots = RecordedVotes([(ASKED, vote("ab", "a"))], judge="m/judge")
    assert ballots.take(ASKED._replace(judge="none/none"), ("a", "b")) is not None


def test_an_abstention_is_a_vote() -> None:
    assert RecordedVotes([(ASKED, vote("ab"))]).take(ASKED, ("a", "b")) is not None


def test_trajectories_of_different_length_are_different_readings() -> None:
    short = judge_input_label(JudgeParameters(judge_input="trajectory", judge_tokens=500))
    longer = JudgeParameters(judge_input="trajectory", judge_tokens=501)
    assert short != judge_input_label(longer)
    assert judge_input_label(JudgeParameters(judge_tokens=500)) == "summary"


def test_votes_are_read_with_what_was_asked_of_whom() -> None:
    match = Match(
        id="t0-r1-m0",
        group=("a", "b"),
        votes=(vote("ab", "a"),),
        tally={"a": 1, "b": 0},
        winner="a",
        decided_by="votes",
    )
    selection = Selection(
        id="t0",
        kind="tournament",
        iteration=0,
        seed=0,
        keep=1,
        group_size=2,
        votes=1,
        population=("a", "b"),
        rounds=(Round(number=1, matches=(match,)),),
        ranking=("a", "b"),
        selected=("a",),
    )
    words = [("judge", "prompt"), ("judge_reask", "reask")]
    prompts = tuple(PromptRecord(name=n, source="built-in", sha256=hash) for n, hash in words)
    given = {"keep": 1, "judge_input": "summary", "judge_tokens": 20_000}
    stages = [
        Stage(name="rollouts", iteration=0, parameters={"n": 2}),
        Stage(name="tournament", iteration=0, parameters=given, prompts=prompts),
    ]
    assert recorded_votes(stages, [selection]) == [(ASKED, match.votes[0])]


# --- what will be asked


def every_vote(names: str, votes: int) -> list[tuple[VoteKey, Vote]]:
    """Unanimous votes of all pairs, for the first in the alphabet."""
    pairs = [(a, b) for a in names for b in names if a < b]
    orders = [display_order(pair, i) for pair in pairs for i in range(votes)]
    return [(ASKED, vote("".join(order), min(order))) for order in orders]


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
