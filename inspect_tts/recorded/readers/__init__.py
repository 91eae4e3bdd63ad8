"""Formats of recorded rollouts: the registry of readers, and how files are found and read."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from inspect_tts.errors import UserError, why
from inspect_tts.paths import user_path
from inspect_tts.recorded.records import Found, LeftOut, Malformed, Reader, Recorded, Source
from inspect_tts.registry import READER_GROUP, find
from inspect_tts.report.samples import CutOffError, is_cut_off

from .beside import CHECKPOINTS
from .files import check_regular
from .harbor import atif, of_a_trial
from .inspect_log import inspect, strategy
from .json_lines import candidates, rows
from .mini_swe_agent import mini_swe_agent
from .sound import printable, sound, wrong_score
from .swe_bench import swe_bench

_LINKS = {"image_build_dir"}
"""Links to folders that SWE-bench's harness makes. They hold no rollouts."""
_SHOWN = 3
_LONGEST_PART = 120

READERS = {each.name: each for each in (inspect, mini_swe_agent, atif, swe_bench, rows, candidates)}
"""The built-in formats. `find_reader` also finds readers of other packages."""
FORMATS = tuple(READERS)
"""The formats that are searched for if none is given."""


def find_reader(name: str) -> Reader:
    """Find the reader of a format by name."""
    return find(name, READERS, "format", Reader, READER_GROUP, "inspect_tts.recorded.reader")


class Search(NamedTuple):
    """The result of a search for files."""

    read: list[tuple[str, Path]]
    """The files to read, with their formats."""
    left_out: list[tuple[Path, str]]
    """Files and folders that are left out, with the reasons."""
    others: list[Path]
    """Files that no reader reads."""


def search(paths: Sequence[str], format: str | None) -> Search:
    """Find the files that hold recorded rollouts."""
    wanted = {name: find_reader(name) for name in ([format] if format else FORMATS)}
    found: dict[Path, tuple[str, Path]] = {}
    left_out: dict[Path, str] = {}
    others: list[Path] = []
    for given in paths:
        path = user_path(given)
        if not path.exists():
            raise UserError(f"{given} does not exist; give files, or folders that contain them")
        files, unread = _inside(path) if path.is_dir() else ([path], {})
        left_out |= unread
        claims = [(file, *_claim(file, wanted)) for file in files]
        if format and files == [path] and claims[0][1:] == (None, None):
            claims = [(path, format, None)]
        passed = [(file, why) for file, _, why in claims if why is not None]
        left_out |= {file: why.reason for file, why in passed if why.told}
        read = {file: name for file, name, _ in claims if name is not None}
        others += [file for file, name, _ in claims if name is None]
        if not read:
            names = {name: ", ".join(r.patterns) or "none" for name, r in wanted.items()}
            known = "; ".join(f"{name}: {patterns}" for name, patterns in names.items())
            reasons = "".join(f"{file.name}: {why.reason}. " for file, why in passed[:_SHOWN])
            raise UserError(
                f"{given} contains no recorded rollouts. {reasons}The format follows from the "
                f"file name ({known}). To read a file with another name, give the file itself and "
                "--format"
            )
        for file, name in read.items():
            found.setdefault(file.resolve(), (name, file))
    return Search(list(found.values()), list(left_out.items()), others)


def _inside(folder: Path) -> tuple[list[Path], dict[Path, str]]:
    """The content of a folder without macOS metadata, and what is not searched, with reasons."""
    found, unread = list[Path](), dict[Path, str]()
    root = folder.resolve()

    def failed(error: OSError) -> None:
        unread[Path(error.filename)] = f"cannot be searched: {error.strerror}"

    for place, folders, files in os.walk(folder, onerror=failed):
        found += [Path(place, name) for name in (*folders, *files) if not name.startswith("._")]
        for link in (Path(place, name) for name in folders if name not in _LINKS):
            if link.is_symlink() and root not in (link.resolve(), *link.resolve().parents):
                unread[link] = "a link to a folder elsewhere, which is not searched"
    return sorted(found), unread


def _claim(path: Path, readers: Mapping[str, Reader]) -> tuple[str | None, LeftOut | None]:
    """The format that reads a file, or why the formats that match its name do not."""
    passed: LeftOut | None = None
    for name, reader in readers.items():
        if any(fnmatch(path.name, pattern) for pattern in reader.patterns):
            try:
                why = _passed_over(path, reader)
            except OSError as error:
                why = LeftOut(f"cannot be read: {error.strerror}")
            if why is None:
                return name, None
            passed = why if passed is None or why.told else passed
    return None, passed


def _passed_over(path: Path, reader: Reader) -> LeftOut | None:
    if not path.is_file():
        return LeftOut("not a regular file")
    if CHECKPOINTS in path.parts:
        return LeftOut("a checkpoint made by an editor")
    why = reader.passes_over(path)
    if why is None and reader.name != atif.name and of_a_trial(path):
        return LeftOut("belongs to a Harbor trial, whose rollout is the agent's own trajectory")
    return why


def read_all(reader: Reader, path: Path) -> Iterator[Found]:
    """Read a file. If it is not in the reader's format, yield `Malformed` instead of raising."""
    try:
        check_regular(path)
        for found in reader.read(path):
            if not isinstance(found, Found):
                kind = type(found).__name__
                raise TypeError(f"the reader yields a {kind}, not Recorded, LeftOut or Malformed")
            part = printable(found.part)[:_LONGEST_PART]
            if not isinstance(found, Recorded):
                yield replace(found, part=part)
                continue
            try:
                yield sound(found)
                if (wrong := wrong_score(found)) is not None:
                    yield Malformed(wrong, part)
            except Exception as error:  # external input, as below
                yield Malformed(why(error), part)
    except Exception as error:  # external input: it can be broken in any way
        cut_off = is_cut_off(str(path), error)
        yield Malformed(str(CutOffError()) if cut_off else why(error))


def load(source: Source) -> Recorded:
    """Read one rollout again."""
    again = "the recorded files must not be moved or changed"
    reader = strategy if source.format == strategy.name else find_reader(source.format)
    try:
        check_regular(Path(source.path))
        for found in reader.read(Path(source.path), source.part):
            if isinstance(found, Recorded) and found.part == source.part:
                return sound(found)
    except Exception as error:  # as above
        raise UserError(f"{source} can no longer be read ({error}); {again}") from error
    raise UserError(f"{source} is no longer there; {again}")
