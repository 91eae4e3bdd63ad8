"""Find other attempts near a file, to tell the runs that they belong to apart."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .files import line_value, read_any, text_lines

PREDICTIONS = re.compile(r"(preds|predictions)[^/]*\.jsonl?(\.gz)?$")
TRAJECTORY = re.compile(r"(.+)\.traj\.json(\.gz)?$")
CHECKPOINTS = ".ipynb_checkpoints"
"""Folder of copies that Jupyter makes."""

_DEPTH = 4
_MOST_FILES = 20_000


@dataclass(frozen=True)
class Attempt:
    """What identifies an attempt, as far as its file tells."""

    problem: str
    model: str
    """`unknown` if the file does not name it."""
    patch: str | None
    """None if the file is damaged, so that the patch is unknown."""

    def may_be(self, other: "Attempt") -> bool:
        """Whether both may be the same attempt: problem, model and patch agree where known."""
        models, patches = {self.model, other.model}, {self.patch, other.patch}
        alike = None in patches or len({each.strip() for each in patches if each is not None}) == 1
        known = self.problem == other.problem and (len(models) == 1 or "unknown" in models)
        return alike and known


def attempts_below(folder: Path, problem: str) -> Iterator[tuple[Path, Attempt]]:
    """The attempts at a problem in the predictions and trajectories below a folder."""
    for path in _files(str(folder)):
        named = TRAJECTORY.match(path.name)
        if named is None or named[1] == problem:
            stat = path.stat()
            found = _attempts(str(path), stat.st_mtime_ns, stat.st_size)
            yield from ((path, each) for each in found if each.problem == problem)


def same_run(one: Path, first: Attempt, other: Path, second: Attempt) -> bool:
    """Whether two files hold the same attempt, like `preds.json` and a trajectory beside it."""
    if one == other:
        return True
    near = one.parent in (other.parent, *other.parents) or other.parent in one.parents
    return near and first.may_be(second) and not numbered_apart(one.name, other.name)


def numbered_apart(one: str, other: str) -> bool:
    """Whether two file names differ only in numbers or single letters, as between runs."""
    pieces = [re.findall(r"\d+|[^\W\d_]+|[\W_]", name.partition(".")[0]) for name in (one, other)]
    if len(pieces[0]) != len(pieces[1]):
        return False
    pairs = [(a, b) for a, b in zip(*pieces, strict=True) if a != b]
    tags = all(all(each.isdigit() or len(each) == 1 for each in pair) for pair in pairs)
    return bool(pairs) and tags


def _files(folder: str) -> list[Path]:
    found: list[Path] = []
    for seen, (place, folders, names) in enumerate(os.walk(folder)):
        deep = len(Path(place).relative_to(folder).parts) >= _DEPTH
        folders[:] = [] if deep else sorted(f for f in folders if f != CHECKPOINTS)
        wanted = [n for n in names if TRAJECTORY.match(n) or PREDICTIONS.search(n)]
        found += [path for name in sorted(wanted) if (path := Path(place, name)).is_file()]
        if seen + len(found) > _MOST_FILES:
            break
    return found


@lru_cache(maxsize=4096)
def _attempts(path: str, changed: int, size: int) -> tuple[Attempt, ...]:
    """The attempts in a file. A damaged trajectory counts as one, other damaged files as none."""
    file = Path(path)
    named = TRAJECTORY.match(file.name)
    try:
        if named:
            return (_of_trajectory(read_any(file), named[1]),)
        if ".jsonl" in file.name:
            rows = [line_value(text) for _, text in text_lines(file)]
        else:
            found = read_any(file)
            rows = list(found.values()) if isinstance(found, dict) else found
        return tuple(_of_prediction(row) for row in rows)
    except Exception:  # the file's reader reports the error
        return (Attempt(named[1], "unknown", None),) if named else ()


def _of_trajectory(found: dict[str, Any], name: str) -> Attempt:
    info = found["info"]
    model = (info.get("config") or {}).get("model") or {}
    problem = found.get("instance_id") or name
    return Attempt(problem, model.get("model_name") or "unknown", info.get("submission") or "")


def _of_prediction(row: dict[str, Any]) -> Attempt:
    model = row.get("model_name_or_path") or "unknown"
    return Attempt(row["instance_id"], model, row["model_patch"] or "")
