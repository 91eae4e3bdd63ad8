"""The bench of selections: its judge, its populations, its numbers."""

import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import mean
from subprocess import CompletedProcess
from typing import Any

import pytest
from commands import run_command

from inspect_tts.method.selection_specs import SELECTIONS

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import pools  # noqa: E402
import selection  # noqa: E402
from pools import PAPER, Attempt, Paper, Pool, Problem  # noqa: E402
from selection import DATA, Judge, Setting  # noqa: E402
from tables import interval  # noqa: E402

JUDGED = [name for name, rules in SELECTIONS.items() if rules.answer]
ONCE = Setting(repeats=1)


def problem(name: str, outcomes: str) -> Problem:
    return Problem(name, tuple(Attempt(letter == "+", turns=5) for letter in outcomes))


def tiny(*outcomes: str) -> Pool:
    return Pool("tiny", tuple(problem(f"p{i}", each) for i, each in enumerate(outcomes)), "made up")


def crowd(outcomes: str, copies: int) -> Pool:
    return tiny(*[outcomes] * copies)


COIN = Judge(0.5)
MIXED = tiny("+-----", "-+++++", "------", "++++++", "--+-+-", "---+")


# --- the judge


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("name", [name for name in JUDGED if name != "pivot"])
def test_a_judge_who_is_always_right_reaches_the_oracle(name: str, shared: bool) -> None:
    numbers = selection.row(MIXED, name, Judge(1.0, shared=shared), Setting())
    assert numbers["selected"] == pytest.approx(numbers["oracle"])
    assert numbers["oracle"] == pytest.approx(100 * 5 / 6)
    assert numbers["calls"] > 0


@pytest.mark.parametrize("name", JUDGED)
@pytest.mark.parametrize(
    ("outcomes", "judge"),
    [
        pytest.param("++----", Judge(0.5, concentration=1e9), id="votes are coins"),
        pytest.param("+++---", Judge(0.5), id="right in half of the matches"),
        pytest.param("+++---", Judge(0.5, shared=True), id="right in half of the problems"),
    ],
)
def test_a_judge_who_guesses_gains_nothing(name: str, outcomes: str, judge: Judge) -> None:
    numbers = selection.row(crowd(outcomes, 600), name, judge, ONCE)
    assert numbers["selected"] == pytest.approx(numbers["pass@1"], abs=7)  # 3.5 deviations


@pytest.mark.parametrize("group", ["+-", "++--", "+---", "+++-"])
def test_a_vote_is_right_as_often_as_asked_for(group: str) -> None:
    passed = {str(i): letter == "+" for i, letter in enumerate(group)}
    judge, rng = Judge(0.7), Random("votes")
    votes = [v for _ in range(4000) for v in judge.verdicts(0.7, list(passed), passed, 8, rng)]
    odds = 0.7 * group.count("+"), 0.3 * group.count("-")
    assert mean(passed[v] for v in votes) == pytest.approx(odds[0] / sum(odds), abs=0.01)


def test_all_votes_of_a_match_share_its_difficulty() -> None:
    passed, judge, rng = {"a": True, "b": False}, Judge(0.7, concentration=2.0), Random("match")
    pairs = [judge.verdicts(judge.own(rng), "ab", passed, 2, rng) for _ in range(20_000)]
    right = mean(vote == "a" for pair in pairs for vote in pair)
    both = mean(pair == ["a", "a"] for pair in pairs)
    assert right == pytest.approx(0.7, abs=0.01)
    assert (both - right**2) / (right * (1 - right)) == pytest.approx(1 / 3, abs=0.03)


def test_judges_err_apart_so_that_more_of_them_choose_better_for_as_many_votes() -> None:
    judge, field = Judge(0.7, concentration=0.5, shared=True), crowd("+-", 800)
    every = replace(ONCE, early_stop=False)
    one, four = (
        selection.row(field, "tournament", judge, replace(every, judges=judges))
        for judges in (1, 4)
    )
    assert one["calls"] == four["calls"] == 8
    assert one["selected"] == pytest.approx(70, abs=6)
    assert four["selected"] - one["selected"] > 3  # about 8 are expected


@pytest.mark.parametrize("group", ["aaa", "bbb"])
def test_votes_are_uniform_where_nothing_tells_candidates_apart(group: str) -> None:
    names = [f"{letter}{i}" for i, letter in enumerate(group)]
    passed = {name: name[0] == "a" for name in names}
    votes = Counter(Judge(0.9).verdicts(0.9, names, passed, 6000, Random("same")))
    assert all(votes[name] == pytest.approx(2000, abs=150) for name in names)


@pytest.mark.parametrize("accuracy", [0.5, 0.6, 0.7, 0.8])
def test_one_grade_of_each_orders_two_attempts_with_the_accuracy(accuracy: float) -> None:
    judge, rng = Judge(accuracy), Random("grades")
    grades = [
        [judge.grades(accuracy, side, 1, rng)[0] for side in (True, False)] for _ in range(20_000)
    ]
    right = mean((a > b) + (a == b) / 2 for a, b in grades)
    assert right == pytest.approx(accuracy, abs=0.015)
    assert {grade for pair in grades for grade in pair} <= set(range(1, 21))


# --- what is asked


def test_an_early_stop_asks_less_and_selects_the_same() -> None:
    saved = 0
    for each in MIXED.problems:
        for repeat in range(5):
            key = f"{each.name}/{repeat}"
            stopped = selection.play("tournament", each, Judge(0.6), Setting(), key)
            every = Setting(early_stop=False)
            all_votes = selection.play("tournament", each, Judge(0.6), every, key)
            assert stopped[0] == all_votes[0]
            assert stopped[1] <= all_votes[1] == 8 * (len(each.attempts) - 1)
            assert stopped[2] <= all_votes[2]
            saved += all_votes[1] - stopped[1]
    assert saved > 0


@pytest.mark.parametrize(("tie", "share"), [("random", 0.5), ("evidence", 0.75)])
def test_evidence_decides_the_half_of_two_votes_that_are_tied(tie: str, share: float) -> None:
    pair = Problem("p", (Attempt(passed=False, turns=9), Attempt(passed=False, turns=3)))
    setting = Setting(votes=2, tie=tie)
    played = [selection.play("tournament", pair, COIN, setting, str(i)) for i in range(800)]
    first = [ranking[0] for ranking, _, _ in played]
    assert first.count("t0-n01") / 800 == pytest.approx(share, abs=0.05)


@pytest.mark.parametrize(
    ("name", "calls", "shown"),
    [("round_robin", 8 * 15, 2), ("listwise", 8, 6), ("pointwise", 8 * 6, 1)],
)
def test_tokens_are_those_of_the_problem_the_summaries_shown_and_the_answer(
    name: str, calls: int, shown: int
) -> None:
    setting = Setting(problem_tokens=1000, summary_tokens=100, answer_tokens=10)
    asked = selection.play(name, MIXED.problems[0], Judge(0.7), setting, "k")[1:]
    assert asked == (calls, calls * (1010 + 100 * shown))


def test_what_the_pool_has_no_record_for_is_left_out() -> None:
    known = Pool("known", MIXED.problems, "made up", frozenset({"first"}))
    assert "selected" not in selection.row(MIXED, "first", Judge(0.7), ONCE)
    assert "selected" not in selection.row(known, "agreement", Judge(0.7), ONCE)
    assert selection.row(known, "first", Judge(0.7), ONCE)["selected"] == pytest.approx(200 / 6)


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others() -> None:
    pool = crowd("+--+-", 20)
    first, again, other = (
        [selection.row(pool, name, Judge(0.7), Setting(seed=seed)) for name in SELECTIONS]
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


# --- intervals


def test_the_interval_of_equal_differences_has_no_width() -> None:
    assert interval([0.25] * 7) == (0.25, 0.25)


def test_the_interval_by_hand() -> None:
    # two problems: the mean of a resample is 0, 1/2, 1 with the chances 1/4, 1/2, 1/4
    assert interval([0.0, 1.0]) == (0.0, 1.0)
    # three: all zero with the chance 8/27, all one with 1/27 > 2.5 %
    assert interval([0.0, 0.0, 1.0]) == (0.0, 1.0)
    # four: all one has the chance 1/256 < 2.5 %, three of them or more 13/256 > 2.5 %
    assert interval([0.0, 0.0, 0.0, 1.0]) == (0.0, 0.75)


# --- populations fitted to the paper


@pytest.mark.parametrize("paper", PAPER, ids=lambda paper: paper.name)
def test_a_fitted_population_has_the_numbers_of_the_paper(paper: Paper) -> None:
    counts = pools.pass_counts(paper)
    assert (counts[0], counts[16], sum(counts)) == (paper.never, paper.always, paper.problems)
    pool = pools.fitted(paper)
    passes = [sum(each.passed) for each in pool.problems]
    assert Counter(passes) == {k: count for k, count in enumerate(counts) if count}
    assert 100 * mean(passes) / 16 == pytest.approx(paper.pass_at_1, abs=0.1)


def test_the_expected_survivors_by_hand() -> None:
    # 2 of 4 pass: they meet with the chance 1/3 (one survives), else two matches at 0.7
    mean_, deviation = pools.expected([0, 0, 1, 0, 0], [0.7])
    assert mean_ == pytest.approx(100 * (1 / 3 * 0.5 + 2 / 3 * 0.7))
    second = 1 / 3 * 0.25 + 2 / 3 * (0.49 + 0.42 * 0.25)
    assert deviation == pytest.approx(100 * (second - (mean_ / 100) ** 2) ** 0.5)


@pytest.mark.parametrize(("votes", "expected"), [(1, 0.7), (2, 0.7)])
def test_the_accuracy_of_a_match_by_hand(votes: int, expected: float) -> None:
    assert pools.match_accuracy(0.7, votes, 2.0) == pytest.approx(expected)


def test_the_generators_play_as_expected_exactly() -> None:
    accuracy, pool = pools.match_accuracy(0.7, 8, 2.0), crowd("+++-----", 900)
    for keep, rounds in {1: 3, 2: 2}.items():
        numbers = selection.row(pool, "tournament", Judge(0.7), Setting(keep=keep))
        exact, deviation = pools.expected([0, 0, 0, 900, 0, 0, 0, 0, 0], [accuracy] * rounds)
        assert numbers["selected"] == pytest.approx(exact, abs=4 * deviation / 2)


# --- recorded pools


@pytest.fixture(scope="module")
def capy() -> Pool:
    try:
        return pools.load("tb20_capy", DATA, 0)
    except FileNotFoundError as absent:
        pytest.skip(f"the recorded pools are absent: {absent.filename}")


def test_the_known_numbers_of_a_recorded_pool(capy: Pool) -> None:
    numbers = selection.row(capy, "fewest_turns", Judge(0.7), Setting())
    assert len(capy.problems) == 89
    assert round(numbers["pass@1"], 1) == 83.1
    assert round(numbers["oracle"], 1) == 92.1
    assert round(numbers["selected"], 1) == 87.6
    assert numbers["calls"] == numbers["tokens"] == 0


@pytest.mark.parametrize(("name", "problems", "size"), [("sbv", 500, 16), ("tb20_rates", 89, 16)])
def test_pools_drawn_from_a_record(name: str, problems: int, size: int) -> None:
    if not DATA.exists():
        pytest.skip(f"the recorded pools are absent: {DATA}")
    pool = pools.load(name, DATA, 0)
    assert [len(each.attempts) for each in pool.problems] == [size] * problems
    assert pool == pools.load(name, DATA, 0) != pools.load(name, DATA, 1)


# --- the command


def bench(*options: str) -> CompletedProcess[str]:
    done = run_command(ROOT / "bench" / "selection.py", "--repeats", "1", *options)
    done.check_returncode()
    return done


@pytest.mark.bench
def test_json_holds_a_table_for_each_pool_and_accuracy_and_the_check() -> None:
    options = ("--pools", "paper_sonnet_tb", "--accuracy", "0.6", "0.8", "--problems", "9")
    report: dict[str, Any] = json.loads(bench(*options, "--json").stdout)
    assert [(t["pool"], t["accuracy"]) for t in report["tables"]] == [
        ("paper_sonnet_tb", 0.6),
        ("paper_sonnet_tb", 0.8),
    ]
    assert [row["selection"] for row in report["tables"][0]["rows"]] == list(SELECTIONS)
    (found,) = report["check"]
    assert found["select-4, paper"] == 50.85
    assert found["  select-4 simulated there"] == pytest.approx(50.85, abs=4)
    assert "simulated" in bench(*options).stdout


def test_absent_data_is_named_and_left_out(tmp_path: Path) -> None:
    done = bench("--pools", "sbv", "--data", str(tmp_path), "--json")
    assert "sbv left out" in done.stderr
    assert json.loads(done.stdout)["tables"] == []
