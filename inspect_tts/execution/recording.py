"""Get the results that are put on the tree from rollouts, and what the log keeps from runs."""

from collections.abc import Sequence

from inspect_tts.evidence.injection import orders_in
from inspect_tts.method.records import Rollout
from inspect_tts.text.trajectory import elide

from .classes import stable_tests
from .junit import marked_broken
from .outputs import excerpts
from .records import UNTOUCHED, CheckRun, ExecutionEvidence

_SHORT_CHARS = 300
_MOST_BROKEN = 200
NO_GIT = "its workspace is no git repository"


def results_of(
    rollouts: Sequence[Rollout],
) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """The tree of each rollout, the patch of each tree, and why other rollouts have no result.

    Rollouts with equal patches have the same tree.
    """
    results, patches, unavailable = dict[str, str](), dict[str, str](), dict[str, str]()
    first: dict[str, str] = {"": UNTOUCHED}
    for rollout in rollouts:
        patch = rollout.patch
        if patch is None or patch.text is None:
            unavailable[rollout.id] = (patch and patch.notice) or NO_GIT
            continue
        text = patch.text if patch.text.strip() else ""
        tree = first.setdefault(text, rollout.id)
        results[rollout.id] = tree
        if tree != UNTOUCHED:
            patches[tree] = text
    return results, patches, unavailable


def compared(evidence: ExecutionEvidence) -> ExecutionEvidence:
    """Record which tests each run on a result breaks, instead of the tests that pass there."""
    reporting = {check.id for check in evidence.checks if check.junit}
    stable: dict[str, tuple[str, ...]] = {}
    for name in reporting:
        on_start = [r for r in evidence.runs if r.check == name and r.tree == UNTOUCHED]
        if len(on_start) == 2 and on_start[0].passed is not None:
            stable[name] = stable_tests(*sorted(on_start, key=lambda run: run.repeat))
    runs = [_compared(run, stable.get(run.check)) for run in evidence.runs]
    return evidence.model_copy(update={"runs": tuple(runs)})


def without_texts(evidence: ExecutionEvidence) -> ExecutionEvidence:
    """Leave out outputs and files, which no decision reads; later evidence has them."""
    runs = [run.model_copy(update={"output": ""}) for run in evidence.runs]
    checks = [check.model_copy(update={"files": {}}) for check in evidence.checks]
    return evidence.model_copy(update={"runs": tuple(runs), "checks": tuple(checks)})


def _compared(run: CheckRun, stable: tuple[str, ...] | None) -> CheckRun:
    if stable is None or run.problem is not None:
        return run
    if run.tree == UNTOUCHED:
        return run.model_copy(update={"passed": stable})
    broke = marked_broken(stable, run.passed)[:_MOST_BROKEN]
    return run.model_copy(update={"passed": (), "broke": broke})


def recorded(evidence: ExecutionEvidence) -> ExecutionEvidence:
    """Keep only the part of the outputs where a check's runs begin to differ."""
    gone, kept = {each.check for each in evidence.dropped}, dict[tuple[str, str, int], str]()
    for check in evidence.checks:
        runs = [run for run in evidence.runs if run.check == check.id]
        shown = excerpts([run.output for run in runs])
        for run, text in zip(runs, shown, strict=True):
            short = check.id in gone or check.id not in evidence.separating
            kept[run.check, run.tree, run.repeat] = elide(text, _SHORT_CHARS) if short else text
    runs = [
        run.model_copy(update={"output": kept[run.check, run.tree, run.repeat]})
        for run in evidence.runs
    ]
    read = {check.id for check in evidence.checks if check.origin == "user"} - gone
    read |= set(evidence.separating)
    told = "\n\n".join(run.output for run in runs if run.check in read)
    return evidence.model_copy(update={"runs": tuple(runs), "injections": orders_in(told)})
