"""How tokens, dollars and time were spent, by phase."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from inspect_tts.method.records import STOP, Usage

from .outcomes import ProblemOutcome, vote_usage

PHASES = ("rollouts", "summaries", "votes", "investigations")


class Phase(NamedTuple):
    """Spending in one phase, as means over problems."""

    name: str
    """One of `PHASES`, or `other` for usage outside these phases."""
    iteration: int | None
    """The iteration; None for `other`."""
    input_tokens: float
    """Input tokens that were not read from a cache: charged in full or written to a cache."""
    cached_tokens: float
    """Input tokens read from a cache."""
    output_tokens: float
    total_tokens: float
    dollars: float | None
    """None if the price of a model is not known."""
    busy_seconds: float | None
    """Total time of its model calls and agents, most of which run in parallel."""
    wall_seconds: float | None
    """Wall time of the stage; None for `summaries` and `investigations`, which run within
    `rollouts` and `votes`, and if the log does not have it."""

    @property
    def title(self) -> str:
        """Its name and iteration."""
        return self.name if self.iteration is None else f"{self.name} {self.iteration}"


def phases(outcomes: Sequence[ProblemOutcome]) -> tuple[Phase, ...]:
    """Split the spending of a run by phase."""
    used: dict[tuple[int, int], Usage] = defaultdict(Usage)
    busy: dict[tuple[int, int], float] = defaultdict(float)
    walls: dict[tuple[int, int], list[float | None]] = defaultdict(list)
    for outcome in outcomes:
        spent = [
            entry
            for r in outcome.rollouts
            for entry in (
                (r.iteration, 0, r.usage, r.seconds),
                (r.iteration, 1, r.summary.usage, r.summary.seconds),
            )
        ]
        for selection, _, match in outcome.matches():
            seconds = sum(vote.seconds for vote in match.votes)
            spent.append((selection.iteration, 2, vote_usage(match), seconds))
            if (looked := match.investigation) is not None:
                spent.append((selection.iteration, 3, looked.usage, looked.seconds))
        for iteration, place, usage, seconds in spent:
            used[iteration, place] += usage
            busy[iteration, place] += seconds
        for stage in outcome.stages:
            if stage.name not in ("adopt", STOP):
                walls[stage.iteration, 0 if stage.name == "rollouts" else 2].append(stage.seconds)
    count = len(outcomes)
    found = [
        _phase(PHASES[key[1]], key[0], usage, count, busy[key], _total(walls.get(key, [None])))
        for key, usage in sorted(used.items())
        if usage.total_tokens or busy[key]
    ]
    total = sum((outcome.usage for outcome in outcomes), Usage())
    rest = _minus(total, sum(used.values(), Usage()))
    if any(usage.total_tokens and usage.cost is None for usage in used.values()):
        rest = rest.model_copy(update={"cost": None})
    return (*found, *([_phase("other", None, rest, count)] if rest.total_tokens else []))


def _total(times: Sequence[float | None]) -> float | None:
    known = [seconds for seconds in times if seconds is not None]
    return sum(known) if len(known) == len(times) else None


def _phase(
    name: str,
    iteration: int | None,
    usage: Usage,
    problems: int,
    busy: float | None = None,
    wall: float | None = None,
) -> Phase:
    amounts = (
        usage.input_tokens + usage.cache_write_tokens,
        usage.cache_read_tokens,
        usage.output_tokens,
        usage.total_tokens,
    )
    unsure = (usage.cost, busy, wall)
    return Phase(
        name,
        iteration,
        *(tokens / problems for tokens in amounts),
        *(None if each is None else each / problems for each in unsure),
    )


def _minus(one: Usage, other: Usage) -> Usage:
    fields = (name for name in Usage.model_fields if name != "cost")
    tokens = {name: max(0, getattr(one, name) - getattr(other, name)) for name in fields}
    cost = None if one.cost is None else max(0.0, one.cost - (other.cost or 0.0))
    return Usage(**tokens, cost=cost)
