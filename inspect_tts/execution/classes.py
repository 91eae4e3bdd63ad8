"""What runs of checks show: which checks count, which results behave alike, what each one broke.

runs on the untouched tree, twice, and on each result -> checks that count -> behavior classes
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from .records import UNTOUCHED, Attribution, Check, CheckRun, Dropped, ExecutionEvidence

Runs = Mapping[tuple[str, str], CheckRun]
"""The first run of a check on a tree."""


def latest(
    found: Sequence[ExecutionEvidence], iteration: int, selections: int
) -> ExecutionEvidence | None:
    """The evidence for a selection that follows so many others: the latest on an iteration."""
    known = [e for e in found if e.iteration == iteration and e.after_selections <= selections]
    return known[-1] if known else None


def first_runs(runs: Iterable[CheckRun]) -> dict[tuple[str, str], CheckRun]:
    """The runs by check and tree, without repeats."""
    return {(run.check, run.tree): run for run in runs if run.repeat == 0}


def behavior(check: Check, run: CheckRun) -> str:
    """What a check shows about a tree: its output if a rollout made it, otherwise how it ended."""
    if run.problem is not None:
        return f"problem: {run.problem}"
    if check.origin == "rollout":
        return run.digest
    if run.passed is not None or run.broke:
        return f"broke: {' '.join(run.broke)}" if run.broke else "all that passed passes"
    return "ended well" if run.returncode == 0 else "failed"


def unfit_untouched(check: Check, first: CheckRun, second: CheckRun) -> str | None:
    """Why a check does not count, by its two runs on the untouched tree; None if it counts."""
    if first.problem is not None:
        return f"on the untouched tree {first.problem}"
    if first.returncode in (126, 127):
        return f"it cannot be run on the untouched tree (return code {first.returncode})"
    if first.edited or second.edited:
        return f"it changes the repository: {', '.join((first.edited or second.edited)[:3])}"
    if check.origin == "repository" and check.junit and first.passed is not None:
        return None if stable_tests(first, second) else "no test passes twice on the untouched tree"
    if check.origin == "repository" and first.returncode != 0:
        return "it fails on the untouched tree"
    if second.problem is not None or _ending(check, first) != _ending(check, second):
        return "two runs on the untouched tree differ"
    return None


def stable_tests(first: CheckRun, second: CheckRun) -> tuple[str, ...]:
    """Tests that pass in both runs on the untouched tree."""
    again = set(second.passed or ())
    return tuple(name for name in first.passed or () if name in again)


def _ending(check: Check, run: CheckRun) -> object:
    return run.digest if check.origin == "rollout" else run.returncode == 0


def unfit_results(check: Check, runs: Runs, results: Mapping[str, str]) -> str | None:
    """Why a check does not count, by its runs on the results; None if it counts."""
    missing = [tree for tree in set(results.values()) if (check.id, tree) not in runs]
    if missing:
        return "there was no time to run it on every result"
    if check.origin != "rollout":
        return None
    own = [runs[check.id, results[author]] for author in check.authors if author in results]
    if not any(run.returncode == 0 for run in own):
        return "it fails on the result of the rollout that made it"
    return None


def concluded(evidence: ExecutionEvidence) -> ExecutionEvidence:
    """Add all conclusions that follow from the checks and their runs."""
    runs, results = first_runs(evidence.runs), evidence.results
    before = {each.check: each for each in evidence.dropped}
    counted, dropped = list[Check](), list[Dropped]()
    for check in evidence.checks:
        reason = before[check.id].reason if check.id in before else _unfit(check, evidence)
        if reason is None:
            counted.append(check)
        else:
            dropped.append(Dropped(check=check.id, reason=reason))
    trees = sorted({UNTOUCHED, *results.values()})
    separating = [
        check
        for check in counted
        if len({behavior(check, runs[check.id, tree]) for tree in trees}) > 1
    ]
    signature = {
        tree: tuple(behavior(check, runs[check.id, tree]) for check in separating) for tree in trees
    }
    alike = tuple(id for id, tree in results.items() if signature[tree] == signature[UNTOUCHED])
    user = [check for check in counted if check.origin == "user"]
    return evidence.model_copy(
        update={
            "dropped": tuple(dropped),
            "separating": tuple(check.id for check in separating),
            "classes": _classes(results, signature) if separating else (),
            "like_untouched": alike if separating else (),
            "attributions": {
                check.id: {
                    id: attribution(runs[check.id, UNTOUCHED], runs[check.id, tree])
                    for id, tree in results.items()
                }
                for check in user
            },
        }
    )


def _unfit(check: Check, evidence: ExecutionEvidence) -> str | None:
    on_start = sorted(
        (r for r in evidence.runs if r.check == check.id and r.tree == UNTOUCHED),
        key=lambda run: run.repeat,
    )
    if len(on_start) < 2:
        return (
            on_start and unfit_untouched(check, on_start[0], on_start[0])
        ) or "there was no time"
    reason = unfit_untouched(check, on_start[0], on_start[1])
    return reason or unfit_results(check, first_runs(evidence.runs), evidence.results)


def _classes(
    results: Mapping[str, str], signature: Mapping[str, object]
) -> tuple[tuple[str, ...], ...]:
    classes: dict[object, list[str]] = {}
    for id, tree in results.items():
        classes.setdefault(signature[tree], []).append(id)
    return tuple(sorted(map(tuple, classes.values()), key=len, reverse=True))


def attribution(untouched: CheckRun, run: CheckRun) -> Attribution:
    """What a result did to a check of the user."""
    before, after = untouched.returncode == 0, run.returncode == 0
    if after:
        return "fine in both" if before else "fixed"
    return "broke" if before else "still failing"


def evidence_label(evidence: ExecutionEvidence | None) -> str:
    """A hash of what judges read of the evidence; empty if they read none."""
    if evidence is None or not evidence.results:
        return ""
    told = [[run.check, run.tree, run.digest, run.problem, run.broke] for run in evidence.runs]
    commands = [[c.command, c.folder, sorted(c.files.items())] for c in evidence.checks]
    text = json.dumps([told, commands, evidence.separating])
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:20]


def class_labels(evidence: ExecutionEvidence) -> dict[str, str]:
    """The name of each rollout's class; `untouched` if it behaves like the untouched tree."""
    alike = set(evidence.like_untouched)
    return {
        id: UNTOUCHED if id in alike else f"class {number}"
        for number, members in enumerate(evidence.classes, 1)
        for id in members
    }


def agreeing(evidence: ExecutionEvidence) -> tuple[tuple[str, ...], ...]:
    """Classes that agree on a solution: unlike the untouched tree, and not worse in any check."""
    alike = set(evidence.like_untouched)
    return tuple(
        members
        for members in evidence.classes
        if alike.isdisjoint(members) and not _worse(evidence, members[0])
    )


def _worse(evidence: ExecutionEvidence, id: str) -> bool:
    """Whether a result breaks what passes on the untouched tree, or a check could not run on it."""
    told, tree = evidence.attributions.values(), evidence.results[id]
    unknown = [run for run in evidence.runs if run.tree == tree and run.problem is not None]
    return (
        any(each[id] == "broke" for each in told)
        or bool(broken_tests(evidence, id))
        or any(run.check in evidence.separating for run in unknown)
    )


def same_behavior(
    evidence: ExecutionEvidence | None, population: Sequence[str]
) -> tuple[tuple[str, ...], ...]:
    """Behavior classes of a population, for `dedupe_behavior`; empty without evidence."""
    labels = class_labels(evidence) if evidence else {}
    if not labels:
        return ()
    classes: dict[str, list[str]] = {}
    for id in population:
        classes.setdefault(labels.get(id, id), []).append(id)
    return tuple(map(tuple, classes.values()))


def broken_tests(evidence: ExecutionEvidence, id: str) -> Counter[str]:
    """For each check of the repository, how many of its tests a rollout's result breaks."""
    kinds = {check.id: check for check in evidence.checks if check.origin == "repository"}
    gone = {each.check for each in evidence.dropped}
    tree, runs = evidence.results.get(id), first_runs(evidence.runs)
    found = Counter[str]()
    for name in kinds.keys() - gone:
        run = runs.get((name, tree)) if tree else None
        if run is not None:
            by_file = run.returncode != 0 and run.passed is None
            found[name] = len(run.broke) or int(by_file or run.problem is not None)
    return +found


def worth(evidence: ExecutionEvidence | None, id: str) -> tuple[float, ...]:
    """A key to decide ties: what execution shows in favor of a rollout."""
    if evidence is None or evidence.reason is not None:
        return (0.0, 0.0, 0.0, 0.0)
    told = [each[id] for each in evidence.attributions.values() if id in each]
    good = sum(each in ("fixed", "fine in both") for each in told)
    broken = sum(broken_tests(evidence, id).values())
    return (
        float(id in evidence.results),
        float(good),
        -float(broken),
        -float(id in evidence.like_untouched),
    )
