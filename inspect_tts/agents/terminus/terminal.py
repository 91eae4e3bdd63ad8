"""One tmux session in the default sandbox."""

from collections.abc import Sequence
from uuid import uuid4

from inspect_ai.util import ExecResult, sandbox

from .screen import SOURCE, Command
from .script import (
    DEAD,
    INSTALL,
    NO_TMUX,
    Seen,
    read_output,
    start_script,
    turn_script,
)

_SLACK = 60  # seconds that a script may take beyond the waits in it
_INSTALL_SECONDS = 300


class TerminalError(RuntimeError):
    """The terminal could not be started, or is gone."""


class Terminal:
    """A terminal to type into. Each public method runs a script in the sandbox."""

    def __init__(self, user: str | None, width: int, height: int) -> None:
        self._user, self._size = user, (width, height)
        self._socket = self._fence = f"tts{uuid4().hex[:12]}"
        self._typed = 0

    async def start(self) -> Seen:
        """Start the session; if tmux is missing, install it first."""
        script = start_script(self._socket, self._fence, *self._size)
        result = await self._run(script, _SLACK)
        if result.returncode == NO_TMUX:
            await _install()
            result = await self._run(script, _SLACK)
        if result.returncode == NO_TMUX:
            raise TerminalError("tmux is installed but not on the PATH of the sandbox's user")
        return self._read(result)

    async def type(self, commands: Sequence[Command]) -> Seen:
        """Type commands, and read the terminal after them."""
        script = turn_script(self._socket, self._fence, commands, self._typed)
        self._typed += len(commands)
        seconds = sum(command.timeout_sec for command in commands)
        try:
            result = await self._run(script, _SLACK + seconds)
        except TimeoutError as error:
            raise TerminalError(f"the terminal did not answer: {error}") from error
        return self._read(result)

    async def _run(self, script: str, seconds: float) -> ExecResult[str]:
        # never retried: typing keystrokes twice would do something else
        return await sandbox().exec(
            ["sh", "-s", SOURCE],
            input=script,
            user=self._user,
            timeout=int(seconds) + 1,
            timeout_retry=False,
        )

    def _read(self, result: ExecResult[str]) -> Seen:
        if result.returncode != 0:
            reason = result.stderr.strip()[-500:] or "no reason was given"
            gone = "the terminal is gone" if result.returncode == DEAD else "the terminal failed"
            raise TerminalError(f"{gone} (exit code {result.returncode}): {reason}")
        try:
            return read_output(result.stdout, self._fence)
        except ValueError as error:
            raise TerminalError(str(error)) from error


async def _install() -> None:
    try:
        result = await sandbox().exec(
            ["sh", "-c", INSTALL],
            user="root",
            timeout=_INSTALL_SECONDS,
            env={"DEBIAN_FRONTEND": "noninteractive"},
        )
        reason = None if result.success else (result.stderr or result.stdout).strip()[-500:]
    except TimeoutError:
        reason = f"it took longer than {_INSTALL_SECONDS} seconds"
    if reason is not None:
        raise TerminalError(
            f"Terminus needs tmux, which the sandbox lacks and which could not be installed there: "
            f"{reason}. Put tmux into the image, or give the sandbox a network"
        )
