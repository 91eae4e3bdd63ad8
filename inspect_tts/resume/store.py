"""Files of saved results, on any file system."""

from collections import Counter
from contextlib import suppress
from os import getpid
from pathlib import Path, PurePosixPath
from uuid import uuid4

import anyio
import fsspec
from fsspec.implementations.local import LocalFileSystem

from .format import KINDS, Kind
from .lease import check_held


class FileStore:
    """Bytes by kind and key, as files below a folder or URL that fsspec knows.

    Several processes may share it: files are written atomically, and all write the same result.
    A process that writes under a lease writes nothing once it has lost the lease.
    """

    def __init__(self, root: str, *, shared: bool = False) -> None:
        self.shared, self.root = shared, root
        self._fs, self._root = fsspec.core.url_to_fs(root)
        self._local = isinstance(self._fs, LocalFileSystem)

    async def read(self, kind: Kind, key: str) -> bytes | None:
        """Read a file; None if there is none."""
        path = self._path(kind, key)
        if self._local and not self._fs.exists(path):
            return None  # without a thread, so that new rollouts start in order
        return await anyio.to_thread.run_sync(self._read, path)

    async def write(self, kind: Kind, key: str, data: bytes) -> None:
        """Write a file, completely or not at all."""
        await anyio.to_thread.run_sync(self._write, self._path(kind, key), data)

    def counts(self) -> dict[str, int]:
        """How many results of each kind there are."""
        found = Counter(
            PurePosixPath(path).parts[-3] for path in self._fs.glob(f"{self._root}/*/*/*.unit")
        )
        return {kind: found[kind] for kind in KINDS if found[kind]}

    def probe(self) -> None:
        """Write a file, read it, and remove it with the folders that were made for it.

        Permission bits are not enough: root ignores them, and object stores have their own rules.
        """
        missing, folder = [], PurePosixPath(self._root)
        while self._local and not self._fs.exists(str(folder)):
            missing.append(str(folder))
            folder = folder.parent
        path, data = f"{self._root}/probe-{getpid()}-{uuid4().hex[:8]}", b"inspect_tts"
        try:
            self._write(path, data)
            if self._read(path) != data:
                raise OSError("a file written there cannot be read back")
            self._fs.rm_file(path)
        finally:
            for made in missing:
                with suppress(OSError):  # another process may use it already
                    self._fs.rmdir(made)

    def remove(self) -> None:
        """Remove all saved results."""
        with suppress(FileNotFoundError):
            self._fs.rm(self._root, recursive=True)
        with suppress(OSError):  # not empty, or the file system has no folders
            self._fs.rmdir(str(PurePosixPath(self._root).parent))

    def _path(self, kind: Kind, key: str) -> str:
        return f"{self._root}/{kind}/{key[:2]}/{key}.unit"

    def _read(self, path: str) -> bytes | None:
        try:
            data: bytes = self._fs.cat_file(path)
        except FileNotFoundError:
            return None
        return data

    def _write(self, path: str, data: bytes) -> None:
        check_held()
        self._fs.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
        if not self._local:  # object stores write files atomically
            self._fs.pipe_file(path, data)
            return
        unfinished = Path(f"{path}.{getpid()}.{uuid4().hex[:8]}")
        try:
            unfinished.write_bytes(data)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
