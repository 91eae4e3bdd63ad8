"""Ids of the samples of a scaled run, and the order in which they start."""

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
"""Name of the task."""

QUEUED = 512
"""Approximate number of rollouts that run or wait at a time. The next problem begins when one has
ended, so results come early and memory does not grow with the number of problems."""


def part_id(problem: str | int, part: str) -> str:
    """Id of the sample that runs a part of a problem."""
    return f"{problem}#{part}"


def split_id(id: str | int) -> tuple[str, str]:
    """The problem and the part that a sample runs. The part is empty for the end of a problem."""
    found = _ID.fullmatch(str(id))
    return (found[1], found[2]) if found else (str(id), "")


def is_rollout(part: str) -> bool:
    """Whether a part is a rollout rather than a selection."""
    return "-" in part


@dataclass(frozen=True)
class ScheduledSample:
    """A sample to start."""

    problem: str
    part: str
    epoch: int | None = None
    """None for all epochs."""


@dataclass
class _ProblemProgress:
    """The progress of a problem in one epoch."""

    iteration: int = 0
    waiting: frozenset[str] = frozenset()
    """Rollouts of the iteration or wave that have not ended."""
    selected: int | None = None
    """Size of the next iteration, if it waits for rollouts that only the selection's log has."""


class Scheduler:
    """Decides which samples start next when a sample has ended.

    Args:
        problems: The ids of the problems.
        n: Number of rollouts in iteration 0, or in its first wave.
        iterations: Number of iterations.
        waves: How iteration 0 runs in waves; None if it has `n` rollouts.
    """

    def __init__(
        self, problems: Sequence[str], *, n: int, iterations: int, waves: Waves | None = None
    ) -> None:
        self.epochs = 1
        """Number of epochs in which each problem runs."""
        self._to_come = list(problems)[::-1]
        self._at_once = ceil(QUEUED / n)
        self._first = frozenset(rollout_id(0, index) for index in range(n))
        self._iterations, self._waves = iterations, waves
        self._progress: dict[tuple[str, int], _ProblemProgress] = {}
        self._open: dict[str, set[int]] = {}
        """Finished epochs of each problem that has begun and not ended."""

    def expects(self, problem: str, epoch: int, part: str) -> bool:
        """Whether a problem waits for this sample."""
        if problem not in self._open or epoch in self._open[problem]:
            return False
        waiting = self._progress_of(problem, epoch).waiting
        return part in waiting if is_rollout(part) else not waiting

    def begin(self) -> list[ScheduledSample]:
        """Begin problems while there is room; returns their first rollouts."""
        steps: list[ScheduledSample] = []
        while self._to_come and len(self._open) < self._at_once:
            problem = self._to_come.pop()
            self._open[problem] = set()
            steps += [ScheduledSample(problem, rollout) for rollout in sorted(self._first)]
        return steps

    def rollout_ended(
        self, problem: str, epoch: int, rollout: str, ended: Sequence[Rollout] = ()
    ) -> list[ScheduledSample]:
        """What follows a rollout: nothing until the last one, then the next wave or the selection.

        The rollouts that have `ended` decide whether another wave runs.
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
        """What follows a selection: rollouts that only its log has, more rollouts, or the end."""
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
        """What follows a problem's end in one epoch: the next problem, if all epochs have ended."""
        self._progress.pop((problem, epoch), None)
        self._open[problem].add(epoch)
        if len(self._open[problem]) < self.epochs:
            return []
        del self._open[problem]
        return self.begin()

    def _progress_of(self, problem: str, epoch: int) -> _ProblemProgress:
        return self._progress.setdefault((problem, epoch), _ProblemProgress(waiting=self._first))
