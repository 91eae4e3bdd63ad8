"""How a run ends early, and what is then printed.

Private: `active_display` tells whether Inspect's full-screen display has the terminal. A line
printed then would be gone with the screen.
"""

import asyncio
import atexit
import logging
import signal
import threading
from types import FrameType
from typing import Any

from inspect_ai._display.core.active import display
from inspect_ai._display.textual.display import TextualDisplay
from inspect_ai.util import display_type
from uvicorn import Server


def say(text: str) -> None:
    """Print lines for the user in whatever display the run has."""
    if display_type() == "none":
        return
    shown = display()
    if isinstance(shown, TextualDisplay):
        atexit.register(print, text)
    else:
        shown.print(text)


_before: list[Any] = []
"""The handler of SIGTERM in whose place ours is."""


def interrupt_on_sigterm() -> None:
    """Let SIGTERM, as schedulers send it, end an eval as Ctrl-C does: with a log, and cleaned up.

    A handler that the program has set stays; Inspect's control server has one that ends only it.
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
    signal.raise_signal(signal.SIGINT)


class _NoLostChildren(logging.Filter):
    """Drops asyncio's warnings on commands that an interrupt ended: nobody waits for their status.

    The interrupt reaches them as well, and asyncio then collects a status twice.
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
    logging.getLogger("asyncio").addFilter(_filter)  # added once however often
