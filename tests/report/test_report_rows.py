"""Which runs are one row of a report, and which copy of a sample counts."""

import os
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import EvalError, EvalLog
from inspect_ai.scorer import Score
from scripted import acting, problem, reply, run, says
from test_report import SMALL, numbers, report, samples, small, write

from inspect_tts import adopt, rollouts, rtv, tournament


def tried(folder: Path, name: str = "tried", **options: Any) -> EvalLog:
    """A live run without a strategy, in which rollouts say `#good`."""
    return run(problem(2), acting(says("#good")), folder, **options)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"temperature": 0.1}, {"temperature": 0.9}),
        ({"message_limit": 7}, {"message_limit": 70}),
    ],
)
def test_runs_whose_models_were_asked_otherwise_are_rows_of_their_own(
    tmp_path: Path, one: dict[str, Any], other: dict[str, Any]
) -> None:
    for options in (one, other, other):
        tried(tmp_path, **options)
    rows = numbers(tmp_path)["runs"]
    [(name, value)] = one.items()
    assert sorted(row["samples"] for row in rows) == [2, 2]
    assert sum(f"{name}={value}" in row["settings"].split() for row in rows) == 1


def test_arguments_that_change_no_number_make_no_row(tmp_path: Path) -> None:
    settings: list[dict[str, Any]] = [
        {},
        {"resume": "off"},
        {"preflight": False},
        {"max_rollouts": 7},
    ]
    for given in settings:
        run(problem(), rtv(n=2, votes=1, agent=acting(says("#good")), **given), tmp_path)
    ways: list[dict[str, Any]] = [{"max_connections": 3}, {"max_retries": 2}]
    for called in ways:
        run(problem(), rtv(n=2, votes=1, agent=acting(says("#good"))), tmp_path, **called)
    assert len(numbers(tmp_path)["runs"]) == 1


def test_arguments_that_differ_where_they_are_not_shown_are_told_apart(tmp_path: Path) -> None:
    begin = "You are comparing candidate solutions to a problem, {problem}, {solutions}. "
    for end in ("Be strict.", "Be kind."):
        strategy = rtv(n=2, votes=1, judge_prompt=begin + end, agent=acting(says("#good")))
        run(problem(1), strategy, tmp_path)
    assert len(numbers(tmp_path)["runs"]) == 2


def test_every_stage_of_a_chain_counts(tmp_path: Path) -> None:
    for votes in (1, 3):
        stages = [rollouts(n=2, agent=acting(says("#good"))), tournament(votes=votes), adopt()]
        run(problem(1), stages, tmp_path)
    rows = numbers(tmp_path)["runs"]
    assert {row["strategy"] for row in rows} == {"rollouts+tournament+adopt"}
    settings = [row["settings"].split() for row in rows]
    assert all("n=2" in words for words in settings), "those of the first stage have no prefix"
    assert {f"tournament_1.votes={votes}" for votes in (1, 3)} <= {
        w for row in settings for w in row
    }


def test_a_sample_that_a_limit_ended_counts_as_it_was_scored(tmp_path: Path) -> None:
    log = small()
    sample = samples(log)[0]
    sample.store["RolloutPool:adopted"] = None
    assert sample.scores is not None
    sample.scores = {"tests": Score(value=0.0)}
    write(log, tmp_path)
    [found] = numbers(tmp_path)["runs"]
    others = [float(str(s.scores["tests"].value)) for s in samples(log)[1:] if s.scores]
    assert found["scores"]["selected"]["value"] == pytest.approx(sum(others) / SMALL.problems)


def test_an_error_that_a_retry_repaired_is_none(tmp_path: Path) -> None:
    log = small()
    broken = log.model_copy(deep=True)
    samples(broken)[0].error = EvalError(message="x", traceback="x", traceback_ansi="x")
    samples(broken)[0].uuid = "another"
    write(broken, tmp_path, "one")
    log.eval.created, log.eval.eval_id = "2027-01-01T00:00:00+00:00", "retry"
    write(log, tmp_path, "two")
    [found] = numbers(tmp_path)["runs"]
    assert (found["samples"], found["errors"]) == (SMALL.problems, 0)


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        ("started", "is unfinished (still running, or its process died)"),
        ("error", "ended with an error"),
        ("cancelled", "was cancelled"),
    ],
)
def test_a_log_that_did_not_end_well_says_what_counts_until_it_is_retried(
    status: Any, ended: str, tmp_path: Path
) -> None:
    for left, counts in (
        (0, "it has no finished sample"),
        (1, "its one finished sample counts"),
        (3, "its 3 finished samples count"),
    ):
        log = small().model_copy(update={"status": status})
        log.samples = samples(log)[:left]
        first = write(log, tmp_path, "first")
        assert numbers(tmp_path)["notes"] == [f"{first.name} {ended}: {counts}"]
    log = small()
    log.eval.created, log.eval.eval_id = "2027-01-01T00:00:00+00:00", "retry"
    write(log, tmp_path, "second")
    found = numbers(tmp_path)
    assert found["notes"] == []
    assert [run["samples"] for run in found["runs"]] == [SMALL.problems]


def test_of_copies_the_one_that_was_written_last_counts(tmp_path: Path) -> None:
    log = small()
    original = write(log, tmp_path, "one")
    for sample in samples(log):
        assert sample.scores is not None
        sample.scores["tests"] = Score(value=0.0)
    copy = write(log, tmp_path, "one-scored")
    os.utime(original, (1, 1))
    assert copy.name < original.name
    [found] = numbers(tmp_path)["runs"]
    assert found["scores"]["selected"]["value"] == 0


def test_a_run_without_a_strategy_is_compared_by_what_one_attempt_takes(tmp_path: Path) -> None:
    tried(tmp_path / "a")
    tried(tmp_path / "b", epochs=4)
    found = numbers(tmp_path / "a", tmp_path / "b")["comparisons"][0]["differences"]
    tokens = next(each for each in found if each["name"] == "tokens")
    assert tokens["a"] == tokens["b"] > 0


def test_grades_are_votes_of_a_problem(tmp_path: Path) -> None:
    def grade(input: Any, config: Any) -> Any:
        return reply("Final grade: 12")

    strategy = rtv(n=2, votes=3, selection="pointwise", agent=acting(says("#good")))
    run(problem(2), strategy, tmp_path, judge=grade)
    costs = report(tmp_path, "--markdown").stdout.partition("Cost per problem")[2]
    [row] = [line for line in costs.partition("\n#")[0].splitlines() if "rtv" in line]
    assert row.split("|")[-3:-1] == [" 2 ", " 6 "], "rollouts and votes"
