"""The runs of this process, and the progress of each of their problems."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from logging import getLogger
from os import getpid
from socket import gethostname
from threading import RLock
from time import monotonic, time
from typing import NamedTuple, Protocol

import rich
from inspect_ai.util import display_counter
from rich.markup import escape

from inspect_tts._inspect import outer_sample, shows_in_place
from inspect_tts.method.records import Rollout, Usage

from .state import Kind, Pace, Phase, ProblemState, RunState, Spent
from .words import footer

logger = getLogger(__name__)

EVERY = 1.0
"""Seconds between two updates of the numbers that are shown in place."""


class Meter(Protocol):
    """Measures what a sample has spent."""

    @property
    def spent(self) -> "Amounts":
        """What the sample has spent so far."""


class Amounts(Protocol):
    """Tokens and dollars."""

    @property
    def tokens(self) -> float:
        """Tokens."""

    @property
    def dollars(self) -> float:
        """Dollars."""


class Run:
    """The progress of one eval."""

    def __init__(self, state: RunState) -> None:
        self.state, self.pace, self.lock = state, Pace(), RLock()
        self.problems: dict[str, Problem] = {}
        self._plans: dict[str, list[Phase]] = {}
        self.move_bar: Callable[[], None] = lambda: None
        self.changed = True
        self.finished = 0  # samples without an error; rollouts, if each is a sample
        self._shown_at = 0.0

    def problem(self, key: str) -> "Problem":
        """A problem, by `id/epoch`."""
        with self.lock:
            if key not in self.problems:
                self.restart(key)
            return self.problems[key]

    def expect(self, plans: Mapping[str, list[Phase]]) -> None:
        """Expect problems that each have a plan of their own, keyed by `id/epoch`."""
        self._plans = {**plans}
        self._count_ahead(plans, 1)

    def _count_ahead(self, keys: Iterable[str], sign: int) -> None:
        ahead = self.state.ahead
        for phase in [phase for key in keys for phase in self._plans.get(key, ())]:
            ahead[phase.kind] = ahead.get(phase.kind, 0) + sign * phase.total

    def restart(self, key: str) -> None:
        """Begin a problem, or begin it again."""
        with self.lock:
            if key not in self.state.states:
                self._count_ahead([key], -1)
            plan = self._plans.get(key, self.state.plan)
            state = ProblemState(phases=[phase.model_copy() for phase in plan])
            self.state.states[key] = state
            self.problems[key] = Problem(self, key, state)

    def refresh(self) -> None:
        """Update the values that are derived from others."""
        with self.lock:
            for problem in self.problems.values():
                problem.read_meters()
            now = monotonic()
            self.state.seconds_left = self.pace.seconds_left(self.state.totals("rollouts"), now)
            self.state.expected = self.pace.expected(self.state)
            self.state.updated = time()
            self.state.host, self.state.process = gethostname(), getpid()

    def show(self, *, at_once: bool = False) -> None:
        """Show the numbers in place, not more often than they can be read."""
        self.changed = True
        now = monotonic()
        if not at_once and now - self._shown_at < EVERY:
            return
        self._shown_at = now
        self.move_bar()
        if shows_in_place():
            self.refresh()
            caption, text = footer(self.beside(), rich.get_console().width)
            with suppress(Exception):  # the display may be about to close
                display_counter(caption, escape(text))

    def beside(self) -> list[RunState]:
        """The states of all runs of this process, which share the footer."""
        runs = list(RUNS.values())
        return [run.state for run in (runs if self in runs else [*runs, self])]


RUNS: dict[str, Run] = {}
"""The evals that run now, by id."""


class Problem:
    """The progress of a problem, as its stages report it."""

    def __init__(self, run: Run, key: str, state: ProblemState) -> None:
        self._run, self._key, self._state = run, key, state
        self._phase = Phase(kind="votes", total=0)
        self._seen: set[str] = set()
        self._meters: dict[str, Meter] = {}
        self._settled = Spent()

    def begin(self, kind: Kind, name: str, total: int, doing: str = "") -> None:
        """Begin an iteration or a selection, unless it has begun already."""
        doing = doing or name
        with self._run.lock:
            if name not in self._seen:
                self._seen.add(name)
                self._phase = self._state.begin(kind, total)
                self._state.doing = doing
        self._run.show(at_once=True)

    def doing(self, what: str, leaders: Iterable[str] | None = None) -> None:
        """Note the current work in words, and which rollouts are still in the race."""
        self._state.doing = what
        if leaders is not None:
            self._state.leaders = list(leaders)
        self._run.show()

    def meter(self, name: str, meter: Meter) -> None:
        """Add the meter of a sample of this problem, to be read from now on."""
        self._meters[name] = meter

    def read_meters(self) -> None:
        """Update what was spent, from the meters."""
        spent = [meter.spent for meter in self._meters.values()]
        self._state.spent.tokens = self._settled.tokens + sum(each.tokens for each in spent)
        self._state.spent.dollars = self._settled.dollars + sum(each.dollars for each in spent)

    def settle(self, name: str, used: Usage) -> None:
        """Note that a sample of this problem has ended, and replace its meter with its usage."""
        with self._run.lock:
            self._meters.pop(name, None)
            self._settled.tokens += used.total_tokens
            self._settled.dollars += used.cost or 0.0

    def start(self, id: str) -> None:
        """Note that a rollout starts."""
        with self._run.lock:
            key = f"{self._key}/{id}"
            self._phase.running += key not in self._run.pace.started
            self._run.pace.start(key, monotonic())
        self._run.show()

    def end(self, id: str, outcome: "Outcome | None" = None) -> None:
        """Note that a rollout has ended; without an outcome, it was cancelled."""
        run, key = self._run, f"{self._key}/{id}"
        with run.lock:
            if key in run.pace.started:
                self._phase.running -= 1
            run.pace.end(key, monotonic(), ran=outcome is not None and not outcome.taken_over)
            if outcome is not None and id not in self._seen:
                self._seen.add(id)
                self._phase.done += 1
                self._phase.failed += outcome.failed
                self.paid("summaries", outcome.summary)
                self.paid("rollouts", outcome.agent + outcome.summary)
        run.show()

    def did(self, count: int = 1) -> None:
        """Note that some of the phase's work is done."""
        with self._run.lock:
            self._phase.done += count
            self._phase.total = max(self._phase.total, self._phase.done)
        self._run.show()

    def paid(self, kind: Kind, usage: Usage) -> None:
        """Note the cost of a call or a rollout."""
        if usage.total_tokens and usage.cost is None:
            self._run.state.priced = False
        same = [phase for phase in self._state.phases if phase.kind == self._phase.kind]
        iteration = next((i for i, phase in enumerate(same) if phase is self._phase), 0)
        self._run.pace.pay(kind, iteration, usage.cost or 0.0)

    def spare(self, count: int) -> None:
        """Note that some of the phase's work will not be needed."""
        with self._run.lock:
            self._phase.total = max(self._phase.done, self._phase.total - count)
        self._run.show()

    def complete(self, leaders: Iterable[str] = ()) -> None:
        """Note that the phase is over, and which rollouts it left in the race."""
        with self._run.lock:
            self._phase.total = self._phase.done
            self._state.leaders = list(leaders)
        self._run.show(at_once=True)

    def over(self, *, failed: bool = False) -> None:
        """Note that the problem has ended."""
        with self._run.lock:
            self.read_meters()
            if not self._state.ended:
                self._state.end("failed" if failed else "done")
        self._run.show(at_once=True)


class Outcome(NamedTuple):
    """How a rollout ended, and its usage."""

    failed: bool
    taken_over: bool
    agent: Usage
    summary: Usage

    @classmethod
    def of(cls, rollout: Rollout) -> "Outcome":
        """The outcome of a rollout that ran as a sample."""
        return cls(rollout.status == "error", False, rollout.usage, rollout.summary.usage)


def followed(key: str, eval_id: str | None = None) -> Problem:
    """The problem `id/epoch` of the running eval."""
    return _run(eval_id).problem(key)


def restart(key: str) -> Problem:
    """Begin the problem `id/epoch` again, and return it."""
    _run().restart(key)
    return followed(key)


def _run(eval_id: str | None = None) -> Run:
    eval_id = outer_sample().eval_id if eval_id is None else eval_id
    if eval_id not in RUNS:  # no hook saw the eval begin
        RUNS[eval_id] = Run(RunState(task="", model="", strategy="", log="", problems=0))
    return RUNS[eval_id]
