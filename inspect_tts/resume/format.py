"""Saved results as bytes: a rollout, summary, vote, grade or investigation, with a checksum.

The key of a result covers everything that influences it. So a saved result with the same key can be
used instead of paying for a new one.
"""

import json
import zlib
from collections.abc import Mapping
from hashlib import sha256
from typing import Literal, get_args

from pydantic import JsonValue

from inspect_tts.method.records import Facts, Patch, Record
from inspect_tts.method.usage import Seconds, Spent

Kind = Literal["rollout", "snapshot", "summary", "vote", "grade", "check", "investigation"]
KINDS: tuple[Kind, ...] = get_args(Kind)

SAVED_VERSION = 2
"""Part of every key; raised when the meaning of a saved result changes."""

LARGEST = 2**30
"""The most bytes of a saved result; a larger one is rejected."""

_MAGIC = b"inspect_tts unit "


class CorruptResultError(ValueError):
    """A file does not hold the saved result that was written."""


class SavedChoice(Record):
    """One option of a multiple-choice question, as the agent left it."""

    value: str
    correct: bool | None = None
    original_position: int


class SavedRollout(Record):
    """A finished rollout, with everything that its summary, grading and adoption need."""

    facts: Facts
    limit: str | None = None
    usage: Spent
    seconds: Seconds
    patch: Patch | None = None
    leaks: tuple[str, ...] = ()
    messages: list[JsonValue]
    output: JsonValue = None
    store: dict[str, JsonValue]
    metadata: dict[str, JsonValue]
    completed: bool = False
    choices: tuple[SavedChoice, ...] = ()
    snapshot: bool = False
    """Whether a snapshot of its sandbox is saved under the same key."""


class Grade(Record):
    """The scores of one rollout. Sealed, as in its record."""

    scores: dict[str, JsonValue]


def saved_key(kind: Kind, parts: Mapping[str, object]) -> str:
    """The key of a saved result, from everything that influences it."""
    named = {"version": SAVED_VERSION, "kind": kind, "parts": dict(parts)}
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
        raise CorruptResultError(f"the {kind} {key} is damaged: {len(data)} bytes, wrong checksum")
    unpacking = zlib.decompressobj()
    try:
        value = unpacking.decompress(body, LARGEST)
    except zlib.error as error:
        raise CorruptResultError(f"the {kind} {key} cannot be decompressed: {error}") from error
    if not unpacking.eof or unpacking.unused_data:
        raise CorruptResultError(f"the {kind} {key} has no end where it should")
    return value


def _digest(kind: Kind, key: str, body: bytes) -> bytes:
    return sha256(f"{SAVED_VERSION}\0{kind}\0{key}\0".encode() + body).hexdigest().encode()
