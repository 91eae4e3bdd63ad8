"""What a rollout wrote and ran, read from its messages."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from inspect_ai.model import ChatMessage, ChatMessageAssistant

_COMMANDS = ("command", "cmd", "input", "script")
_PATHS = ("path", "file_path", "filename", "file")
_TEXTS = ("file_text", "content", "contents", "text")
_EDITS = (("old_str", "new_str"), ("old_string", "new_string"))
_BLOCK = re.compile(
    r"^```(?:bash|sh|shell|mswea_bash_command)[ \t]*\n(.*?)^```", re.MULTILINE | re.DOTALL
)
_MOST = 2_000_000
"""The most characters of a message that are read."""


@dataclass(frozen=True)
class Script:
    """A shell script that was run."""

    text: str


@dataclass(frozen=True)
class Write:
    """A file that a tool wrote."""

    path: str
    text: str


@dataclass(frozen=True)
class Edit:
    """A text that a tool replaced in a file."""

    path: str
    old: str
    new: str


Action = Script | Write | Edit


def actions(messages: Sequence[ChatMessage]) -> Iterator[Action]:
    """What an agent did, in order: tool calls or, in a message without any, shell blocks."""
    for message in messages:
        if not isinstance(message, ChatMessageAssistant):
            continue
        for call in message.tool_calls or ():
            if (found := _of_call(call.function, call.arguments)) is not None:
                yield found
        if not message.tool_calls:
            for block in _BLOCK.finditer(message.text[:_MOST]):
                yield Script(block[1])


def _of_call(function: str, arguments: dict[str, Any]) -> Action | None:
    path = _first(arguments, _PATHS)
    if path is not None:
        if (text := _first(arguments, _TEXTS)) is not None:
            return Write(path, text)
        for old, new in _EDITS:
            if (before := _first(arguments, (old,))) is not None:
                return Edit(path, before, _first(arguments, (new,)) or "")
        return None
    if (code := _first(arguments, ("code",))) is not None and "python" in function:
        return Script(f"python3 - <<'END_OF_CODE'\n{code}\nEND_OF_CODE\n")
    script = _first(arguments, _COMMANDS)
    return None if script is None else Script(script)


def _first(arguments: dict[str, Any], names: tuple[str, ...]) -> str | None:
    values = (arguments.get(name) for name in names)
    return next((value[:_MOST] for value in values if isinstance(value, str)), None)
