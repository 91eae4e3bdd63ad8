"""Find the outcome of a patch in reports of SWE-bench's harness near the file that holds it.

Three kinds of report are known: the run report `<model>.<run_id>.json`, the `results.json` of a
submission, and the `report.json` of one problem under
`logs/run_evaluation/<run_id>/<model>/<problem>/` or `logs/<problem>/`. A report is matched to an
attempt by the graded patch if the harness kept it, else by run id and model. If neither identifies
an attempt, the report counts only if it can be about no other one.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from inspect_tts.errors import why

from .beside import Attempt, attempts_below, same_run
from .files import read_any, read_json, read_text

_LEVELS = 3  # from a trajectory up to the folder of its run
_PLACES = ("results", "sb-cli-reports")
_UNNAMED = {"results", "report"}
_HEAD = 4096
_MARKS = re.compile(rb'"(total|submitted|completed|resolved)_(instances|ids)"\s*:')
"""Names at the beginning of a run report."""
_FALSE = ("unresolved_ids", "empty_patch_ids", "error_ids", "submitted_ids")


@dataclass(frozen=True)
class _Grading:
    """The reports of one run of the harness."""

    name: str = ""
    """`<model>.<run_id>` of a run report, or the run id of a folder; empty if unknown."""
    model: str | None = None
    """The model as the harness writes it in names; None if `name` holds it or it is unknown."""
    report: str | None = None
    folder: str | None = None

    def run(self, model: str) -> str | None:
        """The run id, empty if there is none; None if the run is of another model."""
        known = None if model == "unknown" else model.replace("/", "__")
        if not self.name:
            return ""
        if self.model is not None:
            return self.name if known in (None, self.model) else None
        if known is not None and self.name.startswith(f"{known}."):
            return self.name[len(known) + 1 :]
        if known is None:
            return self.name.rpartition(".")[2]
        return None if "." in self.name else self.name.rpartition("__")[2]

    def graded(self, problem: str) -> str | None:
        """The patch that was graded, if the harness kept it."""
        if self.folder is None or Path(problem).name != problem:
            return None
        try:
            return read_text(Path(self.folder) / problem / "patch.diff")
        except (OSError, ValueError):
            return None

    def outcome(self, problem: str, patch: str | None) -> bool | None:
        """Whether the problem was resolved; None if the reports do not say."""
        if self.report is not None:
            found = _read(Path(self.report))
            if problem in _ids(found, "resolved_ids") | _ids(found, "resolved"):
                return True
            if any(problem in _ids(found, name) for name in _FALSE):
                return False
            return False if "submitted_ids" not in found and "resolved" in found else None
        if Path(problem).name != problem:  # a path could leave the folder
            return None
        own = _read(Path(self.folder or "") / problem / "report.json").get(problem)
        if isinstance(own, dict):
            solved = own.get("resolved")
            return solved if isinstance(solved, bool) else None
        return False if self.name and patch is not None and not patch.strip() else None


def is_report(path: Path) -> bool:
    """Whether a file is a run report rather than predictions."""
    found = _read(path)
    return isinstance(found.get("resolved_ids", found.get("submitted_ids")), list)


def without_attempts(files: Iterable[Path], known: Collection[str]) -> list[tuple[str, str]]:
    """Runs of the harness that graded problems of which no attempt is known, with messages."""
    graded = defaultdict[Path, list[str]](list)
    for file in files:
        of_a_run = file.name == "report.json" and "run_evaluation" in file.parts
        if of_a_run and file.parent.name not in known:
            graded[file.parents[1]].append(file.parent.name)
    return [
        (str(run), f"graded {len(names)} problems without any attempt here, such as {names[0]}")
        for run, names in graded.items()
    ]


def damaged(files: Iterable[Path]) -> list[tuple[str, str]]:
    """Reports that cannot be read, with the reasons. Their outcomes are unknown."""
    found = []
    for file in files:
        try:
            reason = _damage(file)
        except (OSError, ValueError, RecursionError, EOFError) as error:
            reason = why(error)
        if reason:
            found.append(
                (str(file), f"a report that cannot be read, so its outcomes are unknown: {reason}")
            )
    return found


def _damage(file: Path) -> str | None:
    """What is wrong with a report; None if nothing is, or the file is not a report."""
    if file.suffix != ".json" or not file.is_file():
        return None
    if file.name == "report.json" and "run_evaluation" in file.parts:
        own = read_json(file).get(file.parent.name)
        whole = isinstance(own, dict) and isinstance(own.get("resolved"), bool)
        return (
            None if whole else f"{file.parent.name}.resolved is missing or neither true nor false"
        )
    with file.open("rb") as opened:
        if not _MARKS.search(opened.read(_HEAD)):
            return None
    ids = read_json(file)
    wrong = [name for name in ("resolved_ids", *_FALSE) if not isinstance(ids.get(name, []), list)]
    return f"{wrong[0]} is not a list" if wrong else None


def resolved(path: Path, attempt: Attempt) -> bool | None:
    """Whether an attempt solved its problem; None if no report says so clearly."""
    path = path.absolute()
    for folder in list(path.parents)[:_LEVELS]:
        gradings = _gradings(str(folder), _changed(folder))
        named, alone = set[bool](), set[bool]()
        for grading in (*gradings, _Grading(folder=str(folder / "logs"))):
            outcome = grading.outcome(attempt.problem, attempt.patch)
            if outcome is not None:
                runs = {each.run(attempt.model) for each in gradings} - {grading.run(attempt.model)}
                meant = _meant(grading, folder, path, attempt, runs)
                (named if meant == "named" else alone if meant else set()).add(outcome)
        outcomes = named or alone
        if outcomes:
            return outcomes.pop() if len(outcomes) == 1 else None
    return None


def _meant(
    grading: _Grading, folder: Path, path: Path, attempt: Attempt, runs: set[str | None]
) -> Literal["named", "alone"] | None:
    """Whether a grading names an attempt (`named`), can be about no other (`alone`), or neither."""
    run = grading.run(attempt.model)
    if run is None:
        return None
    graded = grading.graded(attempt.problem)
    if graded is not None and attempt.patch is not None:
        return "named" if graded.strip() == attempt.patch.strip() else None
    if run and run in _names(folder, path, attempt.problem):
        return "named"
    below = list(attempts_below(folder, attempt.problem))
    others = [each for each in below if not same_run(*each, path, attempt)]
    ends = {run.split(".", dots)[-1] for dots in range(run.count(".") + 1)} - {""}
    if any(entry.name.partition(".")[0] in ends for entry in folder.iterdir()):
        own = [each for each in below if ends & _names(folder, each[0], attempt.problem)]
        return "alone" if any(each not in others for each in own) else None
    for place, each in others:
        names = _names(folder, place, attempt.problem)
        equal = None not in (each.patch, attempt.patch) and each.may_be(attempt)
        longer = attempt.model.startswith(f"{each.model}.")  # for example gpt-5.1 and gpt-5
        rival = grading.run(each.model) is not None and not equal and not longer
        if ends & names or (rival and not names & runs):
            return None
    return "alone"


def _names(folder: Path, path: Path, problem: str) -> set[str]:
    """Possible names of the run whose attempt is in a file below a folder."""
    inside = path.relative_to(folder)
    return {folder.name, *inside.parts[:-1], inside.name.partition(".")[0]} - {problem}


@lru_cache(maxsize=4096)
def _gradings(folder: str, changed: tuple[int, ...]) -> tuple[_Grading, ...]:
    found = []
    for place in (Path(folder), *(Path(folder) / name for name in _PLACES)):
        files = sorted(place.glob("*.json")) if place.is_dir() else []
        for file in (file for file in files if not file.name.endswith(".traj.json")):
            if {"resolved_ids", "resolved"} & set(_read(file)):
                name = "" if file.stem in _UNNAMED else file.stem
                found.append(_Grading(name=name, report=str(file)))
    for run in sorted(Path(folder).glob("logs/run_evaluation/*/*/")):
        found.append(_Grading(name=run.parent.name, model=run.name, folder=str(run)))
    return tuple(found)


def _changed(folder: Path) -> tuple[int, ...]:
    places = (folder, *(folder / name for name in _PLACES), folder / "logs" / "run_evaluation")
    return tuple(place.stat().st_mtime_ns if place.is_dir() else 0 for place in places)


def _ids(report: dict[str, Any], name: str) -> set[Any]:
    found = report.get(name)
    return {each for each in found if isinstance(each, str)} if isinstance(found, list) else set()


def _read(path: Path) -> dict[str, Any]:
    """Read a report; empty if the file is absent or not a report."""
    try:
        stat = path.stat()
    except OSError:
        return {}
    return _parsed(str(path), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=1024)
def _parsed(path: str, changed: int, size: int) -> dict[str, Any]:
    try:
        found = read_any(Path(path))
    except Exception:  # not a report; the file's reader reports the error
        return {}
    return found if isinstance(found, dict) else {}
