"""Limits of what runs at once in the process: which of several applies."""

import os
from collections.abc import Sequence
from uuid import uuid4

import anyio
import pytest

from inspect_tts._inspect import reserve_slots


def reserved(limits: Sequence[tuple[int, bool]]) -> list[int]:
    """How many slots there are after each of these limits, each with whether it may grow."""

    async def reserve() -> list[int]:
        name, found = f"slots {os.getpid()} {uuid4().hex}", list[int]()
        for limit, grow in limits:
            async with reserve_slots(name, limit, grow=grow) as slots:
                found.append(slots)
        return found

    return anyio.run(reserve)


@pytest.mark.parametrize(
    ("limits", "slots"),
    [
        ([(3, False), (5, False), (2, False), (4, False)], [3, 3, 2, 2]),
        ([(3, True), (5, True), (2, True)], [3, 5, 5]),
        ([(5, True), (3, False), (9, True)], [5, 3, 3]),
        ([(3, False), (9, True), (2, False)], [3, 3, 2]),
    ],
    ids=["the smallest given", "the largest default", "given after a default", "given before one"],
)
def test_a_given_limit_is_never_exceeded(limits: list[tuple[int, bool]], slots: list[int]) -> None:
    assert reserved(limits) == slots


def test_groups_take_their_slots_one_after_the_other() -> None:
    name, held = f"slots {uuid4().hex}", list[str]()

    async def take(who: str) -> None:
        async with reserve_slots(name, 2, grow=True):
            held.append(f"{who} begins")
            await anyio.lowlevel.checkpoint()
            held.append(f"{who} ends")

    async def both() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(take, "one")
            group.start_soon(take, "other")

    anyio.run(both)
    assert [each.split()[1] for each in held] == ["begins", "ends"] * 2
