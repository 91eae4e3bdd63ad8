"""Read the samples of logs within bounds of memory, also if samples were added during the run."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from copy import copy
from functools import lru_cache, partial
from os import SEEK_END
from pathlib import Path
from struct import unpack
from time import mktime
from typing import IO, Literal
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo
from zlib import error as zlib_error

import fsspec
from fsspec.implementations.local import LocalFileSystem
from inspect_ai.log import (
    EvalLog,
    EvalSample,
    EvalSampleSummary,
    EvalSpec,
    read_eval_log,
    read_eval_log_sample,
    read_eval_log_sample_summaries,
)
from pydantic_core import from_json
from zstandard import ZstdDecompressor, ZstdError

from inspect_tts.errors import why
from inspect_tts.scaled.scheduler import SCALED, split_id
from inspect_tts.stages.pool import RolloutPool, pool_in
from inspect_tts.text.writable import writable

from .depth import check_depth

_MOST_BYTES = 2**30
"""Maximum unpacked size of a part of a log."""
_MOST_OF_DIRECTORY = 2**26
"""Maximum bytes of the list of a log's parts, enough for about 500,000 parts."""
_ZSTANDARD = 93
_MOST_RATIO = {ZIP_STORED: 1, ZIP_DEFLATED: 1032, _ZSTANDARD: 2**15}
"""Maximum compression ratio, by method. Logs use no other method."""
_CHUNK = 2**20
_CONTENT = {"events", "timelines", "messages", "output", "store", "attachments"}

Key = tuple[str | int, int]
"""Id and epoch of a sample."""


class CutOffError(ValueError):
    """The file ends before its content is complete."""

    def __init__(self) -> None:
        super().__init__("the file is cut off")


def log_header(log: str) -> EvalLog:
    """Read the header of a log after `check_log`."""
    check_log(log)
    return read_eval_log(log, header_only=True)


def is_cut_off(log: str, error: Exception) -> bool:
    """Whether a log could not be read because the file is cut off."""
    if isinstance(error, CutOffError) or not log.endswith(".json"):
        return isinstance(error, CutOffError)
    try:
        check_log(log)
        fs, path = fsspec.core.url_to_fs(log)
        from_json(fs.cat_file(path))
    except Exception as found:  # only used to tell whether the file is cut off
        return "EOF while parsing" in str(found)
    return False


def check_log(log: str) -> None:
    """Refuse a log with a part that would not fit in memory, without trusting its stated sizes."""
    fs, path = fsspec.core.url_to_fs(log)
    if isinstance(fs, LocalFileSystem):
        if not Path(path).is_file():
            raise ValueError("not a regular file")
        stat = Path(path).stat()
        _check_file(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=1024)
def _check_file(path: str, changed: int, size: int) -> None:
    if not path.endswith(".eval"):
        _check_bytes(Path(path).name, size)
        with Path(path).open("rb") as file:
            check_depth(iter(partial(file.read, _CHUNK), b""))
        return
    with Path(path).open("rb") as file:
        begin = _directory(file)
        if size - begin > _MOST_OF_DIRECTORY:
            raise ValueError(f"the list of its parts has {size - begin} bytes: too many parts")
        with ZipFile(file) as parts:
            listed = parts.infolist()
            if parts.start_dir != begin or sum(p.compress_size for p in listed) > size:
                raise ValueError("its parts overlap, or are not where its index says")
            for part in listed:
                _check_bytes(part.filename, part.file_size)
                if part.compress_type not in _MOST_RATIO:
                    raise ValueError(f"{part.filename} uses a compression method that no log uses")
                if part.compress_size * _MOST_RATIO[part.compress_type] > _MOST_BYTES:
                    _check_bytes(part.filename, sum(map(len, _content(parts, part))))


def _check_bytes(name: str, size: int) -> None:
    if size > _MOST_BYTES:
        raise ValueError(f"{name} has {size} bytes or more, more than the {_MOST_BYTES} allowed")


def _directory(file: IO[bytes]) -> int:
    """Where the list of parts begins according to the end of the zip, as in Inspect's reader.

    Python's reader would look elsewhere if there were bytes before the first part.
    """
    file.seek(max(0, file.seek(0, SEEK_END) - 42))
    tail = file.read()
    locator, end = tail[:-22], tail[-22:]
    if not end.startswith(b"PK\5\6") or end[20:] != b"\0\0":
        file.seek(0)
        if not b"PK".startswith(file.read(2)):
            raise ValueError("it is not a log: an .eval log is a zip file")
        raise CutOffError
    *counts, size, begin = unpack("<HHHHII", end[4:20])
    if locator.startswith(b"PK\6\7") and (0xFFFF in counts or 0xFFFFFFFF in (size, begin)):
        file.seek(int.from_bytes(locator[8:16], "little"))
        begin = int.from_bytes(file.read(56)[48:], "little")
    return int(begin)


def _content(parts: ZipFile, part: ZipInfo) -> Iterator[bytes]:
    """Unpack a part in chunks, and stop once it exceeds the maximum size."""
    raw, size = copy(part), 0
    del raw.CRC  # do not trust the stated checksum and size: the part may be larger
    raw.file_size = _MOST_BYTES + _CHUNK
    if zstandard := part.compress_type == _ZSTANDARD:
        raw.compress_type, raw.file_size = ZIP_STORED, part.compress_size
    with parts.open(raw) as packed:
        unpacks = ZstdDecompressor().stream_reader(packed, read_across_frames=True)
        stream = unpacks if zstandard else packed
        try:
            while size <= _MOST_BYTES and (chunk := stream.read(_CHUNK)):
                size += len(chunk)
                yield chunk
        except (ZstdError, zlib_error, EOFError):  # reading this part later reports the error
            pass


def _check_part(log: str, name: str) -> None:
    """Refuse a part that is nested too deeply for Inspect's reader or does not fit in memory."""
    fs, path = fsspec.core.url_to_fs(log)
    if isinstance(fs, LocalFileSystem) and log.endswith(".eval"):
        check_log(log)
        stat = Path(path).stat()
        parts = _opened(path, stat.st_mtime_ns, stat.st_size)
        if name in parts.NameToInfo:
            check_depth(_content(parts, parts.getinfo(name)))


@lru_cache(maxsize=1)
def _opened(path: str, changed: int, size: int) -> ZipFile:
    """Keep a log open for its next sample, since reading a long list of parts takes time."""
    return ZipFile(path)


def written_at(log: Path) -> int:
    """When a local log was written, in seconds. For an `.eval` log, a copy keeps this time."""
    stat = log.stat()
    if log.suffix == ".eval":
        header = _opened(str(log), stat.st_mtime_ns, stat.st_size).NameToInfo.get("header.json")
        if header is not None:
            return int(mktime((*header.date_time, 0, 0, -1)))
    return int(stat.st_mtime)


def is_scaled(spec: EvalSpec) -> bool:
    """Whether a log is of the task `inspect_tts/scaled`, where each rollout is a sample."""
    return spec.task_registry_name == SCALED


def in_order(summaries: list[EvalSampleSummary]) -> list[EvalSampleSummary]:
    """Sort the samples of a scaled run by id, since they end in any order."""
    return sorted(summaries, key=lambda each: (str(each.id), each.epoch))


def read_sample(
    log: str,
    id: str | int,
    epoch: int,
    *,
    resolve_attachments: Literal["full", "core"] | bool = False,
    exclude_fields: set[str] | None = None,
) -> EvalSample:
    """Read a sample of a log.

    Raises:
        ValueError: If the sample is malformed.
    """
    _check_part(log, f"samples/{id}_epoch_{epoch}.json")
    sample = read_eval_log_sample(
        log,
        id,
        epoch,
        resolve_attachments=resolve_attachments,
        exclude_fields=exclude_fields,
    )
    if (name := f"{sample.id}/{sample.epoch}") != f"{id}/{epoch}":
        raise ValueError(f"its record says that it is {name}")
    return sample


def sample_readers(
    log: str,
    keys: Iterable[Key] | None = None,
    *,
    resolve_attachments: Literal["full", "core"] | bool = False,
    exclude_fields: set[str] | None = None,
) -> Iterator[tuple[Key, Callable[[], EvalSample]]]:
    """Yield a function that reads each sample, so that a malformed sample does not stop the rest.

    Inspect's `read_eval_log_samples` finds only the samples that a log began with.
    """
    if log.endswith(".json"):  # can only be read as a whole
        whole = read_eval_log(log, resolve_attachments=resolve_attachments)
        found = {(sample.id, sample.epoch): sample for sample in whole.samples or []}
        wanted = found if keys is None else keys
        yield from ((key, partial(found.__getitem__, key)) for key in wanted)
        return
    read = partial(
        read_sample, log, resolve_attachments=resolve_attachments, exclude_fields=exclude_fields
    )
    wanted = [(s.id, s.epoch) for s in summaries(log)] if keys is None else keys
    yield from ((key, partial(read, *key)) for key in wanted)


def invalidated(log: str, header: EvalLog) -> dict[Key, str | None]:
    """The samples of a log that were marked as invalid, with their uuids."""
    found: dict[Key, str | None] = {}
    for key, read in sample_readers(log, exclude_fields=_CONTENT) if header.invalidated else ():
        with suppress(Exception):  # reading the sample later reports the error
            sample = read()
            if sample.invalidation is not None:
                found[key] = sample.uuid
    return found


def summaries(log: str) -> list[EvalSampleSummary]:
    """The sample summaries of a log; for a scaled run, sorted by id."""
    scaled = is_scaled(log_header(log).eval)
    found = read_eval_log_sample_summaries(log)
    return in_order(found) if scaled else found


def problem_pools(
    log: str,
    malformed: Callable[[str, str], None],
    *,
    resolve_attachments: Literal["full", "core"] | bool = False,
    exclude_fields: set[str] | None = None,
) -> Iterator[tuple[EvalSample, RolloutPool]]:
    """Read the samples of a log that represent whole problems, one in memory at a time.

    Malformed samples are left out: `malformed` is called with the id and the reason.
    """
    scaled = is_scaled(log_header(log).eval)
    for (id, epoch), read in sample_readers(
        log, resolve_attachments=resolve_attachments, exclude_fields=exclude_fields
    ):
        if scaled and split_id(id)[1]:
            continue
        try:
            sample = read()
            pool = pool_in(sample)
        except Exception as error:  # one malformed sample must not stop the others
            malformed(writable(f"{id}/{epoch}"), why(error))
            continue
        yield sample, pool
