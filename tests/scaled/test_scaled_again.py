"""Scaled runs that are tried again, share a task, or are cut short by hand."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalError, EvalSample, EvalSampleLimit
from inspect_ai.model import ModelName, ModelOutput, ModelUsage
from inspect_ai.solver import TaskState
from scaled_runs import parts, run_acts, run_until_done
from scripted import acting, echo, model, run, says, summarize
from scripted import prefer as prefers
from shaky import failing_boxes

from inspect_tts import RolloutPool, UserError
from inspect_tts._inspect import outer_sample
from inspect_tts.method.records import NO_SANDBOX
from inspect_tts.scaled.records import finished_rollout
from inspect_tts.scaled.rollout import run_sample
from inspect_tts.scaled.selection import continue_strategy
from inspect_tts.scaled.source import ScaledSource
from inspect_tts.scaled.task import scaled


def test_the_same_task_can_run_again(tmp_path: Path) -> None:
    arguments = {"n": 2, "votes": 1, "agent": acting(says("#good"))}
    made = scaled(task="one_problem", strategy="rtv", strategy_args=arguments)
    models = {"agent": echo, "summarizer": summarize, "judge": prefers("#good")}
    logs = [run(made, None, tmp_path / name, **models) for name in ("first", "second")]
    assert [log.status for log in logs] == ["success"] * 2
    assert [len(log.samples or []) for log in logs] == [3, 3]


def test_an_eval_set_tries_again_what_could_not_be_decided(tmp_path: Path) -> None:
    arguments = {"n": 2, "votes": 1, "agent": acting(says("#good"))}
    made = scaled(
        task="one_problem", strategy="rtv", task_args={"kind": "shaky"}, strategy_args=arguments
    )
    with failing_boxes(0, 1):
        log = run_until_done(made, tmp_path)
    assert parts(log)["p"].store_as(RolloutPool).adopted is not None
    assert len(log.samples or []) == 3


def test_a_selection_that_is_cut_short_by_hand_is_an_error(tmp_path: Path) -> None:
    def judge(input: Any, config: Any) -> ModelOutput:
        outer_sample().interrupt("score")
        return prefers("#good")(input, config)

    log = run_acts(tmp_path, says("#bad"), says("#good"), judge=judge)
    assert log.status == "error"
    assert "a selection that is cut short has no result" in str(log.error)


def test_one_task_object_for_two_models_at_once_is_refused(tmp_path: Path) -> None:
    async def takes_a_while(state: TaskState) -> TaskState:
        await anyio.sleep(2)
        return await says("#good")(state)

    arguments = {"n": 2, "votes": 1, "agent": acting(takes_a_while)}
    made = scaled(task="one_problem", strategy="rtv", strategy_args=arguments)
    logs = inspect_eval(
        made, model=[model(echo, "a"), model(echo, "b")], log_dir=str(tmp_path), display="none"
    )
    assert "give each model its own" in " ".join(str(log.error) for log in logs)


def ended(**fields: Any) -> EvalSample:
    """The sample of a rollout as it might be logged."""
    given: dict[str, Any] = {"id": "p#t1-n03", "epoch": 1, "input": "x", "target": "y"}
    return EvalSample(**(given | fields))


USED = {"mockllm/model": ModelUsage(input_tokens=3, total_tokens=3)}


@pytest.mark.parametrize(
    ("message", "used", "score_error", "summary"),
    [
        ("RuntimeError('no room')", {}, NO_SANDBOX, "empty"),
        ("CancelledError()", {}, "CancelledError()", "empty"),
        ("CancelledError('by hand')", USED, "CancelledError('by hand')", "failed"),
        ("RuntimeError('scoring took too long')", USED, "RuntimeError(", "failed"),
        (None, {}, "Cancelled(by hand)", "empty"),
    ],
    ids=["no sandbox", "cancelled before", "cancelled at work", "no record", "ended by hand"],
)
def test_a_sample_without_a_record_counts_as_failed_only_if_it_never_began(
    message: str | None, used: dict[str, ModelUsage], score_error: str, summary: str
) -> None:
    end: dict[str, Any] = {"limit": EvalSampleLimit(type="operator", limit=1, reason="by hand")}
    if message is not None:
        end = {"error": EvalError(message=message, traceback="", traceback_ansi="")}
    sample = ended(**end, model_usage=used)
    found = finished_rollout(sample, ("t0-n01",), model="m", messages=False)
    assert (found.record.id, found.record.iteration, found.record.index) == ("t1-n03", 1, 3)
    assert (found.record.status, found.record.reason) == ("error", message or score_error)
    assert found.record.context == ("t0-n01",)
    assert found.record.usage.total_tokens == (3 if used else 0)
    assert (found.score_error or "").startswith(score_error)
    assert found.record.summary.status == summary


def test_a_rollout_that_was_cancelled_in_the_queue_is_left_out_of_nothing() -> None:
    made = scaled(task="one_problem", strategy="rtv", strategy_args={"n": 2, "votes": 1})
    source = made.sample_source
    assert isinstance(source, ScaledSource)

    async def cancel() -> None:
        assert await source.sample_abandoned(Sample(id="p#t0-n01", input="x"), 1) is None

    anyio.run(cancel)
    found = source.problem("p", 1).finished["t0-n01"]
    assert found.score_error == "it was cancelled before it began"
    assert found.scores is None


@pytest.mark.parametrize(("id", "work"), [("p#t5-n00", run_sample), ("p#t0", continue_strategy)])
def test_a_sample_that_nobody_waits_for_does_not_run(id: str, work: Any) -> None:
    made = scaled(task="one_problem", strategy="rtv", strategy_args={"n": 2, "votes": 1})
    state = TaskState(ModelName("mockllm/model"), id, 1, "x", [])
    with pytest.raises(UserError, match=f"{id} cannot run again now"):
        anyio.run(work, state, None, made.sample_source)
