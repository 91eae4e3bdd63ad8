"""Check arguments before the first rollout starts."""

from collections.abc import Sequence

from inspect_tts.errors import UserError


def at_least(name: str, value: float | None, least: float, why: str = "") -> None:
    """Refuse a number that is too small.

    Args:
        name: The argument.
        value: Its value; None passes.
        least: The smallest allowed.
        why: Added to the message.

    Raises:
        UserError: If the value is no number, or below `least`.
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"{name}={value!r} is not a number; give {name} >= {least}")
    if value < least:
        raise UserError(f"{name}={value} is too small; give {name} >= {least}{why}")


def one_of(name: str, value: object, allowed: Sequence[object]) -> None:
    """Refuse a value outside a set.

    Raises:
        UserError: If `value` is not in `allowed`.
    """
    if value not in allowed:
        shown = ", ".join(repr(a) for a in allowed)
        raise UserError(f"{name}={value!r} is not known; choose one of {shown}")


def at_most(name: str, value: float, most: float, why: str = "") -> None:
    """Refuse a number that is too large.

    Raises:
        UserError: If the value is above `most`.
    """
    if value > most:
        raise UserError(f"{name}={value} is too large; give {name} <= {most}{why}")
