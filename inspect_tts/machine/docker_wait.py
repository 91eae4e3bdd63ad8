"""Wait for a docker daemon that does not answer, for example while it restarts."""

from collections.abc import Awaitable, Callable
from logging import getLogger
from typing import TypeVar

import anyio

T = TypeVar("T")
logger = getLogger(__name__)

PATIENCE = 60
"""Seconds to wait for the daemon."""
_AWAY = ("cannot connect to the docker daemon", "error during connect", "is the docker daemon")


async def retry_after_outage(call: Callable[[], Awaitable[T]]) -> T:
    """Call a function; call it once more if it failed because the docker daemon was away."""
    try:
        return await call()
    except Exception as error:
        if not await _was_away(error):
            raise
    return await call()


async def _was_away(error: Exception) -> bool:
    """Whether an absent daemon explains an error; waits until it answers again."""
    if await _answers():
        return any(text in str(error).lower() for text in _AWAY)
    logger.warning(f"the docker daemon is not responding; waiting up to {PATIENCE} s")
    for _ in range(PATIENCE):
        await anyio.sleep(1)
        if await _answers():
            return True
    return False


async def _answers() -> bool:
    try:
        asked = await anyio.run_process(["docker", "version"], check=False)
    except OSError:
        return False
    return asked.returncode == 0
