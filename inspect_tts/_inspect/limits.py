"""Lift the limits of the running sample, and count tokens as its limit does.

Private: time limits have no public setter, unlike those on tokens, cost, messages and turns. What
a token limit counts is public only for the sum of all calls.
"""

from typing import Any

from inspect_ai.model import ModelUsage
from inspect_ai.util import sample_limits
from inspect_ai.util._limit import _TokenMetering


def metered_tokens(limit_type: str, usage: ModelUsage) -> int:
    """Count tokens as a token limit does."""
    return _TokenMetering(limit_type).value(usage)


def lift_limits() -> None:
    """Remove the limits of the running sample."""
    limits = sample_limits()
    counted: tuple[Any, ...] = (limits.token, limits.cost, limits.message, limits.turn)
    for limit in counted:
        limit.limit = None
    timed: tuple[Any, ...] = (limits.time, limits.working)
    for limit in timed:
        limit._limit = None
    timed[0]._refresh_deadline()
