"""What a problem cost counts whoever paid for it, once: this eval, or the one that it retries."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from crowd import crowd
from inspect_ai.log import EvalLog, write_eval_log
from inspect_ai.model import ModelCost, ModelInfo, get_model, set_model_info
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import TaskState
from investigating import investigate
from scaled_runs import parts
from scripted import only, pool, problem, run

from inspect_tts import RolloutPool, problems_df, rtv
from inspect_tts.cli import main
from inspect_tts.scaled.task import scaled

PRICE = ModelCost(input=1000, output=2000, input_cache_write=0, input_cache_read=0)
ONE_CALL = 15
"""Tokens of each answer of a scripted model."""


@pytest.fixture(autouse=True)
def priced() -> Iterator[None]:
    for name in ("model", "summarizer", "judge", "investigator"):
        set_model_info(f"mockllm/{name}", ModelInfo(cost=PRICE))
    yield
    for name in ("model", "summarizer", "judge", "investigator"):
        set_model_info(f"mockllm/{name}", ModelInfo())


def spent(log: EvalLog) -> tuple[float, float, dict[str, float]]:
    """Tokens and dollars of a problem, and tokens by phase, as a report has them."""
    found = CliRunner().invoke(main, ["report", log.location, "--json"], catch_exceptions=False)
    [numbers] = json.loads(found.stdout)["runs"]
    tokens, dollars = (numbers["per_problem"][name]["value"] for name in ("tokens", "dollars"))
    [row] = problems_df(log).to_dict("records")
    assert (row["total_tokens"], row["cost"]) == (tokens, pytest.approx(dollars))
    phases = {f"{p['name']} {p['iteration']}": p["total_tokens"] for p in numbers["phases"]}
    return tokens, round(dollars, 9), phases


def counted(log: EvalLog) -> int:
    """Tokens that Inspect counted in the one sample of a log."""
    return sum(used.total_tokens for used in only(log).model_usage.values())


@scorer(metrics=[mean()])
def asks_a_model() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=float("good" in (await get_model().generate("#good?")).completion))

    return score


def test_all_that_a_retry_took_over_is_counted_beside_what_it_spent_itself(tmp_path: Path) -> None:
    given: dict[str, Any] = {"n": 4, "votes": 1, "seed": 1, "resume": str(tmp_path / "saved")}

    def once(name: str) -> EvalLog:
        task = problem()
        task.scorer = [asks_a_model()]
        return run(task, rtv(**given, agent=crowd()), tmp_path / name)

    first, again = once("first"), once("again")
    assert pool(again).taken_over == {"rollout": 4, "summary": 4, "vote": 3}
    assert (counted(first), counted(again)) == (16 * ONE_CALL, ONE_CALL)
    assert spent(first)[0] == counted(first), "of a log that is no retry what Inspect counted"
    assert spent(again) == spent(first)
    assert spent(again)[2]["other None"] == ONE_CALL, "the task's own scorer"


def test_half_of_it_taken_over(tmp_path: Path) -> None:
    given: dict[str, Any] = {"n": 4, "seed": 1, "resume": str(tmp_path / "saved")}

    def once(votes: int, resume: str) -> EvalLog:
        strategy = rtv(**{**given, "votes": votes, "resume": resume}, agent=crowd())
        return run(problem(), strategy, tmp_path / f"{votes}{len(resume)}")

    once(1, given["resume"])
    again, whole = once(2, given["resume"]), once(2, "off")
    assert pool(again).taken_over == {"rollout": 4, "summary": 4, "vote": 3}
    assert counted(again) == 3 * ONE_CALL
    assert spent(again) == spent(whole)


def test_investigations(tmp_path: Path) -> None:
    (tmp_path / "saved").mkdir()
    logs = [investigate(tmp_path / name, resume=str(tmp_path / "saved")) for name in ("a", "b")]
    assert pool(logs[1]).taken_over["investigation"] == 1
    assert counted(logs[1]) == 0
    assert spent(logs[0]) == spent(logs[1])
    assert spent(logs[1])[2]["investigations 0"] == 2 * ONE_CALL
    for log in logs:
        published = (only(log).scores or {})["inspect_tts/rollouts"].value
        assert isinstance(published, dict)
        assert published["cost"] == pytest.approx(spent(log)[1], abs=1e-4)


def test_an_older_log_of_a_retry_counts_what_its_records_tell(tmp_path: Path) -> None:
    given: dict[str, Any] = {"n": 2, "votes": 1, "resume": str(tmp_path / "saved")}
    first, again = (
        run(problem(), rtv(**given, agent=crowd()), tmp_path / name) for name in ("a", "b")
    )
    for log in (first, again):
        del only(log).store["RolloutPool:taken_over_usage"]
        write_eval_log(log, log.location)
    assert counted(again) == 0
    assert spent(again) == spent(first)


def test_rollouts_that_are_samples_of_their_own(tmp_path: Path) -> None:
    def once(name: str) -> EvalLog:
        arguments = {"n": 2, "votes": 1, "top_k": 1, "agent": crowd()}
        made = scaled(
            task="one_problem",
            strategy="pdr_rtv",
            strategy_args={**arguments, "resume": str(tmp_path / "saved")},
        )
        return run(made, None, tmp_path / name, max_samples=1)

    first, again = once("first"), once("again")
    left = parts(again)["p"].store_as(RolloutPool)
    assert left.taken_over_usage is not None
    assert left.taken_over_usage.total_tokens == 2 * ONE_CALL, "a vote of each selection"
    assert spent(again)[:2] == spent(first)[:2]
