"""Statistics of graded rollouts: pass@k, headroom, free baselines, effects of refinement.

A number that needs the score of an ungraded rollout is None. It is never estimated.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import comb
from statistics import median
from typing import NamedTuple

from inspect_tts.method.records import Rollout, Selection

from .intervals import mean
from .outcomes import ProblemOutcome


def pass_at_k(rollouts: int, passes: int, k: int) -> float:
    """Unbiased estimate of the probability that at least one of k rollouts passes.

    pass@k = 1 - C(n-c, k) / C(n, k)   (Chen et al., 2021, arXiv 2107.03374, eq. 1)
    """
    if not (1 <= k <= rollouts and 0 <= passes <= rollouts):
        raise ValueError(f"pass@k needs 1 <= k <= n and 0 <= c <= n: {rollouts=}, {passes=}, {k=}")
    return 1 - comb(rollouts - passes, k) / comb(rollouts, k)


def headroom_recovered(pass_1: float, selected: float, oracle: float) -> float | None:
    """Share of the possible gain that the selection achieved; None if no gain was possible.

    (selected - pass@1) / (oracle - pass@1)
    """
    return (selected - pass_1) / (oracle - pass_1) if oracle > pass_1 else None


# --- free baselines

BASELINES = ("random", "first", "fewest_turns", "cheapest", "agreement")


def baselines(
    candidates: Sequence[Rollout], scores: Mapping[str, float]
) -> dict[str, float | None]:
    """Scores of simple selections, which call no model, among the same candidates.

    If several candidates rank first, the number is their mean score: the expected score of a random
    draw among them.
    """
    if not candidates or any(rollout.id not in scores for rollout in candidates):
        return dict.fromkeys(BASELINES)
    ended = [r for r in candidates if r.status == "completed"] or candidates
    newest = max(r.iteration for r in candidates)
    priced = all(r.usage.cost is not None for r in candidates)
    prints = Counter(r.facts.fingerprint for r in candidates)
    chosen = (
        candidates,
        _least([r for r in candidates if r.iteration == newest], lambda r: r.index),
        _least(ended, lambda r: r.turns),
        _least(ended, lambda r: (r.usage.cost or 0.0) if priced else r.usage.total_tokens),
        _least(
            [r for r in candidates if r.facts.fingerprint], lambda r: -prints[r.facts.fingerprint]
        ),
    )
    return {
        name: mean([scores[rollout.id] for rollout in among])
        for name, among in zip(BASELINES, chosen, strict=True)
    }


def candidates(outcome: ProblemOutcome) -> tuple[Rollout, ...]:
    """The candidates of the last selection, or all rollouts if there was no selection."""
    if not outcome.selections:
        return outcome.rollouts
    could_be = set(outcome.selections[-1].population)
    return tuple(rollout for rollout in outcome.rollouts if rollout.id in could_be)


def _least(rollouts: Sequence[Rollout], worth: Callable[[Rollout], float]) -> list[Rollout]:
    best = min(map(worth, rollouts), default=0)
    return [rollout for rollout in rollouts if worth(rollout) == best]


# --- pass counts, and how refinement changed them


class Refinement(NamedTuple):
    """How problems changed from one iteration to the next, if both are fully graded."""

    problems: int
    gained: int
    """Problems never solved before, but at least once after."""
    lost: int
    """Problems solved at least once before, but never after."""
    rose: int
    """Problems of which a larger share of rollouts passes after."""
    fell: int
    """Problems of which a smaller share of rollouts passes after."""
    always: tuple[int, int]
    """Number of problems that every rollout solves, before and after."""
    never: tuple[int, int]
    """Number of problems that no rollout solves, before and after."""
    matrix: tuple[tuple[int, ...], ...]
    """Number of problems by passes before (row, from 0) and passes after (column, from 0)."""


def pass_counts(outcomes: Iterable[ProblemOutcome], iteration: int) -> tuple[int, ...]:
    """How many problems have 0, 1, ..., N passing rollouts (paper, table of pass counts)."""
    counted = [
        (passes, len(outcome.population(iteration)))
        for outcome in outcomes
        if (passes := outcome.passes(iteration)) is not None
    ]
    counts = Counter(passes for passes, _ in counted)
    most = max((size for _, size in counted), default=-1)
    return tuple(counts[passes] for passes in range(most + 1))


def refinement(outcomes: Iterable[ProblemOutcome], before: int, after: int) -> Refinement | None:
    """Compare the pass counts of two iterations, problem by problem."""
    pairs = [
        (one, len(outcome.population(before)), other, len(outcome.population(after)))
        for outcome in outcomes
        if (one := outcome.passes(before)) is not None
        and (other := outcome.passes(after)) is not None
    ]
    if not pairs:
        return None
    cells = Counter((one, other) for one, _, other, _ in pairs)
    rows, columns = max(n for _, n, _, _ in pairs), max(m for *_, m in pairs)
    return Refinement(
        problems=len(pairs),
        gained=sum(one == 0 < other for one, _, other, _ in pairs),
        lost=sum(other == 0 < one for one, _, other, _ in pairs),
        rose=sum(other * n > one * m for one, n, other, m in pairs),
        fell=sum(other * n < one * m for one, n, other, m in pairs),
        always=(sum(one == n for one, n, *_ in pairs), sum(o == m for *_, o, m in pairs)),
        never=(sum(one == 0 for one, *_ in pairs), sum(o == 0 for *_, o, _ in pairs)),
        matrix=tuple(tuple(cells[i, j] for j in range(columns + 1)) for i in range(rows + 1)),
    )


class ByContext(NamedTuple):
    """Refined rollouts whose contexts hold the same number of passing summaries."""

    passing: int
    """Summaries in the context that come from passing rollouts."""
    size: int
    """Summaries in the context (K)."""
    problems: int
    rollouts: int
    score: float
    """Mean score of the refined rollouts."""


def by_passing_context(outcomes: Iterable[ProblemOutcome], iteration: int) -> tuple[ByContext, ...]:
    """Score of refined rollouts by passing summaries in their context (paper, table of k/4)."""
    found: dict[tuple[int, int], list[tuple[int, float]]] = defaultdict(list)
    for number, outcome in enumerate(outcomes):
        for rollout in outcome.population(iteration):
            known = [outcome.passed(id) for id in rollout.context]
            if known and None not in known and rollout.id in outcome.scores:
                key = len(known), sum(map(bool, known))
                found[key].append((number, outcome.scores[rollout.id]))
    return tuple(
        ByContext(
            *(passing, size, len({number for number, _ in entries}), len(entries)),
            score=sum(score for _, score in entries) / len(entries),
        )
        for (size, passing), entries in sorted(found.items())
    )


class Turns(NamedTuple):
    """Turns of the rollouts of an iteration that have the same outcome."""

    iteration: int
    outcome: str
    """`passed`, `failed` or `not graded`."""
    rollouts: int
    mean: float
    median: float


def turns_by_outcome(outcomes: Iterable[ProblemOutcome]) -> tuple[Turns, ...]:
    """Turns of a rollout (model generations; the paper's steps) by iteration and outcome."""
    names = {True: "passed", False: "failed", None: "not graded"}
    turns: dict[tuple[int, str], list[int]] = defaultdict(list)
    for outcome in outcomes:
        for rollout in outcome.rollouts:
            turns[rollout.iteration, names[outcome.passed(rollout.id)]].append(rollout.turns)
    order = sorted(turns.items(), key=lambda e: (e[0][0], e[0][1] != "passed", e[0][1]))
    return tuple(Turns(*key, len(t), sum(t) / len(t), median(t)) for key, t in order)


# --- rollouts left after each round


def left_after_rounds(selection: Selection) -> tuple[tuple[str, ...], ...]:
    """The population, then the rollouts left after each round in which some were dropped.

    Only a tournament drops rollouts in each round. Other selections drop them at the end.
    """
    left = [selection.population]
    groups = [tuple(id for m in round.matches for id in m.group) for round in selection.rounds]
    for round, after in zip(selection.rounds, [*groups, selection.selected][1:], strict=True):
        winners = tuple(match.winner for match in round.matches)
        if selection.classes or set(winners) != set(after):
            break  # a round's winners do not decide which rollouts stay
        left.append(winners)
    if set(left[-1]) != set(selection.selected):
        left.append(selection.selected)
    return tuple(left)
