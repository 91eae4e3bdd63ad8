"""What the options of refinement change, on populations fitted to the paper's tables.

    python bench/refinement.py [--pools paper_sonnet_swe ...] [--variants n=8 ...] [--repeats 200]

Everything here is simulated. Iteration 0 has the paper's pass counts. A refined rollout passes with
the rate that the paper reports for as many passing summaries in its context, drawn for each problem
from a Beta distribution with that mean and `--concentration` (the smaller, the more alike the
rollouts of a problem; the paper's pass counts after refinement speak for 1 or less). A cold rollout
passes with the problem's own rate of iteration 0. The judge is that of `selection.py --shared` with
the accuracy that the paper reports. Contexts of other sizes than 4 use the rate of the same share.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from statistics import mean
from typing import Any

from pools import PAPER, SIZE, Attempt, Paper, Problem, fitted
from rich.console import Console
from selection import Judge, Setting, play
from tables import interval, table

from inspect_tts.method.parameters import JudgeParameters
from inspect_tts.method.voting.early_stopping import AutoVotes

RATES = {
    "paper_opus_swe": (0.1, 33.4, 55.5, 85.4, 99.2),
    "paper_opus_tb": (1.8, 31.2, 43.0, 78.5, 94.1),
    "paper_pro_swe": (0.6, 36.9, 38.4, 87.0, 99.8),
    "paper_pro_tb": (3.8, 37.5, 45.8, 57.5, 93.1),
    "paper_sonnet_swe": (1.7, 18.8, 65.4, 88.1, 97.7),
    "paper_sonnet_tb": (3.0, 30.2, 58.0, 76.4, 91.7),
}
"""Pass@1 of iteration 1 in percent, by how many of the 4 summaries came from passing rollouts."""
PUBLISHED = {
    "paper_opus_swe": (76.04, 77.60),
    "paper_opus_tb": (52.49, 59.09),
    "paper_pro_swe": (76.16, 76.60),
    "paper_pro_tb": (56.89, 64.77),
    "paper_sonnet_swe": (74.01, 75.60),
    "paper_sonnet_tb": (50.00, 56.82),
}
"""The paper's iteration 1 and final."""
COLUMNS = ("variant", "rollouts", "calls", "select-K", "iteration 1", "selected", "against pdr_rtv")


@dataclass(frozen=True)
class Variant:
    """Arguments of `pdr_rtv`, or of `rtv` where nothing is refined."""

    name: str
    n: int = SIZE
    top_k: int = 4
    refine: bool = True
    keep_parents: bool = False
    without_context: int = 0
    auto: AutoVotes | None = None
    selection: str = "tournament"
    judges: int = 1
    by_strength: bool = False


AUTO = JudgeParameters(votes="auto").auto
VARIANTS = (
    Variant("pdr_rtv"),
    Variant("rtv", refine=False),
    Variant("keep_parents", keep_parents=True),
    Variant("without_context=4", without_context=4),
    Variant("keep_parents without_context=4", keep_parents=True, without_context=4),
    Variant("n=8", n=8),
    Variant("n=8 keep_parents", n=8, keep_parents=True),
    Variant("votes=auto", auto=AUTO),
    Variant("keep_parents votes=auto", keep_parents=True, auto=AUTO),
    Variant("n=6 keep_parents votes=auto", n=6, keep_parents=True, auto=AUTO),
    Variant("n=8 keep_parents votes=auto", n=8, keep_parents=True, auto=AUTO),
    Variant("n=10 keep_parents votes=auto", n=10, keep_parents=True, auto=AUTO),
    Variant("n=12 keep_parents votes=auto", n=12, keep_parents=True, auto=AUTO),
    Variant("n=14 keep_parents votes=auto", n=14, keep_parents=True, auto=AUTO),
    Variant("swiss keep_parents", keep_parents=True, selection="swiss"),
    Variant("swiss ranked_by=strength", selection="swiss", by_strength=True),
    Variant("swiss", selection="swiss"),
    Variant("two judges", judges=2),
    Variant("four judges", judges=4),
)
"""`robust` is `keep_parents`, `cheap` is `n=10 keep_parents votes=auto`: fitted rollouts have
neither patches nor turns, so that `dedupe` and `n=auto` change nothing and ties are drawn."""


@dataclass(frozen=True)
class Run:
    """One run of a variant on one problem."""

    selected: bool
    select_k: float
    iteration_1: float
    calls: int
    rollouts: int


def run(
    variant: Variant,
    problem: Problem,
    rates: Sequence[float],
    judge: Judge,
    spread: float,
    key: str,
) -> Run:
    """Run a variant on one problem.

    Args:
        variant: What to run.
        problem: Its population of iteration 0; `n` of it are drawn.
        rates: Pass rate of a refined rollout by passing summaries in a context of 4.
        judge: The judge of both selections.
        spread: Concentration of a problem's rate of refined rollouts.
        key: Seeds everything.

    Returns:
        What came of it.
    """
    rng = Random(f"refinement/{key}/{variant.n}")
    attempts = tuple(rng.sample(problem.attempts, variant.n))
    first = replace(problem, attempts=attempts)
    keep = variant.top_k if variant.refine else 1
    setting = Setting(auto=variant.auto, judges=variant.judges, by_strength=variant.by_strength)
    kind = variant.selection
    ranking, calls, _ = play(kind, first, judge, replace(setting, keep=keep), key)
    chosen = [attempts[int(id[-2:])] for id in ranking[:keep]]
    passing = mean(attempt.passed for attempt in chosen)
    if not variant.refine:
        return Run(chosen[0].passed, passing, mean(first.passed), calls, variant.n)
    rate = rates[round(passing * 4)] / 100
    own = rng.betavariate(rate * spread, (1 - rate) * spread)
    cold = mean(problem.passed)
    refined = [Attempt(rng.random() < own) for _ in range(variant.n - variant.without_context)]
    refined += [Attempt(rng.random() < cold) for _ in range(variant.without_context)]
    carried = chosen if variant.keep_parents else []
    second = replace(problem, attempts=(*refined, *carried))
    ranking, more, _ = play(kind, second, judge, setting, f"{key}/t1")
    winner = second.attempts[int(ranking[0][-2:])]
    return Run(winner.passed, passing, mean(a.passed for a in refined), calls + more, 2 * variant.n)


def rows(
    paper: Paper, spread: float, repeats: int, variants: Sequence[Variant] = VARIANTS
) -> list[dict[str, Any]]:
    """Variants on the population of one row of the paper, rates in percent; `pdr_rtv` first."""
    problems, rates = fitted(paper).problems, RATES[paper.name]
    judge = Judge(mean(paper.accuracy), shared=True)
    found: list[dict[str, Any]] = []
    plain: list[float] = []
    for variant in variants:
        runs = [
            [
                run(variant, problem, rates, judge, spread, f"{paper.name}/{problem.name}/{repeat}")
                for repeat in range(repeats)
            ]
            for problem in problems
        ]
        worth = [mean(one.selected for one in each) for each in runs]
        plain = plain or worth
        flat = [one for each in runs for one in each]
        gains = [a - b for a, b in zip(worth, plain, strict=True)]
        found.append(
            {
                "variant": variant.name,
                "rollouts": flat[0].rollouts,
                "calls": mean(one.calls for one in flat),
                "select-K": 100 * mean(one.select_k for one in flat),
                "iteration 1": 100 * mean(one.iteration_1 for one in flat),
                "selected": 100 * mean(worth),
                "gain": [100 * mean(gains), *(100 * end for end in interval(gains))],
            }
        )
    return found


def shown(
    paper: Paper, spread: float, repeats: int, variants: Sequence[Variant]
) -> tuple[str, list[list[str]], Any]:
    """One table: its title and rows, and the numbers."""
    iteration_1, final = PUBLISHED[paper.name]
    title = (
        f"{paper.name}: the paper has pass@1 {paper.pass_at_1:.1f}, select-K {paper.select_k:.1f}, "
        f"iteration 1 {iteration_1:.1f}, final {final:.1f}; all below is simulated"
    )
    numbers = rows(paper, spread, repeats, variants)
    lines = [
        [
            row["variant"],
            str(row["rollouts"]),
            *(f"{row[name]:.1f}" for name in ("calls", "select-K", "iteration 1", "selected")),
            "{:+.1f}  {:+.1f} .. {:+.1f}".format(*row["gain"]),
        ]
        for row in numbers
    ]
    return title, lines, numbers


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pools", nargs="+", choices=sorted(RATES), default=sorted(RATES))
    parser.add_argument("--concentration", type=float, default=1.0)
    parser.add_argument("--repeats", type=int, default=4, help="runs of each problem")
    parser.add_argument("--json", action="store_true")
    names = [variant.name for variant in VARIANTS[1:]]
    parser.add_argument("--variants", nargs="+", choices=names, default=names)
    given = parser.parse_args()
    variants = [each for each in VARIANTS if each == VARIANTS[0] or each.name in given.variants]
    console, report = Console(width=120), {}
    for paper in PAPER:
        if paper.name in given.pools:
            title, lines, report[paper.name] = shown(
                paper, given.concentration, given.repeats, variants
            )
            if not given.json:
                console.print(table(title, COLUMNS, lines))
    if given.json:
        print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
