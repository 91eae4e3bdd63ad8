"""Read JSON, plain or compressed, with size limits, since files may hold anything."""

import gzip
import json
import lzma
import os
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, cast

import ijson  # type: ignore[import-untyped]
from inspect_ai.log import EvalLog

MOST_BYTES = 256 * 2**20
"""Maximum unpacked size of a file that is read as a whole."""
MOST_BYTES_OF_LINES = 2**30
"""Maximum unpacked size of a file that is read line by line."""
LONGEST_LINE = 64 * 2**20
UNREADABLE = (ValueError, RecursionError, OSError, EOFError)
"""Errors that reading an external file may raise."""

_HEAD = 4096
_JSON_LOG = re.compile(rb'(\xef\xbb\xbf)?\s*\{\s*"version"\s*:\s*\d+\s*,\s*"status"\s*:')
_LOG_FIELDS = {"version", "status", "eval"}
_LOG_FIELD = re.compile(
    rb'(\xef\xbb\xbf)?\s*\{\s*"(' + "|".join(EvalLog.model_fields).encode() + rb')"'
)


def check_regular(path: Path) -> None:
    """Refuse anything but a regular file: a device or a pipe may never end."""
    path.stat()
    if not path.is_file():
        raise ValueError(f"{path.name} is not a regular file")


def read_text(path: Path) -> str:
    """Read a text file. The names of files compressed with gzip or xz end with `.gz` or `.xz`."""
    with _open(path) as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"{path.name} is larger than {MOST_BYTES // 2**20} MiB")
    return content.decode("utf-8-sig")


def read_any(path: Path, *, unique: bool = False) -> Any:
    """Read JSON. With `unique`, a duplicate name in an object is an error."""
    return json.loads(read_text(path), object_pairs_hook=_once if unique else None)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"{twice!r} occurs more than once, but JSON keeps only one")
    return found


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object."""
    found = read_any(path)
    if not isinstance(found, dict):
        raise ValueError(f"holds a JSON {type(found).__name__} instead of an object")
    return found


def object_with(path: Path, key: str) -> dict[str, Any] | None:
    """Read a JSON object; None if the file does not exist or the object lacks the key."""
    if not os.path.lexists(path):
        return None
    stat = path.stat()
    found = _read_once(str(path), stat.st_mtime_ns, stat.st_size)
    return found if isinstance(found, dict) and key in found else None


@lru_cache(maxsize=256)
def _read_once(path: str, changed: int, size: int) -> Any:
    return read_any(Path(path))


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Read the lines of a text file that may be compressed, with their numbers, without blanks."""
    total = number = 0
    with _open(path) as file:
        while line := file.readline(LONGEST_LINE + 1):
            number, total = number + 1, total + len(line)
            if len(line) > LONGEST_LINE:
                raise ValueError(f"line {number} is longer than {LONGEST_LINE // 2**20} MiB")
            if total > MOST_BYTES_OF_LINES:
                raise ValueError(
                    f"the lines from {number} on are left out: the lines before them already have "
                    f"{MOST_BYTES_OF_LINES // 2**20} MiB"
                )
            text = line.decode("utf-8-sig" if number == 1 else "utf-8", errors="surrogateescape")
            if text.strip():
                yield number, text


def line_value(text: str) -> Any:
    """Parse a line as JSON."""
    text.encode()  # raises if a surrogate stands for a byte that is not UTF-8
    return json.loads(text)


def read_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Read JSON lines with their numbers. A line that cannot be parsed yields its error."""
    for number, text in text_lines(path):
        try:
            yield number, line_value(text)
        except (ValueError, RecursionError) as error:
            yield number, error


def _open(path: Path) -> IO[bytes]:
    check_regular(path)
    openers: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open}
    return cast("IO[bytes]", openers.get(path.suffix, open)(path, "rb"))


def is_json_log(path: Path) -> bool:
    """Whether a JSON file is an Inspect log, by the fields that it begins with."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(0)
        return bool(_JSON_LOG.match(head)) or (
            bool(_LOG_FIELD.match(head)) and _field_names(file) >= _LOG_FIELDS
        )


def _field_names(file: IO[bytes]) -> set[str]:
    """The names of a JSON object's fields, as far as it can be read."""
    found, depth = set[str](), 0
    try:
        for event, value in ijson.basic_parse(file):  # `parse` would hold the path to each level
            depth += event.startswith("start")
            depth -= event.startswith("end")
            if event == "map_key" and depth == 1:
                found.add(value)
    except ijson.JSONError:
        pass
    return found
