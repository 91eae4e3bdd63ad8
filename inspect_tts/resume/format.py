"""SavedResults: what was paid for once, as bytes that can be trusted or are known to be damaged.

A saved result is a finished rollout, summary, vote or grade. Its key covers everything that
influences it, so a result with the same key can be taken over instead of being paid for again.
"""

import json
import zlib
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal

from pydantic import JsonValue

from inspect_tts.method.records import Facts, Patch, Record, Usage

Kind = Literal["rollout", "snapshot", "summary", "vote", "grade", "check"]
KINDS: tuple[Kind, ...] = ("rollout", "snapshot", "summary", "vote", "grade", "check")

UNIT_VERSION = 2
"""Part of every key; raised when the meaning of a saved result changes."""

LARGEST = 2**30
"""Most bytes of a saved result; a larger file is rejected."""

_MAGIC = b"inspect_tts unit "


class CorruptResultError(ValueError):
    """The file is not the saved result that was written."""


class KeptChoice(Record):
    """One answer of a multiple choice question, as the agent left it."""

    value: str
    correct: bool | None = None
    original_position: int


class RolloutUnit(Record):
    """How an agent ended, with all that its summary, its grading and its adoption need."""

    facts: Facts
    limit: str | None = None
    usage: Usage
    seconds: float
    patch: Patch | None = None
    leaks: tuple[str, ...] = ()
    messages: list[JsonValue]
    output: JsonValue = None
    store: dict[str, JsonValue]
    metadata: dict[str, JsonValue]
    completed: bool = False
    choices: tuple[KeptChoice, ...] = ()
    snapshot: bool = False
    """Whether a snapshot of its sandbox was kept, under the same key."""


class Grade(Record):
    """What the task's scorers gave one rollout. Sealed, as in its record."""

    scores: dict[str, JsonValue]


def cache_key(kind: Kind, parts: Mapping[str, object]) -> str:
    """The key of a saved result, from everything that influences it."""
    named = {"version": UNIT_VERSION, "kind": kind, "parts": dict(parts)}
    text = json.dumps(named, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:40]


def pack(kind: Kind, key: str, value: bytes) -> bytes:
    """Write a saved result."""
    body = zlib.compress(value, 1)  # half the time of the default, a tenth larger
    return _MAGIC + _digest(kind, key, body) + b"\n" + body


def unpack(kind: Kind, key: str, data: bytes) -> bytes:
    """Read a saved result."""
    head, _, body = data.partition(b"\n")
    if head != _MAGIC + _digest(kind, key, body):
        raise CorruptResultError(f"the {kind} {key} is damaged: {len(data)} bytes, checksum wrong")
    packed = zlib.decompressobj()
    try:
        value = packed.decompress(body, LARGEST)
    except zlib.error as error:
        raise CorruptResultError(f"the {kind} {key} is not what is kept: {error}") from error
    if not packed.eof or packed.unused_data:
        raise CorruptResultError(
            f"the {kind} {key} is not what is kept: its end is missing, or late"
        )
    return value


def pack_json(kind: Kind, key: str, value: Any) -> bytes:
    """Write a saved result whose content is JSON."""
    return pack(kind, key, json.dumps(value, ensure_ascii=True).encode())


def unpack_json(kind: Kind, key: str, data: bytes) -> Any:
    """Read a saved result whose content is JSON."""
    try:
        return json.loads(unpack(kind, key, data))
    except (ValueError, RecursionError) as error:
        if isinstance(error, CorruptResultError):
            raise
        raise CorruptResultError(f"the {kind} {key} is not what is kept: {error}") from error


def _digest(kind: Kind, key: str, body: bytes) -> bytes:
    return sha256(f"{UNIT_VERSION}\0{kind}\0{key}\0".encode() + body).hexdigest().encode()
