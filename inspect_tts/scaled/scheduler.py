"""Rollouts and selections as samples of their own: their ids, and which of them comes next."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from inspect_tts.method.candidates import next_wave
from inspect_tts.method.parameters import Waves
from inspect_tts.method.records import Rollout
from inspect_tts.method.refinement import rollout_id

_ID = re.compile(r"(.+)#(t\d+(?:-n\d+)?)", re.DOTALL)

SCALED = "inspect_tts/scaled"
"""Name of the task whose samples these are."""

QUEUED = 512
"""Rollouts that are in work or wait at once, about. The next problem begins when one has ended, so
results come early and memory does not grow with the number of problems."""


def part_id(problem: str | int, part: str) -> str:
    """Id of a sample that stands for a part of a problem."""
    return f"{problem}#{part}"


def split_id(id: str | int) -> tuple[str, str]:
    """The problem and the part that a sample stands for."""
    found = _ID.fullmatch(str(id))
    return (found[1], found[2]) if found else (str(id), "")


def is_rollout(part: str) -> bool:
    """Whether a part is a rollout, not a selection."""
    return "-" in part


@dataclass(frozen=True)
class ScheduledSample:
    """A sample to start."""

    problem: str
    part: str
    epoch: int | None = None
    """None: all epochs."""


@dataclass
class _ProblemProgress:
    """How far a problem has come, in one epoch."""

    iteration: int = 0
    waiting: frozenset[str] = frozenset()
    """Rollouts of the iteration, or of its wave, that have not ended."""
    selected: int | None = None
    """Rollouts of the next iteration, if its selection waits for rollouts that it knows."""


class Scheduler:
    """Says what comes next each time that a sample has ended.

    Args:
        problems: Their ids.
        n: Rollouts of iteration 0, or of its first wave.
        iterations: How many there are.
        waves: How iteration 0 runs in waves, None if `n` is all.
    """

    def __init__(
        self, problems: Sequence[str], *, n: int, iterations: int, waves: Waves | None = None
    ) -> None:
        self.epochs = 1
        """Of the run; each problem is run that often."""
        self._to_come = list(problems)[::-1]
        self._at_once = ceil(QUEUED / n)
        self._first = frozenset(rollout_id(0, index) for index in range(n))
        self._iterations, self._waves = iterations, waves
        self._progress: dict[tuple[str, int], _ProblemProgress] = {}
        self._open: dict[str, set[int]] = {}
        """Epochs that have ended of the problems that have begun."""

    def expects(self, problem: str, epoch: int, part: str) -> bool:
        """Whether a sample is one that a problem waits for."""
        if problem not in self._open or epoch in self._open[problem]:
            return False
        waiting = self._progress_of(problem, epoch).waiting
        return part in waiting if is_rollout(part) else not waiting

    def begin(self) -> list[ScheduledSample]:
        """The rollouts of the problems that may begin now."""
        steps: list[ScheduledSample] = []
        while self._to_come and len(self._open) < self._at_once:
            problem = self._to_come.pop()
            self._open[problem] = set()
            steps += [ScheduledSample(problem, rollout) for rollout in sorted(self._first)]
        return steps

    def rollout_ended(
        self, problem: str, epoch: int, rollout: str, ended: Sequence[Rollout] = ()
    ) -> list[ScheduledSample]:
        """What follows a rollout: the next wave or the selection, once it was the last.

        All that have `ended` decide about the next wave.
        """
        progress = self._progress_of(problem, epoch)
        if rollout not in progress.waiting:
            return []
        progress.waiting -= {rollout}
        if progress.waiting:
            return []
        if progress.selected is not None:
            return self.selected(problem, epoch, progress.selected)
        if self._waves and progress.iteration == 0 and (more := next_wave(self._waves, ended)):
            ids = [rollout_id(0, len(ended) + index) for index in range(more)]
            return self._wait_for(problem, epoch, ids)
        last = progress.iteration + 1 >= self._iterations
        return [ScheduledSample(problem, "" if last else f"t{progress.iteration}", epoch)]

    def selected(
        self, problem: str, epoch: int, n: int, missing: Sequence[str] = ()
    ) -> list[ScheduledSample]:
        """What follows a selection: rollouts that only its log knows, the next ones, or the end."""
        progress = self._progress_of(problem, epoch)
        progress.selected = n if missing else None
        if missing:
            return self._wait_for(problem, epoch, missing)
        if n == 0:
            return [ScheduledSample(problem, "", epoch)]
        progress.iteration += 1
        ids = [rollout_id(progress.iteration, index) for index in range(n)]
        return self._wait_for(problem, epoch, ids)

    def _wait_for(self, problem: str, epoch: int, ids: Sequence[str]) -> list[ScheduledSample]:
        self._progress_of(problem, epoch).waiting = frozenset(ids)
        return [ScheduledSample(problem, id, epoch) for id in ids]

    def ended(self, problem: str, epoch: int) -> list[ScheduledSample]:
        """What follows the end of a problem in one epoch: the next problem, after the last one."""
        self._progress.pop((problem, epoch), None)
        self._open[problem].add(epoch)
        if len(self._open[problem]) < self.epochs:
            return []
        del self._open[problem]
        return self.begin()

    def _progress_of(self, problem: str, epoch: int) -> _ProblemProgress:
        return self._progress.setdefault((problem, epoch), _ProblemProgress(waiting=self._first))
