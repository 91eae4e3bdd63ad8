"""What `votes=auto` asks and selects, against the paper's 8 votes of a match with early stop.

    python bench/votes.py [--pools paper_sonnet_swe ...] [--accuracy 0.6 0.7 0.8] [--json]

The populations are fitted to the paper's tables, the judge is that of `selection.py`. Nothing is
drawn: tournaments of 16 in pairs are averaged exactly over all pairings and votes. `% of calls` is
against 8 votes, `selected` in points; brackets are 95 % bootstrap intervals over problems, paired.
`keep` is how many the tournament leaves: 1 as at the end of a strategy, 4 as before its refinement.

The defaults of `votes=auto` were chosen on the populations of Opus. Those of Sonnet, the default
here, took no part.
"""

import argparse
import json
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pools import PAPER, SIZE, Paper, pass_counts, round_of_pairs
from rich.console import Console
from tables import RESAMPLES, interval, table

from inspect_tts.method.parameters import JudgeParameters
from inspect_tts.method.voting.early_stopping import AutoVotes, further_votes

AUTO = JudgeParameters(votes="auto").auto
assert AUTO is not None
VARIANTS: dict[str, tuple[int, AutoVotes | None]] = {
    "votes=8": (8, None),
    "votes=7": (7, None),
    "votes=5": (5, None),
    "votes=3": (3, None),
    "votes=auto": (AUTO.most, AUTO),
    "vote_error=0.03": (AUTO.most, AUTO.model_copy(update={"error": 0.03})),
    "vote_error=0.1": (AUTO.most, AUTO.model_copy(update={"error": 0.1})),
    "max_votes=8": (8, AUTO.model_copy(update={"most": 8})),
}
COLUMNS = ("keep", "judge", "setting", "calls", "% of calls", "selected", "against 8 votes")
CONCENTRATION, PIECES = 2.0, 40
"""Of the Beta distribution of a judge's accuracy, and in how many equal parts it is taken."""
Numbers = NDArray[np.float64]


def accuracies(mean: float) -> Numbers:
    """Accuracies of matches or problems, all alike probable."""
    x = np.linspace(0, 1, 100_001)[1:-1]
    a, b = mean * CONCENTRATION, (1 - mean) * CONCENTRATION
    mass = np.cumsum(x ** (a - 1) * (1 - x) ** (b - 1))
    return x[np.searchsorted(mass / mass[-1], (np.arange(PIECES) + 0.5) / PIECES)]


@cache
def more(name: str, matches: int, one: int, other: int) -> bool:
    """Whether a live run asks further votes in a match with this tally."""
    votes, auto = VARIANTS[name]
    cast = ["a"] * one + ["b"] * other
    return further_votes("ab", cast, votes=votes, early_stop=True, auto=auto, matches=matches) > 0


def match(name: str, matches: int, accuracy: float) -> tuple[float, float]:
    """Chance that the one that each vote names with this accuracy wins a match, and its votes."""
    open_, won, calls = {(0, 0): 1.0}, 0.0, 0.0
    while open_:
        following: dict[tuple[int, int], float] = {}
        for (one, other), chance in open_.items():
            if not more(name, matches, one, other):
                won += chance * (0.5 if one == other else one > other)
                calls += chance * (one + other)
                continue
            for tally, share in (((one + 1, other), accuracy), ((one, other + 1), 1 - accuracy)):
                following[tally] = following.get(tally, 0.0) + chance * share
        open_ = following
    return won, calls


def tournament(name: str, keep: int, own: Numbers) -> tuple[Numbers, Numbers]:
    """Calls and mean score of what is kept, by the number of passing rollouts among 16."""
    chances, calls = np.eye(SIZE + 1), np.zeros(SIZE + 1)
    while chances.shape[1] - 1 > keep:
        size = chances.shape[1] - 1
        won, asked = np.mean([match(name, size // 2, a) for a in own], axis=0)
        won_by, mixed = round_of_pairs(size, float(won))
        calls += chances @ (mixed * asked + (size // 2 - mixed) * match(name, size // 2, 0.5)[1])
        chances = chances @ won_by
    return calls, chances @ np.linspace(0, 1, chances.shape[1])


def played(name: str, keep: int, accuracy: float, *, shared: bool) -> tuple[Numbers, Numbers]:
    """The same, where a judge's accuracy is that of the problem or of each match."""
    own = accuracies(accuracy)
    if not shared:
        return tournament(name, keep, own)
    calls, worth = zip(
        *(tournament(name, keep, own[i : i + 1]) for i in range(PIECES)), strict=True
    )
    return np.mean(calls, axis=0), np.mean(worth, axis=0)


def share(part: Numbers, whole: Numbers) -> list[float]:
    """A ratio of sums in percent, and its interval over problems."""
    drawn = np.random.default_rng(0).integers(0, len(part), (RESAMPLES, len(part)))
    ratios = part[drawn].sum(axis=1) / whole[drawn].sum(axis=1)
    return [100 * float(x) for x in (part.sum() / whole.sum(), *np.percentile(ratios, (2.5, 97.5)))]


def rows(paper: Paper, accuracy: float) -> list[dict[str, Any]]:
    """All settings on one population, scores in percent."""
    passes = np.repeat(np.arange(SIZE + 1), pass_counts(paper))
    found: list[dict[str, Any]] = []
    for keep, shared in product((1, 4), (False, True)):
        plain: list[Numbers] = []
        for name in VARIANTS:
            calls, worth = (x[passes] for x in played(name, keep, accuracy, shared=shared))
            plain = plain or [calls, worth]
            gains = worth - plain[1]
            found.append(
                {
                    "keep": keep,
                    "judge": "by problem" if shared else "by match",
                    "setting": name,
                    "calls": float(calls.mean()),
                    "share": share(calls, plain[0]),
                    "selected": 100 * float(worth.mean()),
                    "gain": [100 * float(x) for x in (gains.mean(), *interval(list(gains)))],
                }
            )
    return found


def line(row: dict[str, Any]) -> list[str]:
    """A row as text."""
    return [
        *(str(row[name]) for name in ("keep", "judge", "setting")),
        f"{row['calls']:.1f}",
        "{:.0f}  {:.0f} .. {:.0f}".format(*row["share"]),
        f"{row['selected']:.1f}",
        "{:+.2f}  {:+.2f} .. {:+.2f}".format(*row["gain"]),
    ]


def main() -> None:
    names = [paper.name for paper in PAPER]
    sonnet = [name for name in names if "sonnet" in name]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pools", nargs="+", choices=names, default=sonnet, metavar="POOL")
    parser.add_argument("--accuracy", type=float, nargs="+", default=[0.7], help="of one vote")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    console, report = Console(width=120), list[dict[str, Any]]()
    for name, accuracy in product(given.pools, given.accuracy):
        found = rows(next(paper for paper in PAPER if paper.name == name), accuracy)
        report.append({"pool": name, "accuracy": accuracy, "rows": found})
        if not given.json:
            title = f"{name}: fitted; a vote is right in {accuracy:.0%}"
            console.print(table(title, COLUMNS, list(map(line, found))))
    if given.json:
        print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
