"""Recorded votes: which fit, each once."""

import pytest

from inspect_tts.method.parameters import JudgeParameters
from inspect_tts.method.recorded_votes import (
    RecordedVotes,
    VoteKey,
    judge_input_label,
    recorded_votes,
)
from inspect_tts.method.records import (
    Match,
    PromptRecord,
    Round,
    Selection,
    Stage,
    Vote,
)
from inspect_tts.method.selection_specs import SELECTIONS

ASKED = VoteKey("m/judge", "prompt", "reask", "summary")
JUDGED = [name for name, rules in SELECTIONS.items() if rules.answer]


def vote(order: str, verdict: str | None = None, grade: int | None = None) -> Vote:
    return Vote(index=0, order=tuple(order), verdict=verdict, grade=grade, model="m/judge")


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
