"""What an interrupted eval keeps, and what a retry took over, as lines for its user."""

from collections.abc import Mapping

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


def stopped_text(kept: str, *, log: str, cancelled: bool, place: str | None, eval_set: bool) -> str:
    """Say what an eval that was stopped keeps, and how it goes on."""
    head = "the eval was interrupted" if cancelled else "the eval ended with an error"
    where = f" in {place}" if kept and place else ""
    lines = [f"inspect_tts: {head}; {f'kept: {kept}' if kept else 'nothing is kept yet'}{where}"]
    command = "give the same eval-set command again" if eval_set else f"inspect eval-retry {log}"
    return "\n".join([*lines, f"to go on:    {command}"])


def taken_over_text(counts: Mapping[str, int]) -> str:
    """Say what a retry took over from the eval before."""
    return f"inspect_tts: taken over from an earlier run: {counted(counts)}"
