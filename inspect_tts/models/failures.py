"""Whether an error is a model call's at all, and the provider's status and message.

`failure_kinds` says what these mean.

Each provider's package has its own exceptions, and Inspect wraps some. They are read by the
attributes that they share, so that none of these packages is needed.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from inspect_ai.model import Model

from inspect_tts.errors import UserError

from .failure_kinds import Kind, kind_of

_LONGEST = 500
_MARKUP = re.compile(r"<[^<>]{1,500}>")
_RPC = {
    "INVALID_ARGUMENT": HTTPStatus.BAD_REQUEST,
    "UNAUTHENTICATED": HTTPStatus.UNAUTHORIZED,
    "PERMISSION_DENIED": HTTPStatus.FORBIDDEN,
    "NOT_FOUND": HTTPStatus.NOT_FOUND,
    "UNAVAILABLE": HTTPStatus.SERVICE_UNAVAILABLE,
    "DEADLINE_EXCEEDED": HTTPStatus.GATEWAY_TIMEOUT,
}
_UNANSWERED = re.compile(r"Connect|Timeout")
"""Found, in every package, in the names of the exceptions for requests without an answer."""


class ModelConfigurationError(UserError):
    """No call of a model can succeed with its configuration."""

    def __init__(self, model: str, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"{model} cannot be used: {reason.rstrip('.')}. Correct its name, key, address or "
            "settings (`--model`, `--model-role`, `judges`, `-M`, the provider's environment "
            "variables); then `inspect eval-retry` continues without paying twice for finished "
            "work"
        )


@dataclass(frozen=True)
class Failure:
    """Why a call failed."""

    kind: Kind
    reason: str
    """The provider's message with its status, at most 500 characters."""
    status: int | None = None
    unanswered: bool = False
    """Whether no answer came."""

    @property
    def rejected(self) -> bool:
        """Whether the request may have asked for something that the provider does not support."""
        return self.status in (400, 404, 422)

    @property
    def unavailable(self) -> bool:
        """Whether no request gets through at present, whatever it asks for."""
        status = self.status or 0
        return self.unanswered or status in (408, 429) or status > HTTPStatus.NOT_IMPLEMENTED


def read_failure(error: BaseException, *, answered: bool = False) -> Failure:
    """Read the error of a call; `answered` tells if the model answered before with its settings."""
    chain = list(_chain(error))
    for each in reversed(chain):
        if (status := _status(each)) is not None:
            message = _message(each)
            about = " ".join((message, *_codes(each), getattr(each, "provider_message", "") or ""))
            kind = kind_of(status, about, answered=answered)
            return Failure(kind, _short(f"Error code: {status} - {message}"), status)
    inner = chain[-1]
    message = _message(inner)
    reason = f"{type(inner).__name__}: {message}"
    cause = inner.__cause__ or inner.__context__
    if cause is not None and str(cause) and str(cause) not in message:
        reason += f" ({type(cause).__name__}: {cause})"
    unanswered = isinstance(inner, OSError) or bool(_UNANSWERED.search(type(inner).__name__))
    return Failure(kind_of(None, message), _short(reason), unanswered=unanswered)


def raise_configuration(error: BaseException, model: str, *, answered: bool) -> None:
    """End the sample if an agent's model cannot be called at all; other errors become data."""
    if isinstance(error, ModelConfigurationError):
        raise error
    if not from_model(error):
        return
    if (failure := read_failure(error, answered=answered)).kind == "configuration":
        raise ModelConfigurationError(model, failure.reason) from None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and the errors that it wraps."""
    for _ in range(20):
        yield error
        inner: BaseException | None
        if (attempt := getattr(error, "last_attempt", None)) is not None:  # tenacity's
            inner = attempt.exception()
        elif hasattr(error, "provider_message"):  # Inspect's, which shows the request
            inner = error.__cause__
        else:
            return
        if inner is None:
            return
        error = inner


def from_model(error: BaseException) -> bool:
    """Whether an error, or one of its causes, comes from a model call.

    The type of the exception is not enough: an agent's tool may raise the same one, for example if
    it does not find a page.
    """
    for _ in range(20):
        frame = error.__traceback__
        while frame is not None:
            if frame.tb_frame.f_globals.get("__name__") == Model.__module__:
                return True
            frame = frame.tb_next
        if error.__cause__ is None:
            return False
        error = error.__cause__
    return False


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    found = [
        getattr(error, name, None) for name in ("status_code", "http_status", "status", "code")
    ]
    found.append(getattr(response, "status_code", None))
    if isinstance(response, Mapping):  # botocore, and OpenRouter's errors within an answer
        found += [response.get("ResponseMetadata", {}).get("HTTPStatusCode"), response.get("code")]
    for each in found:
        if isinstance(each, int) and 100 <= each <= 599:
            return int(each)
        if callable(each):  # grpc
            return _RPC.get(getattr(each(), "name", ""))
    return None


def _message(error: BaseException) -> str:
    """The provider's message."""
    response = getattr(error, "response", None)
    for body in (getattr(error, "body", None), response, _text(response)):
        if text := _said(body):
            return text
    details = getattr(error, "details", None)
    if callable(details) and isinstance(text := details(), str) and text:
        return text
    for name in ("message", "provider_message"):
        if isinstance(text := getattr(error, name, None), str) and text:
            return text
    return str(error)


def _text(response: object) -> object:
    """The text of a response; None if it was streamed and has not been read."""
    try:
        return getattr(response, "text", None)
    except Exception:  # each client raises its own errors
        return None


def _said(body: Any, depth: int = 8) -> str | None:
    """The message in a body: an object, errors in a list, either as text, a page, or plain text."""
    text: str | None
    if isinstance(body, str):
        text = body.strip()
        if text.startswith(("{", "[")):
            try:
                return _said(json.loads(text), depth)
            except (ValueError, RecursionError):
                return None
        return (_MARKUP.sub(" ", text).strip() if text.startswith("<") else text) or None
    if not depth:
        return None
    if isinstance(body, list):
        return "; ".join(filter(None, (_said(each, depth - 1) for each in body[:5]))) or None
    if not isinstance(body, Mapping):
        return None
    if isinstance(body.get("msg"), str):  # of FastAPI
        where = body["loc"] if isinstance(body.get("loc"), list) else []
        return ": ".join(filter(None, (".".join(map(str, where)), body["msg"])))
    inner = next((body[key] for key in ("error", "Error", "detail") if body.get(key)), None)
    if isinstance(inner, str):
        told = body.get("message")
        return told if isinstance(told, str) and told else inner
    fields = inner if isinstance(inner, Mapping) else body
    told = fields.get("message") or fields.get("Message") or inner
    if told is inner and isinstance(inner, Mapping):
        return json.dumps(inner)[:_LONGEST]
    text = _said(told, depth - 1)
    metadata = fields.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, Mapping) else None  # of OpenRouter
    return f"{text}: {_said(raw, depth - 1) or raw}" if raw else text


def _codes(error: BaseException) -> list[str]:
    """The provider's error codes."""
    body = getattr(error, "body", None)
    body = body[0] if isinstance(body, list) and body else body
    fields = body.get("error", body) if isinstance(body, Mapping) else {}
    fields = fields if isinstance(fields, Mapping) else {}
    return [str(fields[name]) for name in ("type", "code", "status") if fields.get(name)]


def _short(text: str) -> str:
    """Make a text that a log can hold: no half surrogate pairs, at most 500 characters."""
    return " ".join(text.encode(errors="replace").decode().split())[:_LONGEST]
