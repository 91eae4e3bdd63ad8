"""Collect attempts from files and group them by problem."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessage

from inspect_tts.errors import UserError
from inspect_tts.paths import user_path

from .copies import Entry, entry, without_duplicates
from .images import IMAGE, images_of
from .loading import GRADED, SOURCES
from .readers import find_reader, read_all, search
from .readers.files import read_any, read_lines
from .readers.reports import damaged, without_attempts
from .readers.sound import printable
from .records import LeftOut, Malformed, Source

ONE_EACH = (
    "Each problem has one rollout, so there is nothing to select. To select again among the "
    "rollouts in a strategy's log, run `inspect-tts replay LOG`."
)
_SHOWN = 10
_UNTOLD = "The recorded files do not tell what the task is: no attempt at it has a trajectory."


@dataclass(frozen=True)
class Problem:
    """A problem and its attempts."""

    name: str
    attempts: tuple[Entry, ...]

    @property
    def text(self) -> str | Sequence[ChatMessage] | None:
        """The task text, the longest if attempts hold more or less of it; None if unknown."""
        told = next((each.text for each in self.attempts if each.text), None)
        for each in self.attempts:
            if isinstance(told, str) and isinstance(each.text, str) and each.text.startswith(told):
                told = each.text
        return told or (_UNTOLD if all(each.bare for each in self.attempts) else None)

    @property
    def choices(self) -> tuple[str, ...]:
        """The choices of a multiple-choice problem."""
        return self.attempts[0].choices

    @property
    def sources(self) -> list[Source]:
        """The sources of the attempts, by start time if all are known, else as found."""
        attempts = list(self.attempts)
        if all(each.started for each in attempts):
            attempts.sort(key=lambda each: each.started)
        return [each.source for each in attempts]


@dataclass(frozen=True)
class Collection:
    """All problems that were found, and what could not be read or does not count."""

    problems: tuple[Problem, ...]
    files: int
    malformed: tuple[tuple[Source, str], ...]
    """Parts of files that could not be read, with the reasons."""
    left_out: tuple[tuple[str, str], ...] = ()
    """Files or parts that do not count as a rollout or are incomplete, with the reasons."""

    @property
    def attempts(self) -> int:
        """How many rollouts were found."""
        return sum(len(problem.attempts) for problem in self.problems)

    @property
    def alike(self) -> list[str]:
        """Messages about attempts that cannot be told apart and may be copies."""
        groups: defaultdict[tuple[str, str, str], list[Source]] = defaultdict(list)
        for each in (each for problem in self.problems for each in problem.attempts):
            if each.unmarked:
                groups[each.unmarked].append(each.source)
        return [
            f"{len(equal)} attempts at {problem} have identical trajectories, without ids or times "
            f"that tell them apart; if they are copies, leave out all but one: {equal[0]}, "
            f"{equal[1]}{' ...' if len(equal) > 2 else ''}"
            for (problem, *_), equal in groups.items()
            if len(equal) > 1
        ]

    def only(self, names: Sequence[str]) -> "Collection":
        """The collection reduced to the named problems."""
        return replace(self, problems=tuple(p for p in self.problems if p.name in names))

    def warning(self) -> str:
        """A message about what could not be read or does not count; empty if there is nothing."""
        counted = {source for problem in self.problems for source in problem.sources}
        bad, damaged = list[str](), list[str]()
        for source, reason in self.malformed:
            (damaged if source in counted else bad).append(f"{source}: {reason}")
        counts = Counter(self.left_out)
        out = [f"{at}: {why}{f' ({n})' if n > 1 else ''}" for (at, why), n in counts.items()]
        malformed = listed(f"{len(bad)} malformed, skipped:", bad)
        less = listed(f"{len(damaged)} damaged, counted with what can be read:", damaged)
        apart = listed("Left out or incomplete:", out)
        return "\n".join([*malformed, *less, *apart, *listed("Possible copies:", self.alike)])


def listed(title: str, lines: Sequence[str]) -> list[str]:
    """The title and the first lines; empty if there are no lines."""
    shown = [f"  {printable(line)}" for line in lines[:_SHOWN]]
    more = [f"  and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return [title, *shown, *more] if lines else []


def collect(paths: Sequence[str], format: str | None = None, *, strict: bool = False) -> Collection:
    """Find recorded rollouts and group them by problem."""
    found, passed, others = search(paths, format)
    files = tuple((name, str(path)) for name, path in found)
    stats = [path.stat() for _, path in found]
    stamps = tuple((s.st_mtime_ns, s.st_size) for s in stats)
    # Inspect's log readers cannot be called inside a trio event loop, but they can in a thread
    with ThreadPoolExecutor(1) as thread:
        collection = thread.submit(_collect, files, stamps).result()
    told = [(str(path), reason) for path, reason in passed]
    told += damaged(others)
    told += without_attempts(others, {problem.name for problem in collection.problems})
    collection = replace(collection, left_out=(*told, *collection.left_out))
    if strict and collection.malformed:
        raise UserError(f"{collection.warning()}\nRepair or remove them, or leave out strict")
    if not collection.problems:
        raise UserError(f"nothing could be read from {', '.join(paths)}. {collection.warning()}")
    return collection


@lru_cache(maxsize=1)  # both the command and its task call this
def _collect(files: tuple[tuple[str, str], ...], stamps: tuple[tuple[int, int], ...]) -> Collection:
    entries: list[Entry] = []
    malformed: list[tuple[Source, str]] = []
    left_out: list[tuple[str, str]] = []
    void: dict[str, str] = {}
    for (format, path), (modified, _) in zip(files, stamps, strict=True):
        for found in read_all(find_reader(format), Path(path)):
            source = Source(format=format, path=printable(path), part=found.part)
            if isinstance(found, Malformed):
                malformed.append((source, found.reason))
            elif isinstance(found, LeftOut):
                left_out.append((str(source), found.reason))
                void |= dict.fromkeys(found.ids, f"{found.reason} (in {source.path})")
            elif printable(path) != path:
                malformed.append((source, "the name of the file is not UTF-8"))
            else:
                entries.append(entry(found, source, modified))
                left_out += [(str(source), note) for note in found.notes]
    for each in entries:
        left_out += [(str(each.source), void[id]) for id in each.ids if id in void]
    kept, duplicates = without_duplicates([e for e in entries if void.keys().isdisjoint(e.ids)])
    left_out += [(duplicate.entry.source.path, duplicate.reason) for duplicate in duplicates]
    return Collection(_grouped(kept), len(files), tuple(malformed), tuple(left_out))


def _grouped(entries: Sequence[Entry]) -> tuple[Problem, ...]:
    """Group attempts by problem. Problems of the same name in several tasks are different problems.

    An attempt of unknown task belongs to the task that has a problem of this name, if only one has.
    """
    tasks: defaultdict[str, set[str]] = defaultdict(set)
    for each in entries:
        tasks[each.problem] |= {each.task} - {""}
    grouped: defaultdict[str, list[Entry]] = defaultdict(list)
    for each in entries:
        several = len(tasks[each.problem]) > 1 and each.task
        grouped[f"{each.task}/{each.problem}" if several else each.problem].append(each)
    return tuple(Problem(name, tuple(attempts)) for name, attempts in grouped.items())


def problem_texts(path: str) -> dict[str, str]:
    """Read the texts of problems, by id, for formats that hold none."""
    file = user_path(path)
    try:
        rows = [row for _, row in read_lines(file)] if ".jsonl" in file.name else read_any(file)
        return {row["instance_id"]: row["problem_statement"] for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"problems={path!r} cannot be read ({type(error).__name__}: {error}); give JSON lines "
            "with instance_id and problem_statement, for example SWE-bench's dataset"
        ) from error


def dataset(
    collection: Collection, texts: Mapping[str, str], image_template: str | None = None
) -> MemoryDataset:
    """The problems as samples: the input and where the rollouts are, without target or score."""
    unknown = [p.name for p in collection.problems if not (p.text or texts.get(p.name))]
    if unknown:
        raise UserError(
            f"the text of {len(unknown)} problems is missing, for example {unknown[0]!r}: judges "
            "need to read the problem. Give problems=FILE (--problems): JSON lines with "
            "instance_id and problem_statement, for example SWE-bench's dataset"
        )
    graded = any(each.scored for problem in collection.problems for each in problem.attempts)
    images = images_of(image_template, [problem.name for problem in collection.problems])
    return MemoryDataset(
        [_sample(each, texts, graded, images.get(each.name)) for each in collection.problems]
    )


def _sample(problem: Problem, texts: Mapping[str, str], graded: bool, image: str | None) -> Sample:
    text = problem.text or texts[problem.name]
    return Sample(
        id=problem.name,
        input=text if isinstance(text, str) else list(text),
        choices=list(problem.choices) or None,
        metadata={
            SOURCES: [source.model_dump() for source in problem.sources],
            GRADED: graded,
            **({} if image is None else {IMAGE: image}),
        },
    )
