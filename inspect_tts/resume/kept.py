"""Messages to the user: what an interrupted eval keeps, and what a retry took over."""

import os
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

_PLURALS = {
    "finished sample": "finished samples",
    "rollout": "rollouts",
    "summary": "summaries",
    "vote": "votes",
    "grade": "grades",
    "investigation": "investigations",
}


def counted(counts: Mapping[str, int]) -> str:
    """Say how many results of each kind there are: `97 rollouts, 98 summaries, 1 vote`."""
    shown = [(kind, counts.get(kind, 0)) for kind in _PLURALS]
    return ", ".join(f"{n} {kind if n == 1 else _PLURALS[kind]}" for kind, n in shown if n)


def retry_command(log: str) -> str:
    """The command that retries a log, and writes the new log into the same folder.

    Without `--log-dir`, Inspect would write into its default folder, and the log's folder would
    still show a run that was stopped.
    """
    path = log.removeprefix("file://")
    folder = path.rpartition("/")[0] or "."
    default = os.environ.get("INSPECT_LOG_DIR") or "./logs"
    command = f"inspect eval-retry {quote(path)}"
    return command if _same(folder, default) else f"{command} --log-dir {quote(folder)}"


def _same(folder: str, other: str) -> bool:
    folder, other = (each.removeprefix("file://").rstrip("/") for each in (folder, other))
    if "://" in folder or "://" in other:
        return folder == other
    return Path(folder).expanduser().resolve() == Path(other).expanduser().resolve()


def stopped_text(kept: str, *, log: str, cancelled: bool, place: str | None, eval_set: bool) -> str:
    """Say what a stopped eval keeps, and how to continue it."""
    head = "the eval was interrupted" if cancelled else "the eval ended with an error"
    where = f" in {place}" if kept and place else ""
    lines = [f"inspect_tts: {head}; {f'saved: {kept}' if kept else 'nothing is saved yet'}{where}"]
    command = "run the same eval-set command again" if eval_set else retry_command(log)
    return "\n".join([*lines, f"to continue: {command}"])


def taken_over_text(counts: Mapping[str, int]) -> str:
    """Say what a retry took over from the earlier eval; empty if it took over only checks.

    Checks are not mentioned, because later selections of the same eval take them over as well.
    """
    told = counted(counts)
    return f"inspect_tts: reused from an earlier run: {told}" if told else ""
