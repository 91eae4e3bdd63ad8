"""Ask the models of roles: find the model, call it, read its answer, its usage and its failure."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from time import monotonic
from typing import Literal

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    GenerateConfig,
    Model,
    ModelName,
    ModelUsage,
    ResponseSchema,
    StopReason,
    get_model,
    model_roles,
)
from inspect_ai.util import LimitExceededError, message_limit, suspend_turn_limit

from inspect_tts._inspect import TerminateSampleError, effective_config, is_budget
from inspect_tts.errors import UserError
from inspect_tts.method.parameters import INVESTIGATOR
from inspect_tts.method.records import AbstentionCause, Usage
from inspect_tts.text.expected import Token
from inspect_tts.text.parsing import spoken
from inspect_tts.text.writable import writable

from .failures import Failure, ModelConfigurationError, read_failure
from .messages import mend_messages
from .providers import TAKES_LOGPROBS, TAKES_SCHEMA

Role = Literal["judge", "summarizer", "investigator"]
ROLES: tuple[Role, ...] = ("judge", "summarizer", "investigator")
NO_MODEL = "none/none"
"""Inspect's name for the absence of a model."""
NEAR = 0.75
"""Similarity from which the name of a role is taken for a misspelling of one of ours."""
TOO_LONG = "the prompt does not fit into the model's context"
SHORTER = (
    "Your answer was cut off at the limit of output tokens before it was complete. Answer again, "
    "in far fewer words."
)
"""Begins a re-ask after an answer that was cut off."""
NEEDS_MODEL = "there is no model: give --model provider/name, or set INSPECT_EVAL_MODEL"


@dataclass(frozen=True)
class Answer:
    """A model's answer, or why there is none."""

    text: str
    """Without the model's reasoning."""
    problem: str | None = None
    cause: AbstentionCause | None = None
    """The kind of problem; after `provider`, asking again at once does not help."""
    cut: bool = False
    """Whether it ended at the limit of output tokens."""
    schema: bool = False
    """Whether it was requested with a response schema."""
    rejected: bool = False
    """Whether the provider rejected the request as it was."""
    unavailable: bool = False
    """Whether the provider is unavailable or overloaded, so no other form of the request helps."""
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    tokens: tuple[Token, ...] = ()
    """The answer's tokens with their alternatives, if these were requested and returned."""

    @property
    def too_long(self) -> bool:
        """Whether the prompt does not fit into the model's context."""
        return self.cause == "too_long"

    @property
    def raised(self) -> bool:
        """Whether the provider failed."""
        return self.cause == "provider"


def role_model(role: Role) -> Model:
    """The model of a role; by default the model under evaluation, as in the paper.

    The default of the investigator is the judge's model.
    """
    check_roles()
    evaluated = role_model("judge") if role == INVESTIGATOR else get_model()
    model = get_model(role=role, default=evaluated)
    if role not in model_roles():  # a copy, to which Inspect does not apply `--temperature`
        model.config = effective_config(evaluated)
    return model


def needed_model(role: Role) -> Model:
    """The model of a role that is about to be asked; raises if there is none."""
    model = role_model(role)
    if str(model) == NO_MODEL:
        raise UserError(NEEDS_MODEL)
    return model


def check_models(
    model: object, roles: Iterable[str], *, judged: bool, how: str = "give --model NAME"
) -> None:
    """Refuse to start a selection without a model that will be asked."""
    given = model or os.environ.get("INSPECT_EVAL_MODEL")
    needed = ("summarizer", "judge") if judged else ("summarizer",)
    missing = [role for role in needed if role not in roles]
    if missing and (not given or str(given) in ("none", NO_MODEL)):
        raise UserError(
            f"there is no model for the {' and the '.join(missing)}; {how}, for example "
            "anthropic/claude-sonnet-4-5, or set INSPECT_EVAL_MODEL"
        )


def check_roles() -> None:
    """Refuse a given role whose name is a misspelling of one of ours."""
    for given in model_roles():
        if given in ROLES or (given.startswith("judge") and not given.isalpha()):
            continue  # judge2, which `judges` may name
        if close := get_close_matches(given, ROLES, n=1, cutoff=NEAR):
            raise UserError(
                f"--model-role {given}=... is not a role of inspect_tts; did you mean "
                f"'{close[0]}'? Its roles are {', '.join(ROLES)}"
            )


async def ask(model: Model, messages: list[ChatMessage], config: GenerateConfig) -> Answer:
    """Call a model once; a refusal or an error of the provider is returned with its reason.

    Inspect retries temporary errors. The call counts toward the sample's token and cost limits, but
    not toward its turn and message limits, which are for agents.
    """
    return (await ask_for(1, model, messages, config))[0]


async def ask_for(
    samples: int, model: Model, messages: list[ChatMessage], config: GenerateConfig
) -> list[Answer]:
    """Call a model once for several answers; otherwise like `ask`."""
    if samples > 1:
        config = config.merge(GenerateConfig(num_choices=samples))
    mend_messages(messages)
    started, schema = monotonic(), config.response_schema is not None
    try:
        with suspend_turn_limit(), message_limit(None):
            output = await model.generate(messages, config=config)
    except TerminateSampleError:
        raise
    except Exception as error:
        if isinstance(error, LimitExceededError) and not is_budget(error):
            raise
        failure = read_failure(error)
        optional = (schema or config.logprobs) and failure.rejected
        if failure.kind == "configuration" and not optional:
            raise ModelConfigurationError(_named(model), failure.reason) from None
        return [_failed(failure, schema, monotonic() - started)]
    seconds = monotonic() - started
    choices = [
        (writable(c.message.text), c.stop_reason, _tokens(c)) for c in output.choices[:samples]
    ]
    choices = choices or [(writable(output.completion), "unknown", ())]
    if config.logprobs and not any(tokens for *_, tokens in choices):
        _without_logprobs.add(_address(model))
    used = usage(output.usage)
    return [
        replace(
            _answer(text, stop, output.error, schema, Usage() if number else used, seconds),
            tokens=tokens,
        )
        for number, (text, stop, tokens) in enumerate(choices)
    ]


def _tokens(choice: ChatCompletionChoice) -> tuple[Token, ...]:
    content = choice.logprobs.content if choice.logprobs else []
    return tuple(
        Token(each.token, [(other.token, other.logprob) for other in each.top_logprobs or ()])
        for each in content
    )


async def ask_by_schema(
    samples: int,
    model: Model,
    messages: list[ChatMessage],
    config: GenerateConfig,
    schema: ResponseSchema | None,
) -> list[Answer]:
    """Ask for answers with a schema; if the provider fails, ask again without it."""
    if schema is None or _address(model) in _without_schema:
        return await ask_for(samples, model, messages, config)
    structured = config.merge(GenerateConfig(response_schema=schema))
    answers = await ask_for(samples, model, messages, structured)
    if not answers[0].raised or answers[0].unavailable:
        return answers
    plain = await ask_for(samples, model, messages, config)
    if answers[0].rejected and not plain[0].raised:
        _without_schema.add(_address(model))
    return plain


async def ask_for_logprobs(
    samples: int,
    model: Model,
    messages: list[ChatMessage],
    config: GenerateConfig,
    schema: ResponseSchema | None,
    top: int,
) -> list[Answer]:
    """Like `ask_by_schema`, but also ask for the probabilities of alternative tokens."""
    likely = config.merge(GenerateConfig(logprobs=True, top_logprobs=top))
    answers = await ask_by_schema(samples, model, messages, likely, schema)
    if not answers[0].raised or answers[0].unavailable:
        return answers
    plain = await ask_by_schema(samples, model, messages, config, schema)
    if answers[0].rejected and not plain[0].raised:
        _without_logprobs.add(_address(model))
    return plain


def takes_logprobs(model: Model) -> bool:
    """Whether a model returns the probabilities of alternative tokens, as far as is known."""
    named = ModelName(model).api in TAKES_LOGPROBS and _address(model) not in _without_logprobs
    return named and not getattr(model.api, "responses_api", False)


def takes_schema(model: Model) -> bool:
    """Whether Inspect passes a response schema to the provider of a model."""
    return ModelName(model).api in TAKES_SCHEMA


_without_schema: set[tuple[str, str | None]] = set()
"""Models whose provider rejected a schema: noted, so that this costs one call per process."""


_without_logprobs: set[tuple[str, str | None]] = set()
"""Models that refused to return probabilities or left them out; one call shows it."""


def _address(model: Model) -> tuple[str, str | None]:
    return str(model), model.api.base_url


def _named(model: Model) -> str:
    role = f"the {model.role} " if model.role in ROLES else "the model "
    return f"{role}{model}"


def _failed(failure: Failure, schema: bool, seconds: float) -> Answer:
    too_long = failure.kind == "overflow"
    reason = f"{TOO_LONG}: {failure.reason}" if too_long else failure.reason
    cause: AbstentionCause = "too_long" if too_long else "provider"
    why = writable(reason[:500])
    rejected, unavailable = failure.rejected, failure.unavailable and not too_long
    return Answer("", why, cause, False, schema, rejected, unavailable, seconds=seconds)


def _answer(
    text: str, stop: StopReason, error: str | None, schema: bool, used: Usage, seconds: float
) -> Answer:
    problem: str | None = None
    cause: AbstentionCause | None = None
    said, cut = spoken(text), stop == "max_tokens"
    if stop == "model_length":  # the text is the provider's error message
        problem, cause, said = f"{TOO_LONG}: {text[:300]}", "too_long", ""
    elif stop == "content_filter":
        problem, cause = "the model refused to answer", "refused"
    elif error is not None:
        problem, cause = error[:500], "provider"
    elif not said.strip():
        problem, cause = f"empty answer (stop reason {stop})", "cut" if cut else "empty"
        if text.strip():
            problem = f"reasoning without an answer (stop reason {stop})"
    return Answer(said, problem, cause, cut, schema, usage=used, seconds=seconds)


def usage(used: ModelUsage | None) -> Usage:
    """Convert Inspect's usage to our record."""
    if used is None:
        return Usage()
    counts = {  # some servers count more cached tokens than tokens
        "input_tokens": used.input_tokens,
        "cache_read_tokens": used.input_tokens_cache_read or 0,
        "cache_write_tokens": used.input_tokens_cache_write or 0,
        "output_tokens": used.output_tokens,
        "total_tokens": used.total_tokens,
    }
    return Usage(**{name: max(0, n) for name, n in counts.items()}, cost=used.total_cost)
