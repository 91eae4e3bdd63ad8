"""Recorded votes: which fit, each once."""

from typing import Any

import pytest

from inspect_tts.method.parameters import JudgeParameters
from inspect_tts.method.recorded_votes import (
    RecordedVotes,
    VoteKey,
    judge_input_label,
    recorded_investigations,
    recorded_votes,
)
from inspect_tts.method.records import (
    Investigation,
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


def judged(*votes: Vote, id: str = "t0", **more: object) -> Selection:
    """A selection of one match with these votes."""
    fields = {"id": f"{id}-r1-m0", "group": ("a", "b"), "votes": votes, "tally": {}, **more}
    match = Match.model_validate({"winner": "a", "decided_by": "votes", **fields})
    return Selection(
        id=id,
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


def prompts(source: str = "built-in") -> tuple[PromptRecord, ...]:
    words = [("judge", "prompt"), ("judge_reask", "reask")]
    return tuple(PromptRecord(name=n, source=source, sha256=hash) for n, hash in words)


def selecting(source: str = "built-in", **parameters: Any) -> Stage:
    return Stage(name="tournament", iteration=0, parameters=parameters, prompts=prompts(source))


def test_votes_are_read_with_what_was_asked_of_whom() -> None:
    selection = judged(vote("ab", "a"))
    given: dict[str, Any] = {"keep": 1, "judge_input": "summary", "judge_tokens": 20_000}
    stages = [Stage(name="rollouts", iteration=0, parameters={"n": 2}), selecting(**given)]
    assert recorded_votes(stages, [selection]) == [(ASKED, vote("ab", "a"))]


def test_a_selection_that_asks_nobody_has_no_votes_and_shifts_no_others() -> None:
    drawn = Stage(name="random_selection", iteration=0, parameters={"keep": 2})
    found = recorded_votes([drawn, selecting()], [judged(), judged(vote("ab", "a"), id="t1")])
    assert found == [(ASKED, vote("ab", "a"))]


def test_votes_on_built_in_prompts_count_for_those_of_this_version() -> None:
    now = {"judge": "new", "judge_reask": "new too"}
    for source, wording in (("built-in", ("new", "new too")), ("argument", ("prompt", "reask"))):
        [(asked, _)] = recorded_votes([selecting(source)], [judged(vote("ab", "a"))], now)
        assert (asked.prompt, asked.reask) == wording


@pytest.mark.parametrize(
    ("parameters", "reads"),
    [
        ({}, "summary"),
        ({"checks": "x1"}, "summary with checks x1"),
        ({"judge_input": "trajectory", "judge_tokens": 900}, "trajectory in 900 tokens"),
        (
            {"judge_input": "trajectory", "judge_tokens": 900, "checks": "x1"},
            "trajectory in 900 tokens with checks x1",
        ),
    ],
)
def test_a_vote_is_recorded_with_what_its_judge_read(
    parameters: dict[str, Any], reads: str
) -> None:
    [(asked, _)] = recorded_votes([selecting(**parameters)], [judged(vote("ab", "a"))])
    assert asked.reads == reads


def test_a_vote_of_a_named_judge_is_one_of_its_model() -> None:
    named = vote("ab", "a").model_copy(update={"judge": "judge2"})
    assert recorded_votes([selecting()], [judged(named)]) == [(ASKED, named)]


def test_where_each_judge_has_a_recorded_model_nobody_is_asked() -> None:
    other = vote("ab", "b").model_copy(update={"model": "m/other"})
    cast = [(ASKED, vote("ab", "a")), (ASKED._replace(judge="m/other"), other)]
    ballots = RecordedVotes(cast, models={"one": "m/judge", "two": "m/other"})
    nobody = ASKED._replace(judge="none/none")
    for name, verdict in (("two", "b"), ("one", "a")):
        taken = ballots.take(nobody, ("a", "b"), name)
        assert taken is not None
        assert taken.verdict == verdict
    assert ballots.take(nobody, ("a", "b"), "one") is None
    assert ballots.complete
    assert not RecordedVotes(cast).complete
    assert not RecordedVotes(cast, judge="m/judge").complete, "missing votes are asked"


def test_what_is_left_is_counted_by_what_was_asked() -> None:
    long = ASKED._replace(reads="trajectory in 500 tokens")
    ballots = RecordedVotes([(ASKED, vote("ab")), (ASKED, vote("ba")), (long, vote("ab"))])
    assert ballots.left == {ASKED: 2, long: 1}
    ballots.take(long, "ab")
    assert dict(ballots.left) == {ASKED: 2}


def test_recorded_investigations_are_used_once_in_their_order() -> None:
    fields = {"order": ("a", "b"), "model": "m/agent"}
    found = [
        Investigation.model_validate({**fields, "ended": "limit"}),
        Investigation.model_validate({**fields, "ended": "verdict", "verdict": "b"}),
    ]
    selections = [judged(), *(judged(investigation=each) for each in found)]
    assert recorded_investigations(selections) == found
    ballots = RecordedVotes([], investigations=found)
    assert ballots.take_investigation("ba") is None
    taken = [ballots.take_investigation("ab") for _ in range(3)]
    assert taken == [*(each.model_copy(update={"reused": True}) for each in found), None]
