"""Which settings of a model are part of the keys of saved results."""

from typing import Any

import pytest
from inspect_ai.model import GenerateConfig
from scripted import echo, model

from inspect_tts.models.identity import model_identity

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
