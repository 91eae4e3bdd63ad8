"""What investigations changed and how often they were right, against tables computed by hand."""

from outcome_cases import selection

from inspect_tts.method.records import Match
from inspect_tts.statistics.investigations import InvestigationNumbers, investigation_numbers
from inspect_tts.statistics.judge_quality import calibration, judged
from inspect_tts.statistics.outcomes import ProblemOutcome
from inspect_tts.statistics.spending import phases

SCORES = {"a": 1.0, "b": 0.0, "c": 0.0}


def match(
    a: tuple[str, int], b: tuple[str, int], verdict: str | None, ended: str = "verdict"
) -> Match:
    (one, for_one), (other, for_other) = a, b
    vote = {"index": 0, "order": (one, other), "verdict": one, "model": "m"}
    looked = {
        "order": (one, other),
        "ended": ended,
        "verdict": verdict,
        "turns": 4,
        "usage": {"total_tokens": 10, "cost": 0.5},
        "seconds": 2.0,
    }
    return Match.model_validate(
        {
            "id": f"m-{one}{other}",
            "group": (one, other),
            "votes": (vote,),
            "tally": dict([a, b]),
            "tied": (one, other) if for_one == for_other else (),
            "winner": verdict or one,
            "decided_by": "investigation" if verdict else "random",
            "investigation": looked,
        }
    )


def outcome(*matches: Match) -> ProblemOutcome:
    return ProblemOutcome("p", 1, (), SCORES, (selection(list(matches)),))


def test_the_numbers_of_a_run() -> None:
    played = [
        match(("a", 3), ("b", 4), "a"),
        match(("a", 4), ("c", 3), "c"),
        match(("a", 4), ("b", 4), "a"),
        match(("b", 4), ("c", 3), "b"),
        match(("b", 4), ("a", 4), None, "limit"),
        match(("a", 4), ("c", 4), None, "not run"),
    ]
    assert investigation_numbers([outcome(*played)]) == InvestigationNumbers(
        close=6,
        verdicts=4,
        led=3,
        overturned=2,
        decidable=3,
        accuracy=2 / 3,
        votes_accuracy=(0 + 1 + 0.5) / 3,
        turns=4.0,
        dollars=2.5,
    )
    plain = played[0].model_copy(update={"investigation": None})
    assert investigation_numbers([outcome(plain)]) is None


def test_votes_that_did_not_decide_are_not_calibrated() -> None:
    assert calibration(judged([outcome(match(("a", 3), ("b", 4), "a"))])) == ()


def test_what_they_took_is_a_phase_of_its_own() -> None:
    found = {phase.title: phase for phase in phases([outcome(match(("a", 3), ("b", 4), "a"))])}
    phase = found["investigations 0"]
    assert (phase.total_tokens, phase.dollars, phase.busy_seconds) == (10, 0.5, 2.0)
    assert phase.wall_seconds is None
