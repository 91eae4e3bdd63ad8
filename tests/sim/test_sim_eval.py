"""The simulated model in real evals of the demo."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import ChatMessageAssistant, get_model

import inspect_tts.sim.provider  # noqa: F401 - registers the simulated model
from inspect_tts.benchmarks.demo.task import demo
from inspect_tts.sim.agent import make_plan
from inspect_tts.sim.config import SimConfig
from inspect_tts.sim.playbook import demo_playbooks

BOOKS = {book.id: book for book in demo_playbooks()}


def run(tmp_path: Path, ids: list[str], epochs: int, **arguments: Any) -> EvalLog:
    [log] = inspect_eval(
        demo(),
        sample_id=ids,
        epochs=epochs,
        model="simulated/coder",
        model_args=arguments,
        log_dir=str(tmp_path),
        display="none",
    )
    assert log.status == "success", log.error
    return log


def said(sample: EvalSample) -> list[object]:
    return [
        (
            message.text,
            [(call.id, call.function, call.arguments) for call in message.tool_calls or []],
        )
        for message in sample.messages
        if isinstance(message, ChatMessageAssistant)
    ]


def samples(log: EvalLog) -> list[EvalSample]:
    return sorted(log.samples or [], key=lambda s: (str(s.id), s.epoch))


def value(sample: EvalSample) -> object:
    return (sample.scores or {})["hidden_test"].value


def test_same_seed_same_rollouts_and_the_hidden_test_agrees(tmp_path: Path) -> None:
    ids = ["bill-shares", "csv-fields"]
    first = samples(run(tmp_path, ids, 3, failure_rate=0))
    again = samples(run(tmp_path, ids, 3, failure_rate=0))
    assert [said(s) for s in first] == [said(s) for s in again]
    assert len({str(said(s)) for s in first}) == len(first) == 6
    for sample in first:
        book = BOOKS[str(sample.id)]
        plan = make_plan(SimConfig(failure_rate=0), book, str(sample.input), sample.epoch)
        right = book.right.found_in("\n".join(move.command for move in plan.moves))
        assert (value(sample) == "C") == right
    assert {value(sample) for sample in first} == {"C", "I"}


@pytest.mark.parametrize(("solve_rate", "expected"), [(0, "I"), (1, "C")])
def test_solve_rate_at_its_ends(solve_rate: int, expected: str, tmp_path: Path) -> None:
    log = run(tmp_path, ["retry-waits"], 2, solve_rate=solve_rate, failure_rate=0)
    assert {value(sample) for sample in samples(log)} == {expected}


def test_usage_and_cost_are_reported(tmp_path: Path) -> None:
    log = run(tmp_path, ["busy-times"], 1, solve_rate=1, failure_rate=0)
    usage = log.stats.model_usage["simulated/coder"]
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens > 500
    assert usage.total_cost == pytest.approx(
        (3 * usage.input_tokens + 15 * usage.output_tokens) / 1_000_000
    )


def test_latency_is_slept() -> None:
    async def interrupted(latency: float) -> bool:
        model = get_model("simulated/coder", latency=latency, memoize=False)
        with anyio.move_on_after(5) as scope:
            await model.generate("Hello")
        return scope.cancelled_caught

    assert anyio.run(interrupted, 600.0)
    assert not anyio.run(interrupted, 0.0)
