"""Read JSON, plain or compressed, within bounds: a file may hold anything."""

import gzip
import json
import lzma
import os
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, cast

MOST_BYTES = 256 * 2**20
"""Of a file that is read as a whole, once it is unpacked."""
MOST_BYTES_OF_LINES = 2**30
"""Of a file that is read by lines."""
LONGEST_LINE = 64 * 2**20
UNREADABLE = (ValueError, RecursionError, OSError, EOFError)
"""What reading a file raises that others wrote."""


def check_regular(path: Path) -> None:
    """Refuse a device, a pipe or a folder, which may never end."""
    path.stat()
    if not path.is_file():
        raise ValueError(f"{path.name} is no regular file")


def read_text(path: Path) -> str:
    """Read a text file that may be compressed with gzip or xz, as its name says."""
    with _open(path) as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"{path.name} holds more than {MOST_BYTES // 2**20} MiB")
    return content.decode("utf-8-sig")


def read_any(path: Path, *, unique: bool = False) -> Any:
    """Read JSON; with `unique`, an object that has a name twice is an error and not the last."""
    return json.loads(read_text(path), object_pairs_hook=_once if unique else None)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"{twice!r} is there more than once, of which JSON keeps one")
    return found


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object."""
    found = read_any(path)
    if not isinstance(found, dict):
        raise ValueError(f"holds a JSON {type(found).__name__} and not an object")
    return found


def object_with(path: Path, key: str) -> dict[str, Any] | None:
    """A JSON file that has a key, None where there is none."""
    if not os.path.lexists(path):
        return None
    stat = path.stat()
    found = _read_once(str(path), stat.st_mtime_ns, stat.st_size)
    return found if isinstance(found, dict) and key in found else None


@lru_cache(maxsize=256)
def _read_once(path: str, changed: int, size: int) -> Any:
    return read_any(Path(path))


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Read the lines of a text file that may be compressed."""
    total = number = 0
    with _open(path) as file:
        while line := file.readline(LONGEST_LINE + 1):
            number, total = number + 1, total + len(line)
            if len(line) > LONGEST_LINE:
                raise ValueError(f"line {number} is longer than {LONGEST_LINE // 2**20} MiB")
            if total > MOST_BYTES_OF_LINES:
                raise ValueError(
                    f"the lines from {number} on are left out: those before are "
                    f"{MOST_BYTES_OF_LINES // 2**20} MiB"
                )
            text = line.decode("utf-8-sig" if number == 1 else "utf-8", errors="surrogateescape")
            if text.strip():
                yield number, text


def line_value(text: str) -> Any:
    """The value of a line."""
    text.encode()  # half of a surrogate pair stands for a byte that is no UTF-8
    return json.loads(text)


def read_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Read JSON lines."""
    for number, text in text_lines(path):
        try:
            yield number, line_value(text)
        except (ValueError, RecursionError) as error:
            yield number, error


def _open(path: Path) -> IO[bytes]:
    check_regular(path)
    openers: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open}
    return cast("IO[bytes]", openers.get(path.suffix, open)(path, "rb"))
