"""Check arguments before the first rollout starts."""

import inspect
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from inspect_tts.errors import UserError

P = ParamSpec("P")
R = TypeVar("R")


def known_arguments(factory: Callable[P, R]) -> Callable[P, R]:
    """Make a factory refuse arguments that it does not have, or that are no truth values.

    Args:
        factory: Takes keyword arguments, for example from `-S`.

    Returns:
        The factory, with the same signature. It raises `UserError` for an argument that is unknown
        or missing, and for one that is not true or false where the default is.
    """
    shape = inspect.signature(factory)
    names = list(shape.parameters)

    @wraps(factory)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        for given, value in kwargs.items():
            if given not in names:
                close = get_close_matches(given, names, n=1)
                hint = f"; did you mean {close[0]}?" if close else "."
                raise UserError(
                    f"{factory.__name__} has no argument {given}{hint} It takes {', '.join(names)}"
                )
            if isinstance(shape.parameters[given].default, bool) and not isinstance(value, bool):
                raise UserError(
                    f"{given}={value!r} is neither true nor false; give {given}=true or "
                    f"{given}=false"
                )
        try:
            shape.bind(*args, **kwargs)
        except TypeError as error:
            raise UserError(f"{factory.__name__}: {error}. It takes {', '.join(names)}") from None
        return factory(*args, **kwargs)

    return checked


def known_task_arguments(factory: Callable[P, R]) -> Callable[P, R]:
    """Do for a task what `known_arguments` does: Inspect drops what `-T` misspells with a warning.

    Args:
        factory: Makes a task.

    Returns:
        The factory, to which Inspect hands every argument.
    """
    checked = known_arguments(factory)
    shape = inspect.signature(factory)
    unknown = inspect.Parameter("unknown", inspect.Parameter.VAR_KEYWORD)
    taken = [*shape.parameters.values(), unknown]
    checked.__signature__ = shape.replace(parameters=taken)  # type: ignore[attr-defined]
    return checked


def mapping(name: str, value: object) -> dict[str, Any]:
    """Refuse what is no mapping; None is an empty one.

    Raises:
        UserError: If it is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UserError(f"{name}={value!r} is not a mapping; give {name}='{{\"key\": 1}}'")
    return dict(value)


def at_least(
    name: str, value: float | None, least: float, why: str = "", *, whole: bool = True
) -> None:
    """Refuse a number that is too small.

    Args:
        name: The argument.
        value: Its value; None passes.
        least: The smallest allowed.
        why: Added to the message.
        whole: Whether it must be an integer.

    Raises:
        UserError: If the value is no such number, or below `least`.
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        kind = "a whole number" if whole else "a number"
        raise UserError(f"{name}={value!r} is not {kind}; give {name} >= {least}")
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
