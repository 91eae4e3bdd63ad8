"""Numbers on evidence from execution, and how often classes and outcomes agree."""

from collections.abc import Sequence
from itertools import combinations

from pydantic import BaseModel

from inspect_tts.execution.classes import class_labels
from inspect_tts.execution.records import UNTOUCHED

from .outcomes import ProblemOutcome


class ExecutionNumbers(BaseModel):
    """Counts over the problems and iterations of a run. Pairs are pairs of graded rollouts."""

    taken: int = 0
    """Iterations of problems for which evidence was taken."""
    unavailable: int = 0
    """How many of these have no evidence."""
    separated: int = 0
    """In how many of these a check told trees apart."""
    checks: int = 0
    dropped: int = 0
    separating: int = 0
    classes: int = 0
    largest: int = 0
    """Rollouts in the largest class of each, summed."""
    pairs: int = 0
    pairs_differ: int = 0
    """Pairs of a passing and a failing rollout."""
    unlike: int = 0
    """Pairs that behave differently."""
    unlike_differ: int = 0
    alike: int = 0
    alike_differ: int = 0
    like_untouched: int = 0
    """Graded rollouts that behave like the untouched tree."""
    like_untouched_passed: int = 0
    seconds: float = 0.0


def execution_numbers(outcomes: Sequence[ProblemOutcome]) -> ExecutionNumbers | None:
    """Count over problems; None if no evidence was taken."""
    counts = dict.fromkeys(ExecutionNumbers.model_fields, 0.0)
    for outcome in outcomes:
        passed = {id: outcome.passed(id) for id in outcome.scores}
        for found in outcome.executions:
            labels = class_labels(found)
            counts["taken"] += 1
            counts["seconds"] += found.seconds
            counts["unavailable"] += found.reason is not None
            counts["separated"] += bool(found.separating)
            counts["checks"] += len(found.checks)
            counts["dropped"] += len(found.dropped)
            counts["separating"] += len(found.separating)
            counts["classes"] += len(found.classes)
            counts["largest"] += len(found.classes[0]) if found.classes else 0
            graded = [id for id in labels if id in passed]
            for one, other in combinations(graded, 2):
                kind = "alike" if labels[one] == labels[other] else "unlike"
                differ = passed[one] != passed[other]
                for name in ("pairs", kind):
                    counts[name] += 1
                    counts[f"{name}_differ"] += differ
            alike = [id for id in graded if labels[id] == UNTOUCHED]
            counts["like_untouched"] += len(alike)
            counts["like_untouched_passed"] += sum(map(bool, map(passed.get, alike)))
    return ExecutionNumbers.model_validate(counts) if counts["taken"] else None
