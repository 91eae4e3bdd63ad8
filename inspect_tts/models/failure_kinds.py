"""What a provider's error means, from its status and its message."""

import re
from typing import Literal

Kind = Literal["overflow", "configuration", "other"]
"""`overflow`: the prompt does not fit into the model's context. `configuration`: no call with this
key, model or setting can succeed. `other`: another call may succeed."""


# Messages of llama.cpp, vLLM, LM Studio, Ollama, OpenRouter, Bedrock, OpenAI, Anthropic, Google,
# and of the servers that forward them
_OVERFLOW = re.compile(
    r"""
      context_length_exceeded | exceed_context_size_error | contextwindowexceeded | input_too_large
    | available\ context\ size | context\ size\ has\ been\ exceeded
    | maximum\ context\ length | max(?:imum)?\ model\ length | max_model_len
    | exceeds?\ (?:the\ )?(?:model'?s?\ )?(?:maximum\ )?(?:context|max_model|input\ token)
    | exceeded\ model\ token\ limit | exceeds\ the\ maximum\ number\ of\ tokens
    | context\ (?:length|window)\ (?:is\ )?(?:of\ only|exceeded|overflow)
    | when\ (?:the\ )?context\ (?:the\ )?overflows
    | (?:longer|larger|greater)\ than\ the\ (?:model'?s\ )?context\ (?:length|size|window)
    | exceeded\ max(?:imum)?\ context | max_new_tokens`?\ must\ be
    | (?:prompt|input)\b[^.\n]{0,40}\ (?:is\ )?too\ long | too\ many\ input\ tokens
    | input\ length\ and\ `max_tokens`\ exceed | input\ length\ .{0,40}exceed
    | max_tokens\ must\ be\ at\ least\ 1 | n_ctx\b | expected\ maxlength
    """,
    re.IGNORECASE | re.VERBOSE,
)
_REFUSED_SETTING = re.compile(
    r"""
      (?:unsupported|unknown|unrecognized|unexpected|invalid|extra|deprecated)\ (?:request\ )?
      (?:parameter|argument|field|value|option|keyword|model|api[ _]key|name|inputs?)
    | extra_forbidden | unknown_parameter | unsupported_(?:parameter|value) | model_not_found
    | (?:is|are)\ (?:not\ (?:supported|permitted|available|allowed)|deprecated)
    | does\ not\ support | doesn't\ support | not\ a\ valid\ model | api\ key\ not\ valid
    | model\b.{0,80}(?:does\ not\ exist|not\ found|isn't\ supported)
    | invalid\ model | insufficient_quota | exceeded\ your\ current\ quota
    | credit\ balance | insufficient\ (?:balance|credits?|funds) | billing
    | on-demand\ throughput
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ABOUT_THE_PROMPT = re.compile(r"moderation|flagged|content.?(?:policy|filter)|safety", re.I)


def kind_of(status: int | None, message: str) -> Kind:
    """The kind of a provider's error."""
    text = message[:4000]
    refused = status is None or 400 <= status < 500
    if status not in (401, 402, 403, 404, 429) and (status == 413 or _OVERFLOW.search(text)):
        return "overflow"
    if not refused or _ABOUT_THE_PROMPT.search(text):
        return "other"
    if status in (401, 402, 403, 404):
        return "configuration"
    if status in (400, 422, 429) and _REFUSED_SETTING.search(text):
        return "configuration"
    return "other"
