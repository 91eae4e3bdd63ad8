"""What an error of a model's provider means, by its status and its message."""

import re
from typing import Literal

Kind = Literal["overflow", "configuration", "other"]
"""`overflow`: the prompt does not fit into the model's context. `configuration`: no call with this
key, model or setting can succeed. `other`: another call may succeed."""


# Messages of llama.cpp, vLLM, LM Studio, Ollama, TGI, SGLang, OpenRouter, Bedrock, OpenAI,
# Anthropic, Google, Azure, Mistral, DeepSeek, Groq, xAI, Cohere, Cerebras, Alibaba, and of servers
# that forward them
_OVERFLOW = re.compile(
    r"""
      context_length_exceeded | exceed_context_size_error | contextwindowexceeded | input_too_large
    | available\ context\ size | context\ size\ has\ been\ exceeded
    | max(?:imum)?\ (?:context|prompt|input|model|sequence)\ length | max_model_len | max_seq_len
    | max_total_tokens
    | exceeds?\ max(?:imum)?\ length | max_prompt_tokens_exceeded | string_above_max_length
    | exceed(?:s|ed)?\ (?:the\ )?(?:model'?s?\ )?(?:max(?:imum)?\ )?
      (?:context|max_model|input\ token|of\ \d|allowed\ tokens)
    | exceeded\ model\ token\ limit | exceeds\ the\ maximum\ number\ of\ tokens
    | context\ (?:length|window)\ (?:is\ )?(?:of\ only|only|exceeded|exceeds|overflow|full|limit|\d)
    | (?:when\ (?:the\ )?|generation\ )context\ (?:the\ )?overflow
    | reduce\ the\ (?:length\ of\ the\ (?:messages|input|prompt)|input\ token)
    | too\ many\ tokens | tokens\ in\ the\ prompt\ cannot
    | (?:token|input_ids)\ length\ [\d\ ]{0,12}exceed | exceed\ max\ message\ tokens
    | (?:prompt\ is|resulted\ in)\ \d+\ tokens | more\ than\ max\ tokens
    | expected\ prompt\ length
    | \d\ tokens?\ >\ \d | token\ limit\ exceeded | 超长
    | input\ tokens\ \S{0,12}\ ?cannot\ exceed
    | (?:input|prompt)\ tokens?\ (?:count\ )?(?:of\ \d+\ )?exceed
    | must\ have\ less\ than\ \d+\ tokens
    | tokens\ you\ requested\ exceeds | range\ of\ input\ length
    | too\ large\ (?:for\ (?:this\ |the\ )?model|to\ process)
    | tokens\ \d+\ >\ context
    | (?:longer|larger|greater)\ than\ the\ (?:model'?s\ )?context\ (?:length|size|window)
    | exceeded\ max(?:imum)?\ context | max_new_tokens`?\ must\ be
    | (?:prompt|input|conversation)\b[^.\n]{0,40}\ (?:is\ )?too\ long | too\ many\ input\ tokens
    | (?:input|prompt)\ length\b.{0,60}\ exceed
    | max_(?:completion_)?tokens\W{1,2}must\ be\ at\ least\ 1 | n_ctx\b | expected\ maxlength
    """,
    re.IGNORECASE | re.VERBOSE,
)
_REFUSED_SETTING = re.compile(
    r"""
      (?:unsupported|unknown|unrecognized|unexpected|invalid|extra|deprecated)\ (?:request\ )?
      (?:parameter|argument|field|value|option|keyword|model|api[ _]key|name|inputs?)
    | extra_forbidden | unknown_parameter | unsupported_(?:parameter|value) | model_not_found
    | \bnot\ (?:supported|permitted|available|allowed|enabled) | (?:is|are)\ deprecated
    | tier\ not\ available | not\ a\ chat\ model | no\ such\ model | too\ many\ stop\ sequences
    | does\ not\ support | doesn't\ support | not\ a\ valid\ model
    | model\b.{0,80}(?:does\ not\ exist|not\ found|isn't\ supported)
    | max_tokens\b.{0,60}(?:maximum\ allowed\ number|is\ too\ large) | invalid\ model
    | model\ identifier\ is\ invalid | (?:model\b.{0,80}is\ not|no\ models)\ loaded | invalid\ beta
    | --enable-auto-tool-choice | parameter\ '?temperature'?\ is\ invalid
    | (?:temperature|top_p|budget_tokens)\b.{0,40}(?:must\ be|range|should\ be|may\ only|ensure)
    | on-demand\ throughput
    """,
    re.IGNORECASE | re.VERBOSE,
)
_REFUSED_ACCOUNT = re.compile(
    r"""
      api\ key\ (?:not\ valid|expired) | invalid\ api[ _]key
    | must\ be\ verified | is\ suspended | has\ been\ disabled | in\ arrears | arrearage
    | usage\ limits?\.
    | insufficient_quota | exceeded\ your\ current\ quota
    | credit\ balance | insufficient\ (?:balance|credits?|funds) | billing
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ABOUT_THE_PROMPT = re.compile(
    r"moderation|flagged|content.?(?:policy|filter|management)|safety", re.IGNORECASE
)
_OF_ONE_CONVERSATION = re.compile(
    r"""
      \bimages?\b | image_url | \baudio\b | \bvideo\b | \bpdf\b
    | messages\W{0,2}[1-9] | ['"`]content['"`] | (?:as|in)\ JSON | tool\ (?:call\ arguments|name)
    | contains\ an\ invalid\ argument
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""An error of what an agent or a tool put into one conversation; all share `messages[0]`."""
_PASSES = re.compile(
    r"retry in|try again in|per ?(?:second|min)|rate.?limit|RESOURCE_EXHAUSTED", re.I
)
"""A limit that passes; Google calls each limit per minute a quota."""
_WAIT = re.compile(r"please wait|rate.?limit|try again later", re.IGNORECASE)
_NOT_FOR_A_PROMPT = (401, 402, 403, 404, 429)


def kind_of(status: int | None, message: str, *, answered: bool = False) -> Kind:
    """Tell what can be done about a provider's error.

    Args:
        status: HTTP status; None if there was no answer.
        message: The provider's message.
        answered: Whether the model answered before with the same settings, which are thus accepted.

    Returns:
        The kind of error.
    """
    text = message[:4000]
    rejected = status is None or 400 <= status < 500
    if status == 413 or "request too large" in text.lower():  # some also mean tokens per minute
        return "overflow"
    if status not in _NOT_FOR_A_PROMPT and not _WAIT.search(text) and _OVERFLOW.search(text):
        return "overflow"
    if not rejected or _ABOUT_THE_PROMPT.search(text):
        return "other"
    if status in (401, 402, 403, 404, 405, 410):
        return "configuration"
    if status == 429 and "insufficient_quota" not in text and _PASSES.search(text):
        return "other"
    if status not in (400, 412, 422, 429) or _OF_ONE_CONVERSATION.search(text):
        return "other"
    setting = not answered and _REFUSED_SETTING.search(text)
    return "configuration" if setting or _REFUSED_ACCOUNT.search(text) else "other"
