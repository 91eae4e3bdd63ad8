"""A rollout of which only what a test names matters."""

from typing import Any

from inspect_tts.method.records import Facts, Rollout, Summary, Usage


def plain_rollout(id: str, **changes: Any) -> Rollout:
    """A completed rollout of one turn that used nothing and left nothing, with changes."""
    given: dict[str, Any] = {
        "iteration": 0,
        "index": 0,
        "status": "completed",
        "model": "m",
        "turns": 1,
        "messages": 1,
        "usage": Usage(),
        "seconds": 1.0,
        "facts": Facts(status="completed"),
        "summary": Summary(status="structured", text="{}"),
    }
    return Rollout(id=id, **given | changes)
