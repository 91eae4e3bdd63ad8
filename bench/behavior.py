"""What behavior says about outcomes: numbers from the records of `cross_execution.py`.

A pair is two patches of one problem that both could be put on the tree. Intervals are 95 %
bootstraps over problems, never over pairs: pairs of one problem say much the same. The judge is the
simulated one of `selection.py`. With evidence it knows, for a pair in two classes, which class
leads: the one that does not behave like the untouched tree, else the larger. How often the leading
patch is the right one is counted on all other problems, and joins the judge's own accuracy as
independent odds.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from random import Random
from statistics import mean
from typing import Any

import numpy as np
from pools import Attempt, Problem
from rich.console import Console
from selection import Judge, Setting, play
from tables import RESAMPLES, interval, table

Row = Mapping[str, Any]
ACCURACY = 0.7
REPEATS = 32
UNTOUCHED = "untouched"


@dataclass(frozen=True)
class Labelled:
    """A problem whose patches are in classes."""

    name: str
    outcomes: Mapping[str, bool]
    fingerprints: Mapping[str, str]
    labels: Mapping[str, object]
    """Class by patch; without those that could not be put on the tree."""
    alike: object
    """The class of what behaves like the untouched tree."""

    @property
    def separated(self) -> bool:
        """Whether anything told any trees apart."""
        return len({*self.labels.values(), self.alike}) > 1

    @property
    def mixed(self) -> bool:
        """Whether there is something to select."""
        return len({*self.outcomes.values()}) > 1

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """All pairs that could be executed."""
        return list(combinations(self.labels, 2))

    def leader(self, one: str, other: str) -> str | None:
        """Which of two patches behavior speaks for; None if for neither."""
        labels, size = self.labels, Counter(self.labels.values())
        if one not in labels or other not in labels or labels[one] == labels[other]:
            return None
        worth = {id: (labels[id] != self.alike, size[labels[id]]) for id in (one, other)}
        return None if worth[one] == worth[other] else max(worth, key=lambda id: worth[id])


def labelled(row: Row, *, codes: bool) -> Labelled:
    """Put patches into classes by all that was shown, or by return codes alone."""

    def sign(tree: str) -> object:
        shown = [runs[tree] for runs in row["shown"].values()]
        return tuple((code == 0 if codes else digest, why) for code, digest, why in shown)

    return Labelled(
        row["instance_id"],
        row["outcomes"],
        row["fingerprints"],
        {id: sign(tree) for id, tree in row["results"].items()},
        sign(UNTOUCHED),
    )


Pick = Callable[[Labelled, str, str], bool]


def rate(problems: Sequence[Labelled], of: Pick, among: Pick) -> dict[str, Any]:
    """How often something holds among pairs, with its interval over problems."""
    counts = []
    for each in problems:
        chosen = [pair for pair in each.pairs if among(each, *pair)]
        counts.append((sum(of(each, *pair) for pair in chosen), len(chosen)))
    held, pairs = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0)
    ends: list[float] | None = None
    if pairs:
        values, rng = np.array(counts), np.random.default_rng(0)
        drawn = values[rng.integers(0, len(values), (RESAMPLES, len(values)))].sum(axis=1)
        some = drawn[drawn[:, 1] > 0]
        ends = [float(end) for end in np.percentile(100 * some[:, 0] / some[:, 1], (2.5, 97.5))]
    share = 100 * held / pairs if pairs else None
    return {"of": f"{held} of {pairs}", "percent": share, "interval": ends}


def _apart(problem: Labelled, one: str, other: str) -> bool:
    return problem.labels[one] != problem.labels[other]


def _alike(problem: Labelled, one: str, other: str) -> bool:
    return not _apart(problem, one, other)


def _differ(problem: Labelled, one: str, other: str) -> bool:
    return problem.outcomes[one] != problem.outcomes[other]


def _both_right(problem: Labelled, one: str, other: str) -> bool:
    return problem.outcomes[one] and problem.outcomes[other]


def _any(problem: Labelled, one: str, other: str) -> bool:
    return True


def pairs_table(problems: Sequence[Labelled]) -> dict[str, Any]:
    """H1: what behavior says of pairs, on problems where it separates any trees."""
    told = [each for each in problems if each.separated]
    mixed = [each for each in told if each.mixed]
    right = [each for each in problems if all(each.outcomes.values())]
    split = [each for each in right if len(set(each.labels.values())) > 1]
    return {
        "problems": len(problems),
        "problems separated": len(told),
        "mixed problems separated": f"{len(mixed)} of {sum(each.mixed for each in problems)}",
        "pairs that behave differently differ in outcome": rate(told, _differ, _apart),
        "pairs that behave alike differ in outcome": rate(told, _differ, _alike),
        "pairs at large differ in outcome": rate(told, _differ, _any),
        "the same on mixed problems: differently": rate(mixed, _differ, _apart),
        "the same on mixed problems: alike": rate(mixed, _differ, _alike),
        "the same on mixed problems: at large": rate(mixed, _differ, _any),
        "right pairs that are split": rate(problems, _apart, _both_right),
        "right pairs that are split where all are right": rate(right, _apart, _both_right),
        "problems where all are right that are split": f"{len(split)} of {len(right)}",
        "wrong among what behaves like the untouched tree": _like_untouched(told),
    }


def _like_untouched(problems: Sequence[Labelled]) -> str:
    alike = [p.outcomes[id] for p in problems for id in p.labels if p.labels[id] == p.alike]
    return f"{len(alike) - sum(alike)} of {len(alike)}"


def _largest(problem: Labelled, labels: Mapping[str, object], ids: Sequence[str]) -> float:
    """The mean outcome of the largest class, of several of one size the mean of theirs."""
    size = Counter(labels[id] for id in ids)
    most = max(size.values())
    return mean(problem.outcomes[id] for id in ids if size[labels[id]] == most)


def agreement(problem: Labelled) -> float:
    """What the largest class of equal patches scores."""
    return _largest(problem, problem.fingerprints, list(problem.outcomes))


def behavior(problem: Labelled) -> float:
    """What the selection of that name scores."""
    if not problem.separated:
        return agreement(problem)
    other = [id for id, label in problem.labels.items() if label != problem.alike]
    return _largest(problem, problem.labels, other or list(problem.labels))


def not_untouched(problem: Labelled) -> float:
    """What a random one that does not behave like the untouched tree scores."""
    other = [id for id, label in problem.labels.items() if label != problem.alike]
    chosen = other if other and problem.separated else list(problem.outcomes)
    return mean(problem.outcomes[id] for id in chosen)


@dataclass(frozen=True)
class Informed(Judge):
    """The simulated judge, who has read the evidence on a pair."""

    problem: Labelled | None = None
    trust: float = 0.5
    names: Mapping[str, str] = field(default_factory=dict)

    def verdicts(
        self, own: float, group: Sequence[str], passed: Mapping[str, bool], votes: int, rng: Random
    ) -> list[str]:
        """Votes between a right and a wrong patch follow the joint odds."""
        if self.problem is not None and len({passed[name] for name in group}) == 2:
            leader = self.problem.leader(*(self.names[name] for name in group))
            if leader is not None:
                trust = self.trust if self.problem.outcomes[leader] else 1 - self.trust
                odds = own * trust, (1 - own) * (1 - trust)
                own = odds[0] / sum(odds)
        return super().verdicts(own, group, passed, votes, rng)


def leads(problems: Sequence[Labelled]) -> tuple[int, int]:
    """How often the leading of a right and a wrong patch is the right one, and of how many."""
    found = [
        each.outcomes[leader]
        for each in problems
        for pair in each.pairs
        if _differ(each, *pair) and (leader := each.leader(*pair)) is not None
    ]
    return sum(found), len(found)


def judged(problem: Labelled, others: Sequence[Labelled], *, informed: bool) -> float:
    """What a tournament of the simulated judge scores on average."""
    ids, scores = list(problem.outcomes), list[float]()
    pool = Problem(problem.name, tuple(Attempt(problem.outcomes[id]) for id in ids))
    right, among = leads(others)
    names = dict(zip((each.id for each in pool.rollouts), ids, strict=True))
    judge = Judge(ACCURACY)
    if informed:
        judge = Informed(ACCURACY, problem=problem, trust=(right + 1) / (among + 2), names=names)
    for repeat in range(REPEATS):
        ranking, *_ = play("tournament", pool, judge, Setting(), f"{problem.name}/{repeat}")
        scores.append(float(problem.outcomes[names[ranking[0]]]))
    return mean(scores)


def choices_table(problems: Sequence[Labelled]) -> list[dict[str, Any]]:
    """H2: what selections score on mixed problems, and their gain over pass@1."""
    mixed = [each for each in problems if each.mixed]
    if not mixed:
        return []
    single = [mean(each.outcomes.values()) for each in mixed]
    others = {each.name: [o for o in mixed if o.name != each.name] for each in mixed}
    ways: dict[str, Callable[[Labelled], float]] = {
        "pass@1": lambda each: mean(each.outcomes.values()),
        "agreement": agreement,
        "not like untouched": not_untouched,
        "behavior": behavior,
        "judge": lambda each: judged(each, others[each.name], informed=False),
        "judge with evidence": lambda each: judged(each, others[each.name], informed=True),
    }
    rows = []
    for name, way in ways.items():
        worth = [way(each) for each in mixed]
        gains = [100 * (a - b) for a, b in zip(worth, single, strict=True)]
        ends = None if name == "pass@1" else list(interval(gains))
        rows.append({"selection": name, "selected": 100 * mean(worth), "gain": ends})
    return rows


def report(rows: Sequence[Row]) -> dict[str, Any]:
    """All numbers, by all that was printed and by return codes alone."""
    usable = [row for row in rows if row["shown"] and len(row["results"]) > 1]
    found: dict[str, Any] = {"problems run": len(rows), "with a check that counts": len(usable)}
    for name, codes in (("output", False), ("return codes", True)):
        problems = [labelled(row, codes=codes) for row in usable]
        right, among = leads([each for each in problems if each.mixed])
        found[name] = {
            "pairs": pairs_table(problems),
            "leads": f"{right} of {among}",
            "mixed problems": choices_table(_with_all_mixed(problems, rows, codes)),
        }
    return found


def _with_all_mixed(
    problems: Sequence[Labelled], rows: Sequence[Row], codes: bool
) -> list[Labelled]:
    """Mixed problems on which no check counted are problems, too: nothing separates there."""
    known = {each.name for each in problems}
    silent = [labelled({**row, "shown": {}}, codes=codes) for row in rows]
    return [*problems, *(each for each in silent if each.name not in known)]


def show(found: Mapping[str, Any], console: Console) -> None:
    """Print the numbers."""
    console.print(
        f"{found['problems run']} problems run, {found['with a check that counts']} with a check "
        "that counts"
    )
    for name in ("output", "return codes"):
        part = found[name]
        lines = [_line(label, value) for label, value in part["pairs"].items()]
        lines.append(_line("of a right and a wrong one the leading is right", part["leads"]))
        console.print(table(f"by {name}", ["", "", "%", "95 %"], lines))
        chosen = [[r["selection"], r["selected"], r["gain"]] for r in part["mixed problems"]]
        console.print(table(f"mixed problems, by {name}", ["", "selected", "gain"], chosen))


def _line(label: str, value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [label, value["of"], value["percent"], value["interval"]]
    return [label, str(value), None, None]
