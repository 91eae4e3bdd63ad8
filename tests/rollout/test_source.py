"""What a sample holds of rollouts that have ended, wherever they ran."""

from contextlib import AsyncExitStack
from typing import Any

import anyio
import pytest
from inspect_ai.model import ModelName
from inspect_ai.solver import TaskState
from inspect_ai.util import concurrency

from inspect_tts.method.records import Facts, Rollout
from inspect_tts.models.summarizer import no_summary
from inspect_tts.rollout.source import FinishedRollout, SealedScore, StrategyState

SCORE = SealedScore({"includes": 1.0})


async def nothing() -> None:
    """What a live rollout starts its sandbox again with."""


def finished(index: int, **given: Any) -> FinishedRollout:
    record = Rollout(
        id=f"t0-n{index:02d}",
        iteration=0,
        index=index,
        status="completed",
        model="m",
        turns=1,
        messages=1,
        usage=no_summary().usage,
        seconds=1.0,
        facts=Facts(status="completed"),
        summary=no_summary(),
    )
    state = TaskState(
        model=ModelName("mockllm/model"), sample_id="p", epoch=1, input="x", messages=[]
    )
    return FinishedRollout(record, state, **given)


def tasks(*rollouts: FinishedRollout) -> StrategyState:
    held = StrategyState()
    held.add(rollouts)
    return held


def test_scores_of_rollouts_that_ran_elsewhere_are_known_but_for_the_adopted_one() -> None:
    adopted, other = finished(0, score=SCORE), finished(1, score=SCORE)
    held = tasks(adopted, other, finished(2))
    adopted.release(adopted=True)
    assert anyio.run(held.finish_all) == {"t0-n01": SCORE}


def test_a_live_rollout_is_waited_for_until_it_is_graded_and_closed() -> None:
    live = finished(0, reopen=nothing)
    seen: list[object] = []

    async def grade() -> None:
        await live.released.wait()
        seen.append(live.adopted)
        live.score = SCORE
        live.closed.set()

    async def both() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(grade)
            seen.append(await tasks(live).finish_all())

    anyio.run(both)
    assert seen == [False, {"t0-n00": SCORE}]


def test_a_rollout_can_give_its_slot_back_and_stay_selectable() -> None:
    rollout = finished(0, reopen=nothing)
    rollout.free_slot()
    assert rollout.slot_freed.is_set()
    assert not rollout.released.is_set()


@pytest.mark.parametrize("first", [True, False], ids=["adopted first", "let go first"])
def test_the_first_release_counts(first: bool) -> None:
    rollout = finished(0, reopen=nothing)
    rollout.release(adopted=first)
    rollout.release(adopted=not first)
    assert rollout.adopted is first
    assert rollout.slot_freed.is_set()


def test_where_no_sandbox_is_held_the_spare_one_waits_for_a_slot_of_the_rollouts() -> None:
    async def waits() -> bool:
        async with AsyncExitStack() as slots:
            taken = True
            while taken:  # as many as an eval of this process before has left
                with anyio.move_on_after(0.2) as scope:
                    await slots.enter_async_context(concurrency("rollout slots", 1))
                taken = not scope.cancelled_caught
            with anyio.move_on_after(0.2) as scope:
                async with StrategyState().spare_slot():
                    pass
        return scope.cancelled_caught

    assert anyio.run(waits)
