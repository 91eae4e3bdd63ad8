"""What settles a match in a forecast: evidence, its lead, a sequential test, later votes."""

from dataclasses import replace
from pathlib import Path

import pytest
from checked import USER, evidence
from click.testing import CliRunner
from crowd import crowd
from scripted import model, pool, problem, reply, run, summarize
from test_forecast import every_vote, field, plan, vote

from inspect_tts import rtv
from inspect_tts.cli import main
from inspect_tts.estimate.forecast import Forecast, forecast
from inspect_tts.execution.records import UNTOUCHED
from inspect_tts.method.recorded_votes import RecordedVotes
from inspect_tts.method.records import CommandFact, Facts
from inspect_tts.method.selections import Candidates
from inspect_tts.method.tournament import display_order
from inspect_tts.method.voting.close_matches import Investigation
from inspect_tts.method.voting.early_stopping import AutoVotes

EVEN = [vote(display_order(("a", "b"), i), "aabb"[i]) for i in range(4)]
"""Two votes for each of two rollouts."""


def two(worse: str) -> Candidates:
    """Two rollouts, of which the last command of one failed."""
    given = field("ab")
    failed = Facts(
        status="completed", last_commands=(CommandFact(command="make test", returncode=1),)
    )
    passed = Facts(
        status="completed", last_commands=(CommandFact(command="make test", returncode=0),)
    )
    rollouts = [
        each.model_copy(update={"facts": failed if each.id == worse else passed})
        for each in given.rollouts.values()
    ]
    return Candidates(rollouts, keep=1, group_size=2, seed=0, key="p/1/t0")


def test_evidence_breaks_a_tie_only_where_it_is_asked_to() -> None:
    by_evidence = {
        forecast(replace(plan(), tie="evidence"), two(w), RecordedVotes(EVEN))[1] for w in "ab"
    }
    assert by_evidence == {("a", "b"), ("b", "a")}
    drawn = {forecast(plan(), two(worse), RecordedVotes(EVEN))[1] for worse in "ab"}
    assert len(drawn) == 1


@pytest.mark.parametrize("better", ["a", "b"])
def test_what_checks_showed_breaks_a_tie_before_the_last_commands(better: str) -> None:
    passed = {UNTOUCHED: (1, ""), **{id: (int(id != better), "") for id in "ab"}}
    shown = evidence((USER, passed), trees={"a": "a", "b": "b"})
    given = replace(plan(), tie="evidence", execution=shown)
    for worse in "ab":
        found, ranking = forecast(given, two(worse), RecordedVotes(EVEN))
        assert (found, ranking) == (
            Forecast(reused=4),
            tuple(sorted("ab", key=lambda id: id != better)),
        )


def test_recorded_votes_that_come_after_missing_ones_need_not_be_asked_again() -> None:
    shown_first = [vote(("a", "b"), "a") for _ in range(6)]
    stop = plan(votes=8, early_stop=True)
    found, ranking = forecast(stop, field("ab"), RecordedVotes(shown_first))
    assert (found, ranking) == (Forecast(reused=2, least=3, most=4), None)


def test_a_sequential_test_settles_a_match_before_half_of_its_votes() -> None:
    auto = AutoVotes(least=2, most=16, error=0.2)
    given = replace(plan(votes=16, early_stop=True), auto=auto)
    found, ranking = forecast(given, field("ab"), RecordedVotes(every_vote("ab", 16)))
    assert found == Forecast(reused=2)
    assert ranking == ("a", "b")


def test_each_of_several_matches_may_err_more_often() -> None:
    auto = AutoVotes(least=1, most=16, error=0.05)
    given = replace(plan(votes=16, early_stop=True), auto=auto)
    one, _ = forecast(given, field("ab"), RecordedVotes(every_vote("ab", 16)))
    many, _ = forecast(given, field("abcdefgh"), RecordedVotes(every_vote("abcdefgh", 16)))
    assert many.reused < 7 * one.reused


def test_a_small_lead_does_not_settle_a_match_that_would_be_investigated() -> None:
    votes = every_vote("ab", 4)
    stop = plan(votes=3, early_stop=True)
    assert forecast(stop, field("ab"), RecordedVotes(votes))[0] == Forecast(reused=2)
    close = replace(stop, close="investigate")
    assert forecast(close, field("ab"), RecordedVotes(votes))[0] == Forecast(reused=3)


def test_a_match_that_is_not_close_is_not_investigated() -> None:
    looked = [
        Investigation(order=order, ended="verdict", verdict="b")
        for order in (("a", "b"), ("b", "a"))
    ]
    close = replace(plan(), close="investigate")
    recorded = RecordedVotes(every_vote("ab", 4), investigations=looked)
    assert forecast(close, field("ab"), recorded)[1] == ("a", "b")


def test_grades_do_not_stop_early() -> None:
    stop = plan("pointwise", votes=4, early_stop=True)
    found, _ = forecast(stop, field("ab"), RecordedVotes([]))
    assert (found.least, found.most) == (8, 8)


def test_ties_of_a_run_are_drawn_in_its_forecast_as_they_were(tmp_path: Path) -> None:
    judge = model(lambda *_: reply("Final verdict: Solution 1"), "judge")
    roles = {"judge": judge, "summarizer": model(summarize, "summarizer")}
    log = run(problem(), rtv(n=8, votes=2, agent=crowd()), tmp_path, model_roles=roles)
    rounds = [round for each in pool(log).selections for round in each.rounds]
    matches = [match for round in rounds for match in round.matches]
    assert [set(match.tally.values()) for match in matches] == [{1}] * 7
    told = CliRunner().invoke(main, ["replay", log.location, "--dry-run"], catch_exceptions=False)
    assert "Model calls: 0 votes." in told.output
