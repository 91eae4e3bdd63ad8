"""Count an attempt once if it is in several files, compared by ids, content, model and patch."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from inspect_ai.model import ChatMessage

from .readers.beside import Attempt, numbered_apart
from .records import Recorded, Source


@dataclass(frozen=True)
class Entry:
    """An attempt that was found in a file, without its trajectory."""

    source: Source
    problem: str
    task: str
    text: str | Sequence[ChatMessage] | None
    choices: tuple[str, ...]
    started: str
    model: str
    patch: str | None
    """Hash of the submitted patch; None if it is not known."""
    content: str
    """Hash of the trajectory and the result."""
    ids: tuple[str, ...]
    version: tuple[str, int]
    scored: bool
    bare: bool
    """Whether it has neither a trajectory nor a patch."""

    @property
    def file(self) -> Path:
        """The file that holds it."""
        return Path(self.source.path)

    @property
    def attempt(self) -> Attempt:
        """The problem, model and patch that identify it."""
        return Attempt(self.problem, self.model, self.patch)

    @property
    def unmarked(self) -> tuple[str, str, str] | None:
        """Equal for possible copies; None if it has ids or no content, or if equals are normal."""
        told = self.ids or self.bare or self.source.format in ("swe-bench", "candidates")
        return None if told else (self.problem, self.content, self.started)


def entry(found: Recorded, source: Source, modified: int) -> Entry:
    """Keep what is needed of a rollout until its problem begins."""
    handed_in = found.patch if found.handed_in is None else found.handed_in
    told = [(m.role, m.text, str(getattr(m, "tool_calls", ""))) for m in found.messages]
    return Entry(
        source=source,
        problem=found.problem,
        task=found.task,
        text=found.text,
        choices=found.choices,
        started=found.started or "",
        model=found.model,
        patch=None if handed_in is None else _hash(handed_in.strip()),
        content=_hash(repr((found.status, found.reason, found.patch, found.answer, told))),
        ids=found.ids,
        version=(found.version, modified),
        scored=found.scores is not None or found.score_error is not None,
        bare=not found.messages and not found.patch,
    )


def _hash(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Duplicate:
    """An entry that is left out, and why."""

    entry: Entry
    reason: str


def without_duplicates(entries: Sequence[Entry]) -> tuple[list[Entry], list[Duplicate]]:
    """Keep one of the entries of each attempt. Returns those kept and those left out."""
    kept, duplicates = list(entries), list[Duplicate]()
    for rule in (_by_identity, _copies, _predictions):
        kept, found = rule(kept)
        duplicates += found
    return kept, duplicates


def _by_identity(entries: Sequence[Entry]) -> tuple[list[Entry], list[Duplicate]]:
    """Group entries that share an id, directly or through others, and keep the newest version."""
    groups: dict[str, list[int]] = {}
    for place, each in enumerate(entries):
        joined = [place]
        for known in {id(groups[i]): groups[i] for i in each.ids if i in groups}.values():
            joined += known
        for name in {*each.ids, *(i for place in joined for i in entries[place].ids)}:
            groups[name] = joined
    duplicates: dict[int, Duplicate] = {}
    first = {}
    for group in {id(g): g for g in groups.values()}.values():
        best = max(group, key=lambda place: (entries[place].version, place))
        first[min(group)] = best
        where = entries[best].source.path
        for place in group:
            if place != best:
                duplicates[place] = Duplicate(
                    entries[place], f"the same attempt as in {where}, which counts"
                )
    grouped = {place for group in groups.values() for place in group}
    kept = [
        entries[first[place]] if place in first else each
        for place, each in enumerate(entries)
        if place in first or place not in grouped
    ]
    return kept, list(duplicates.values())


def _copies(entries: Sequence[Entry]) -> tuple[list[Entry], list[Duplicate]]:
    """If files of one folder hold the same attempts, keep the file that holds the most."""
    files: defaultdict[tuple[str, Path], dict[Path, list[Entry]]] = defaultdict(dict)
    for each in entries:
        if not each.ids:
            group = files[each.source.format, each.file.parent]
            group.setdefault(each.file, []).append(each)
    copied: dict[Path, Path] = {}
    for group in files.values():
        held = {
            file: Counter((e.problem, e.model, e.content) for e in es) for file, es in group.items()
        }
        order = sorted(group, key=lambda f: (-len(group[f]), -sum(e.scored for e in group[f])))
        for number, file in enumerate(order):
            for larger in order[:number]:
                if larger in copied or numbered_apart(file.name, larger.name):
                    continue
                same = (other.name for other, of in copied.items() if of == larger)
                if any(numbered_apart(file.name, other) for other in same):
                    continue  # a file can be a copy of only one of two runs
                if held[file] <= held[larger]:
                    copied[file] = larger
                    break
    return _split(
        entries, lambda e: f"a copy of {copied[e.file].name}" if e.file in copied else None
    )


def _predictions(entries: Sequence[Entry]) -> tuple[list[Entry], list[Duplicate]]:
    """Predictions and the trajectories below their folder can be the same attempts; keep one."""
    runs = [e for e in entries if e.source.format == "mini-swe-agent"]
    made = [e for e in runs if e.patch is not None]
    by_problem: defaultdict[str, list[Entry]] = defaultdict(list)
    for each in made:
        by_problem[each.problem].append(each)

    def reason(each: Entry) -> str | None:
        if each.source.format != "swe-bench":
            return None
        beside = (e for e in by_problem[each.problem] if each.file.parent in e.file.parents)
        same = any(e.attempt.may_be(each.attempt) for e in beside)
        return "the patches of the trajectories beside it" if same else None

    kept, duplicates = _split(entries, reason)
    damaged = [e for e in runs if e.patch is None]
    for each in kept if damaged else ():
        if each.source.format == "swe-bench":  # one prediction replaces one damaged trajectory
            beside = (e for e in damaged if each.file.parent in e.file.parents)
            same = next((e for e in beside if e.attempt.may_be(each.attempt)), None)
            if same is not None:
                damaged.remove(same)
                kept = [e for e in kept if e is not same]
                duplicates.append(
                    Duplicate(same, f"damaged; its prediction in {each.file.name} counts")
                )
    return kept, duplicates


def _split(
    entries: Iterable[Entry], reason: Callable[[Entry], str | None]
) -> tuple[list[Entry], list[Duplicate]]:
    kept, duplicates = list[Entry](), list[Duplicate]()
    for each in entries:
        why = reason(each)
        if why is None:
            kept.append(each)
        else:
            duplicates.append(Duplicate(each, why))
    return kept, duplicates
