"""Results saved beside the log, so that a retry takes over what was paid for.

Inspect's own checkpoints hold one sandbox and one conversation of a sample; a strategy has many.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from logging import getLogger
from pathlib import Path, PurePosixPath
from typing import TypeVar

import anyio
import fsspec
from fsspec.implementations.local import LocalFileSystem
from inspect_ai.log import EvalLog, EvalSpec
from pydantic import BaseModel

from inspect_tts._inspect import EvalEnd, at_eval_end, at_run_end, retried_log, say
from inspect_tts.errors import UserError

from .format import Kind, pack, unpack
from .kept import counted, stopped_text, taken_over_text
from .store import FileStore

logger = getLogger(__name__)

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")
BESIDE_LOG, OFF = "log", "off"
FOLDER = ".inspect_tts"
POINTER = "elsewhere"
"""Name of a file, in a folder without saved results, that names the folder that has them."""


class SavedResults:
    """The saved results of one sample."""

    def __init__(self, store: FileStore | None) -> None:
        self._store = store
        self.taken_over: Counter[str] = Counter()
        """How many were used, by kind."""
        self.damaged: Counter[str] = Counter()
        """How many could not be read, by kind."""

    @property
    def trusted(self) -> bool:
        """Whether no other eval can have written them."""
        return self._store is None or not self._store.shared

    @property
    def kept(self) -> bool:
        """Whether results are saved at all."""
        return self._store is not None

    async def get(
        self, kind: Kind, key: str, model: type[M], check: Callable[[M], None] | None = None
    ) -> M | None:
        """Read a saved result; None if there is none or it cannot be read.

        `check` raises a ValueError if the result does not fit what is asked for.
        """

        def read(data: bytes) -> M:
            found = model.model_validate(json.loads(data))
            if check is not None:
                check(found)
            return found

        return await self._get(kind, key, read)

    async def get_bytes(self, kind: Kind, key: str) -> bytes | None:
        """Read a saved result that is not JSON."""
        return await self._get(kind, key, bytes)

    async def put(self, kind: Kind, key: str, value: BaseModel) -> None:
        """Save a result. If the file system refuses, this is reported and the eval continues."""
        # as ASCII, because a text may hold half of a surrogate pair
        data = json.dumps(value.model_dump(mode="json"), ensure_ascii=True).encode()
        await self._put(kind, key, pack(kind, key, data))

    async def put_bytes(self, kind: Kind, key: str, value: bytes) -> bool:
        """Save a result that is not JSON; return whether that succeeded."""
        packed = await anyio.to_thread.run_sync(pack, kind, key, value)
        return await self._put(kind, key, packed)

    async def _get(self, kind: Kind, key: str, read: Callable[[bytes], T]) -> T | None:
        if self._store is None:
            return None
        try:
            data = await self._store.read(kind, key)
        except Exception as error:  # each file system raises its own errors
            logger.warning(f"a saved {kind} cannot be read and is computed again: {error}")
            return None
        if data is None:
            return None
        try:
            result = read(unpack(kind, key, data))
        except (ValueError, RecursionError) as error:  # from the file, its JSON, or its fields
            self.reject(kind, error)
            return None
        if kind not in ("rollout", "snapshot"):  # a rollout is counted once restored
            self.taken_over[kind] += 1
        return result

    def reject(self, kind: Kind, error: Exception) -> None:
        """Report a damaged result, which is then computed again."""
        self.damaged[kind] += 1
        reason = f"{type(error).__name__}: {error}"[:500]
        logger.warning(f"a saved {kind} cannot be read and is computed again: {reason}")

    async def _put(self, kind: Kind, key: str, data: bytes) -> bool:
        if self._store is None:
            return False
        try:
            await self._store.write(kind, key, data)
        except Exception as error:  # each file system raises its own errors
            logger.warning(f"a {kind} could not be saved; a retry would repeat it: {error}")
            return False
        return True


def check_resume(resume: str) -> None:
    """Check the argument `resume`."""
    if resume in (BESIDE_LOG, OFF):
        return
    try:
        if not resume:
            raise ValueError("it is empty")
        if re.fullmatch(r"[\w-]+", resume) and not Path(resume).is_dir():
            raise ValueError(f"for a new folder of that name, give ./{resume}")
        fsspec.core.url_to_fs(resume)
    except (ValueError, ImportError) as error:
        raise UserError(
            f"resume={resume!r} is not a place to save results: {error}. Give 'log' (beside the "
            "log), 'off', a folder, or a URL that fsspec knows"
        ) from error
    try:
        _probe(_place(resume))
    except Exception as error:  # each file system raises its own errors
        raise UserError(
            f"resume={resume!r} cannot be written: {type(error).__name__}: {error}. Give a "
            "folder or URL where you may write and remove files, 'log' (beside the log), or 'off'"
        ) from error


@cache
def _probe(place: str) -> None:
    """Check that a folder or URL can be written, once per process."""
    FileStore(place).probe()


def open_saved_results(resume: str, spec: EvalSpec, log_location: str) -> SavedResults:
    """Open the saved results of a sample; at its end, the eval prints what it keeps and took over.

    A shared folder may hold results of other evals, which are counted as well.
    """
    store = open_store(resume, spec, log_location)
    saved = SavedResults(store)
    _taken_over.setdefault(spec.eval_id, []).append(saved.taken_over)

    at_run_end(spec, "saved results", partial(_tell, spec, log_location, store))
    return saved


def tell_at_end(
    spec: EvalSpec, log_location: str, *, reused: int, finished: Callable[[], int]
) -> None:
    """Let an eval print at its end what it keeps, even if none of its samples has started.

    A retry keeps what the earlier run had saved; it takes over `reused` finished samples.
    """
    _finished[spec.eval_id] = finished
    _taken_over.setdefault(spec.eval_id, []).append(Counter({"finished sample": reused}))
    store = open_store(BESIDE_LOG, spec, log_location) if retried_log(spec) else None
    at_run_end(spec, "saved results", partial(_tell, spec, log_location, store))


def _tell(spec: EvalSpec, log_location: str, store: FileStore | None, end: EvalEnd) -> None:
    taken_over = sum(_taken_over.pop(spec.eval_id, []), Counter[str]())
    if told := taken_over_text(taken_over):
        say(told)
    done = _finished.pop(spec.eval_id, lambda: 0)()
    kept = counted({"finished sample": end.samples or done, **(store.counts() if store else {})})
    if end.status == "success" or (end.refused and not kept):
        return
    text = stopped_text(
        kept,
        log=end.log or log_location,
        cancelled=end.status == "cancelled",
        place=store.root if store and store.shared else None,
        eval_set=spec.eval_set_id is not None,
    )
    say(text)


_taken_over: dict[str, list[Counter[str]]] = {}
_finished: dict[str, Callable[[], int]] = {}
"""By eval id, counts the samples that ended well: a stopped eval's log lacks this number."""


def _place(resume: str) -> str:
    return resume if "://" in resume else str(Path(resume).expanduser())


def open_store(resume: str, spec: EvalSpec, log_location: str) -> FileStore | None:
    """Open the store of saved results; one beside the log is removed after a successful eval."""
    if resume == OFF:
        return None
    if resume != BESIDE_LOG:
        return FileStore(_place(resume), shared=True)
    places = _places(spec, log_location)

    def clear(log: EvalLog) -> None:
        _known_places.pop(spec.eval_id, None)
        done = log.results and log.results.completed_samples == log.results.total_samples
        if log.status == "success" and done:
            for place in places:
                FileStore(place).remove()

    at_eval_end(spec, "saved results", clear)
    return FileStore(places[0])


_known_places: dict[str, tuple[str, ...]] = {}


def _places(spec: EvalSpec, log_location: str) -> tuple[str, ...]:
    """The folder of an eval's saved results, and the folders that only point to it.

    A retry uses the folder of the task's first run, wherever the retry's own log is.
    """
    if spec.eval_id not in _known_places:
        here, retried = beside(log_location, spec), retried_log(spec)
        _known_places[spec.eval_id] = (here,)
        if retried and (before := beside(retried, spec)) != here:
            first = before
            try:
                first = _read_text(f"{before}/{POINTER}") or before
                _write_text(f"{here}/{POINTER}", first)
            except Exception as error:  # each file system raises its own errors
                logger.warning(f"a later retry will not find what is saved in {first}: {error}")
            _known_places[spec.eval_id] = tuple(dict.fromkeys((first, here, before)))
    return _known_places[spec.eval_id]


def kept_beside(log: str, spec: EvalSpec) -> dict[str, int]:
    """How many results of each kind are saved for a retry of a log."""
    here = beside(log, spec)
    return FileStore(_read_text(f"{here}/{POINTER}") or here).counts()


def beside(log: str, spec: EvalSpec) -> str:
    """The folder beside a log for what belongs to its task."""
    fs, path = fsspec.core.url_to_fs(log)
    folder = str(PurePosixPath(path).parent / FOLDER / spec.task_id)
    return folder if isinstance(fs, LocalFileSystem) else str(fs.unstrip_protocol(folder))


def _read_text(url: str) -> str | None:
    fs, path = fsspec.core.url_to_fs(url)
    return fs.cat_file(path).decode() if fs.exists(path) else None


def _write_text(url: str, text: str) -> None:
    fs, path = fsspec.core.url_to_fs(url)
    fs.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
    fs.pipe_file(path, text.encode())
