"""What an error means that is not about the length of a prompt."""

import pytest

from inspect_tts.models.failure_kinds import kind_of

CONFIGURATIONS = {
    "no key": (401, "Incorrect API key provided: sk-x."),
    "no money": (402, "Insufficient credits. Add more using https://openrouter.ai/credits"),
    "no right": (403, "Your API key does not have permission to use the specified resource."),
    "no model": (404, "The model `gpt-9` does not exist or you do not have access to it."),
    "no model at Ollama": (404, 'model "llama9" not found, try pulling it first'),
    "no model, with 400": (400, "gpt-9 is not a valid model ID"),
    "parameter": (400, "Unsupported parameter: 'temperature' is not supported with this model."),
    "value": (400, "Unsupported value: 'temperature' does not support 0.5 with this model."),
    "argument": (400, "Unrecognized request argument supplied: reasoning_effort"),
    "field": (400, "max_output: Extra inputs are not permitted"),
    "deprecated": (400, "`temperature` is deprecated for this model."),
    "Google's key": (400, "API key not valid. Please pass a valid API key."),
    "Anthropic's money": (400, "Your credit balance is too low to access the Anthropic API."),
    "OpenAI's quota": (429, "You exceeded your current quota, please check your plan."),
    "Bedrock's region": (
        400,
        "Invocation of model ID x with on-demand throughput isn't supported.",
    ),
}
CONFIGURATIONS |= {
    "a key that is sent as JSON": (401, "Your key must not be sent as JSON."),
    "thinking": (400, "`temperature` may only be set to 1 when thinking is enabled."),
    "an expired key": (400, "API key expired. Please renew the API key."),
    "no chat": (400, "Model x is not a chat model"),
    "no such model": (400, "No such model: foo"),
    "Google's instruction": (400, "Developer instruction is not enabled for models/gemma"),
    "stops": (400, "stop: too many stop sequences"),
    "a role": (400, "Unsupported value: 'messages[0].role' does not support 'system'."),
    "Anthropic's output": (
        400,
        "max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens for x",
    ),
    "OpenAI's output": (
        400,
        "max_tokens is too large: 100000. This model supports at most 16384 completion tokens.",
    ),
    "OpenAI's country": (400, "User location is not supported for the API use."),
    "OpenAI's checks": (400, "Your organization must be verified to use the model `o3`."),
    "Fireworks' account": (412, "Account x is suspended, possibly due to reaching the limit"),
    "Bedrock's model": (400, "The provided model identifier is invalid."),
    "Anthropic's limit": (
        400,
        "You have reached your specified API usage limits. You will regain access on 2030-01-01.",
    ),
    "Groq's tools": (400, "`tool calling` is not supported with this model"),
    "Ollama's tools": (400, "registry.ollama.ai/library/gemma:latest does not support tools"),
    "LM Studio's model": (400, "No models loaded. Please load a model in the developer page."),
    "vLLM's tools": (
        400,
        '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
    ),
    "range": (400, "temperature: range: -1..1"),
    "budget": (
        400,
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
    ),
    "Alibaba's money": (400, "Please make sure your account is in good standing. Arrearage"),
    "Hugging Face's model": (400, "Model not supported by provider x"),
    "no model of images": (404, "The model `gpt-image-9` does not exist"),
    "no such page": (405, "Method Not Allowed"),
    "retired": (410, "The model has been retired"),
}
OTHERS = {
    "Google's quota of a minute": (
        429,
        "You exceeded your current quota, please check your plan and billing details. * Quota "
        "exceeded for metric: generate_content_free_tier_requests, limit: 5 Please retry in 23.4s.",
    ),
    "Google's quota": (
        429,
        "You exceeded your current quota, please check your plan and billing details. "
        "RESOURCE_EXHAUSTED",
    ),
    "OpenAI's limit of a minute": (
        429,
        "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 30000. Please "
        "try again in 3s. Visit https://platform.openai.com/account/billing",
    ),
    "an image in one rollout": (400, "This model does not support image input."),
    "Azure's filter": (
        400,
        "The response was filtered due to the prompt triggering Azure OpenAI's content management "
        "policy.",
    ),
    "a bad conversation": (400, "tool_use ids were found without tool_result blocks"),
    "slow down": (429, "Rate limit reached for gpt-4o"),
    "overloaded": (529, "Overloaded"),
    "broken": (500, "The server had an error while processing your request"),
    "unsupported by the server": (500, "Unsupported parameter"),
    "moderation": (403, "Your chosen model requires moderation and your input was flagged."),
    "blank text": (400, "text content blocks must contain non-whitespace text"),
    "a bad prompt": (400, "Invalid prompt: your prompt was flagged as violating our policy"),
    "Bedrock's throttle": (None, "Too many tokens, please wait before trying again."),
    "unreachable": (None, "Connection error."),
    "about a context": (401, "maximum context length"),
    "one conversation": (400, "Unexpected field 'name' in messages[4]"),
    "a tool call": (400, "Failed to parse tool call arguments as JSON: unexpected value"),
    "half a body": (400, "invalid field in JSON"),
}


@pytest.mark.parametrize(("status", "message"), CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_a_model_that_cannot_be_asked(status: int | None, message: str) -> None:
    assert kind_of(status, message) == "configuration"


@pytest.mark.parametrize(("status", "message"), OTHERS.values(), ids=OTHERS)
def test_what_another_call_may_not_meet(status: int | None, message: str) -> None:
    assert kind_of(status, message) != "overflow"
    if status != 401:
        assert kind_of(status, message) == "other"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Unsupported parameter: 'temperature'", "other"),
        ("temperature: range: 0..1", "other"),
        ("Your credit balance is too low to access the API.", "configuration"),
        ("API key expired. Please renew the API key.", "configuration"),
        ("prompt is too long", "overflow"),
    ],
)
def test_after_an_answer_the_settings_are_known_to_be_right(message: str, kind: str) -> None:
    assert kind_of(400, message, answered=True) == kind
    assert kind_of(400, message) in (kind, "configuration")
