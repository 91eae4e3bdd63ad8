"""Choose the checks and run them on each tree, within the time limit."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

from inspect_ai.model import ChatMessage

from inspect_tts.execution.classes import unfit_untouched
from inspect_tts.execution.commands import pytest_run
from inspect_tts.execution.kits import Kit, kit_of
from inspect_tts.execution.paths import joined
from inspect_tts.execution.recording import compared
from inspect_tts.execution.records import UNTOUCHED, Check, CheckRun, Dropped, ExecutionEvidence
from inspect_tts.execution.schedule import (
    OUT_OF_TIME,
    cross_checks,
    fitting,
    repository_checks,
    user_checks,
    without_repeats,
)
from inspect_tts.options.evidence import EvidenceKind
from inspect_tts.workspace.tree import Tree

from .session import REFUSED, Session

_OVERHEAD = 0.5
"""Approximate seconds that each run takes in addition to its command."""


@dataclass(frozen=True)
class Author:
    """A rollout from which a kit is read."""

    id: str
    messages: Sequence[ChatMessage]
    patch: str | None
    folder: str | None
    """The folder in which its commands began, if it differs from that of the tree."""


@dataclass
class Plan:
    """The checks that are asked for, and what became of them."""

    checks: dict[str, str]
    """The user's commands, by name."""
    kind: EvidenceKind
    deadline: float
    authors: Callable[[], list[Author]]
    runs: list[CheckRun] = field(default_factory=list)
    dropped: dict[str, str] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)

    def drop(self, checks: Iterable[Dropped]) -> None:
        """Leave checks out."""
        self.dropped |= {each.check: each.reason for each in checks}

    def late(self, until: float | None = None) -> bool:
        """Whether the time is up."""
        return monotonic() > (self.deadline if until is None else until)


async def take(session: Session, plan: Plan, begun: ExecutionEvidence) -> ExecutionEvidence:
    """Run the checks on the untouched tree, then the ones that count on each result."""
    checks = await _checks(session, plan)
    left = await _on_start(session, plan, checks)
    await _on_results(session, plan, left)
    results = {id: tree for id, tree in begun.results.items() if tree not in session.unfit}
    unfit = {id: session.unfit[tree] for id, tree in begun.results.items() if tree in session.unfit}
    gone = [Dropped(check=check, reason=reason) for check, reason in plan.dropped.items()]
    found = {
        "results": results,
        "unavailable": begun.unavailable | unfit,
        "checks": tuple(checks),
        "runs": tuple(run for run in plan.runs if run.tree not in session.unfit),
        "dropped": tuple(gone),
    }
    return compared(begun.model_copy(update=found))


async def _checks(session: Session, plan: Plan) -> list[Check]:
    checks = user_checks(plan.checks)
    if plan.kind == "none":
        return checks
    tree = await session.open()
    kits = [_kit(author, tree) for author in plan.authors()]
    named = {path for kit in kits for path in [*kit.files, *_test_files(kit)]}
    standing = await tree.standing([path for path in named if not path.startswith("/")])
    kits = [
        replace(kit, files={p: text for p, text in kit.files.items() if p not in standing})
        for kit in kits
    ]
    if plan.kind in ("regression", "all"):
        checks += repository_checks(kits, standing)
    if plan.kind in ("cross", "all"):
        checks += cross_checks(kits)
    return without_repeats(checks)


def _kit(author: Author, tree: Tree) -> Kit:
    top = tree.top
    if author.folder is not None:
        top = author.folder.removesuffix(f"/{tree.home}") if tree.home else author.folder
    return kit_of(author.id, author.messages, author.patch, top=top, home=tree.home)


def _test_files(kit: Kit) -> list[str]:
    runs = [(command.folder, pytest_run(command.text)) for command in kit.commands]
    placed = [joined(folder, file) for folder, run in runs if run for file in run.files]
    return [path for path in placed if path]


async def _on_start(session: Session, plan: Plan, checks: Sequence[Check]) -> list[Check]:
    """Run each check twice on the untouched tree; keep those that behave the same both times."""
    left, until = list[Check](), (monotonic() + plan.deadline) / 2
    for check in checks:
        if plan.late(until):
            plan.dropped[check.id] = OUT_OF_TIME
            continue
        runs = list[CheckRun]()
        reason: str | None = None
        for repeat in (0, 1):
            if reason is None and (run := await session.run(check, UNTOUCHED, repeat)) is not None:
                runs.append(run)
                reason = unfit_untouched(check, runs[0], run)
        plan.runs += runs
        if reason is None:
            left.append(check)
            plan.cost[check.id] = runs[0].seconds + _OVERHEAD
        else:
            plan.dropped[check.id] = reason
    return left


async def _on_results(session: Session, plan: Plan, checks: list[Check]) -> None:
    trees = list(session.patches)
    for number, tree in enumerate(trees):
        more = len(trees) - number
        seconds = plan.deadline - monotonic() - session.switching * more
        checks, out = fitting(checks, {c.id: plan.cost[c.id] * more for c in checks}, seconds)
        plan.drop(out)
        for place, check in enumerate(checks):
            if plan.late():
                plan.drop(Dropped(check=c.id, reason=OUT_OF_TIME) for c in checks[place:])
                checks = checks[:place]
                break
            run = await session.run(check, tree)
            if run is None:
                break
            plan.runs.append(run)
        refused = [check for check in checks if session.refuses(check)]
        plan.drop(Dropped(check=check.id, reason=f"it {REFUSED}") for check in refused)
        checks = [check for check in checks if check not in refused]
