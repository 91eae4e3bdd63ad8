"""Upper bounds for the work on a problem, from the arguments of its stages alone."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from inspect_tts.method.selection_specs import SelectionSpec, matches_at_most
from inspect_tts.options import SelectOptions

from .state import Phase

_PLANNED, _PARTS = "planned_stages", "planned_parts"


@dataclass(frozen=True)
class PlannedRollouts:
    """An iteration of rollouts."""

    n: int
    keeps_parents: bool = False


@dataclass(frozen=True)
class PlannedRecorded:
    """Recorded rollouts, which replace an iteration."""

    count: Callable[[Mapping[str, Any]], int]
    """Returns the number of a problem's rollouts, given the metadata of its sample."""
    summarized: bool = False
    """Whether their summaries are recorded, too; then only the log tells what selections follow."""


@dataclass(frozen=True)
class PlannedSelection:
    """A selection."""

    spec: SelectionSpec
    options: SelectOptions


@dataclass(frozen=True)
class Parts:
    """A strategy whose rollouts run as samples of their own."""

    strategy: str
    problems: int
    """Problems of one epoch."""


Planned = PlannedRollouts | PlannedRecorded | PlannedSelection


def mark_planned(stage: Any, planned: Iterable[Planned], parts: Parts | None = None) -> None:
    """Attach to a stage or strategy what it plans to do."""
    setattr(stage, _PLANNED, tuple(planned))
    setattr(stage, _PARTS, parts)


def planned_stages(steps: Iterable[object]) -> list[Planned]:
    """The plans attached to the steps of an eval; steps of others have none."""
    return [planned for step in steps for planned in getattr(step, _PLANNED, ())]


def planned_parts(steps: Iterable[object]) -> Parts | None:
    """The strategy of an eval whose samples are only parts of problems; None for other evals."""
    return next((parts for step in steps if (parts := getattr(step, _PARTS, None))), None)


def planned_recorded(stages: Iterable[Planned]) -> PlannedRecorded | None:
    """The planned stage that takes recorded rollouts, if there is one."""
    return next((stage for stage in stages if isinstance(stage, PlannedRecorded)), None)


def phases(stages: Iterable[Planned], metadata: Mapping[str, Any] | None = None) -> list[Phase]:
    """The phases of a problem, each with an upper bound for its work."""
    found: list[Phase] = []
    candidates = 0
    for stage in stages:
        if isinstance(stage, PlannedRollouts):
            found.append(Phase(kind="rollouts", total=stage.n))
            candidates = stage.n + (candidates if stage.keeps_parents else 0)
            continue
        if isinstance(stage, PlannedRecorded):
            candidates = stage.count(metadata or {})
            found += [] if stage.summarized else [Phase(kind="summaries", total=candidates)]
            continue
        given = stage.options
        matches = matches_at_most(stage.spec, candidates, given.keep, given.group_size)
        if stage.spec.answer is not None:
            found.append(Phase(kind="votes", total=matches * given.most_votes))
        candidates = min(candidates, given.keep)
    return found
