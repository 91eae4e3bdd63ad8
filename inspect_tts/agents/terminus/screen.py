"""What Terminus types into a terminal, and what it reads back."""

import json
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, ValidationError

from inspect_tts.text.parsing import json_objects
from inspect_tts.text.trajectory import elide

SOURCE = "inspect_tts/terminus"
"""The agent's name in events of the log."""

MARKER = re.compile(r"(?:; )?tmux set -g @tts\d+ \$\? \\; wait -S tts\d+")
"""Matches what the shell runs after a blocking command; it is cut from observations."""

DEFAULT_SECONDS = 180.0
"""Time limit of a command without a `timeout_sec`."""

_NAMED = (
    "Enter|Tab|BTab|Escape|Space|BSpace|Up|Down|Left|Right|Home|End|"
    "PageUp|PageDown|PgUp|PgDn|PPage|NPage|IC|DC|Insert|Delete|F1[0-2]|F[1-9]"
)
_KEY = re.compile(rf"(?:[CMS]-)+(?:{_NAMED}|[!-~])|{_NAMED}")
_CONTROL = re.compile(r"([\x00-\x08\x0b\x0c\x0e-\x1f\x7f])")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_OPEN_END = re.compile(r"(?:[&;|\\({]|(?:^|\s)(?:do|then|else|in))[ \t]*$")
_MOST_MISTAKES = 5


class Command(BaseModel):
    """Keystrokes, and when to look at the screen after them."""

    model_config = ConfigDict(frozen=True)

    keystrokes: StrictStr
    is_blocking: StrictBool = True
    timeout_sec: Annotated[float, Field(ge=0, allow_inf_nan=False)] = DEFAULT_SECONDS


class Turn(BaseModel):
    """One answer of the model."""

    model_config = ConfigDict(frozen=True)

    state_analysis: StrictStr
    explanation: StrictStr
    commands: tuple[Command, ...]
    is_task_complete: StrictBool


def parse_turn(text: str) -> Turn:
    """Read the JSON object of a turn: bare, fenced, or with text around it."""
    values = json_objects(text)
    if len([value for value in values if "commands" in value]) > 1 and "```" not in text:
        raise ValueError("not valid JSON: Extra data: several turns in one answer; give one")
    try:
        turn = Turn.model_validate(values[0])
    except ValidationError as error:
        raise ValueError(_mistakes(error)) from None
    for number, command in enumerate(turn.commands):
        if _SURROGATE.search(command.keystrokes):
            raise ValueError(
                f"commands.{number}.keystrokes: half of a surrogate pair is no character"
            )
    return turn


def _mistakes(error: ValidationError) -> str:
    found = error.errors(include_input=False, include_url=False, include_context=False)
    told = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found]
    more = len(told) - _MOST_MISTAKES
    return "; ".join(told[:_MOST_MISTAKES]) + (f"; and {more} more" if more > 0 else "")


@dataclass(frozen=True)
class Typed:
    """Input that goes to the terminal in one piece."""

    kind: str
    """`text`: pasted; `key`: a name that tmux knows; `byte`: a control character, in hex."""
    value: str


def keystrokes(text: str) -> tuple[Typed, ...]:
    """Split keystrokes into text to paste and keys to press."""
    words = text.split()
    if words and all(_KEY.fullmatch(word) for word in words):
        return tuple(Typed("key", word) for word in words)
    parts = _CONTROL.split(text.replace("\r\n", "\n").replace("\r", "\n"))
    return tuple(
        Typed("byte", f"{ord(part):02x}") if _CONTROL.fullmatch(part) else Typed("text", part)
        for part in parts
        if part
    )


def quoted_tabs(text: str) -> str:
    """Quote tabs, so that a shell takes them literally instead of completing words."""
    body = text.rstrip("\t")
    return body.replace("\t", "\x16\t") + text[len(body) :]


def with_marker(text: str, marker: str) -> str | None:
    """Add a marker that the shell runs after the keystrokes; None if these are not shell lines.

    The marker shares the last line, so that a program that reads the terminal does not read the
    marker. It gets a line of its own if the last line cannot be continued: after a here-document, a
    comment or an operator.
    """
    if not text.endswith(("\n", "\r")) or any(part.kind != "text" for part in keystrokes(text)):
        return None
    body = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    if not body.strip():
        return f"{body}{marker}\n"
    last = body.rpartition("\n")[2]
    own_line = "<<" in body or "#" in last or not last.strip() or _OPEN_END.search(last)
    return f"{body}\n{marker}\n" if own_line else f"{body}; {marker}\n"


@dataclass(frozen=True)
class Screen:
    """What a terminal shows."""

    visible: str
    """The screen."""
    scrolled: str
    """The screen, with the lines that scrolled off it since the previous keystrokes."""


def observation(before: str, screen: Screen, *, limit: int) -> str:
    """Show the new output of a terminal, or its whole screen if the new part is unclear."""
    now = _lines(screen.scrolled)
    old = _lines(before)
    if old and now[: len(old) - 1] == old[:-1] and _continues(now, len(old) - 1, old[-1]):
        new = "\n".join(now[len(old) - 1 :])
        return f"New terminal output:\n{elide(new, limit)}"
    visible = "\n".join(_lines(screen.visible))
    return f"Current terminal screen:\n{elide(visible, limit)}"


def _continues(now: list[str], index: int, line: str) -> bool:
    return index < len(now) and now[index].startswith(line)


def _lines(text: str) -> list[str]:
    lines = [line.rstrip() for line in MARKER.sub("", text).split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def typed_commands(data: object) -> list[tuple[str, int | None]]:
    """Read the commands typed in a turn, with return codes, from the turn's event in the log."""
    typed = data.get("typed", []) if isinstance(data, dict) else []
    return [
        (str(each["keystrokes"]).strip(), each["returncode"])
        for each in typed
        if each["ending"] != "skipped"
    ]


def shown(text: str) -> str:
    """Show a text on one line, as a JSON string that is safe in a log and a prompt."""
    return elide(json.dumps(text), 200).replace("\n", " ")
