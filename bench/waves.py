"""What `n=auto` saves and loses: real patches and outcomes, run in waves in random order.

    python bench/waves.py [--data FOLDER] [--executed RESULTS] [--repeats 50] [--json]

On `cross_execution` of the test data: up to 8 rollouts at each of 56 problems of SWE-bench Verified
by Sonnet 4.5 (one by Gemini 3 Pro), with their patches and official outcomes. Duplicates are told
as a live run tells them. The tournament's judge is that of `selection.py --shared`, right in 70 of
100 votes; `agreement` asks none. `saved` is the share of the rollouts, `lost` the
difference of the selected score in points; brackets are 95 % bootstrap intervals over problems.
`agreed` is how often the waves stopped early, `right` how often the agreed patch then passes. With
the results of `cross_execution.py`, on the problems that it ran, a second table is of waves that
also stop once enough behave alike, unlike the untouched tree.
"""

import argparse
import json
import lzma
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any

from behavior import labelled
from pools import Attempt, Problem
from rich.console import Console
from selection import DATA, Judge, Setting, play
from tables import interval, table

from inspect_tts.evidence.facts import patch_fingerprint
from inspect_tts.method.candidates import waves_run
from inspect_tts.method.parameters import Waves

FILE = "cross_execution/candidates.jsonl.xz"
WAVES = [(least, wave) for least in (2, 3, 4, 5) for wave in (1, 2, 4)]
COLUMNS = (
    "min_n",
    "wave",
    "rollouts",
    "saved %",
    "agreed %",
    "right %",
    "lost, tournament",
    "lost, agreement",
)
JUDGE = Judge(0.7, shared=True)


def load(path: Path) -> list[Problem]:
    """The problems with all rollouts that have a patch and an outcome."""
    problems = []
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            attempts = [
                Attempt(bool(each["resolved"]), fingerprint=patch_fingerprint(each["patch"]))
                for each in row["candidates"]
            ]
            problems.append(Problem(row["instance_id"], tuple(attempts)))
    return problems


def load_executed(path: Path) -> list[Problem]:
    """The problems whose patches were executed, with what each does."""
    problems = []
    for record in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        told = labelled(record, codes=False)
        unclear = {tree for runs in record["shown"].values() for tree in runs if runs[tree][2]}
        labels = {
            id: str(label)
            for id, label in told.labels.items()
            if label != told.alike and record["results"][id] not in unclear
        }
        attempts = [
            Attempt(right, fingerprint=told.fingerprints[id], behavior=labels.get(id))
            for id, right in told.outcomes.items()
        ]
        problems.append(Problem(told.name, tuple(attempts)))
    return problems


def by_patch(problem: Problem) -> Problem:
    """The problem without what its patches do."""
    attempts = tuple(replace(attempt, behavior=None) for attempt in problem.attempts)
    return replace(problem, attempts=attempts)


def alike(attempts: Sequence[Attempt]) -> list[list[int]]:
    """Places of those that behave alike, unlike the untouched tree, largest class first."""
    found: dict[str, list[int]] = {}
    for place, attempt in enumerate(attempts):
        if attempt.behavior is not None:
            found.setdefault(attempt.behavior, []).append(place)
    return sorted(found.values(), key=len, reverse=True)


def agreed(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Those that agree, by the patch or, where more do, by behavior."""
    common, most = Counter(a.fingerprint for a in attempts).most_common(1)[0]
    classes = alike(attempts)
    if classes and len(classes[0]) > most:
        return [attempts[place] for place in classes[0]]
    return [a for a in attempts if a.fingerprint == common]


def selected(problem: Problem, selection: str, key: str) -> bool:
    """Whether what a selection chooses passes."""
    ranking, _, _ = play(selection, problem, JUDGE, Setting(), key)
    return problem.passed[int(ranking[0][-2:])]


def row(problems: Sequence[Problem], waves: Waves, repeats: int) -> dict[str, Any]:
    """One setting, rates in percent."""
    ran, right = list[float](), list[float]()
    lost: dict[str, list[float]] = {"tournament": [], "agreement": []}
    for problem in problems:
        counts, losses = list[int](), {name: list[int]() for name in lost}
        for repeat in range(repeats):
            key = f"{problem.name}/{repeat}"
            order = Random(f"waves/{key}").sample(problem.attempts, len(problem.attempts))
            whole = replace(problem, attempts=tuple(order))
            ids = [rollout.id for rollout in whole.rollouts]
            classes = {
                count: [[ids[place] for place in places] for places in alike(order[:count])]
                for count in range(len(order))
            }
            most = waves.model_copy(update={"most": len(order)})
            count = waves_run(most, whole.rollouts, classes)
            part = replace(problem, attempts=tuple(order[:count]))
            counts.append(count)
            if count < len(order):
                right.append(mean(a.passed for a in agreed(part.attempts)))
            for name, found in losses.items():
                found.append(selected(whole, name, key) - selected(part, name, key))
        ran.append(mean(counts) / len(problem.attempts))
        for name, found in losses.items():
            lost[name].append(mean(found))
    return {
        "min_n": waves.least,
        "wave": waves.wave,
        "rollouts": mean(n * len(p.attempts) for n, p in zip(ran, problems, strict=True)),
        "saved": [100 * (1 - mean(ran)), *(100 - 100 * end for end in interval(ran)[::-1])],
        "agreed": 100 * len(right) / (len(problems) * repeats),
        "right": 100 * mean(right) if right else None,
        **{n: [100 * mean(x), *(100 * end for end in interval(x))] for n, x in lost.items()},
    }


def line(row: dict[str, Any]) -> list[Any]:
    """A row as text."""
    shown = "{:.1f}  {:.1f} .. {:.1f}"
    return [
        *(str(row[name]) for name in ("min_n", "wave")),
        row["rollouts"],
        shown.format(*row["saved"]),
        *(row[name] for name in ("agreed", "right")),
        *(shown.format(*row[name]) for name in ("tournament", "agreement")),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--executed", type=Path, help="results.jsonl of cross_execution.py")
    parser.add_argument("--repeats", type=int, default=50, help="orders of each problem")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    problems = load_executed(given.executed) if given.executed else load(given.data / FILE)
    tables = {"equal patches": list(map(by_patch, problems))}
    if given.executed:
        tables["equal patches or behavior"] = problems
    passed = 100 * mean(mean(problem.passed) for problem in problems)
    found = {
        name: [row(each, Waves(least=a, most=8, wave=b), given.repeats) for a, b in WAVES]
        for name, each in tables.items()
    }
    if given.json:
        print(json.dumps({"problems": len(problems), "pass@1": passed, "rows": found}, indent=1))
        return
    for name, rows in found.items():
        title = f"{name}: {len(problems)} problems, pass@1 {passed:.1f}"
        Console(width=130).print(table(title, COLUMNS, list(map(line, rows))))


if __name__ == "__main__":
    main()
