"""What SWE-bench's harness says of a prediction, found beside the file that holds it.

Known are the run report `<model>.<run_id>.json`, the `results.json` of a submission, and the
`report.json` of one problem under `logs/run_evaluation/<run_id>/<model>/<problem>/` or
`logs/<problem>/`.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

_LEVELS = 3  # from a trajectory up to the folder of its run


def resolved(path: Path, problem: str, model: str) -> bool | None:
    """Whether a prediction solved its problem.

    Args:
        path: The file that holds the prediction.
        problem: Its `instance_id`.
        model: Its `model_name_or_path`.

    Returns:
        The outcome in the nearest report that knows of the problem; None where there is none, or
        where several in one folder could be meant.
    """
    for folder in list(path.absolute().parents)[:_LEVELS]:
        outcomes = [*_own_reports(folder, problem, model), *_run_reports(folder, path, problem)]
        if outcomes:
            return outcomes[0] if len(set(outcomes)) == 1 else None
    return None


def _own_reports(folder: Path, problem: str, model: str) -> list[bool]:
    places = [
        *folder.glob(f"logs/run_evaluation/*/{model.replace('/', '__')}/{problem}/report.json"),
        folder / "logs" / problem / "report.json",
    ]
    found = [_read(str(place)).get(problem) for place in places]
    return [report["resolved"] is True for report in found if isinstance(report, dict)]


def _run_reports(folder: Path, path: Path, problem: str) -> list[bool]:
    reports = [*_reports_in(str(folder)), *_reports_in(str(folder / "results"))]
    stem = path.name.partition(".")[0]
    if len(reports) > 1:  # one for each of several predictions: the run is called like the file
        reports = [report for report in reports if f".{stem}." in f".{Path(report).name}"]
    outcomes = []
    for report in map(_read, reports):
        solved = report.get("resolved_ids", report.get("resolved", []))
        if problem in solved:
            outcomes.append(True)
        elif problem in report.get("submitted_ids", [problem]):
            outcomes.append(False)
    return outcomes


@lru_cache(maxsize=4096)
def _reports_in(folder: str) -> tuple[str, ...]:
    files = sorted(Path(folder).glob("*.json")) if Path(folder).is_dir() else []
    small = [str(file) for file in files if not file.name.endswith(".traj.json")]
    return tuple(f for f in small if {"resolved_ids", "resolved"} & set(_read(f)))


@lru_cache(maxsize=1024)
def _read(path: str) -> dict[str, Any]:
    """A report; empty for a file that is absent or none."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
