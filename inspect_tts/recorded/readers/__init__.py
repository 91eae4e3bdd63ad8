"""Formats of recorded rollouts: one small file each.

Another format is another `Reader` in `READERS`.
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Protocol

from inspect_tts.errors import UserError
from inspect_tts.paths import user_path

from ..records import Malformed, Recorded, Source
from .atif import AtifReader
from .inspect_log import InspectReader
from .mini_swe_agent import MiniSweAgentReader
from .rows import RowsReader
from .strategy import StrategyReader
from .swe_bench import SweBenchReader


class Reader(Protocol):
    """Reads one format."""

    @property
    def name(self) -> str:
        """For `--format`."""
        ...

    @property
    def patterns(self) -> tuple[str, ...]:
        """File names by which it knows its files in a folder."""
        ...

    def read(self, path: Path, part: str | None = None) -> Iterator[Recorded | Malformed]:
        """Read the rollouts of a file.

        Args:
            path: The file.
            part: None for all; else the one wanted, in full. Others may then be yielded as well.

        Yields:
            Each rollout, or what is wrong with it.

        Raises:
            ValueError: If the file is not of this format.
            OSError: If it cannot be read.
        """
        ...


READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        InspectReader(),
        MiniSweAgentReader(),
        AtifReader(),
        SweBenchReader(),
        RowsReader(),
        StrategyReader(),
    )
}
"""All readers by name."""

FORMATS = tuple(name for name in READERS if name != StrategyReader.name)
"""What a user may choose; rollouts inside a strategy's log are for `replay`."""


def reader_of(format: str) -> Reader:
    """Find a reader.

    Raises:
        UserError: If there is none of this name.
    """
    if format not in READERS:
        raise UserError(f"format={format!r} is not known; choose one of {', '.join(FORMATS)}")
    return READERS[format]


def find_files(paths: Sequence[str], format: str | None) -> list[tuple[Reader, Path]]:
    """Find the files to read.

    Args:
        paths: Files, and folders to search.
        format: Name of the format, None to tell it by the files' names.

    Returns:
        Each file with its reader, in the order given, folders sorted by path.

    Raises:
        UserError: If a path does not exist, or nothing of a known format is found.
    """
    wanted = [READERS[name] for name in FORMATS] if format is None else [reader_of(format)]
    found: dict[Path, Reader] = {}
    for given in paths:
        path = user_path(given)
        if not path.exists():
            raise UserError(f"{given} does not exist; give files, or folders that hold some")
        if path.is_dir():
            inside = [(p, _claims(p, wanted)) for p in sorted(path.rglob("*")) if p.is_file()]
            files = [(p, reader) for p, reader in inside if reader is not None]
        else:
            reader = _claims(path, wanted) or (wanted[0] if format else None)
            files = [(path, reader)] if reader else []
        if not files:
            known = "; ".join(f"{r.name}: {', '.join(r.patterns)}" for r in wanted)
            raise UserError(
                f"{given} holds no recorded rollouts. What files are called tells their format "
                f"({known}). Give a file itself and --format to read it whatever it is called"
            )
        found.update(files)
    return [(reader, path) for path, reader in found.items()]


def _claims(path: Path, readers: Sequence[Reader]) -> Reader | None:
    for reader in readers:
        if any(fnmatch(path.name, pattern) for pattern in reader.patterns):
            return reader
    return None


def read_all(reader: Reader, path: Path) -> Iterator[Recorded | Malformed]:
    """Read a file; one that is not of the reader's format is malformed, not an error.

    Args:
        reader: Of its format.
        path: The file.

    Yields:
        Each rollout, or what is wrong with it or with the file.
    """
    try:
        yield from reader.read(path)
    except Exception as error:  # others wrote the file: it can be broken in any way
        first = (str(error).splitlines() or [""])[0]
        yield Malformed(f"{type(error).__name__}: {first}")


def load(source: Source) -> Recorded:
    """Read one rollout again.

    Args:
        source: Where it is.

    Returns:
        The rollout.

    Raises:
        UserError: If it is no longer there.
    """
    again = "the recorded files must stay where and as they were"
    try:
        for found in reader_of(source.format).read(Path(source.path), source.part):
            if isinstance(found, Recorded) and found.part == source.part:
                return found
    except Exception as error:  # as above
        raise UserError(f"{source} cannot be read any more ({error}); {again}") from error
    raise UserError(f"{source} is not there any more; {again}")
