"""How the rollouts of a scaled run end: limits, errors, retries, sandboxes, gradings."""

from pathlib import Path
from typing import Any

import pytest
from bad_ends import asks_again, raises, sleeps, talks
from conftest import Box, docker_in_faults
from helpers import Script, prefer, run_eval, shell_then_submit, summary_of
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import TaskState
from inspect_ai.util import sandbox
from scaled_runs import parts, record, run_acts, value
from scripted import Act, says
from shaky import failing_boxes

from inspect_tts import RolloutPool, bash_agent
from inspect_tts.scaled.task import scaled


@pytest.mark.parametrize(
    ("kind", "act", "limit"),
    [
        ("message", talks, {"message_limit": 9}),
        ("turn", asks_again, {"turn_limit": 4}),
        ("token", talks, {"token_limit": 200}),
        ("time", sleeps, {"time_limit": 2}),
        ("working", sleeps, {"working_limit": 2}),
    ],
)
def test_inspects_limits_end_a_rollout_which_is_summarized_and_graded(
    kind: str, act: Act, limit: dict[str, Any], tmp_path: Path
) -> None:
    log = run_acts(tmp_path, says("#good"), act, **limit)

    cut = parts(log)["p#t0-n01"]
    assert cut.limit is not None
    assert cut.limit.type == kind
    ended = record(log, 1)
    assert (ended.status, ended.limit) == ("limit", kind)
    assert ended.turns >= 1
    assert ended.usage.total_tokens > 0
    assert f'"#{kind if kind != "working" else "time"}"' in ended.summary.text or kind == "token"
    assert ended.summary.status == "structured"
    assert (cut.scores or {})["rollout"].value == 0.0
    assert record(log, 0).status == "completed"
    end = parts(log)["p"]
    assert end.store_as(RolloutPool).adopted == "t0-n00"
    assert end.limit is None


def test_a_limit_of_the_strategy_is_the_rollouts_and_leaves_the_sample_whole(
    tmp_path: Path,
) -> None:
    log = run_acts(tmp_path, says("#good"), talks, arguments={"message_limit": 9})
    assert (record(log, 1).status, record(log, 1).limit) == ("limit", "message")
    assert parts(log)["p#t0-n01"].limit is None


def test_limits_are_those_of_rollouts_and_not_of_the_votes(tmp_path: Path) -> None:
    acts = [says("#bad"), *[says("#good")] * 7]
    log = run_acts(tmp_path, *acts, arguments={"votes": 8}, token_limit=60, turn_limit=2)
    end = parts(log)["p"]
    assert sum(u.total_tokens for u in end.model_usage.values()) > 60
    assert end.limit is None
    assert end.store_as(RolloutPool).selections[0].rounds[0].matches[0].cut == 0


def test_an_error_of_the_agent_is_data(tmp_path: Path) -> None:
    log = run_acts(tmp_path, raises, says("#good"))
    failed = record(log, 0)
    assert (failed.status, failed.reason) == ("error", "KeyError: 'lost my way'")
    assert parts(log)["p#t0-n00"].error is None
    assert (parts(log)["p#t0-n00"].scores or {})["rollout"].value == 0.0
    assert parts(log)["p"].store_as(RolloutPool).adopted == "t0-n01"


def test_inspect_tries_a_failed_rollout_again_where_it_is_told_to(tmp_path: Path) -> None:
    log = run_acts(tmp_path, raises, says("#good"), arguments={"n": 1}, retry_on_error=1)
    first = parts(log)["p#t0-n00"]
    assert record(log, 0).status == "completed"
    assert [error.message for error in first.error_retries or []] == ["KeyError('lost my way')"]
    assert first.error is None


def test_after_the_last_try_an_error_is_data(tmp_path: Path) -> None:
    log = run_acts(tmp_path, raises, arguments={"n": 1}, retry_on_error=1)
    assert record(log, 0).status == "error"
    assert len(parts(log)["p#t0-n00"].error_retries or []) == 1


def test_a_sandbox_that_does_not_start_counts_as_failed(tmp_path: Path) -> None:
    with failing_boxes(1):
        log = run_acts(tmp_path, says("#bad"), says("#good"), says("#bad"), kind="shaky")
    assert log.status == "success"
    failed = record(log, 1)
    assert (failed.status, failed.turns) == ("error", 0)
    assert "no room for sandbox 1" in (failed.reason or "")
    assert failed.score_error == "its sandbox could not be started, which counts as failed"
    assert parts(log)["p#t0-n01"].error is not None
    found = parts(log)["p"].store_as(RolloutPool)
    assert found.discrepancies() == ()
    assert value(parts(log)["p"], "inspect_tts/rollouts")["iteration_0"] == 1 / 3


def test_a_problem_without_any_rollout_ends_the_run_with_an_error_and_the_others_go_on(
    tmp_path: Path,
) -> None:
    with failing_boxes(0, 1):
        log = run_acts(tmp_path, says("#bad"), says("#good"), kind="shaky", epochs=2)
    assert log.status == "error"
    assert "1 of the problems could not be decided, first p: " in str(log.error)
    assert "none of the 2 rollouts could be started" in str(log.error)
    ends = {s.epoch: s for s in log.samples or [] if s.id == "p"}
    assert ends[1].error is not None or ends[2].error is not None
    assert sorted(s.store_as(RolloutPool).adopted is not None for s in ends.values()) == [
        False,
        True,
    ]


def test_a_grading_that_fails_is_recorded(tmp_path: Path) -> None:
    log = run_acts(tmp_path, says("#bad"), says("#good"), scorers="fails_on_bad")
    assert log.status == "success"
    assert record(log, 0).score_error == "ValueError('cannot grade this')"
    assert record(log, 0).status == "completed"
    assert parts(log)["p#t0-n00"].error is not None, "for a retry to grade it"
    assert (parts(log)["p"].scores or {})["fails_on_bad"].value == 1.0


def test_an_adopted_rollout_that_could_not_be_graded_is_an_error(tmp_path: Path) -> None:
    log = run_acts(tmp_path, says("#bad"), scorers="fails_on_bad")
    assert log.status == "error"
    assert "cannot grade this" in str(log.error)


@docker_in_faults
def test_each_sandbox_closes_once_its_rollout_is_graded(box: Box, tmp_path: Path) -> None:
    alive: dict[str, int] = {}

    def judge(prompt: str) -> str:
        alive["votes"] = len(box.alive())
        return str(prefer("I am a1.")(prompt))

    def summarize(prompt: str) -> str:
        alive["summary"] = max(alive.get("summary", 0), len(box.alive()))
        return summary_of(prompt)

    @scorer(metrics=[mean()])
    def in_its_sandbox() -> Scorer:
        async def score(state: TaskState, target: Target) -> Score:
            found = await sandbox().exec(["cat", "answer"])
            return Score(value=float(found.stdout.strip() == target.text))

        return score

    @task
    def boxed() -> Task:
        return Task(
            name=box.task_name,
            dataset=[Sample(id="p", input="Do it.", target="a1", setup=box.setup)],
            solver=bash_agent(),
            scorer=in_its_sandbox(),
            sandbox=box.spec,
        )

    script = Script(shell_then_submit("echo {me} > answer"), judge, summarize)
    made = scaled(task="boxed", strategy_args={"n": 3, "top_k": 1, "votes": 1})
    log = run_eval(made, None, script, tmp_path, max_samples=2)

    assert log.status == "success", log.error
    assert alive["votes"] == 0
    assert 1 <= alive["summary"] <= 2
    assert box.alive() == []
    rollouts = [s for s in log.samples or [] if "-n" in str(s.id)]
    assert len(rollouts) == 6
    assert sorted(value(s, "rollout") for s in rollouts) == [0, 0, 0, 0, 0, 1]
    end = parts(log)["p"]
    assert end.sandbox is None
    who = (end.scores or {})["in_its_sandbox"].value
    assert who == (1.0 if end.output.completion == "a1" else 0.0)
