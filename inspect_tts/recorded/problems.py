"""Bring the attempts in many files together by problem."""

import json
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessage

from inspect_tts.errors import UserError
from inspect_tts.paths import user_path

from .loading import SOURCES
from .readers import READERS, find_files, read_all
from .readers.files import open_text, read_lines
from .records import Malformed, Recorded, Source

logger = logging.getLogger(__name__)

_SHOWN = 5


@dataclass
class Problem:
    """A problem and where its attempts are."""

    name: str
    text: str | Sequence[ChatMessage] | None
    choices: tuple[str, ...]
    attempts: list[tuple[str, Source]] = field(default_factory=list)
    """Each with when it began."""

    @property
    def sources(self) -> list[Source]:
        """In the order they were started where that is known of all, else as they were found."""
        if all(started for started, _ in self.attempts):
            return [source for _, source in sorted(self.attempts, key=lambda each: each[0])]
        return [source for _, source in self.attempts]


@dataclass(frozen=True)
class Collection:
    """All that was found."""

    problems: tuple[Problem, ...]
    files: int
    malformed: tuple[tuple[Source, str], ...]
    """What could not be read, and why."""

    @property
    def attempts(self) -> int:
        """How many rollouts were found."""
        return sum(len(problem.attempts) for problem in self.problems)

    def only(self, names: Sequence[str]) -> "Collection":
        """The same with some of its problems."""
        return replace(self, problems=tuple(p for p in self.problems if p.name in names))

    def warning(self) -> str:
        """What could not be read, for people; empty where everything could."""
        if not self.malformed:
            return ""
        lines = [f"  {source}: {reason}" for source, reason in self.malformed[:_SHOWN]]
        if len(self.malformed) > _SHOWN:
            lines.append(f"  and {len(self.malformed) - _SHOWN} more")
        return "\n".join([f"{len(self.malformed)} malformed, skipped:", *lines])


def collect(paths: Sequence[str], format: str | None = None, *, strict: bool = False) -> Collection:
    """Find recorded rollouts and group them by problem.

    Args:
        paths: Files, and folders to search.
        format: Name of the format, None to tell it by the files' names.
        strict: Whether a malformed file is an error.

    Returns:
        The problems in the order found.

    Raises:
        UserError: If there is nothing to read, or with `strict` something malformed.
    """
    found = find_files(paths, format)
    stats = [path.stat() for _, path in found]
    stamps = tuple((s.st_mtime_ns, s.st_size) for s in stats)
    files = tuple((reader.name, str(path)) for reader, path in found)
    # Inspect's log readers refuse to be called where an event loop runs on trio: not so in a thread
    with ThreadPoolExecutor(1) as thread:
        collection = thread.submit(_collect, files, stamps).result()
    if strict and collection.malformed:
        raise UserError(f"{collection.warning()}\nRepair or remove them, or leave out strict")
    if not collection.problems:
        raise UserError(f"nothing could be read from {', '.join(paths)}. {collection.warning()}")
    return collection


Held = dict[str, tuple[Problem, int, int]]
"""Attempts that several files may hold: the problem, the place in it, and how new the file is."""


@lru_cache(maxsize=1)  # a command looks before the task does
def _collect(files: tuple[tuple[str, str], ...], stamps: tuple[tuple[int, int], ...]) -> Collection:
    by_task: defaultdict[str, dict[str, Problem]] = defaultdict(dict)
    malformed: list[tuple[Source, str]] = []
    held: Held = {}
    for (format, path), (modified, _) in zip(files, stamps, strict=True):
        for found in read_all(READERS[format], Path(path)):
            source = Source(format=format, path=path, part=found.part)
            if isinstance(found, Malformed):
                malformed.append((source, found.reason))
            else:
                _add(by_task[found.task], found, source, modified, held)
    several = len(by_task) > 1
    problems = [problem for each in by_task.values() for problem in each.values()]
    for problem in problems:
        _leave_out_twins(problem)
    if several:
        for task, each in by_task.items():
            for problem in each.values():
                problem.name = f"{task}/{problem.name}"
    return Collection(tuple(problems), len(files), tuple(malformed))


def _add(
    problems: dict[str, Problem], found: Recorded, source: Source, modified: int, held: Held
) -> None:
    """Add an attempt; of one that several files hold, as after a retry, the newest counts."""
    problem = problems.setdefault(found.problem, Problem(found.problem, found.text, found.choices))
    problem.text = problem.text or found.text
    attempt = (found.started or "", source)
    if found.uuid in held:
        known, place, when = held[found.uuid]
        if modified > when:
            known.attempts[place] = attempt
            held[found.uuid] = (known, place, modified)
        return
    if found.uuid is not None:
        held[found.uuid] = (problem, len(problem.attempts), modified)
    problem.attempts.append(attempt)


def _leave_out_twins(problem: Problem) -> None:
    """Leave out predictions that stand beside the trajectories which made them."""
    sources = [source for _, source in problem.attempts]
    trajectories = [Path(s.path) for s in sources if s.format == "mini-swe-agent"]
    problem.attempts = [
        (started, source)
        for started, source in problem.attempts
        if source.format != "swe-bench"
        or not any(Path(source.path).parent in made.parents for made in trajectories)
    ]


def problem_texts(path: str) -> dict[str, str]:
    """Read the texts of problems, for formats that hold none.

    Args:
        path: JSON lines or a JSON list, plain or compressed, of records with `instance_id` and
            `problem_statement`, as SWE-bench's datasets have them.

    Returns:
        Text by problem.

    Raises:
        UserError: If the file is absent, or holds no such records.
    """
    file = user_path(path)
    try:
        if ".jsonl" in file.name:
            rows = [row for _, row in read_lines(file)]
        else:
            with open_text(file) as opened:
                rows = json.load(opened)
        return {row["instance_id"]: row["problem_statement"] for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"problems={path!r} cannot be read ({type(error).__name__}: {error}); give JSON lines "
            "with instance_id and problem_statement, for example SWE-bench's dataset"
        ) from error


def dataset(collection: Collection, texts: Mapping[str, str]) -> MemoryDataset:
    """The problems as samples: input, and where the rollouts are. No target, no score.

    Args:
        collection: What was found.
        texts: Texts of problems by name, for those whose files hold none.

    Returns:
        One sample for each problem.

    Raises:
        UserError: If the text of a problem is not known.
    """
    unknown = [p.name for p in collection.problems if not (p.text or texts.get(p.name))]
    if unknown:
        raise UserError(
            f"the text of {len(unknown)} problems is not known, for example {unknown[0]!r}: judges "
            "must read what was asked. Give problems=FILE (--problems): JSON lines with "
            "instance_id and problem_statement, for example SWE-bench's dataset"
        )
    return MemoryDataset([_sample(problem, texts) for problem in collection.problems])


def _sample(problem: Problem, texts: Mapping[str, str]) -> Sample:
    text = problem.text or texts[problem.name]
    return Sample(
        id=problem.name,
        input=text if isinstance(text, str) else list(text),
        choices=list(problem.choices) or None,
        metadata={SOURCES: [source.model_dump() for source in problem.sources]},
    )
