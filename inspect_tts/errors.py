"""Users' mistakes, reported without a traceback."""

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
"""How Inspect's errors of cancelled samples begin; a retry runs these samples again."""


class UserError(PrerequisiteError):
    """A bad argument or a missing prerequisite.

    Args:
        message: Names the value, what is allowed, and the next step. It is plain text: brackets in
            it, for example in a value that the user gave, are not markup.
    """

    def __init__(self, message: str) -> None:
        super().__init__(escape(message))
        self._text = message

    def __str__(self) -> str:
        return self._text


def of_type(value: object) -> str:
    """The type of a value, as a sentence needs it: `a str`, `an int`."""
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


class NoRolloutError(RuntimeError):
    """No rollout of an iteration can be used; it ends the sample with the rollouts' own error."""


def why(error: Exception) -> str:
    """What is wrong with a text from outside, in one line: the type of error, and the fields."""
    try:
        said = _fields(error) if isinstance(error, ValidationError) else str(error)
    except Exception:  # for example, it holds a number with too many digits
        said = ""
    return writable(f"{type(error).__name__}: {first_line(said)}")[:_LONGEST_REASON]


def first_line(said: str) -> str:
    """The first line of a text, and the second one if the first ends with a colon."""
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
    """Let a user's mistake that is found in a running sample end it with the message alone.

    Inspect prints the error that ends a sample as a traceback of rich, which leaves out all frames
    up to one with rich's guard variable. A timeout that a stage raises is an error of the sample.
    """

    @wraps(solve)
    async def guarded(state: TaskState, generate: Generate) -> TaskState:
        try:
            return await solve(state, generate)
        except (PrerequisiteError, NoRolloutError) as error:
            _rich_traceback_guard = True
            raise error.with_traceback(None) from None
        except TimeoutError as error:  # Inspect would take it for the sample's time limit
            raise RuntimeError(f"a stage timed out: {error}") from error

    return guarded


T = TypeVar("T")


async def gather(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Await all of `work` concurrently; raise the first error."""
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
