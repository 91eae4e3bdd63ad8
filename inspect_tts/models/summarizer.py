"""Turn a trajectory into a structured summary (paper, section 1: `S = LM[P_sum(R)]`)."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Literal

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageUser,
    ContentText,
    GenerateConfig,
    Model,
    ResponseSchema,
)
from inspect_ai.util import json_schema

from inspect_tts.method.records import Summary, Usage
from inspect_tts.prompts import Prompt
from inspect_tts.text.fences import fence_word, fenced, harmless
from inspect_tts.text.summary import SummaryContent, parse_summary, summary_text
from inspect_tts.text.trajectory import elide, render_trajectory, split_at, steps

from .roles import SHORTER, Answer, ask, ask_by_schema

_FAILED = "No summary could be written of this attempt."
_MOST_CHARS = 32_000  # of a summary, which every judge reads
_MOST_CUT_CHARS = 4000  # of an incomplete answer that its re-ask quotes
_LEAST_TOKENS = 1000
"""Tokens of a trajectory below which it is not shortened further."""
_SCHEMA = json.dumps(SummaryContent.model_json_schema(), indent=1)
_STRUCTURED = ResponseSchema(name="summary", json_schema=json_schema(SummaryContent))
_ONCE = GenerateConfig(cache_prompt=False)
"""No prompt is sent twice, and some providers charge for writing a cache."""


async def summarize(
    model: Model,
    *,
    problem: str,
    messages: Sequence[ChatMessage],
    prompt: Prompt,
    reask_prompt: Prompt,
    budget_tokens: int,
) -> Summary:
    """Summarize one trajectory.

    The summary is requested as structured output, or as text if the provider refuses the schema. If
    the prompt does not fit into the model's context, it is sent again with half the trajectory,
    until it fits. If the answer does not parse, it is requested once more with the error; after
    that, its text is used as it is, with the status `text`.
    """
    if not steps(messages):
        return no_summary()
    room, spent = budget_tokens, list[Answer]()
    while True:
        trajectory = render_trajectory(messages, budget_tokens=room)
        fence = trajectory_fence(trajectory, problem)
        text = prompt.format(
            problem=harmless(problem),
            trajectory=fenced(fence, "trajectory", trajectory),
            schema=_SCHEMA,
            fence=fence,
        )
        pieces = split_at(text, (harmless(message.text) for message in messages))
        conversation: list[ChatMessage] = [
            ChatMessageUser(content=[ContentText(text=piece) for piece in pieces])
        ]
        spent += await ask_by_schema(1, model, conversation, _ONCE, _STRUCTURED)
        if not spent[-1].too_long or room < 2 * _LEAST_TOKENS:
            break
        room //= 2
    last = spent[-1]
    other_form_may_help = not last.unavailable and last.cause not in ("too_long", "cut")
    if last.schema and last.problem and other_form_may_help:
        spent.append(await ask(model, conversation, _ONCE))
    first, shortened = spent[-1], room if room < budget_tokens else None
    told = partial(_summary, model, spent, fence=fence, shortened_to=shortened)
    if first.problem is not None and not first.cut:
        return told("failed", _FAILED, first.problem)
    try:
        return told("structured", summary_text(parse_summary(first.text)), cut=first.cut)
    except ValueError as first_error:
        conversation += _again(first, reask_prompt, first_error)
    spent.append(second := await ask(model, conversation, _config_again(first)))
    try:
        text = summary_text(parse_summary(second.text))
        return told("structured", text, reasked=True, cut=second.cut)
    except ValueError as error:
        reason = second.problem or str(error)[:500]
        if first.cut:
            reason = f"the answer was cut off at the limit of output tokens; then: {reason}"[:500]
        if not first.text.strip():
            return told("failed", _FAILED, reason, reasked=True, cut=first.cut)
        return told("text", first.text.strip(), reason, reasked=True, cut=first.cut)


def _again(answer: Answer, prompt: Prompt, error: ValueError) -> list[ChatMessage]:
    """The messages that follow an answer that could not be parsed."""
    text = prompt.format(error=str(error)[:2000])
    said = elide(answer.text, _MOST_CUT_CHARS) if answer.cut else answer.text
    question = ChatMessageUser(content=f"{SHORTER}\n\n{text}" if answer.cut else text)
    return [ChatMessageAssistant(content=said), question] if said.strip() else [question]


def _config_again(answer: Answer) -> GenerateConfig:
    return _ONCE.merge(GenerateConfig(response_schema=_STRUCTURED if answer.schema else None))


def trajectory_fence(trajectory: str, problem: str) -> str:
    """The word that fences a trajectory in the summarizer's prompt.

    It does not depend on the strategy's seed, so that runs with different seeds can share a
    summary.
    """
    return fence_word([trajectory], seed=0, key="summary", inside=[trajectory, problem])


def _summary(
    model: Model,
    spent: list[Answer],
    status: Literal["structured", "text", "failed"],
    text: str,
    reason: str | None = None,
    *,
    fence: str,
    reasked: bool = False,
    cut: bool = False,
    shortened_to: int | None = None,
) -> Summary:
    shown = elide(text, _MOST_CHARS)
    return Summary(
        status=status,
        text=shown,
        reason=reason,
        reasked=reasked,
        cut=cut,
        left_out=len(text) - len(shown),
        shortened_to=shortened_to,
        model=str(model),
        fence=fence,
        usage=sum((answer.usage for answer in spent), Usage()),
        seconds=sum(answer.seconds for answer in spent),
    )


def no_summary() -> Summary:
    """The summary of a rollout without any step."""
    text = "The agent did nothing: there is no trajectory to summarize."
    return Summary(status="empty", text=text, reason="no step was taken")


def failed_summary(reason: str) -> Summary:
    """The summary of a rollout whose summarizer failed."""
    return Summary(status="failed", text=_FAILED, reason=reason[:500])
