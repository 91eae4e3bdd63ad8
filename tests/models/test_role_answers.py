"""What becomes of one call of a model, and which models a selection needs."""

import asyncio
from typing import Any

import pytest
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageUser,
    GenerateConfig,
    ModelOutput,
    ModelUsage,
    StopReason,
)
from scripted import model, reply

from inspect_tts.errors import UserError
from inspect_tts.method.records import AbstentionCause, Usage
from inspect_tts.models.roles import (
    NO_MODEL,
    TOO_LONG,
    Answer,
    ask,
    ask_for,
    check_models,
    usage,
)


def answered(text: str, stop: StopReason = "stop", error: str | None = None) -> Answer:
    output = reply(text, stop=stop).model_copy(update={"error": error})
    asked = model(lambda input, config: output)
    return asyncio.run(ask(asked, [ChatMessageUser(content="?")], GenerateConfig()))


ANSWERS: list[tuple[str, StopReason, str | None, str, str | None, AbstentionCause | None]] = [
    # text, stop reason, error, what was said, the problem, its cause
    ("yes", "stop", None, "yes", None, None),
    ("yes", "max_tokens", None, "yes", None, None),
    ("", "stop", None, "", "empty answer (stop reason stop)", "empty"),
    (" \n", "stop", None, "", "empty answer (stop reason stop)", "empty"),
    ("", "max_tokens", None, "", "empty answer (stop reason max_tokens)", "cut"),
    ("<think>hm</think>", "stop", None, "", "reasoning without an answer", "empty"),
    ("<think>hm", "max_tokens", None, "", "reasoning without an answer", "cut"),
    ("<think>hm</think>yes", "stop", None, "yes", None, None),
    ("no", "content_filter", None, "no", "the model refused to answer", "refused"),
    ("", "content_filter", "flagged", "", "the model refused to answer", "refused"),
    ("9 tokens", "model_length", None, "", f"{TOO_LONG}: 9 tokens", "too_long"),
    ("yes", "stop", "broken", "yes", "broken", "provider"),
    ("", "unknown", "broken", "", "broken", "provider"),
]


@pytest.mark.parametrize(("text", "stop", "error", "said", "problem", "cause"), ANSWERS)
def test_what_an_answer_says_or_why_it_says_nothing(
    text: str,
    stop: StopReason,
    error: str | None,
    said: str,
    problem: str | None,
    cause: AbstentionCause | None,
) -> None:
    found = answered(text, stop, error)
    assert found.text.strip() == said
    assert found.cause == cause
    assert (found.problem or "").startswith(problem or "")
    assert (found.problem is None) == (problem is None)
    assert found.cut == (stop == "max_tokens")
    assert (found.too_long, found.raised) == (cause == "too_long", cause == "provider")


def test_reasons_of_any_length_are_cut() -> None:
    assert len(answered("x", error="e" * 900).problem or "") == 500
    assert len(answered("x" * 900, "model_length").problem or "") == len(TOO_LONG) + 2 + 300


def several(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    """As many choices as are asked for, and one more."""
    choices = [
        ChatCompletionChoice(message=ChatMessageAssistant(content=f"answer {number}"))
        for number in range((config.num_choices or 1) + 1)
    ]
    used = ModelUsage(input_tokens=10, output_tokens=5, total_tokens=15)
    return ModelOutput(model="m", choices=choices, usage=used)


@pytest.mark.parametrize("samples", [1, 3])
def test_a_request_for_several_answers_is_paid_for_once(samples: int) -> None:
    asked = ask_for(samples, model(several), [ChatMessageUser(content="?")], GenerateConfig())
    found = asyncio.run(asked)
    assert [each.text for each in found] == [f"answer {number}" for number in range(samples)]
    assert [each.usage.total_tokens for each in found] == [15, *[0] * (samples - 1)]


def test_half_a_surrogate_pair_reaches_neither_model_nor_record() -> None:
    seen = list[str]()

    def repeats(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        seen.append(input[0].text)
        return reply("said \ud83d")

    asked = ask(model(repeats), [ChatMessageUser(content="told \ud83d")], GenerateConfig())
    assert asyncio.run(asked).text == "said \ufffd"
    assert seen == ["told \ufffd"]


USED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"input_tokens": 3, "total_tokens": 3}, {"input_tokens": 3, "total_tokens": 3}),
    ({"input_tokens_cache_read": 4}, {"cache_read_tokens": 4}),
    ({"input_tokens_cache_write": 5}, {"cache_write_tokens": 5}),
    ({"output_tokens": 6}, {"output_tokens": 6}),
    ({"input_tokens": -2, "output_tokens": 1}, {"output_tokens": 1}),
    ({"total_cost": 0.5}, {"cost": 0.5}),
    ({}, {"cost": None}),
]


@pytest.mark.parametrize(("counted", "recorded"), USED, ids=str)
def test_what_a_call_used(counted: dict[str, Any], recorded: dict[str, Any]) -> None:
    assert usage(ModelUsage(**counted)) == Usage(**recorded)
    assert usage(None) == Usage()


MODELS: list[tuple[object, tuple[str, ...], bool, str]] = [
    # model, given roles, whether anybody is judged, the roles without a model
    ("m/a", (), True, ""),
    (None, ("judge", "summarizer"), True, ""),
    (None, ("summarizer",), False, ""),
    (None, ("summarizer",), True, "the judge;"),
    (None, ("judge",), True, "the summarizer;"),
    (None, ("judge",), False, "the summarizer;"),
    (None, (), False, "the summarizer;"),
    (None, (), True, "the summarizer and the judge;"),
    ("none", (), False, "the summarizer;"),
    (NO_MODEL, (), False, "the summarizer;"),
]


@pytest.mark.parametrize(("given", "roles", "judged", "missing"), MODELS, ids=str)
def test_a_selection_needs_a_model_for_each_role_that_is_asked(
    given: object,
    roles: tuple[str, ...],
    judged: bool,
    missing: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("INSPECT_EVAL_MODEL", raising=False)
    if not missing:
        check_models(given, roles, judged=judged)
        return
    with pytest.raises(UserError, match=f"there is no model for {missing}"):
        check_models(given, roles, judged=judged)
    monkeypatch.setenv("INSPECT_EVAL_MODEL", "m/a")
    if given is None:
        check_models(given, roles, judged=judged)
