"""Report a run's progress: a line now and then, and a file that other processes read."""

import asyncio
import os
from collections.abc import Callable, Sequence
from logging import getLogger
from pathlib import PurePosixPath
from threading import Event, Thread

import fsspec

from inspect_tts._inspect import say, shows_in_place
from inspect_tts.errors import UserError

from .run import EVERY, Run
from .words import line

logger = getLogger(__name__)

SWITCH = "INSPECT_TTS_PROGRESS"
"""Environment variable with the seconds between two lines of progress; 0 turns them off."""
LINE_EVERY = 30.0
FILE_EVERY = 3.0
"""Seconds between two writes of the file; ten times as many if the file is remote."""
FILE = "status.json"
Tick = Callable[[], None]


def line_every() -> float:
    """Seconds between two lines of progress; 0 if they are turned off."""
    value = os.environ.get(SWITCH, str(LINE_EVERY))
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 86_400:
        raise UserError(
            f"{SWITCH}={value!r} is not a number of seconds; set it to the seconds between two "
            "lines of progress, to 0 for none, or unset it"
        )
    return seconds


class Reporter:
    """Reports from a thread of its own, so that reports and run never wait for each other."""

    def __init__(self, run: Run, folder: str, every: float) -> None:
        self._run, self._over = run, Event()
        self._fs, root = fsspec.core.url_to_fs(folder)
        self._path = f"{root}/{FILE}"
        local = "file" in (self._fs.protocol, *self._fs.protocol)
        self._file_every = FILE_EVERY if local else 10 * FILE_EVERY
        self._refused = False
        ticks = [(self._file_every, self.write), (EVERY, _in_loop(run.show, self._over))]
        ticks += [(every, _in_loop(self.tell, self._over))] if every else []
        self._thread = Thread(
            target=self._work, args=(ticks,), name="inspect_tts progress", daemon=True
        )
        self._thread.start()

    def _work(self, ticks: Sequence[tuple[float, Tick]]) -> None:
        due = {tick: every for every, tick in ticks}
        _quietly(self.write)
        while not self._over.wait(step := max(0.05, min(due.values()))):
            for every, tick in ticks:
                due[tick] -= step
                if due[tick] <= 0:
                    due[tick] = every
                    _quietly(tick)

    def tell(self) -> None:
        """Print a line, unless the numbers are shown in place."""
        if not shows_in_place():
            self._run.refresh()
            with self._run.lock:
                text = line(self._run.state)
            say(f"inspect_tts: {text}")

    def write(self) -> None:
        """Write the file; log a warning only the first time that this fails."""
        self._run.refresh()
        with self._run.lock:
            text = self._run.state.model_dump_json()
        try:
            self._fs.makedirs(str(PurePosixPath(self._path).parent), exist_ok=True)
            unfinished = f"{self._path}.{os.getpid()}"
            self._fs.pipe_file(unfinished, text.encode())
            self._fs.mv(unfinished, self._path)
        except Exception as error:  # each file system raises its own
            if not self._refused:
                logger.warning(f"the progress of the eval cannot be written: {error}")
            self._refused = True

    def stop(self, status: str) -> None:
        """Stop the thread, and remove the file if the run ended well."""
        self._over.set()
        self._thread.join()
        self._run.pace.started.clear()
        if status != "success":
            self.write()
            return
        for remove, path in (
            (self._fs.rm_file, self._path),
            (self._fs.rmdir, str(PurePosixPath(self._path).parent)),
            (self._fs.rmdir, str(PurePosixPath(self._path).parent.parent)),
        ):
            try:
                remove(path)
            except Exception:  # it does not exist, or others use the folder
                break


def _in_loop(tick: Tick, over: Event) -> Tick:
    """Run a tick in the event loop: two threads would print into each other's lines."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # trio
        return tick

    async def called() -> None:
        _quietly(tick)

    def call() -> None:
        if loop.is_closed():
            over.set()  # the eval is over, the process goes on
        else:
            asyncio.run_coroutine_threadsafe(called(), loop)

    return call


def _quietly(tick: Tick) -> None:
    try:
        tick()
    except Exception as error:  # a failed report must not end the run
        logger.warning(f"the eval's progress cannot be reported: {type(error).__name__}: {error}")
