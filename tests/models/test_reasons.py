"""The reason of a failed call, through the real client: what the provider said, in any form."""

from collections.abc import Iterator

import pytest
from openai_api import Body, Server, said, serving

from inspect_tts.models.failures import read_failure

LONG = "x" * 4000
Sent = Body | list[Body] | str


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


BODIES: dict[str, tuple[int, Sent, str, str]] = {
    "OpenAI": (
        400,
        said("Unsupported parameter: 'temperature'", code="unsupported_parameter"),
        "configuration",
        "Error code: 400 - Unsupported parameter: 'temperature'",
    ),
    "a key": (
        401,
        said("Incorrect API key"),
        "configuration",
        "Error code: 401 - Incorrect API key",
    ),
    "Ollama": (
        404,
        {"error": {"message": "model 'x' not found", "type": "api_error"}},
        "configuration",
        "Error code: 404 - model 'x' not found",
    ),
    "LM Studio": (
        400,
        {"error": "Trying to keep the first 9 tokens when context the overflows."},
        "overflow",
        "Error code: 400 - Trying to keep the first 9 tokens when context the overflows.",
    ),
    "vLLM": (
        400,
        {
            "object": "error",
            "message": "This model's maximum context length is 9 tokens.",
            "type": "BadRequestError",
            "code": 400,
        },
        "overflow",
        "Error code: 400 - This model's maximum context length is 9 tokens.",
    ),
    "Google, as OpenAI": (
        400,
        [{"error": {"code": 400, "message": "API key expired.", "status": "INVALID_ARGUMENT"}}],
        "configuration",
        "Error code: 400 - API key expired.",
    ),
    "Mistral": (
        422,
        {
            "object": "error",
            "message": {"detail": [{"loc": ["x"], "msg": "Extra inputs are not permitted"}]},
        },
        "configuration",
        "Error code: 422 - x: Extra inputs are not permitted",
    ),
    "FastAPI's list": (
        422,
        {"detail": [{"loc": ["body", "top_p"], "msg": "ensure this value is less than 1"}]},
        "configuration",
        "Error code: 422 - body.top_p: ensure this value is less than 1",
    ),
    "a page": (
        502,
        "<html><head><title>502 Bad Gateway</title></head></html>",
        "other",
        "Error code: 502 - 502 Bad Gateway",
    ),
    "plain text": (
        400,
        "Input is too long for <model>.",
        "overflow",
        "Error code: 400 - Input is too long for <model>.",
    ),
    "FastAPI": (422, {"detail": "no such field"}, "other", "Error code: 422 - no such field"),
    "OpenRouter": (
        400,
        {
            "error": {
                "message": "Provider returned error",
                "code": 400,
                "metadata": {"raw": '{"error": {"message": "prompt is too long"}}'},
            }
        },
        "overflow",
        "Error code: 400 - Provider returned error: prompt is too long",
    ),
    "llama.cpp": (
        400,
        {
            "error": {
                "code": 400,
                "message": "request (9 tokens) is more than there is room for",
                "type": "exceed_context_size_error",
            }
        },
        "overflow",
        "Error code: 400 - request (9 tokens) is more than there is room for",
    ),
    "no retry left": (503, said("Loading model"), "other", "Error code: 503 - Loading model"),
}


@pytest.mark.anyio
@pytest.mark.parametrize(("status", "body", "kind", "reason"), BODIES.values(), ids=BODIES)
async def test_the_reason_is_what_the_provider_said(
    server: Server, status: int, body: Sent, kind: str, reason: str
) -> None:
    server.reply = lambda asked: (status, body)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each is another
        await server.model().generate(LONG)
    failure = read_failure(caught.value)
    assert (failure.kind, failure.reason) == (kind, reason)
