"""Answers depend on a model's arguments, and so do the keys of what is saved of them."""

from pathlib import Path
from typing import Any

import pytest
from inspect_ai.model import GenerateConfig, get_model
from scripted import acting, echo, model, pool, problem, run, says, summarize

import inspect_tts.sim.provider  # noqa: F401 - registers the simulated model
from inspect_tts import rtv
from inspect_tts.models.identity import model_identity


def test_a_model_is_known_by_the_arguments_that_a_log_holds() -> None:
    given: list[dict[str, Any]] = [{}, {"seed": 1}, {"seed": 1}, {"seed": 2}]
    judges = [get_model("simulated/coder", memoize=False, **each) for each in given]
    plain, one, same, other = map(model_identity, judges)
    assert plain == {"model": "simulated/coder", "config": {}}
    assert one == same != other
    assert model_identity(model(summarize)) == {"model": "mockllm/model", "config": {}}


def test_votes_of_a_judge_with_other_arguments_are_not_taken_over(tmp_path: Path) -> None:
    def votes(name: str, seed: int) -> int:
        roles = {
            "judge": get_model("simulated/coder", memoize=False, seed=seed),
            "summarizer": model(summarize, "summarizer"),
        }
        agent = acting(says("#a"), says("#b"))
        strategy = rtv(n=2, votes=2, early_stop=False, agent=agent, resume=str(tmp_path / "saved"))
        log = run(problem(), strategy, tmp_path / name, model_roles=roles)
        return pool(log).taken_over.get("vote", 0)

    assert [votes("a", 1), votes("b", 2), votes("c", 1)] == [0, 0, 2]


HOW: dict[str, Any] = {
    "adaptive_connections": True,
    "attempt_timeout": 9,
    "batch": True,
    "cache": True,
    "cache_prompt": True,
    "max_connections": 9,
    "max_retries": 9,
    "stream_idle_timeout": 9,
    "timeout": 9,
}
WHAT: dict[str, Any] = {
    "temperature": 0.5,
    "top_p": 0.5,
    "top_k": 5,
    "seed": 5,
    "max_tokens": 5,
    "stop_seqs": ["x"],
    "system_message": "Be brief.",
    "reasoning_effort": "high",
    "reasoning_tokens": 5,
    "frequency_penalty": 0.5,
    "logit_bias": {1: 5.0},
    "num_choices": 2,
    "extra_body": {"x": 1},
}


def identity(name: str = "a", **settings: Any) -> dict[str, Any]:
    return model_identity(model(echo, name, GenerateConfig(**settings)))


@pytest.mark.parametrize("name", HOW)
def test_how_a_model_is_called_is_no_part_of_a_key(name: str) -> None:
    assert identity(**{name: HOW[name]}) == identity()


@pytest.mark.parametrize("name", WHAT)
def test_what_changes_answers_is_part_of_a_key(name: str) -> None:
    found = identity(**{name: WHAT[name]})
    assert found != identity()
    assert found["config"].keys() == {name}


def test_the_name_of_a_model_is_part_of_a_key() -> None:
    assert identity("a") != identity("b")
    assert identity("a")["model"] == "mockllm/a"
