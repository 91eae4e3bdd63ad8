"""What a user sees while a strategy runs, and what `inspect-tts status` reads."""

from .plan import (
    Parts,
    PlannedRecorded,
    PlannedRollouts,
    PlannedSelection,
    mark_planned,
    planned_stages,
)
from .run import Outcome, Problem, followed, restart

__all__ = [
    "Outcome",
    "Parts",
    "PlannedRecorded",
    "PlannedRollouts",
    "PlannedSelection",
    "Problem",
    "followed",
    "mark_planned",
    "planned_stages",
    "restart",
]
