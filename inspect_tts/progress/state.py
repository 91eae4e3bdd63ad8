"""How far a run has come, and what that says of its end. Pure: times are given."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

Kind = Literal["rollouts", "summaries", "votes"]
"""What a phase consists of. Summaries are a phase only where rollouts were recorded."""


class Phase(BaseModel):
    """One iteration of rollouts, or one selection."""

    kind: Kind
    total: int
    """Of votes and of phases to come: at most."""
    done: int = 0
    """With those that failed."""
    failed: int = 0
    running: int = 0
    begun: bool = False


class Spent(BaseModel):
    """Tokens, and dollars where all prices are known."""

    tokens: float = 0.0
    dollars: float = 0.0


class ProblemState(BaseModel):
    """How far one problem has come."""

    phases: list[Phase]
    """The ones that have begun, then those that may follow."""
    doing: str = ""
    """The phase that it is in, in words."""
    leaders: list[str] = Field(default_factory=list)
    """Rollouts that are still in the race, or the adopted one."""
    spent: Spent = Field(default_factory=Spent)
    ended: Literal["", "done", "failed"] = ""

    def begin(self, kind: Kind, total: int) -> Phase:
        """Begin a phase: the planned one, or a new one where none of its kind comes next."""
        ahead = [index for index, phase in enumerate(self.phases) if not phase.begun]
        first = ahead[0] if ahead else len(self.phases)
        if not ahead or self.phases[first].kind != kind:
            self.phases.insert(first, Phase(kind=kind, total=total))
        phase = self.phases[first]
        phase.begun, phase.total = True, total
        return phase

    def end(self, how: Literal["done", "failed"]) -> None:
        """End: nothing follows, and what had begun will not go on."""
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
    """Of the whole run."""
    reused: int = 0
    """Problems that an earlier run had finished."""
    plan: list[Phase] = Field(default_factory=list)
    """What a problem takes at most, where all take the same."""
    ahead: dict[Kind, int] = Field(default_factory=dict)
    """What those that have not begun take at most together, where each takes something else."""
    planned: bool = True
    """Whether it is known what problems take that have not begun."""
    states: dict[str, ProblemState] = Field(default_factory=dict)
    """By sample id and epoch, `id/epoch`; those that have begun."""
    priced: bool = True
    """Whether the price of every call is known."""
    expected: float | None = None
    """Dollars of the whole run, about."""
    seconds_left: float | None = None
    """From `updated` on, about."""
    host: str = ""
    process: int = 0
    updated: float = 0.0
    """Seconds since 1970, by the clock of its host."""

    @property
    def done(self) -> int:
        """Problems that have ended well, also in an earlier run."""
        return self.reused + sum(state.ended == "done" for state in self.states.values())

    @property
    def failed(self) -> int:
        """Problems that have ended with an error."""
        return sum(state.ended == "failed" for state in self.states.values())

    def totals(self, kind: Kind) -> Totals:
        """Sum up a kind; problems that have not begun count with what they take at most."""
        phases = [p for s in self.states.values() for p in s.phases if p.kind == kind]
        planned = sum(phase.total for phase in self.plan if phase.kind == kind)
        reused = self.reused * planned if kind == "rollouts" else 0
        ahead = max(0, self.problems - self.reused - len(self.states)) * planned
        ahead += self.ahead.get(kind, 0)
        return Totals(
            total=sum(phase.total for phase in phases) + reused + ahead,
            done=sum(phase.done for phase in phases) + reused,
            failed=sum(phase.failed for phase in phases),
            running=sum(phase.running for phase in phases),
        )

    @property
    def spent(self) -> Spent:
        """What the problems have spent."""
        all = [state.spent for state in self.states.values()]
        return Spent(tokens=sum(s.tokens for s in all), dollars=sum(s.dollars for s in all))

    def stop(self) -> None:
        """Nothing runs any more."""
        self.seconds_left = None
        for state in self.states.values():
            for phase in state.phases:
                phase.running = 0

    def bar(self) -> int:
        """Rollouts done; a problem that has ended well counts with all that it might have run."""
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
        """Of the rollouts that ran and ended in this process."""
        self.started: dict[str, float] = {}
        """When those that run were started."""
        self.at_once = 1
        """Rollouts that ran side by side, at most."""
        self.began: float | None = None
        self.costs: dict[Kind, list[float]] = {"rollouts": [], "summaries": [], "votes": []}
        """Of each rollout with its summary, and of each vote, in dollars."""

    def start(self, id: str, now: float) -> None:
        """Note that a rollout starts."""
        self.began = now if self.began is None else self.began
        self.started[id] = now
        self.at_once = max(self.at_once, len(self.started))

    def end(self, id: str, now: float, *, ran: bool) -> None:
        """Note that it has ended; one that was taken over says nothing of the others."""
        started = self.started.pop(id, None)
        if started is not None and ran:
            self.seconds.append(now - started)

    def seconds_left(self, rollouts: Totals, now: float) -> float | None:
        """Time until the last rollout ends: by their mean, and how well this kept up so far.

        Waiting for votes and for the slowest rollout of an iteration is in the latter.
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
        """What a rollout that has run for some time still takes, as those did that took longer."""
        longer = [seconds - passed for seconds in self.seconds if seconds > passed]
        return _mean(longer) if longer else passed / 4

    def expected(self, run: RunState) -> float | None:
        """Dollars of the whole run; until a vote was cast, one counts as much as a summary."""
        rollouts, votes = run.totals("rollouts"), run.totals("votes")
        if not run.priced or not self.costs["rollouts"]:
            return None
        left = (rollouts.total - rollouts.done) * _mean(self.costs["rollouts"])
        left += (votes.total - votes.done) * _mean(self.costs["votes"] or self.costs["summaries"])
        return max(run.spent.dollars, self._settled() + left)

    def _settled(self) -> float:
        return sum(self.costs["rollouts"]) + sum(self.costs["votes"])


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0
