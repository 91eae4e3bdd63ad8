"""Read the contents of a sandbox as bytes, up to a limit: a program's output, or a folder."""

import os
import tarfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import anyio
from anyio.abc import ByteReceiveStream, Process

from .snapshot_format import SnapshotError

LARGEST = 256 * 2**20
"""Bytes of changed files in one container or folder; more is not saved."""
_MOST_ENTRIES = 200_000
_DEEPEST = 200  # nested folders; with more, paths get too long for Python's own tools
_ERRORS = 10_000
_TOO_LARGE = f"changed files exceed {LARGEST // 2**20} MiB"


async def output_of(command: list[str], input: bytes, *, seconds: float) -> bytes:
    """Run a program on this machine, and kill it if it prints too much."""
    printed, said = bytearray(), bytearray()
    with anyio.fail_after(seconds):
        async with await anyio.open_process(command) as process:
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(_feed, process, input)
                    tasks.start_soon(_listen, process.stderr, said)
                    await _listen(process.stdout, printed, LARGEST + 1)
                    if len(printed) > LARGEST:
                        process.kill()
            except BaseException:
                process.kill()
                raise
            code = await process.wait()
    if len(printed) > LARGEST:
        raise SnapshotError(_TOO_LARGE)
    if code != 0:
        reason = said.decode(errors="replace").strip()[-300:]
        raise SnapshotError(f"`{' '.join(command[:2])}` failed: {reason}")
    return bytes(printed)


async def _feed(process: Process, input: bytes) -> None:
    if process.stdin is not None:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            await process.stdin.send(input)
        await process.stdin.aclose()


async def _listen(
    stream: ByteReceiveStream | None, heard: bytearray, most: int | None = None
) -> None:
    """Read a stream to its end, or to `most` bytes; without `most`, keep only its last part."""
    if stream is None:
        return
    async for piece in stream:
        heard += piece
        if most is None:
            del heard[:-_ERRORS]
        elif len(heard) >= most:
            return


def pack_folder(folder: Path) -> bytes:
    """Pack a folder of this machine as a tar archive."""
    if folder.is_symlink() or not folder.is_dir():
        raise SnapshotError("the workspace is no longer a folder")
    packed, entries = BytesIO(), 0
    waiting = [(folder, 0)]
    with tarfile.open(fileobj=packed, mode="w") as tar:
        while waiting:
            place, depth = waiting.pop()
            if depth > _DEEPEST:
                raise SnapshotError(f"folders are nested more than {_DEEPEST} deep")
            for entry in os.scandir(place):
                entries += 1
                if entries > _MOST_ENTRIES:
                    raise SnapshotError(f"there are more than {_MOST_ENTRIES} files")
                _add(tar, packed, folder, entry)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((Path(entry.path), depth + 1))
    return packed.getvalue()


def _add(tar: tarfile.TarFile, packed: BytesIO, folder: Path, entry: "os.DirEntry[str]") -> None:
    info = tar.gettarinfo(entry.path, arcname=os.path.relpath(entry.path, folder))
    if info is None:  # a socket
        return
    if packed.tell() + info.size > LARGEST:
        raise SnapshotError(_TOO_LARGE)
    if info.isreg():
        with Path(entry.path).open("rb") as file:
            tar.addfile(info, file)
    else:
        tar.addfile(info)
