"""Read JSON, plain or compressed."""

import gzip
import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any


def open_text(path: Path) -> IO[str]:
    """Open a text file that may be compressed with gzip or xz, as its name says."""
    openers: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open}
    opened: IO[str] = openers.get(path.suffix, open)(path, "rt", encoding="utf-8")
    return opened


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ValueError: If the file holds anything else.
    """
    with open_text(path) as file:
        found = json.load(file)
    if not isinstance(found, dict):
        raise ValueError(f"holds a JSON {type(found).__name__} and not an object")
    return found


def read_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Read JSON lines.

    Yields:
        The number of each line that is not blank, and its value; a ValueError in its place where
        it is not JSON.
    """
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    yield number, json.loads(line)
                except ValueError as error:
                    yield number, error
