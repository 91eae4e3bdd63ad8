"""Where a strategy's rollouts come from, and what the sample keeps of them while it runs."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property
from logging import getLogger
from typing import Any, NamedTuple, Protocol
from weakref import WeakKeyDictionary

import anyio
from inspect_ai.dataset import Sample
from inspect_ai.solver import Solver, TaskState
from inspect_ai.util import background, concurrency
from pydantic import JsonValue

from inspect_tts._inspect import SandboxSet, eval_spec, outer_sample
from inspect_tts.errors import NoRolloutError
from inspect_tts.execution.records import CheckRun
from inspect_tts.method.recorded_votes import RecordedVotes
from inspect_tts.method.records import Rollout
from inspect_tts.resume.log_repair import note_run
from inspect_tts.resume.saved_results import SavedResults, open_saved_results

from .budget import Budget

logger = getLogger(__name__)

_FEW = 16
"""Number of slots if no stage has set one."""

Contexts = tuple[tuple[str, ...], ...]
"""For each rollout of an iteration, the ids of the rollouts whose summaries it starts from."""


class SealedScore(NamedTuple):
    """The grade of a rollout that was not adopted: the only fields its record still lacks."""

    scores: dict[str, JsonValue] | None = None
    score_error: str | None = None


class FinishedRollout:
    """A rollout that has ended, with the state and sandboxes that the sample may still need."""

    def __init__(
        self,
        record: Rollout,
        state: TaskState,
        *,
        sandboxes: SandboxSet | None = None,
        reopen: Callable[[], Coroutine[Any, Any, SandboxSet | None]] | None = None,
        score: SealedScore | None = None,
        no_copy: str | None = "its sandbox belongs to another sample",
        left: str = "",
    ) -> None:
        self.record = record
        """Its record when it ended; later changes are only in the record in the pool."""
        self.state = state
        self.sandboxes = sandboxes
        self.reopen = reopen
        """Starts its sandboxes again in their saved state; None if the rollout ran elsewhere."""
        self.no_copy = no_copy
        """Why its sandboxes cannot be started again; None if their state is saved."""
        self.left = left
        """Key of what it left in its sandboxes."""
        self.score = score
        """Sealed: no prompt and no decision reads it."""
        self.adopted = False
        self.slot_freed, self.released, self.closed = anyio.Event(), anyio.Event(), anyio.Event()
        if reopen is None:
            self.closed.set()

    def release(self, *, adopted: bool = False) -> None:
        """Give up the sandbox: to the sample if adopted, otherwise to be graded and closed."""
        if not self.released.is_set():
            self.adopted = adopted
            self.slot_freed.set()
            self.released.set()

    def free_slot(self) -> None:
        """Give the slot back, and keep the sandbox for a further selection.

        If the rollout kept its slot while it waits for others, it could wait forever: they may need
        the slot.
        """
        self.slot_freed.set()

    @property
    def adoptable(self) -> bool:
        """Whether it can be adopted: its sandbox is still open, or it never had one."""
        return self.sandboxes is None or not self.sandboxes.closed

    @property
    def holds(self) -> bool:
        """Whether its sandbox is open."""
        return self.sandboxes is not None and not self.sandboxes.closed

    async def final_score(self) -> SealedScore | None:
        """Wait until a released rollout is graded and closed; None if it was adopted."""
        await self.closed.wait()
        return None if self.adopted else self.score


class Place(NamedTuple):
    """Where results are executed if the running sample has no sandbox."""

    sample: Sample
    """The problem with its sandbox, its files and its setup script."""
    setup: tuple[Solver, ...] = ()
    """Solvers that run before the agent."""


class RolloutSource(Protocol):
    """Where rollouts come from: run in this sample, recorded, or run as samples of their own."""

    done: Sequence[str] = ()
    """The stages that ran in earlier samples of the problem."""
    seconds: float | None = None
    """How long the last iteration took; None if it ran elsewhere."""
    asked: int | None = None
    """How many rollouts the last iteration planned to run; None for all of them."""
    publish_scores: bool = False
    """Whether all numbers are published even if no other rollout of this problem was graded."""
    place: Place | None = None
    """Where results are executed; None for a sandbox like the running sample's own."""

    async def iteration(self, number: int, contexts: Contexts) -> list[FinishedRollout] | None:
        """Wait for the rollouts of an iteration; None if they must run as samples first."""

    def pauses_before(self, stage: str) -> bool:
        """Whether the strategy continues in another sample from this stage on."""
        return False


class HeldSlot(AbstractAsyncContextManager[object]):
    """A slot that a sample holds for a later rollout, or for one further sandbox.

    It is taken together with the sample's other slots. If samples asked for slots one by one, they
    could wait for each other forever.
    """

    def __init__(self, slot: AbstractAsyncContextManager[object]) -> None:
        self._slot = slot
        self.entered, self.given_back = anyio.Event(), anyio.Event()

    async def run(self) -> None:
        """Hold the slot until it is given back."""
        async with self._slot:
            self.entered.set()
            await self.given_back.wait()

    async def __aexit__(self, *error: object) -> None:
        """Give the slot back; the rollout that used it is closed."""
        self.given_back.set()


class StrategyState:
    """What the stages of a strategy share on one sample."""

    def __init__(self) -> None:
        self.rollouts: dict[str, FinishedRollout] = {}
        self.source: RolloutSource | None = None
        """None if rollouts run in this sample; each stage then has its own source."""
        self.spare: HeldSlot | None = None
        self.saved = SavedResults(None)
        self.runs: dict[str, CheckRun] = {}
        """The runs of checks on results, by key."""
        self.recorded_votes: RecordedVotes | None = None
        """Votes of an earlier run, to be used before a judge is asked."""

    @property
    def place(self) -> Place | None:
        """Where results are executed; None for a sandbox like the sample's own."""
        return None if self.source is None else self.source.place

    @cached_property
    def budget(self) -> Budget:
        """What the sample may still spend."""
        return Budget()

    def open_saved(self, resume: str) -> None:
        """Open the sample's saved results, and note the run for the log of a retry."""
        spec, active = eval_spec(), outer_sample()
        note_run(spec.eval_id, active.sample.id or 0, active.epoch)
        self.saved = open_saved_results(resume, spec, active.log_location)

    def add(self, rollouts: Iterable[FinishedRollout]) -> None:
        """Keep rollouts that have ended."""
        self.rollouts |= {rollout.record.id: rollout for rollout in rollouts}

    def release(self, ids: Iterable[str]) -> None:
        """Release rollouts that nothing needs any longer; return at once."""
        for id in ids:
            self.rollouts[id].release()

    async def take_spare(self, slot: AbstractAsyncContextManager[object]) -> None:
        """Take a slot for one further sandbox."""
        self.spare = await self.hold_slot(slot)

    async def hold_slot(self, slot: AbstractAsyncContextManager[object]) -> HeldSlot:
        """Take a slot now, to use it later."""
        held = HeldSlot(slot)
        background(held.run)
        await held.entered.wait()
        return held

    @asynccontextmanager
    async def spare_slot(self) -> AsyncIterator[None]:
        """Use the spare slot; if none was taken, use one of the slots that all samples share.

        The spare slot stays taken afterwards: a later stage that had to wait for a slot could wait
        for a sample that itself waits for this one's slots.
        """
        if self.spare is not None:
            yield
            return
        if any(rollout.holds for rollout in self.rollouts.values()):
            logger.warning(
                "one more sandbox than max_rollouts is opened; give rollouts(spare_sandbox=True)"
            )
            yield  # waiting for a slot could deadlock: this sample may hold them all
            return
        async with concurrency("rollout slots", _FEW):
            yield

    def give_back_spare(self) -> None:
        """Give the spare slot back, if there is one."""
        if self.spare is not None:
            self.spare.given_back.set()
            self.spare = None

    async def finish_all(self) -> dict[str, SealedScore]:
        """Release all rollouts, wait until they are graded and closed, return scores by id."""
        self.release(self.rollouts)
        self.give_back_spare()
        scores = {id: await rollout.final_score() for id, rollout in self.rollouts.items()}
        return {id: score for id, score in scores.items() if score is not None}


_states: WeakKeyDictionary[object, StrategyState] = WeakKeyDictionary()


def strategy_state() -> StrategyState:
    """What the stages share on the running sample."""
    return _states.setdefault(outer_sample(), StrategyState())


def check_some_ended(records: list[Rollout]) -> None:
    """Raise if every rollout ended with an error of its sandbox or of a model's provider."""
    if not records:
        return
    first, n = records[0], len(records)
    failed = [record for record in records if record.status == "error"]
    unstarted = [record for record in failed if record.turns == 0 and record.fault != "model"]
    if len(unstarted) == n:
        raise NoRolloutError(
            f"none of the {n} rollouts could be started; the first failed with {first.reason}"
        )
    if all(record.fault in ("sandbox", "model") or record in unstarted for record in records):
        raise NoRolloutError(
            f"each of the {n} rollouts of iteration {first.iteration} ended with an error of its "
            f"sandbox or of the model's provider; the first with {first.reason}"
        )
