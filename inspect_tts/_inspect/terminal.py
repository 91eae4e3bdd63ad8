"""What a run displays while it continues, and how a signal interrupts it.

Private: `display` tells whether Inspect's full-screen display uses the terminal; a line printed
then would vanish with the screen. A task's progress bar counts samples; to make it count rollouts,
one needs the objects that draw it.
"""

import asyncio
import atexit
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

import rich
from inspect_ai._display.core.active import display
from inspect_ai._display.core.display import Progress
from inspect_ai._display.rich.display import RichDisplay, RichTaskDisplay
from inspect_ai._display.textual.display import TextualDisplay
from inspect_ai._display.textual.widgets.tasks import TaskProgressView
from inspect_ai.util import display_type
from uvicorn import Server


def shows_in_place() -> bool:
    """Whether numbers can be shown in place; otherwise they are printed, line by line."""
    return display_type() not in ("plain", "log", "none") and rich.get_console().is_terminal


class _Steps(Progress):
    """A task's progress that follows our own count instead of Inspect's."""

    def __init__(self, shown: Progress, position: Callable[[], int]) -> None:
        self._shown, self._position, self._at = shown, position, 0

    def update(self, n: int = 1) -> None:
        position = self._position()
        if position > self._at:
            ahead, self._at = position - self._at, position
            self._shown.update(ahead)

    def complete(self) -> None:
        self._shown.complete()


def count_steps(task_display: Any, total: int, position: Callable[[], int]) -> Callable[[], None]:
    """Let the progress bar of a task count our steps; returns a function that moves the bar."""
    if isinstance(task_display, RichTaskDisplay):
        task_display.p.total = total
    elif isinstance(task_display, TaskProgressView):
        task_display.progress_bar.update(total=total)
    else:
        task_display.task.profile.steps = total
    shown: list[_Steps] = []
    begin = task_display.progress

    @contextmanager
    def progress() -> Iterator[Progress]:
        with begin() as inner:
            shown[:] = [_Steps(inner, position)]
            yield shown[0]

    task_display.progress = progress

    def move() -> None:
        for steps in shown:
            steps.update()

    return move


def say(text: str) -> None:
    """Print lines for the user in whatever display the run has."""
    if display_type() == "none":
        return
    shown = display()
    if isinstance(shown, TextualDisplay):
        atexit.register(print, text)
    elif display_type() == "log" and not logging.getLogger().isEnabledFor(logging.INFO):
        print(text, flush=True)  # Inspect's default level hides messages
    elif isinstance(shown, RichDisplay):  # no wrapping: a wrapped command cannot be copied
        rich.get_console().print(text, markup=False, highlight=False, soft_wrap=True)
    else:
        shown.print(text)


_before: list[Any] = []
"""The SIGTERM handler that ours has replaced."""

_IN_BACKGROUND = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
"""Whether a script's shell started this with `&`; read before Inspect's control server hides it."""


def interrupt_on_sigterm() -> None:
    """Let SIGTERM, which schedulers send, end an eval like Ctrl-C: with a log, and cleaned up.

    A handler that the program has set is kept, except that of Inspect's control server, which ends
    only the server.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    handler = signal.getsignal(signal.SIGTERM)
    if handler is signal.SIG_DFL or isinstance(getattr(handler, "__self__", None), Server):
        _before[:] = [handler]
        signal.signal(signal.SIGTERM, _interrupt)


def restore_sigterm() -> None:
    """Undo `interrupt_on_sigterm`."""
    main = threading.current_thread() is threading.main_thread()
    if main and _before and signal.getsignal(signal.SIGTERM) is _interrupt:
        signal.signal(signal.SIGTERM, _before.pop())


def _interrupt(number: int, frame: FrameType | None) -> None:
    if not _IN_BACKGROUND:
        signal.raise_signal(signal.SIGINT)
        return
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise KeyboardInterrupt from None
    loop.call_soon_threadsafe(_raise_interrupt)  # outside any task, so that all end as cancelled


def _raise_interrupt() -> NoReturn:
    raise KeyboardInterrupt


class _NoLostChildren(logging.Filter):
    """Drops asyncio's warnings about commands that an interrupt ended; nobody needs their status.

    The interrupt reaches the commands as well, and asyncio then reads their status twice.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if "exit status already read" not in str(record.msg):
            return True
        try:
            return not any(task.cancelling() for task in asyncio.all_tasks())
        except RuntimeError:  # no event loop in this thread
            return True


_filter = _NoLostChildren()


def quiet_interrupts() -> None:
    """Keep asyncio from reporting the end of commands while a run is being cancelled."""
    logging.getLogger("asyncio").addFilter(_filter)  # adding it again has no effect
