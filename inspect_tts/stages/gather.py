"""Run coroutines side by side, results in order, the first error unwrapped."""

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import anyio

T = TypeVar("T")


async def gather(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Await all of `work` at once.

    Args:
        work: Coroutines; each runs in a task and a context of its own.

    Returns:
        Their results, in order.

    Raises:
        Exception: The first that one of them raised; the others are cancelled.
    """
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
