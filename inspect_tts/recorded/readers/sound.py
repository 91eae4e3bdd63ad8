"""Checks and repairs of every rollout that a reader found in an external file."""

from dataclasses import replace
from typing import Annotated, Any

from inspect_ai.model import ChatMessage
from inspect_ai.tool import ToolCall
from pydantic import AfterValidator, Field

from inspect_tts.recorded.records import Recorded

_LONGEST_NAME = 500
_MOST = 10**15
_DEEPEST = 50

Count = Annotated[int, Field(ge=0, le=_MOST)]
"""A number of calls or tokens in a file."""
Cost = Annotated[float, Field(ge=0, le=_MOST, allow_inf_nan=False)]
"""Dollars or seconds in a file."""
Name = Annotated[str, AfterValidator(lambda name: checked_name(name))]
"""The name of a problem."""
Finite = Annotated[float, Field(ge=-_MOST, le=_MOST, allow_inf_nan=False)]
"""A reward in a file."""


def printable(text: str) -> str:
    """Replace unpaired surrogates, which UTF-8 cannot encode."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def sound(found: Recorded) -> Recorded:
    """Check names and numbers of a rollout, and repair its texts so that a log can hold them."""
    checked_name(found.problem, "the problem's name ")
    for field, name in (("the task's name", found.task), ("the part", found.part)):
        if name:
            checked_name(name, f"{field} ")
    counts = {f"usage.{name}": n for name, n in found.usage.model_dump().items() if n is not None}
    for field, number in {"turns": found.turns, "seconds": found.seconds, **counts}.items():
        if not 0 <= number <= _MOST:  # also catches not-a-number
            raise ValueError(f"{field} is out of range: it must be from 0 to {_MOST:.0e}")
    text = found.text
    if text is not None:
        text = printable(text) if isinstance(text, str) else [_message(each) for each in text]
    return replace(
        found,
        text=text,
        messages=[_message(message) for message in found.messages],
        choices=tuple(map(printable, found.choices)),
        model=printable(found.model)[:_LONGEST_NAME],
        reason=found.reason and printable(found.reason),
        answer=found.answer and printable(found.answer),
        patch=found.patch and printable(found.patch),
        commands=tuple(
            fact.model_copy(update={"command": printable(fact.command)}) for fact in found.commands
        ),
        scores=None if wrong_score(found) else found.scores,
    )


def wrong_score(found: Recorded) -> str | None:
    """What is wrong with the scores; None if nothing is. A wrong score counts as unknown."""
    for field, score in (found.scores or {}).items():
        if isinstance(score, int | float) and abs(score) > _MOST:
            return f"scores.{field} is out of range: at most {_MOST:.0e}"
    return None


def checked_name(name: str, what: str = "") -> str:
    """Check and return a name. `what` begins the error message."""
    if not name.strip():
        raise ValueError(f"{what}is blank")
    if len(name) > _LONGEST_NAME:
        raise ValueError(f"{what}has {len(name)} characters, more than {_LONGEST_NAME}")
    if printable(name) != name or any(ord(c) < ord(" ") for c in name):
        raise ValueError(f"{what}{printable(name)!r} has a character that is not allowed in a name")
    return name


def _message(message: ChatMessage) -> ChatMessage:
    """Repair the texts of a message so that a log can hold them."""
    changed: dict[str, Any] = {}
    if isinstance(message.content, str):
        changed["content"] = printable(message.content)
    else:
        changed["content"] = [
            each.model_copy(update={"text": printable(each.text)}) if each.type == "text" else each
            for each in message.content
        ]
    if message.role == "assistant" and message.tool_calls:
        changed["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.role == "tool":
        changed["tool_call_id"] = message.tool_call_id and printable(message.tool_call_id)
    return message.model_copy(update=changed)


def _call(call: ToolCall) -> ToolCall:
    return replace(
        call,
        id=printable(call.id),
        function=printable(call.function),
        arguments={printable(name): _plain(value) for name, value in call.arguments.items()},
    )


def _plain(value: Any, depth: int = 0) -> Any:
    """Make a JSON value fit for a log: no deep nesting, no huge numbers."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, bool | None):
        return value
    if isinstance(value, int | float):
        return value if abs(value) <= _MOST else "a number out of range"
    if depth == _DEEPEST:
        return "..."
    if isinstance(value, dict):
        return {printable(str(name)): _plain(each, depth + 1) for name, each in value.items()}
    return [_plain(each, depth + 1) for each in value] if isinstance(value, list) else str(value)
