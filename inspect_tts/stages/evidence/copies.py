"""Run checks in copies of rollouts' sandboxes, if the workspace is not a git repository."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from inspect_tts._inspect import SandboxSet, in_sandboxes
from inspect_tts.execution.records import UNTOUCHED, Check, CheckRun
from inspect_tts.method.records import Rollout
from inspect_tts.rollout.source import FinishedRollout
from inspect_tts.workspace.tree import run_here

from .fresh import open_start
from .session import Session, run_record


def copies_of(
    rollouts: Sequence[Rollout], finished: Mapping[str, FinishedRollout]
) -> tuple[dict[str, str], dict[str, str]]:
    """The key of each rollout's copy, and for rollouts without a copy the reason."""
    copies, unavailable = dict[str, str](), dict[str, str]()
    for rollout in rollouts:
        ended = finished.get(rollout.id)
        if ended is None or ended.no_copy is not None:
            why = ended.no_copy if ended else "its sandbox belongs to another sample"
            unavailable[rollout.id] = f"there is no copy of its sandbox: {why}"
        else:
            copies[rollout.id] = ended.left
    return copies, unavailable


@dataclass
class CopySession(Session):
    """Runs each check in a new copy and then closes the copy, so nothing has to be restored."""

    finished: Mapping[str, FinishedRollout] = field(default_factory=dict)
    _copy: SandboxSet | None = None

    async def close(self) -> None:
        """Close the copy, if one is open."""
        copy, self._copy = self._copy, None
        if copy is not None:
            await copy.close()

    async def _put(self, tree: str, patch: str) -> bool:
        """Open a copy, or a fresh sandbox for the untouched tree."""
        if tree in self.unfit:
            return False
        began = monotonic()
        self.opened += 1
        self._copy = await self._start() if tree == UNTOUCHED else await self._reopened(tree)
        if self._copy is None:
            self.unfit[tree] = "the copy of its sandbox could not be started"
            return False
        self.switching = monotonic() - began
        return True

    async def _start(self) -> SandboxSet:
        start = await open_start(*self._where, purpose=f"evidence {self.opened}")
        return start.sandboxes

    async def _reopened(self, id: str) -> SandboxSet | None:
        reopen = self.finished[id].reopen
        return None if reopen is None else await reopen()

    async def _run(self, check: Check, tree: str, repeat: int) -> CheckRun:
        assert self._copy is not None
        alone = self.sandbox.type == "docker"
        with in_sandboxes(self._copy):
            raw, top = await run_here(check.command, seconds=self.seconds, alone=alone)
        await self.close()
        return run_record(check, tree, repeat, raw, top)
