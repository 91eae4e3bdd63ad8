"""Candidates as JSON lines: texts, patches or lists of messages, as `choose` writes them."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from inspect_ai.model import ChatMessage, ChatMessageAssistant
from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from inspect_tts.errors import why
from inspect_tts.recorded.records import Malformed, Recorded, reader

from .files import read_lines
from .mini_swe_agent import chat_message
from .sound import Name
from .swe_bench import DIFF

_OPENING = re.compile(r"From [0-9a-f]{40} ")
"""Begins a patch that `git format-patch` made."""
_MESSAGE: TypeAdapter[ChatMessage] = TypeAdapter(ChatMessage)


class CandidateLine(BaseModel):
    """One candidate for a problem."""

    problem: Name
    """Candidates with the same name are compared."""
    input: str | list[JsonValue] | None = None
    """What was asked, as text or messages."""
    candidate: str | list[JsonValue]
    """A text, a patch, or messages."""


@reader(name="candidates", patterns=())
def candidates(path: Path) -> Iterator[Recorded | Malformed]:
    """A line is a candidate; no file name tells the format, so that it is read only if named."""
    for number, row in read_lines(path):
        place = f"line {number}"
        try:
            if isinstance(row, Exception):
                raise row
            yield _recorded(CandidateLine.model_validate(row), place)
        except (ValueError, RecursionError) as error:
            yield Malformed(why(error), place)


def message_list(given: Sequence[Any], name: str) -> list[ChatMessage]:
    """Messages of Inspect, or as the OpenAI API has them."""
    found: list[ChatMessage] = []
    for number, raw in enumerate(given):
        try:
            message = _message(raw)
        except Exception as error:  # it can be wrong in any way
            raise ValueError(f"{name}[{number}]: {why(error)}") from error
        found += [] if message is None else [message]
    if not found:
        raise ValueError(f"{name} holds no message")
    return found


def _message(raw: Any) -> ChatMessage | None:
    try:
        return _MESSAGE.validate_python(raw)
    except ValidationError:
        if not isinstance(raw, dict):
            raise
        return chat_message(raw)


def _recorded(line: CandidateLine, part: str) -> Recorded:
    asked, given = line.input, line.candidate
    text = message_list(asked, "input") if isinstance(asked, list) else asked
    if isinstance(given, list):
        messages = message_list(given, "candidate")
        turns = sum(message.role == "assistant" for message in messages)
        return Recorded(line.problem, text, messages, part, turns=turns)
    said, patch = given if given.strip() else "The candidate is empty.", None
    if _begins_as_patch(given):
        said, patch = f"The patch:\n\n{given}", given
    said_once = [ChatMessageAssistant(content=said)]
    answer = given if patch is None else None
    return Recorded(line.problem, text, said_once, part, turns=1, answer=answer, patch=patch)


def _begins_as_patch(text: str) -> bool:
    start = text.lstrip()
    return bool(_OPENING.match(start) or DIFF.match(start))


def line_of(problem: str, asked: str | list[ChatMessage], given: str | list[ChatMessage]) -> str:
    """A candidate as a line of the file."""
    row = {"problem": problem, "input": _plain(asked), "candidate": _plain(given)}
    return json.dumps(row) + "\n"


def _plain(given: str | list[ChatMessage]) -> Any:
    if isinstance(given, str):
        return given
    return [message.model_dump(mode="json", exclude_none=True) for message in given]
