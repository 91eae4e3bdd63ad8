"""How a signal interrupts a run, and what is shown while it goes on."""

import asyncio
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from inspect_ai.util import display_type

from inspect_tts._inspect import count_steps, say, shows_in_place
from inspect_tts._inspect.command import quiet_display
from inspect_tts._inspect.terminal import interrupt_on_sigterm, quiet_interrupts, restore_sigterm


@contextmanager
def handled(handler: Any) -> Iterator[None]:
    """Handle SIGTERM in some way before the run."""
    before = signal.signal(signal.SIGTERM, handler)
    try:
        yield
    finally:
        restore_sigterm()
        signal.signal(signal.SIGTERM, before)


def test_sigterm_interrupts_a_run_like_control_c_and_no_longer_afterwards() -> None:
    with handled(signal.SIG_DFL):
        interrupt_on_sigterm()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        interrupt_on_sigterm()
        restore_sigterm()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        restore_sigterm()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_handler_that_the_program_has_set_is_kept() -> None:
    got: list[int] = []

    def own(number: int, frame: object) -> None:
        got.append(number)

    for handler in (own, signal.SIG_IGN):
        with handled(handler):
            interrupt_on_sigterm()
            assert signal.getsignal(signal.SIGTERM) is handler
            restore_sigterm()
            assert signal.getsignal(signal.SIGTERM) is handler
    with handled(signal.SIG_DFL):
        interrupt_on_sigterm()
        signal.signal(signal.SIGTERM, own)
        restore_sigterm()
        assert signal.getsignal(signal.SIGTERM) is own, "set during the run"


def test_another_thread_leaves_signals_alone() -> None:
    with handled(signal.SIG_DFL):
        for call in (interrupt_on_sigterm, restore_sigterm):
            thread = Thread(target=call)
            thread.start()
            thread.join()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_the_end_of_commands_is_not_reported_while_a_run_is_cancelled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lost, other = "child process pid %d exit status already read", "another message"
    asyncs = logging.getLogger("asyncio")

    def reported() -> list[str]:
        caplog.clear()
        for text in (lost, other):
            asyncs.warning(text.replace(" %d", ""))
        return [record.getMessage() for record in caplog.records]

    async def cancelled() -> list[str]:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        found = reported()
        task.uncancel()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
        return found

    async def running() -> list[str]:
        return reported()

    filters = list(asyncs.filters)
    try:
        quiet_interrupts()
        quiet_interrupts()
        assert len(asyncs.filters) <= len(filters) + 1
        assert len(reported()) == 2
        assert len(asyncio.run(running())) == 2
        assert asyncio.run(cancelled()) == [other]
    finally:
        asyncs.filters[:] = filters


class Bar:
    """Plays the progress of a task's display."""

    def __init__(self) -> None:
        self.moves, self.ended = list[int](), 0

    def update(self, n: int = 1) -> None:
        self.moves.append(n)

    def complete(self) -> None:
        self.ended += 1


def test_a_bar_follows_our_steps_and_never_goes_back() -> None:
    bar, at = Bar(), [0]

    @contextmanager
    def progress() -> Iterator[Bar]:
        yield bar

    shown: Any = SimpleNamespace(
        task=SimpleNamespace(profile=SimpleNamespace(steps=3)), progress=progress
    )
    move = count_steps(shown, 12, lambda: at[0])
    assert shown.task.profile.steps == 12
    move()
    with shown.progress() as inner:
        for at[0] in (0, 2, 2, 1, 7):
            move()
        inner.update(5)
        assert bar.moves == [2, 5], "Inspect's own steps do not count"
        inner.complete()
    assert bar.ended == 1


LINE = f"inspect eval-retry {'/'.join(['folder'] * 40)}"
"""A command that is longer than a terminal is wide."""


@pytest.mark.parametrize(
    ("kind", "said"), [("none", ""), ("log", LINE), ("rich", LINE)], ids=["none", "log", "rich"]
)
def test_lines_for_the_user_follow_the_display(
    kind: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INSPECT_DISPLAY", kind)
    monkeypatch.setattr(logging.getLogger(), "level", logging.WARNING)
    logging.getLogger().manager._clear_cache()  # type: ignore[attr-defined]
    with quiet_display():
        assert display_type() == kind
        say(LINE)
        assert not shows_in_place()
    assert capsys.readouterr().out.rstrip("\n") == said, "a wrapped command cannot be copied"
