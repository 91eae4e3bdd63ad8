"""Make the checks, and choose those that fit into the time limit."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from .commands import pytest_run
from .kits import Kit, KitCommand
from .paths import joined
from .records import Check, Dropped

OUT_OF_TIME = "it did not fit into evidence_time"


def user_checks(given: Mapping[str, str]) -> list[Check]:
    """Checks that run the user's commands."""
    return [
        Check(id=f"u{number:02d}", name=name, origin="user", command=command)
        for number, (name, command) in enumerate(given.items(), 1)
    ]


def repository_checks(kits: Sequence[Kit], standing: Iterable[str]) -> list[Check]:
    """Test files of the repository that at least two rollouts ran, the most often run first.

    If a test runner's command names no files, as Django's does not, the command itself is a check.
    """
    there, ran = set(standing), dict[tuple[str, str], dict[str, str]]()
    for kit in kits:
        for command in kit.commands:
            for name, shown in _repository_runs(kit, command, there):
                ran.setdefault((command.folder, name), {}).setdefault(kit.author, shown)
    common = {place: authors for place, authors in ran.items() if len(authors) > 1}
    ordered = sorted(common.items(), key=lambda each: -len(each[1]))
    checks = list[Check]()
    for number, ((folder, name), authors) in enumerate(ordered, 1):
        launcher = Counter(authors.values()).most_common(1)[0][0]
        junit = bool(launcher)
        checks.append(
            Check(
                id=f"r{number:02d}",
                name=name,
                origin="repository",
                command=f"{launcher} {name}" if junit else name,
                folder=folder,
                authors=tuple(authors),
                junit=junit,
            )
        )
    return checks


def _repository_runs(kit: Kit, command: KitCommand, standing: set[str]) -> list[tuple[str, str]]:
    """The repository's tests that a command runs, each with the call of pytest that runs it."""
    run = pytest_run(command.text)
    if run is not None:
        placed = {file: joined(command.folder, file) for file in run.files}
        return [(file, run.launcher) for file, path in placed.items() if path in standing]
    if kit.needed(command) or not _runs_tests(command.text):
        return []
    return [(command.text, "")]


def _runs_tests(text: str) -> bool:
    return "test" in text and "\n" not in text and " -c " not in text and "pytest" not in text


def cross_checks(kits: Sequence[Kit]) -> list[Check]:
    """The rollouts' own commands with their files; a command of several rollouts is one check.

    The most widely shared commands come first, then the last command of each rollout, then the one
    before it, and so on.
    """
    found: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[str]] = {}
    deepest = max((len(kit.commands) for kit in kits), default=0)
    for place in range(deepest):
        for kit in kits:
            if place < len(kit.commands):
                command = kit.commands[place]
                files = tuple(sorted(kit.needed(command).items()))
                authors = found.setdefault((command.text, command.folder, files), [])
                if kit.author not in authors:
                    authors.append(kit.author)
    ordered = sorted(found.items(), key=lambda each: -len(each[1]))
    return [
        Check(
            id=f"c{number:02d}",
            name=text.partition("\n")[0][:80],
            origin="rollout",
            command=text,
            folder=folder,
            files=dict(files),
            authors=tuple(authors),
        )
        for number, ((text, folder, files), authors) in enumerate(ordered, 1)
    ]


def without_repeats(checks: Sequence[Check]) -> list[Check]:
    """Leave out a check if an earlier one runs the same command with the same files and folder."""
    kept: dict[tuple[str, str, tuple[tuple[str, str], ...]], Check] = {}
    for check in checks:
        place = "" if check.origin == "user" else check.folder
        kept.setdefault((check.command, place, tuple(sorted(check.files.items()))), check)
    return list(kept.values())


def fitting(
    checks: Sequence[Check], cost: Mapping[str, float], seconds: float
) -> tuple[list[Check], list[Dropped]]:
    """Take checks in order, each if it fits into the time that is left."""
    chosen, left_out = list[Check](), list[Dropped]()
    for check in checks:
        if cost[check.id] <= seconds:
            seconds -= cost[check.id]
            chosen.append(check)
        else:
            left_out.append(Dropped(check=check.id, reason=OUT_OF_TIME))
    return chosen, left_out
