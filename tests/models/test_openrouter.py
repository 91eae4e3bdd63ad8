"""Errors that OpenRouter sends with status 200, within an answer."""

import pytest
from openai_api import serving

from inspect_tts.models.failures import read_failure


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (402, "Insufficient credits", "configuration"),
        (400, "maximum context length is 9 tokens", "overflow"),
    ],
)
async def test_an_error_within_an_answer_of_openrouter(
    status: int, message: str, kind: str
) -> None:
    with serving() as server:
        server.reply = lambda asked: (200, {"error": {"message": message, "code": status}})
        with pytest.raises(Exception) as caught:  # noqa: PT011
            await server.model(provider="openrouter").generate("?")
    failure = read_failure(caught.value)
    assert (failure.kind, failure.reason) == (kind, f"Error code: {status} - {message}")
