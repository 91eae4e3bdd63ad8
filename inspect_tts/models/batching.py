"""How the votes of one display order reach the provider, so that their common prompt is paid once.

Votes that show the same order have the same prompt. Which way is cheapest is the provider's matter.
"""

from typing import Literal

from inspect_ai.model import GenerateConfig, Model, ModelName

from inspect_tts._inspect import effective_config

VoteMode = Literal["parallel", "warm_cache", "num_choices"]
"""`leader_first`: one vote writes the provider's cache, the others read it. `one_request`: one
request returns a sample for each vote. `at_once`: nothing is gained by either."""

CACHES_PREFIXES = frozenset(
    {
        "anthropic",  # at marks, also on Bedrock and Vertex
        "bedrock",  # at checkpoints that Inspect sets for Claude and Nova
        "deepseek",  # by itself
        "google",  # by itself, since Gemini 2.5
        "grok",  # by itself
        "moonshot",  # by itself
        "openai",  # by itself; at marks since gpt-5.6
        "openrouter",  # as the provider behind it; Inspect marks prompts for Claude
    }
)
"""Providers that bill a prefix which they have seen lately at a discount."""

SAMPLES_SEVERAL = frozenset({"openai", "sglang", "together", "vllm"})
"""Providers for which Inspect sends `num_choices` as `n` and reads every choice.

Not `grok`, which Inspect never sends it to, nor `google`, which refuses it for many models, nor
`openai-api`, whose servers differ."""


def vote_mode(judge: Model, config: GenerateConfig) -> VoteMode:
    """How to ask votes that have the same prompt."""
    effective = effective_config(judge).merge(config)
    provider = ModelName(judge).api
    if effective.batch:
        return "parallel"
    if provider in SAMPLES_SEVERAL and not getattr(judge.api, "responses_api", False):
        return "num_choices"
    caches = provider in CACHES_PREFIXES and effective.cache_prompt is not False
    return "warm_cache" if caches else "parallel"
