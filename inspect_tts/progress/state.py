"""The state of a run, and what it says about the run's end. Pure: callers pass the time."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

Kind = Literal["rollouts", "summaries", "votes"]
"""What a phase consists of. Summaries are a phase of their own only if rollouts were recorded."""


class Phase(BaseModel):
    """One iteration of rollouts, or one selection."""

    kind: Kind
    total: int
    """The number to do; an upper bound for votes and for phases to come."""
    done: int = 0
    """The number done, including those that failed."""
    failed: int = 0
    running: int = 0
    begun: bool = False


class Spent(BaseModel):
    """Tokens, and dollars if all prices are known."""

    tokens: float = 0.0
    dollars: float = 0.0


class ProblemState(BaseModel):
    """How far one problem has come."""

    phases: list[Phase]
    """The phases that have begun, then those that may follow."""
    doing: str = ""
    """The current phase, in words."""
    leaders: list[str] = Field(default_factory=list)
    """Rollouts that are still in the race, or the adopted one."""
    spent: Spent = Field(default_factory=Spent)
    ended: Literal["", "done", "failed"] = ""

    def begin(self, kind: Kind, total: int) -> Phase:
        """Begin the next planned phase, or a new one if the next is of another kind."""
        ahead = [index for index, phase in enumerate(self.phases) if not phase.begun]
        first = ahead[0] if ahead else len(self.phases)
        if not ahead or self.phases[first].kind != kind:
            self.phases.insert(first, Phase(kind=kind, total=total))
        phase = self.phases[first]
        phase.begun, phase.total = True, total
        return phase

    def end(self, how: Literal["done", "failed"]) -> None:
        """End the problem: drop the phases to come, and close those that have begun."""
        self.ended = how
        self.phases = [phase for phase in self.phases if phase.begun]
        for phase in self.phases:
            phase.total, phase.running = phase.done, 0


class Totals(BaseModel):
    """Numbers of one kind over all problems."""

    total: int = 0
    done: int = 0
    failed: int = 0
    running: int = 0


class RunState(BaseModel):
    """How far a run has come: what `inspect-tts status` reads."""

    task: str
    model: str
    strategy: str
    log: str
    problems: int
    """Problems of the whole run."""
    reused: int = 0
    """Problems that an earlier run had finished."""
    plan: list[Phase] = Field(default_factory=list)
    """The phases of each problem, if all problems have the same; totals are upper bounds."""
    ahead: dict[Kind, int] = Field(default_factory=dict)
    """Upper bounds for all problems that have not begun together, if their phases differ."""
    planned: bool = True
    """Whether it is known how much work the problems need that have not begun."""
    states: dict[str, ProblemState] = Field(default_factory=dict)
    """The problems that have begun, keyed by sample id and epoch as `id/epoch`."""
    saved: dict[Kind, int] = Field(default_factory=dict)
    """Numbers of saved results, which may be newer than this state."""
    priced: bool = True
    """Whether the price of every call is known."""
    expected: float | None = None
    """Estimated dollars of the whole run."""
    seconds_left: float | None = None
    """Estimated seconds until the last rollout ends, counted from `updated`."""
    host: str = ""
    process: int = 0
    updated: float = 0.0
    """Time of this state in seconds since 1970, by the clock of its host."""

    @property
    def done(self) -> int:
        """Problems that have ended well, including those of an earlier run."""
        return self.reused + sum(state.ended == "done" for state in self.states.values())

    @property
    def failed(self) -> int:
        """Problems that have ended with an error."""
        return sum(state.ended == "failed" for state in self.states.values())

    def totals(self, kind: Kind) -> Totals:
        """Sum up one kind; problems that have not begun count with their upper bounds."""
        numbers = self.by_iteration(kind)
        planned = sum(phase.total for phase in self.plan if phase.kind == kind)
        reused = self.reused * planned if kind == "rollouts" else 0
        total = sum(each.total for each in numbers) + reused
        done = sum(each.done for each in numbers) + reused
        return Totals(
            total=total,
            done=min(total, max(done, self.saved.get(kind, 0))),
            failed=sum(each.failed for each in numbers),
            running=sum(each.running for each in numbers),
        )

    def by_iteration(self, kind: Kind) -> list[Totals]:
        """Sum up one kind over all problems: the first phases, the second phases, and so on."""
        ahead = max(0, self.problems - self.reused - len(self.states))
        found: dict[int, Totals] = defaultdict(Totals)
        for phases, times in [*((s.phases, 1) for s in self.states.values()), (self.plan, ahead)]:
            for place, phase in enumerate(phase for phase in phases if phase.kind == kind):
                found[place].total += times * phase.total
                found[place].done += phase.done
                found[place].failed += phase.failed
                found[place].running += phase.running
        found[0].total += self.ahead.get(kind, 0)
        return [found[place] for place in sorted(found)]

    @property
    def spent(self) -> Spent:
        """What the problems have spent."""
        all = [state.spent for state in self.states.values()]
        return Spent(tokens=sum(s.tokens for s in all), dollars=sum(s.dollars for s in all))

    def stop(self) -> None:
        """Note that nothing runs any more."""
        self.seconds_left = None
        for state in self.states.values():
            for phase in state.phases:
                phase.running = 0

    def bar(self) -> int:
        """Rollouts done; a problem that has ended well counts with all of its planned rollouts."""
        planned = sum(phase.total for phase in self.plan if phase.kind == "rollouts")
        done = self.reused * planned
        for state in self.states.values():
            ended = sum(phase.done for phase in state.phases if phase.kind == "rollouts")
            done += planned if state.ended == "done" else min(planned, ended)
        return done


class Pace:
    """How long rollouts take, and what calls cost."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        """Durations of the rollouts that ran and ended in this process."""
        self.started: dict[str, float] = {}
        """Start times of the rollouts that run now, by id."""
        self.at_once = 1
        """The most rollouts that ran at the same time."""
        self.began: float | None = None
        self.costs: dict[Kind, dict[int, list[float]]] = {
            "rollouts": {},
            "summaries": {},
            "votes": {},
        }
        """Dollars of each rollout with its summary, each summary and each vote, by iteration."""

    def start(self, id: str, now: float) -> None:
        """Note that a rollout starts."""
        self.began = now if self.began is None else self.began
        self.started[id] = now
        self.at_once = max(self.at_once, len(self.started))

    def end(self, id: str, now: float, *, ran: bool) -> None:
        """Note that a rollout has ended; its duration counts only if it ran in this process."""
        started = self.started.pop(id, None)
        if started is not None and ran:
            self.seconds.append(now - started)

    def seconds_left(self, rollouts: Totals, now: float) -> float | None:
        """Estimate the seconds until the last rollout ends; None if there is nothing to go by.

        The estimate uses the mean duration of rollouts, and the share of the possible rollouts that
        really ran at once so far. This share covers the time spent waiting for votes and for the
        slowest rollout of an iteration.
        """
        if not self.seconds or self.began is None or rollouts.done >= rollouts.total:
            return None
        ahead = max(0, rollouts.total - rollouts.done - len(self.started))
        running = [now - started for started in self.started.values()]
        rests = [self._rest(each) for each in running]
        left = (ahead * _mean(self.seconds) + sum(rests)) / self.at_once
        worked, passed = sum(self.seconds) + sum(running), now - self.began
        kept_up = min(1.0, worked / (passed * self.at_once)) if passed and worked else 1.0
        return max([left / kept_up, *rests])

    def _rest(self, passed: float) -> float:
        """Estimate the remaining seconds of a running rollout from those that took longer."""
        longer = [seconds - passed for seconds in self.seconds if seconds > passed]
        return _mean(longer) if longer else passed / 4

    def pay(self, kind: Kind, iteration: int, dollars: float) -> None:
        """Note what a rollout, a summary or a vote cost."""
        self.costs[kind].setdefault(iteration, []).append(dollars)

    def expected(self, run: RunState) -> float | None:
        """Estimate the dollars of the whole run: those spent, and the rest at its iteration's mean.

        Until the first vote is cast, a vote counts as much as a summary.
        """
        settled = sum(self._all("rollouts") or self._all("summaries")) + sum(self._all("votes"))
        spent = max(run.spent.dollars, settled)
        numbers = {kind: run.by_iteration(kind) for kind in self.costs}
        running = sum(each.running for each in numbers["rollouts"])
        each_spent = (spent - settled) / max(1, running)
        left = 0.0
        for kind, iterations in numbers.items():
            for iteration, totals in enumerate(iterations):
                open = totals.total - totals.done
                costs = self._known(kind, iteration) if open else []
                if open and not costs:
                    return None
                runs = min(open, totals.running)
                left += (open - runs) * _mean(costs) + runs * _rest_of(costs, each_spent)
        return spent + left if run.priced else None

    def _known(self, kind: Kind, iteration: int) -> list[float]:
        """Known costs that tell what further work in an iteration will cost."""
        same = self.costs[kind].get(iteration) or self._all(kind)
        return same or (self._all("summaries") if kind == "votes" else [])

    def _all(self, kind: Kind) -> list[float]:
        return [cost for costs in self.costs[kind].values() for cost in costs]


def _rest_of(costs: Sequence[float], spent: float) -> float:
    """Estimate the remaining cost of a running rollout from those that cost more."""
    more = [cost - spent for cost in costs if cost > spent]
    return _mean(more) if more else _mean(costs) / 4


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0
