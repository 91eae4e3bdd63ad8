"""Each judge by itself, against tables computed by hand."""

from outcome_cases import selection

from inspect_tts.method.records import Match, Usage, Vote
from inspect_tts.statistics.judges import JudgeNumbers, by_judge
from inspect_tts.statistics.outcomes import ProblemOutcome

SCORES = {"a": 1.0, "b": 0.0, "c": 0.0}


def vote(judge: str | None, order: str, verdict: str | None, grade: int | None = None) -> Vote:
    return Vote(
        index=0,
        order=tuple(order),
        verdict=verdict,
        grade=grade,
        abstention=None if verdict or grade else "none",
        model="m/x" if judge != "judge2" else "m/y",
        judge=judge,
        usage=Usage(total_tokens=10 if judge != "judge2" else 30, cost=0.5),
    )


def match(group: str, *votes: Vote, decided_by: str = "votes") -> Match:
    tally = {name: sum(vote.verdict == name for vote in votes) for name in group}
    return Match.model_validate(
        {
            "id": f"m-{group}",
            "group": tuple(group),
            "votes": votes,
            "tally": tally,
            "winner": max(tally, key=lambda name: tally[name]),
            "decided_by": decided_by,
        }
    )


def found(*matches: Match) -> tuple[JudgeNumbers, ...]:
    return by_judge([ProblemOutcome("p", 1, (), SCORES, (selection(list(matches)),))])


def test_each_judge_has_its_own_numbers() -> None:
    told = match(
        "ab",
        vote("m/x", "ab", "a"),
        vote("judge2", "ba", "b"),
        vote("m/x", "ba", "a"),
        vote("judge2", "ab", "a"),
    )
    undecidable = match("bc", vote("m/x", "bc", "b"), vote("judge2", "cb", None))
    second, first = found(told, undecidable)
    assert (first.judge, second.judge) == ("m/x", "judge2 (m/y)")
    assert (first.votes, first.abstention, first.decidable, first.accuracy) == (3, 0, 2, 1.0)
    assert (second.votes, second.abstention, second.decidable) == (3, 1 / 3, 2)
    assert (second.accuracy, first.flip, second.flip) == (0.5, 0.0, 1.0)
    assert first.agreement == second.agreement == 0.5
    assert (first.tokens, second.tokens, second.dollars) == (10, 30, 1.5)


def test_a_lone_judge_agrees_with_nobody() -> None:
    [alone] = found(match("ab", vote(None, "ab", "a")))
    assert (alone.judge, alone.agreement, alone.flip) == ("m/x", None, None)
    [named] = found(match("ab", vote(None, "ab", "a"), vote("m/x", "ba", "b")))
    assert (named.judge, named.votes, named.agreement) == ("m/x", 2, None)


def test_grades_are_right_where_the_passing_one_has_the_better() -> None:
    graded = [
        match("a", vote("m/x", "a", None, 15), vote("judge2", "a", None, 3), decided_by="grade"),
        match("b", vote("m/x", "b", None, 9), vote("judge2", "b", None, 9), decided_by="grade"),
        match("c", vote("m/x", "c", None, 15), vote("judge2", "c", None, 2), decided_by="grade"),
    ]
    second, first = found(*graded)
    assert (first.decidable, first.accuracy) == (2, 0.75), "a pair graded alike counts half"
    assert (second.decidable, second.accuracy) == (2, 0.5)


def test_grades_are_compared_within_a_selection_and_only_if_both_are_graded() -> None:
    def graded(name: str, grade: int) -> Match:
        return match(name, vote("m/x", name, None, grade), decided_by="grade")

    first = selection([graded("a", 15), graded("d", 18)])  # nobody scored d
    again = selection([graded("b", 20)], id="t1")
    [judge] = by_judge([ProblemOutcome("p", 1, (), SCORES, (first, again))])
    assert (judge.votes, judge.decidable, judge.accuracy) == (3, 0, None)
