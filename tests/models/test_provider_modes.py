"""How votes are asked of each provider, and what it is sent."""

import pytest
from inspect_ai.model import GenerateConfig, Model, get_model

from inspect_tts.models.providers import (
    CACHES_PREFIXES,
    SAMPLES_SEVERAL,
    TAKES_LOGPROBS,
    TAKES_SCHEMA,
    vote_mode,
)
from inspect_tts.models.roles import takes_logprobs, takes_schema

MODES = {
    # how votes are asked, whether with a schema, whether grades with the likelihood of others
    "anthropic/claude-sonnet-4-5": ("warm_cache", True, False),
    "bedrock/x": ("warm_cache", False, False),
    "deepseek/x": ("warm_cache", False, False),
    "fireworks/x": ("parallel", True, False),
    "mockllm/model": ("parallel", False, False),
    "moonshot/x": ("warm_cache", False, False),
    "ollama/x": ("parallel", True, False),
    "openai/gpt-4o": ("num_choices", True, True),
    "openai/gpt-5": ("warm_cache", True, False),  # the Responses API has neither
    "openai-api/local/x": ("parallel", True, True),
    "openrouter/x": ("warm_cache", True, False),
    "sglang/x": ("num_choices", True, True),
    "together/x": ("num_choices", True, True),
    "vllm/x": ("num_choices", True, True),
}


def made(name: str, config: GenerateConfig) -> Model:
    return get_model(name, config=config, api_key="x", base_url="http://localhost:1", memoize=False)


@pytest.mark.parametrize(("name", "expected"), MODES.items(), ids=MODES)
def test_how_a_provider_is_asked(name: str, expected: tuple[str, bool, bool]) -> None:
    model = made(name, GenerateConfig())
    found = vote_mode(model, GenerateConfig()), takes_schema(model), takes_logprobs(model)
    assert found == expected


@pytest.mark.parametrize("name", ["openai/gpt-4o", "anthropic/claude-sonnet-4-5"])
def test_settings_of_the_model_or_of_the_call_change_how_votes_are_asked(name: str) -> None:
    plain, batch = GenerateConfig(), GenerateConfig(batch=True)
    assert vote_mode(made(name, plain), batch) == "parallel"
    assert vote_mode(made(name, batch), plain) == "parallel"
    uncached = GenerateConfig(cache_prompt=False)
    expected = "num_choices" if name.startswith("openai") else "parallel"
    assert vote_mode(made(name, uncached), plain) == expected
    assert vote_mode(made(name, plain), uncached) == expected


OTHERS = {
    # whether it caches prefixes, samples several answers, takes a schema, returns likelihoods
    "azureai": (False, False, True, True),
    "google": (True, False, True, False),
    "grok": (True, False, True, False),
    "groq": (False, False, True, False),
    "hf": (False, False, False, False),
    "mistral": (False, False, True, False),
}


@pytest.mark.parametrize(("name", "expected"), OTHERS.items(), ids=OTHERS)
def test_what_providers_without_an_installed_package_support(
    name: str, expected: tuple[bool, ...]
) -> None:
    kinds = CACHES_PREFIXES, SAMPLES_SEVERAL, TAKES_SCHEMA, TAKES_LOGPROBS
    assert tuple(name in kind for kind in kinds) == expected
