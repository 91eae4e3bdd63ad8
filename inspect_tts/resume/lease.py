"""A lease: which process, on whichever machine, runs a shard or launches a shard set.

The resume folder of an eval has none.

A lease is a folder or URL with a file for each term: `1`, `2`, ... Only one process can create the
file of the next term, and thereby takes the lease. The holder increases a count in its file. No
clocks are compared: a waiting process takes the lease once the count has not changed for `patience`
seconds of its own monotonic clock.

Two processes never write at the same time, however long either was suspended. A holder whose last
count is older than a third of its patience looks for a next term before it writes. A process that
takes the lease from a silent holder waits for another half of the patience, by which time that
holder has to look.
"""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from threading import Event, Lock, Thread
from time import monotonic, sleep

import fsspec
from fsspec.implementations.local import LocalFileSystem
from pydantic import ValidationError

from inspect_tts.errors import UserError
from inspect_tts.method.records import Record

SWITCH = "INSPECT_TTS_LEASE_SECONDS"
"""Environment variable with the patience of this machine, in seconds."""
PATIENCE = 60.0
"""Seconds without a new count after which a holder is taken for dead.

On NFS, use at least `acdirmax` (60): by then, a holder that was suspended sees the next term.
"""
_BEATS = 6
"""How many times a holder counts within its patience."""
_MOST_TERMS = 1_000_000


class LeaseLostError(RuntimeError):
    """Another process has taken the lease; nothing may be written under it any more."""


class LeaseHeldError(RuntimeError):
    """Another process holds the lease and is alive. The message names it."""


def patience_set() -> float:
    """The patience of this machine."""
    value = os.environ.get(SWITCH, str(PATIENCE))
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86_400:
        raise UserError(
            f"{SWITCH}={value!r} is not a number of seconds above 0; set it to the time after "
            "which a silent process is considered dead, the same on all machines, or unset it"
        )
    return seconds


class Term(Record):
    """The content of a term's file."""

    holder: str
    """A random word and, for human readers, the host and the process id."""
    count: int = 0
    patience: float = PATIENCE
    """Seconds without a new count after which others may replace the holder."""
    released: bool = False


class Watch:
    """What a waiting process has seen of a lease, by its own monotonic clock. Pure."""

    def __init__(self) -> None:
        self._seen: tuple[int, Term | None] | None = None
        self._since = 0.0

    def free(self, number: int, term: Term | None, before: float, after: float) -> bool:
        """Whether the next term may be taken, if `term` was read between `before` and `after`."""
        if unheld(number, term):
            return True
        if (number, term) != self._seen:
            self._seen, self._since = (number, term), after
        return before - self._since >= (term.patience if term else patience_set())


def unheld(number: int, term: Term | None) -> bool:
    """Whether no process has taken the lease yet, or the last holder has released it."""
    return number == 0 or (term is not None and term.released)


class LeaseFiles:
    """The files of a lease, on any file system where only one process can create a given file."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._fs, self._root = fsspec.core.url_to_fs(place)
        self._local = isinstance(self._fs, LocalFileSystem)

    def last(self, known: int = 0) -> tuple[int, Term | None]:
        """The number of the last term, 0 if there is none, and its content if it is readable.

        Args:
            known: A term that is known to exist.
        """
        number, data = known, self._read(known) if known else None
        while number < _MOST_TERMS and (after := self._read(number + 1)) is not None:
            number, data = number + 1, after
        try:
            return number, None if data is None else Term.model_validate_json(data)
        except ValidationError:  # its holder died, or is still writing
            return number, None

    def exists(self, number: int) -> bool:
        """Whether a term was taken."""
        return self._read(number) is not None

    def create(self, number: int, term: Term) -> bool:
        """Take a term; False if another process has."""
        data = term.model_dump_json().encode()
        try:
            if self._local:
                Path(self._root).mkdir(parents=True, exist_ok=True)
                with Path(self._path(number)).open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            else:
                self._fs.pipe_file(self._path(number), data, mode="create")
        except FileExistsError:
            return False
        except OSError:
            if not self.exists(number):  # object stores have other errors for an existing file
                raise
            return False
        return self._read(number) == data  # some file systems let a second process overwrite it

    def write(self, number: int, term: Term) -> None:
        """Write the file of this process's own term, completely or not at all."""
        data, path = term.model_dump_json().encode(), self._path(number)
        if not self._local:
            self._fs.pipe_file(path, data)
            return
        unfinished = Path(f"{path}.{term.holder.partition(' ')[0]}")
        unfinished.write_bytes(data)
        unfinished.replace(path)

    def _path(self, number: int) -> str:
        return f"{self._root}/{number}"

    def _read(self, number: int) -> bytes | None:
        try:
            data: bytes = self._fs.cat_file(self._path(number))
        except FileNotFoundError:
            return None
        return data


class Lease:
    """A lease that this process holds."""

    def __init__(
        self,
        files: LeaseFiles,
        number: int,
        term: Term,
        began: float,
        on_loss: Callable[[], None] | None = None,
    ) -> None:
        self._files, self._number, self._term = files, number, term
        self._on_loss, self.lost = on_loss, False
        self._ended, self._counting = Event(), Lock()
        self._sure = began
        self._thread = Thread(target=self._beat, name=f"lease {files.place}", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise `LeaseLostError` if another process has taken the lease.

        It reads no file as long as no other process can have had the time to take the lease.
        """
        if not self.lost and monotonic() - self._sure >= self._term.patience / 3:
            self._count()
        if self.lost:
            raise LeaseLostError(f"another process has taken over {self._files.place}")

    def release(self) -> None:
        """End the lease, so that the next process need not wait."""
        self._ended.set()
        self._thread.join()
        with self._counting:
            ended, number = self._term.model_copy(update={"released": True}), self._number
            with suppress(OSError):  # if the storage is gone, others wait as if this process died
                if not self.lost:
                    self._files.write(number, ended)
            self.lost = True

    def _beat(self) -> None:
        while not self._ended.wait(self._term.patience / _BEATS):
            try:
                self._count()
            except Exception:  # each file system raises its own errors; `check` tries again
                continue
            if self.lost:
                if self._on_loss is not None:
                    self._on_loss()
                return

    def _count(self) -> None:
        with self._counting:
            if self.lost:
                return
            began = monotonic()  # waiting processes see this count later than now
            self._term = self._term.model_copy(update={"count": self._term.count + 1})
            self._files.write(self._number, self._term)
            if self._files.exists(self._number + 1):
                self.lost = True
            else:
                self._sure = began


def take_lease(
    place: str,
    *,
    wait: bool = True,
    patience: float | None = None,
    told: Callable[[str], None] = lambda holder: None,
    on_loss: Callable[[], None] | None = None,
) -> Lease:
    """Take a lease, once its holder has released it or has stopped counting.

    Args:
        place: Folder or URL of the lease.
        wait: Whether to wait for a holder that is alive; else `LeaseHeldError` is raised.
        patience: Seconds for which others wait for a sign of life from this process;
            `INSPECT_TTS_LEASE_SECONDS` if None.
        told: Called once with the name of a holder that is alive.
        on_loss: Called in a thread when another process has taken the lease.

    Raises:
        LeaseHeldError: If the holder is alive and `wait` is False.
        UserError: If `INSPECT_TTS_LEASE_SECONDS` is not a number of seconds above 0.
    """
    patience = patience_set() if patience is None else patience
    files, watch, number = LeaseFiles(place), Watch(), 0
    first: tuple[int, Term | None] | None = None
    holder = f"{token_hex(4)} {socket.gethostname()} (process {os.getpid()})"
    alive = ""
    while True:
        before = monotonic()
        number, term = files.last(number)
        if watch.free(number, term, before, monotonic()):
            mine, began = Term(holder=holder, patience=patience), monotonic()
            if files.create(number + 1, mine):
                lease = Lease(files, number + 1, mine, began, on_loss)
                if not unheld(number, term):
                    sleep((term.patience if term else patience) / 2)
                return lease
            continue
        if first is None:
            first = number, term
        elif first != (number, term) and term is not None and not alive:
            alive = term.holder.partition(" ")[2]
            if not wait:
                raise LeaseHeldError(alive)
            told(alive)
        sleep(min(1.0, (term.patience if term else patience) / (2 * _BEATS)))


_held: list[Lease] = []
"""The lease under which this process writes saved results."""


def write_under(lease: Lease | None) -> None:
    """From now on, write saved results only while the lease is held; None removes this rule."""
    _held[:] = [lease] if lease else []


def check_held() -> None:
    """Raise `LeaseLostError` if this process lost the lease that it writes under."""
    for lease in _held:
        lease.check()
