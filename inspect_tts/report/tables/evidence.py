"""The table and the dataframe of evidence from execution."""

from collections.abc import Iterator, Sequence
from typing import Any

from inspect_tts.execution.classes import class_labels, first_runs
from inspect_tts.execution.records import UNTOUCHED, ExecutionEvidence
from inspect_tts.report.numbers import RunNumbers

from .columns import SAMPLE, Columns

CHECKS: Columns = {
    **SAMPLE,
    "iteration": ("int", "the iteration whose results it ran on"),
    "check": ("str", "its id, such as `u01`"),
    "name": ("str", "the user's name for it, or else its command"),
    "origin": ("str", "user, repository or rollout"),
    "command": ("str", "what was run"),
    "dropped": ("str", "why it is ignored; missing if it counts"),
    "separates": ("bool", "whether its behavior differs between some of the trees"),
    "rollout": ("str", "the rollout whose result it ran on, or `untouched`"),
    "returncode": ("int", "its return code; missing if it did not end"),
    "attribution": ("str", "of a user's check: fixed, still failing, broke or fine in both"),
    "broke": ("int", "tests that pass on the untouched tree and do not here"),
    "digest": ("str", "equal for equal behavior"),
    "behavior": ("str", "the rollout's behavior class, or `untouched`"),
    "seconds": ("float", "wall time"),
}
EVIDENCE = (
    *("problems", "with evidence", "separated", "checks", "dropped", "separating"),
    *(
        "pairs that differ in outcome",
        "if behavior differs",
        "if behavior is alike",
        "like untouched, passing",
    ),
    "s: .0f",
)
"""Headings of the table of evidence."""
INVESTIGATIONS = (
    *("close matches", "decided", "with a leader", "overturned", "decidable"),
    *("right: percent", "votes right: percent", "mean turns: .1f", "dollars: dollars"),
)
"""Headings of the table of investigations."""


def evidence_entries(run: RunNumbers) -> Iterator[tuple[object, ...]]:
    """The row of a run: how many checks separate results, and how often classes match outcomes."""
    if (found := run.evidence) is not None:
        yield (
            *(found.taken, found.taken - found.unavailable, found.separated, found.checks),
            *(found.dropped, found.separating),
            f"{found.pairs_differ} of {found.pairs}",
            f"{found.unlike_differ} of {found.unlike}",
            f"{found.alike_differ} of {found.alike}",
            f"{found.like_untouched_passed} of {found.like_untouched}",
            found.seconds / found.taken,
        )


def check_rows(executions: Sequence[ExecutionEvidence]) -> Iterator[dict[str, Any]]:
    """One row per check for each rollout and for the untouched tree."""
    for found in executions:
        labels, runs = class_labels(found), first_runs(found.runs)
        gone = {each.check: each.reason for each in found.dropped}
        for check in found.checks:
            for id, tree in {UNTOUCHED: UNTOUCHED, **found.results}.items():
                run = runs.get((check.id, tree))
                if run is not None:
                    yield {
                        "iteration": found.iteration,
                        "check": check.id,
                        **check.model_dump(include={"name", "origin", "command"}),
                        "dropped": gone.get(check.id),
                        "separates": check.id in found.separating,
                        "rollout": id,
                        "returncode": run.returncode,
                        "attribution": found.attributions.get(check.id, {}).get(id),
                        "broke": len(run.broke),
                        "digest": run.digest,
                        "behavior": labels.get(id),
                        "seconds": run.seconds,
                    }
