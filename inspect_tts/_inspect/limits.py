"""Lift the limits of the running sample.

Private: those of tokens, cost, messages and turns have public setters; those of time have none.
"""

from typing import Any

from inspect_ai.util import sample_limits


def lift_limits() -> None:
    """Let the running sample have no limits from now on."""
    limits = sample_limits()
    counted: tuple[Any, ...] = (limits.token, limits.cost, limits.message, limits.turn)
    for limit in counted:
        limit.limit = None
    timed: tuple[Any, ...] = (limits.time, limits.working)
    for limit in timed:
        limit._limit = None
    timed[0]._refresh_deadline()
