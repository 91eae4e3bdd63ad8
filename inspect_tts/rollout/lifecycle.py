"""The live side of a strategy: one owner task for each rollout, from sandbox start to close."""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import cached_property
from logging import getLogger
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import anyio
from inspect_ai.solver import TaskState
from inspect_ai.util import background, concurrency
from pydantic import JsonValue

from inspect_tts._inspect import SandboxSet, outer_sample
from inspect_tts.method.recorded_votes import RecordedVotes
from inspect_tts.method.records import Rollout
from inspect_tts.resume.saved_results import SavedResults

from .admission import Budget

logger = getLogger(__name__)

_FEW = 16
"""Slots where no stage has said how many there are."""


class FinishedRollout:
    """What a rollout leaves behind while its sandbox is open."""

    def __init__(
        self,
        rollout: Rollout,
        state: TaskState,
        sandboxes: SandboxSet | None,
        key: str,
        reopen: Callable[[], Coroutine[Any, Any, SandboxSet | None]],
    ) -> None:
        self.rollout = rollout
        """As it was when it ended; from then on its record is the one in the pool."""
        self.state = state
        self.sandboxes = sandboxes
        self.key = key
        """Of its saved result."""
        self.reopen = reopen
        """Starts its sandboxes again, in their saved state."""


class SealedScore(NamedTuple):
    """How a rollout that was not adopted was graded; all that its record still lacks."""

    scores: dict[str, JsonValue] | None = None
    score_error: str | None = None


async def no_sandbox() -> None:
    """Placeholder `reopen` for rollouts without a sandbox; returns None."""


class Elsewhere(Exception):  # noqa: N818  # no error: the sample has done its part
    """A strategy goes on once other samples have run."""

    def __init__(self, contexts: tuple[tuple[str, ...], ...]) -> None:
        super().__init__(f"{len(contexts)} rollouts must run first")
        self.contexts = contexts


class RolloutTask:
    """Runs one rollout and owns its sandbox: opened, used, graded and closed in one task."""

    def __init__(
        self,
        id: str,
        *,
        slot: AbstractAsyncContextManager[object],
        attempt: Callable[[], Awaitable[FinishedRollout | None]],
        grade: Callable[[FinishedRollout], Awaitable[SealedScore]] | None,
        hold: bool,
    ) -> None:
        self.id = id
        self.result: FinishedRollout | None = None
        self.entered, self.finished = anyio.Event(), anyio.Event()
        self._slot_free, self._released = anyio.Event(), anyio.Event()
        self._settled = anyio.Event()
        self._slot, self._attempt, self._grade, self._hold = slot, attempt, grade, hold
        self._adopted = False
        self._score: SealedScore | None = None

    async def run(self) -> None:
        """The whole life of the rollout, in the sample's own task group."""
        async with AsyncExitStack() as slot:
            await slot.enter_async_context(self._slot)
            self.entered.set()
            try:
                self.result = await self._attempt()
                if self.result is None:
                    self.finished.set()
                    return
                if not self._hold:
                    await self._close()
                    await slot.aclose()
                self.finished.set()
                await self._slot_free.wait()
                if not self._released.is_set():
                    await slot.aclose()
                await self._released.wait()
                if self._grade is not None and not self._adopted:
                    self._score = await self._grade(self.result)
            finally:
                await self._close()
        self._settled.set()

    async def _close(self) -> None:
        if self.result is not None and self.result.sandboxes is not None:
            with anyio.CancelScope(shield=True):
                await self.result.sandboxes.close()

    def release(self, *, adopted: bool = False) -> None:
        """Let go of the sandbox: to the sample where adopted, else to be graded and closed."""
        if not self._released.is_set():
            self._adopted = adopted
            self._slot_free.set()
            self._released.set()

    def carry(self) -> None:
        """Give the slot back and keep the sandbox, to be selected from once more.

        A rollout that waited with its slot for others could wait for ever: these may need it.
        """
        self._slot_free.set()

    @property
    def adoptable(self) -> bool:
        """Whether the sandbox is still there to be adopted (or there never was one)."""
        sandboxes = self.result.sandboxes if self.result else None
        return self.result is not None and (sandboxes is None or not sandboxes.closed)

    @property
    def holds(self) -> bool:
        """Whether its sandbox is open."""
        sandboxes = self.result.sandboxes if self.result else None
        return sandboxes is not None and not sandboxes.closed

    @property
    def released(self) -> bool:
        """Whether nothing may use its sandbox any more but what grades and closes it."""
        return self._released.is_set()

    async def settled(self) -> SealedScore | None:
        """Wait until a released rollout is graded and closed; its score if it was graded."""
        await self._settled.wait()
        return self._score


class SpareSlot:
    """A slot that a sample holds beside those of its rollouts, for one sandbox more.

    Taken together with them: a sample that asked for it later could wait for samples that wait.
    """

    def __init__(self, slot: AbstractAsyncContextManager[object]) -> None:
        self._slot = slot
        self.entered, self.given_back = anyio.Event(), anyio.Event()

    async def run(self) -> None:
        """Hold the slot until it is given back."""
        async with self._slot:
            self.entered.set()
            await self.given_back.wait()


class RolloutTasks:
    """The rollout tasks of one sample, and its saved results."""

    def __init__(self) -> None:
        self.owners: dict[str, RolloutTask] = {}
        self.spare: SpareSlot | None = None
        self.units = SavedResults(None)
        self.ballots: RecordedVotes | None = None
        """Votes of an earlier run, to be used before a judge is asked."""
        self.publishes = False
        """Whether the sample's numbers are published though no loser may be graded here."""
        self.supply: Callable[[int, tuple[tuple[str, ...], ...]], list[RolloutTask]] | None = None
        """Where rollouts are samples of their own: gives those of an iteration, by their contexts,
        or raises `Elsewhere`."""
        self.adopts = True
        """Whether the strategy may end in this sample; else `adopt` raises `Elsewhere`."""

    @cached_property
    def budget(self) -> Budget:
        """What the sample may still spend."""
        return Budget()

    def start(self, owners: Iterable[RolloutTask]) -> None:
        """Start owners in the background of the sample: they outlive the stage."""
        for owner in owners:
            self.owners[owner.id] = owner
            background(owner.run)

    async def attend(self, owners: Iterable[RolloutTask]) -> None:
        """Start owners and wait until their rollouts have ended."""
        owners = list(owners)
        self.start(owners)
        for owner in owners:
            await owner.finished.wait()

    async def take_spare(self, slot: AbstractAsyncContextManager[object]) -> None:
        """Take a slot for one sandbox more."""
        self.spare = SpareSlot(slot)
        background(self.spare.run)
        await self.spare.entered.wait()

    @asynccontextmanager
    async def spare_slot(self) -> AsyncIterator[None]:
        """Use the spare slot, or where none was taken one of those that all share."""
        spare, self.spare = self.spare, None
        if spare is None and any(owner.holds for owner in self.owners.values()):
            logger.warning(
                "one sandbox more than max_rollouts is opened; give rollouts(spare_sandbox=True)"
            )
            yield  # to wait for a slot might be to wait for oneself
            return
        if spare is None:
            async with concurrency("rollouts", _FEW):
                yield
            return
        try:
            yield
        finally:
            spare.given_back.set()

    def forget(self, ids: Iterable[str]) -> None:
        """Leave out rollouts that were not started."""
        for id in ids:
            del self.owners[id]

    def release(self, ids: Iterable[str]) -> None:
        """Let go of rollouts that nothing needs any more; returns at once."""
        for id in ids:
            if id in self.owners:
                self.owners[id].release()

    async def settle(self) -> dict[str, SealedScore]:
        """Let go of all that is left and wait until it is graded and closed; scores by rollout."""
        for owner in self.owners.values():
            owner.release()
        if self.spare is not None:
            self.spare.given_back.set()
        settled = {owner.id: await owner.settled() for owner in self.owners.values()}
        return {id: score for id, score in settled.items() if score is not None}


_crews: WeakKeyDictionary[object, RolloutTasks] = WeakKeyDictionary()


def rollout_tasks() -> RolloutTasks:
    """The rollout tasks of the running sample."""
    return _crews.setdefault(outer_sample(), RolloutTasks())


def check_some_ended(records: list[Rollout]) -> None:
    """Let the sample fail where nothing but errors of the sandbox or a model's provider is left."""
    first, n = records[0], len(records)
    failed = [record for record in records if record.status == "error"]
    unstarted = [record for record in failed if record.turns == 0 and record.fault != "model"]
    if len(unstarted) == n:
        raise RuntimeError(
            f"none of the {n} rollouts could be started; the first failed with {first.reason}"
        )
    if all(record.fault in ("sandbox", "model") or record in unstarted for record in records):
        raise RuntimeError(
            f"each of the {n} rollouts of iteration {first.iteration} ended with an error of its "
            f"sandbox or of the model's provider; the first with {first.reason}"
        )
