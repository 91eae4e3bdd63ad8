"""Populations of attempts to select from: recorded ones, and ones fitted to the paper's tables.

A fitted population has the paper's number of problems with 0/16, 1..15/16 and 16/16 passes and its
average pass@1. How the 1..15 spread is not published: they follow the Beta-binomial that makes the
published counts likeliest among those with the published mean.
"""

import csv
import json
import lzma
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import comb, exp, lgamma, log, sqrt
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspect_tts.method.records import Facts, Rollout, Summary, Usage
from inspect_tts.method.seeding import seeded_shuffle

SIZE = 16
"""Attempts at a problem in the paper, and where a pool is drawn from a record."""
LEAST_RESOLVED = 0.30
"""Share of problems that a submission to SWE-bench Verified must resolve to be drawn from."""
PAIR = "Terminus 2 - Claude Opus 4.5"
"""Agent and model whose resolution rates are used."""


@dataclass(frozen=True)
class Attempt:
    """One attempt at a problem; 0 turns or tokens where the pool has none."""

    passed: bool
    turns: int = 0
    tokens: int = 0
    fingerprint: str | None = None
    behavior: str | None = None  # when executed; None if unknown, or the untouched tree's


@dataclass(frozen=True)
class Problem:
    """All attempts at one problem, in the order they were started where that is known."""

    name: str
    attempts: tuple[Attempt, ...]
    tokens: int | None = None
    """Of the problem's text, None where the pool has no text."""

    @property
    def passed(self) -> tuple[bool, ...]:
        """The outcomes, which no selection sees."""
        return tuple(attempt.passed for attempt in self.attempts)

    @cached_property
    def rollouts(self) -> tuple[Rollout, ...]:
        """The attempts as a selection sees them: without outcomes."""
        return tuple(
            Rollout(
                id=f"t0-n{index:02d}",
                iteration=0,
                index=index,
                status="completed",
                model="recorded",
                turns=attempt.turns,
                messages=0,
                usage=Usage(total_tokens=attempt.tokens),
                seconds=0.0,
                facts=Facts(status="completed", fingerprint=attempt.fingerprint),
                summary=Summary(status="structured", text="{}"),
            )
            for index, attempt in enumerate(self.attempts)
        )


@dataclass(frozen=True)
class Pool:
    """A population of attempts."""

    name: str
    problems: tuple[Problem, ...]
    source: str
    """What is real and what is drawn."""
    ranks: frozenset[str] = frozenset()
    """Selections without a judge that the record suffices for, besides `random`."""


@dataclass(frozen=True)
class Paper:
    """One row of the paper's tables: percent, and problems with 0/16 and 16/16 passes."""

    name: str
    problems: int
    pass_at_1: float
    never: int
    always: int
    select_k: float
    accuracy: tuple[float, float]
    """The judge's on groups with a pass and a fail: the range over models."""
    final: float | None = None
    """Of the tournament played to one among iteration 0."""


_SWE, _TB = (0.61, 0.67), (0.78, 0.82)
PAPER = (
    Paper("paper_opus_swe", 500, 70.94, 73, 209, 75.00, _SWE),
    Paper("paper_pro_swe", 500, 72.25, 70, 230, 75.30, _SWE),
    Paper("paper_sonnet_swe", 500, 67.41, 83, 158, 72.60, _SWE, 73.6),
    Paper("paper_opus_tb", 88, 46.95, 26, 26, 54.26, _TB),
    Paper("paper_pro_tb", 88, 52.49, 21, 32, 59.66, _TB),
    Paper("paper_sonnet_tb", 88, 40.62, 29, 21, 50.85, _TB, 54.6),
)


def beta_binomial(n: int, alpha: float, beta: float) -> list[float]:
    """Chances of 0 to n passes where each problem has its own rate, drawn from a Beta."""
    whole = lgamma(alpha + beta) - lgamma(alpha) - lgamma(beta) - lgamma(alpha + beta + n)
    logs = (whole + lgamma(alpha + k) + lgamma(beta + n - k) for k in range(n + 1))
    return [comb(n, k) * exp(x) for k, x in enumerate(logs)]


def solve(function: Callable[[float], float], target: float) -> float:
    """Where between 0 and 1 an increasing function has a value, or is nearest to it."""
    low, high = 0.001, 0.999
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < target else (low, middle)
    return (low + high) / 2


def pass_counts(paper: Paper) -> tuple[int, ...]:
    """Fit a population to a row: how many problems have 0, 1, ... 16 passes."""
    mixed = paper.problems - paper.never - paper.always
    passes = round(paper.pass_at_1 / 100 * SIZE * paper.problems) - SIZE * paper.always

    def inner_mean(spread: float, rate: float) -> float:
        inner = beta_binomial(SIZE, rate * spread, (1 - rate) * spread)[1:SIZE]
        return sum(k * p for k, p in enumerate(inner, 1)) / sum(inner)

    def likelihood(chances: Sequence[float]) -> float:
        ends = paper.never * log(chances[0]) + paper.always * log(chances[SIZE])
        return ends + mixed * log(sum(chances[1:SIZE]))

    fits = []
    for spread in (10 ** (step / 10) for step in range(-10, 11)):
        rate = solve(partial(inner_mean, spread), passes / mixed)
        fits.append(beta_binomial(SIZE, rate * spread, (1 - rate) * spread))
    inner = max(fits, key=likelihood)[1:SIZE]
    shares = [mixed * p / sum(inner) for p in inner]
    return (paper.never, *_whole(shares, passes), paper.always)


def _whole(expected: Sequence[float], passes: int) -> list[int]:
    """Whole numbers near the expected ones, with as many problems and the given passes."""
    counts = [int(x) for x in expected]
    largest_rest_first = sorted(range(len(counts)), key=lambda i: counts[i] - expected[i])
    for i in largest_rest_first[: round(sum(expected)) - sum(counts)]:
        counts[i] += 1
    while lack := passes - sum(k * count for k, count in enumerate(counts, 1)):
        step = 1 if lack > 0 else -1
        movable = [i for i, c in enumerate(counts) if c and 0 <= i + step < len(counts)]
        i = max(movable, key=lambda i: counts[i] - expected[i])
        counts[i], counts[i + step] = counts[i] - 1, counts[i + step] + 1
    return counts


def fitted(paper: Paper) -> Pool:
    """A population like that of a row of the paper."""
    problems = [
        Problem(f"{passes:02d}-{i:03d}", tuple(Attempt(j < passes) for j in range(SIZE)))
        for passes, count in enumerate(pass_counts(paper))
        for i in range(count)
    ]
    return Pool(paper.name, tuple(problems), "outcomes fitted to the paper's tables")


def match_accuracy(accuracy: float, votes: int, concentration: float) -> float:
    """Chance that the passing one of a pair gets more votes, or wins the lot where they tie."""
    named = beta_binomial(votes, accuracy * concentration, (1 - accuracy) * concentration)
    return sum(p * (0.5 if 2 * k == votes else 2 * k > votes) for k, p in enumerate(named))


def round_of_pairs(
    candidates: int, accuracy: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Chances of passing winners (columns) by passing candidates (rows); how many pairs differ."""
    pairs = candidates // 2
    chances, expected_mixed = np.zeros((candidates + 1, pairs + 1)), np.zeros(candidates + 1)
    for k in range(candidates + 1):
        for both in range(max(0, k - pairs), k // 2 + 1):
            mixed = k - 2 * both
            ways = comb(pairs, mixed) * 2**mixed * comb(pairs - mixed, both) / comb(candidates, k)
            expected_mixed[k] += ways * mixed
            for won in range(mixed + 1):
                share = comb(mixed, won) * accuracy**won * (1 - accuracy) ** (mixed - won)
                chances[k, both + won] += ways * share
    return chances, expected_mixed


def expected(counts: Sequence[int], accuracies: Sequence[float]) -> tuple[float, float]:
    """Play rounds of pairs drawn by lot, averaged exactly.

    Args:
        counts: How many problems have 0, 1, ... passes.
        accuracies: For each round, that of a match between a passing and a failing candidate.

    Returns:
        Pass@1 of the survivors in percent, and its standard deviation over lots and votes.
    """
    given, chances = np.array(counts), np.eye(len(counts))
    for accuracy in accuracies:
        chances = chances @ round_of_pairs(chances.shape[1] - 1, accuracy)[0]
    rates = np.linspace(0, 1, chances.shape[1])
    means = chances @ rates
    variance = given @ (chances @ rates**2 - means**2)
    return 100 * float(given @ means) / sum(counts), 100 * sqrt(variance) / sum(counts)


def trajectories(path: Path, name: str) -> Pool:
    """Attempts with their trajectories, in the order they were started.

    Turns are the agent's steps. Neither record has token counts: a quarter of the characters that
    the agent wrote and read stands for them, with what the record says it left out.
    """
    by_task: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            by_task[row["task_name"]].append(row)
    problems = [
        Problem(
            task,
            tuple(_attempt(row) for row in sorted(rows, key=lambda row: str(row["started_at"]))),
            tokens=sum(len(step["message"]) for step in _steps(rows[0], "user")) // 4,
        )
        for task, rows in by_task.items()
    ]
    source = "recorded outcomes, turns and characters"
    return Pool(name, tuple(problems), source, frozenset({"first", "fewest_turns", "cheapest"}))


def _steps(row: dict[str, Any], source: str) -> list[dict[str, Any]]:
    return [step for step in row["trajectory"]["steps"] if step["source"] == source]


def _attempt(row: dict[str, Any]) -> Attempt:
    steps = _steps(row, "agent")
    texts = [json.dumps([s["message"], s.get("tool_calls"), s.get("observation")]) for s in steps]
    left_out = (int(n) for text in texts for n in re.findall(r"\.\.\.\(\+(\d+) chars\)", text))
    return Attempt(bool(row["reward"]), len(steps), (sum(map(len, texts)) + sum(left_out)) // 4)


def submissions(path: Path, name: str, *, seed: int) -> Pool:
    """For each problem 16 submissions by lot, of those that resolve at least 30 %."""
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    names = [column for column in rows[0] if column != "instance_id"]
    able = [n for n in names if mean(int(r[n]) for r in rows) >= LEAST_RESOLVED]
    problems = []
    for row in rows:
        drawn = seeded_shuffle(able, seed=seed, key=f"{name}/{row['instance_id']}")[:SIZE]
        problems.append(Problem(row["instance_id"], tuple(Attempt(row[n] == "1") for n in drawn)))
    source = f"recorded outcomes of {SIZE} different agents by lot, of the {len(able)} best"
    return Pool(name, tuple(problems), source)


def rates(path: Path, name: str, *, seed: int) -> Pool:
    """For each task 16 outcomes drawn with replacement from the about 5 recorded ones."""
    problems = []
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        rng, rate = Random(f"{seed}/{name}/{row['task']}"), float(row[PAIR])
        problems.append(
            Problem(row["task"], tuple(Attempt(rng.random() < rate) for _ in range(SIZE)))
        )
    source = f"{SIZE} outcomes drawn from the about 5 recorded of {PAIR}"
    return Pool(name, tuple(problems), source)


def load(name: str, data: Path, seed: int) -> Pool:
    """A pool: of `PAPER`, or of `RECORDED` (FileNotFoundError where the data is absent)."""
    for paper in PAPER:
        if paper.name == name:
            return fitted(paper)
    path = data / RECORDED[name]
    if path.suffix == ".xz":
        return trajectories(path, name)
    return (submissions if name == "sbv" else rates)(path, name, seed=seed)


RECORDED = {
    "tb20_capy": "trajectories/tb20_capy_gpt-5.5.jsonl.xz",
    "tb20_forge": "trajectories/tb20_forge.jsonl.xz",
    "sbv": "pools/sbv_experiments_nov2024_35x500.csv",
    "tb20_rates": "pools/tb20_paper_resolution_rate_41x89.csv",
}
"""Where the recorded pools are."""
