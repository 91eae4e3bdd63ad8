"""What providers support, and how to ask votes that share a prompt so that it is paid for once."""

from typing import Literal

from inspect_ai.model import GenerateConfig, Model, ModelName

from inspect_tts._inspect import effective_config

TAKES_SCHEMA = frozenset(
    {
        "anthropic",
        "azureai",
        "fireworks",
        "google",
        "grok",
        "groq",
        "mistral",
        "ollama",
        "openai",
        "openai-api",
        "openrouter",
        "sglang",
        "together",
        "vllm",
    }
)
"""Providers to which Inspect passes a response schema; others warn about it or ignore it."""
TAKES_LOGPROBS = frozenset({"azureai", "openai", "openai-api", "sglang", "together", "vllm"})
"""Providers that return the probabilities of alternative tokens, for some models."""
VoteMode = Literal["parallel", "warm_cache", "num_choices"]
"""`warm_cache`: one vote writes the provider's cache, the others read it. `num_choices`: one
request returns an answer for each vote. `parallel`: all votes are sent at once."""

CACHES_PREFIXES = frozenset(
    {
        "anthropic",  # at cache breakpoints, also on Bedrock and Vertex
        "bedrock",  # at checkpoints that Inspect sets for Claude and Nova
        "deepseek",  # automatically
        "google",  # automatically, since Gemini 2.5
        "grok",  # automatically
        "moonshot",  # automatically
        "openai",  # automatically; at cache breakpoints since gpt-5.6
        "openrouter",  # like the provider behind it; Inspect sets breakpoints for Claude
    }
)
"""Providers that charge less for a prefix that they have cached."""

SAMPLES_SEVERAL = frozenset({"openai", "sglang", "together", "vllm"})
"""Providers for which Inspect sends `num_choices` as `n` and reads every choice.

Not `grok` (Inspect does not send it), `google` (refuses it for many models) or `openai-api` (its
servers differ)."""


def vote_mode(judge: Model, config: GenerateConfig) -> VoteMode:
    """The cheapest way to ask votes with the same display order, and so the same prompt."""
    effective = effective_config(judge).merge(config)
    provider = ModelName(judge).api
    if effective.batch:
        return "parallel"
    if provider in SAMPLES_SEVERAL and not getattr(judge.api, "responses_api", False):
        return "num_choices"
    caches = provider in CACHES_PREFIXES and effective.cache_prompt is not False
    return "warm_cache" if caches else "parallel"
