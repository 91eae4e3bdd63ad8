"""JSON lines of ATIF trajectories, or of candidates in the format that `choose` writes."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from inspect_ai.model import ChatMessage, ChatMessageAssistant
from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from inspect_tts.errors import why
from inspect_tts.recorded.records import Malformed, Recorded, reader

from .atif import Counted, Trajectory, fuller
from .files import line_value, read_lines, text_lines
from .mini_swe_agent import chat_message
from .sound import Cost, Finite, Name
from .swe_bench import DIFF

_OPENING = re.compile(r"From [0-9a-f]{40} ")
"""The first line of a patch from `git format-patch`."""
_MESSAGE: TypeAdapter[ChatMessage] = TypeAdapter(ChatMessage)


class CandidateLine(BaseModel):
    """One candidate for a problem."""

    problem: Name
    """Candidates with the same name are compared."""
    input: str | list[JsonValue] | None = None
    """The task, as text or messages."""
    candidate: str | list[JsonValue]
    """A text, a patch, or messages."""


@reader(name="candidates", patterns=())
def candidates(path: Path) -> Iterator[Recorded | Malformed]:
    """Read each line as a candidate. No file name matches, so `--format` must name this format."""
    for number, row in read_lines(path):
        place = f"line {number}"
        try:
            if isinstance(row, Exception):
                raise row
            yield _recorded(CandidateLine.model_validate(row), place)
        except (ValueError, RecursionError) as error:
            yield Malformed(why(error), place)


def message_list(given: Sequence[Any], name: str) -> list[ChatMessage]:
    """Parse messages in Inspect's format or in that of the OpenAI API."""
    found: list[ChatMessage] = []
    for number, raw in enumerate(given):
        try:
            message = _message(raw)
        except Exception as error:  # external input: it can be wrong in any way
            raise ValueError(f"{name}[{number}]: {why(error)}") from error
        found += [] if message is None else [message]
    if not found:
        raise ValueError(f"{name} contains no messages")
    return found


def _message(raw: Any) -> ChatMessage | None:
    if isinstance(raw, dict) and raw.get("role") in ("system", "user") and "content" not in raw:
        raise ValueError(f"a message with the role {raw['role']!r} has no content")
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


class _Row(Counted):
    task_name: Name
    trajectory: Trajectory
    reward: Finite | None = None
    started_at: str | None = None
    duration_seconds: Cost | None = None
    cost_cents: Cost | None = None


_reading_rows = Lock()  # problems load in parallel: let one of them read the file for all


@lru_cache(maxsize=2)  # rollouts are read one by one from the same file
def _lines(path: str, changed: int) -> dict[str, str]:
    found: dict[str, str] = {}
    with suppress(ValueError, OSError, EOFError):  # errors were reported when the file was found
        for number, text in text_lines(Path(path)):
            found[f"line {number}"] = text
    return found


def _one(path: Path, part: str) -> Iterator[Recorded]:
    with _reading_rows:
        line = _lines(str(path), path.stat().st_mtime_ns)[part]
    yield _of_row(line_value(line), part)


@reader(name="rows", patterns=("*.jsonl.xz", "*.jsonl.gz"), one=_one)
def rows(path: Path) -> Iterator[Recorded | Malformed]:
    """Read each line as a rollout: `task_name`, `trajectory`, optional `reward`, `started_at`."""
    for number, row in read_lines(path):
        place = f"line {number}"
        try:
            if isinstance(row, Exception):
                raise row
            yield _of_row(row, place)
        except (ValueError, RecursionError) as error:
            yield Malformed(why(error), place)


def _of_row(raw: Any, part: str) -> Recorded:
    row = _Row.model_validate(raw)
    counted = row.usage()
    if row.cost_cents is not None and counted.cost is None:
        counted = counted.model_copy(update={"cost": row.cost_cents / 100})
    return Recorded(
        problem=row.task_name,
        text=row.trajectory.problem_text,
        messages=row.trajectory.messages(),
        part=part,
        started=row.started_at,
        model=row.trajectory.agent.model_name or row.trajectory.agent.name,
        turns=row.trajectory.turns,
        usage=fuller(counted, row.trajectory.usage()),
        seconds=row.duration_seconds or 0.0,
        scores=None if row.reward is None else {"reward": row.reward},
    )
