"""Run the harness's own commands in a rollout's sandbox."""

from collections.abc import Sequence

from inspect_ai.util import ExecResult, LimitExceededError, sandbox

from inspect_tts._inspect import TerminateSampleError

_TIMEOUT = 60  # seconds; a longer command counts as failed


async def run_inside(
    command: Sequence[str], *, folder: str | None = None
) -> ExecResult[str] | None:
    """Run a command in the default sandbox; None if the sandbox fails."""
    try:
        return await sandbox().exec(
            list(command), cwd=folder, timeout=_TIMEOUT, timeout_retry=False
        )
    except (LimitExceededError, TerminateSampleError):
        raise
    except Exception:  # each provider raises its own errors
        return None
