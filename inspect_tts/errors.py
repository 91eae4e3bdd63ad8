"""Mistakes of a user, reported without a traceback."""

from collections.abc import Coroutine, Sequence
from functools import wraps
from typing import Any, TypeVar

import anyio
from inspect_ai.solver import Generate, Solver, TaskState
from pydantic import ValidationError
from rich.markup import escape

from ._inspect import PrerequisiteError
from .text.writable import writable

_SHOWN = 3
_LONGEST_REASON = 500

CANCELLED = ("CancelledError(", "Cancelled(")
"""How Inspect's errors of samples begin that were cancelled: a retry runs them."""


class UserError(PrerequisiteError):
    """A bad argument or a missing prerequisite: names the value, what is allowed, the next step.

    Args:
        message: Plain text. Brackets in it, as in a value that the user gave, are no markup.
    """

    def __init__(self, message: str) -> None:
        super().__init__(escape(message))
        self._text = message

    def __str__(self) -> str:
        return self._text


def of_type(value: object) -> str:
    """The type of a value, in a sentence: `a str`, `an int`."""
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


class NoRolloutError(RuntimeError):
    """No rollout of an iteration can be used: it ends the sample, with the rollouts' own error."""


def why(error: Exception) -> str:
    """What is wrong with what others wrote, in one line: the kind of error, and which fields."""
    try:
        said = _fields(error) if isinstance(error, ValidationError) else str(error)
    except Exception:  # as of one that holds a number of too many digits
        said = ""
    return writable(f"{type(error).__name__}: {first_line(said)}")[:_LONGEST_REASON]


def first_line(said: str) -> str:
    """The first line of a text, and where that only announces the next, this as well."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return " ".join(lines[: 2 if lines and lines[0].endswith(":") else 1])


def _fields(error: ValidationError) -> str:
    details = error.errors(include_url=False, include_input=False)
    fields = [
        ": ".join(filter(None, (".".join(map(str, each["loc"])), each["msg"])))
        for each in details[:_SHOWN]
    ]
    if len(details) > _SHOWN:
        fields.append(f"and {len(details) - _SHOWN} more")
    return "; ".join(fields)


def no_traceback(solve: Solver) -> Solver:
    """Let a user's mistake that shows only in a running sample end it with the message alone.

    Inspect prints what ends a sample as a traceback by rich, which leaves out all frames down to
    one that holds its guard. A timeout that leaves a stage is an error of the sample.
    """

    @wraps(solve)
    async def guarded(state: TaskState, generate: Generate) -> TaskState:
        try:
            return await solve(state, generate)
        except (PrerequisiteError, NoRolloutError) as error:
            _rich_traceback_guard = True
            raise error.with_traceback(None) from None
        except TimeoutError as error:  # which Inspect would take for the sample's end, and score it
            raise RuntimeError(f"a stage timed out: {error}") from error

    return guarded


T = TypeVar("T")


async def gather(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Await all of `work` at once."""
    results: dict[int, T] = {}

    async def run(index: int, coroutine: Coroutine[Any, Any, T]) -> None:
        results[index] = await coroutine

    try:
        async with anyio.create_task_group() as tasks:
            for index, coroutine in enumerate(work):
                tasks.start_soon(run, index, coroutine)
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
    return [results[index] for index in range(len(work))]
