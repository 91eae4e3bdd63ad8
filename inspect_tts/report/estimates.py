"""Estimates over the problems of a run, with their intervals."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from inspect_tts.statistics import measures
from inspect_tts.statistics.intervals import Estimate, estimate, mean_of_known
from inspect_tts.statistics.outcomes import ProblemOutcome

_ONE_ITERATION = {"rtv", "select_recorded", "rollouts"}
COSTS = ("tokens", "dollars", "seconds")

Row = dict[str, float]
"""The numbers of a problem, named as in `RunNumbers.scores`, `baselines` and `per_problem`."""


def by_problem(outcomes: Sequence[ProblemOutcome]) -> dict[str, list[ProblemOutcome]]:
    """Group outcomes by problem, the unit that the bootstrap resamples."""
    found: dict[str, list[ProblemOutcome]] = defaultdict(list)
    for outcome in outcomes:
        found[outcome.problem].append(outcome)
    return found


def row(problem: Sequence[ProblemOutcome], *, an_attempt: bool = False) -> Row:
    """Average the numbers of a problem over its epochs. Only numbers that every epoch has count.

    With `an_attempt`, the costs of an epoch are divided by its number of rollouts.
    """
    rows = [_row(outcome, len(outcome.rollouts) if an_attempt else 1) for outcome in problem]
    names = [name for name in rows[0] if all(name in other for other in rows)]
    return {name: sum(each[name] for each in rows) / len(rows) for name in names}


def _row(outcome: ProblemOutcome, attempts: int) -> Row:
    used = outcome.usage
    costs = (used.total_tokens, used.cost if used.total_tokens else 0.0, outcome.seconds)
    found: dict[str, float | None] = {**outcome.numbers}
    found["pass_1"] = found.pop("iteration_0", None)
    for name, cost in zip(COSTS, costs, strict=True):
        found[name] = None if cost is None else cost / max(1, attempts)
    found |= measures.baselines(measures.candidates(outcome), outcome.scores)
    return {name: value for name, value in found.items() if value is not None}


def scores(
    rows: Sequence[Row],
    outcomes: Sequence[ProblemOutcome],
    later: Sequence[int],
    seed: int,
    *,
    strategy: str | None,
) -> dict[str, Estimate | None]:
    """Compute the columns of the paper's main table; see `RunNumbers.scores`.

    The strategy of a plain run is None. If no sample ended, the numbers that the strategy would
    have are None.
    """
    selections = max((len(outcome.selections) for outcome in outcomes), default=0)
    if not outcomes and strategy is not None and _refines(strategy):
        selections, later = 2, (1,)
    selects = bool(selections) or strategy is not None
    names = ["pass_1", *(["select_k"] if selections > 1 else [])]
    names += [*(f"iteration_{t}" for t in later), *(["selected"] if selects else []), "oracle"]
    found = means(rows, names, seed)
    if not selects:
        return found
    pairs = [each for each in rows if {"pass_1", "selected"} <= set(each)]
    triples = [(r["pass_1"], r["selected"], r["oracle"]) for r in pairs if "oracle" in r]
    gains = [each["selected"] - each["pass_1"] for each in pairs]
    headroom = estimate(triples, _headroom, seed=seed)
    return {**found, "gain": mean_of_known(gains, seed=seed), "headroom": headroom}


def _refines(strategy: str) -> bool:
    """Tell from its name or stages whether a strategy has more than one iteration."""
    stages = strategy.split("+")
    return stages.count("rollouts") > 1 or (len(stages) == 1 and strategy not in _ONE_ITERATION)


def means(rows: Sequence[Row], names: Sequence[str], seed: int) -> dict[str, Estimate | None]:
    """The mean of each number over the problems that have it."""
    return {n: mean_of_known([each.get(n) for each in rows], seed=seed) for n in names}


def _headroom(triples: Sequence[tuple[float, float, float]]) -> float | None:
    first, selected, oracle = (sum(column) / len(triples) for column in zip(*triples, strict=True))
    return measures.headroom_recovered(first, selected, oracle)


def pass_at_k(problems: Mapping[str, Sequence[ProblemOutcome]], seed: int) -> dict[int, Estimate]:
    """pass@k of iteration 0, over fully graded problems; see `measures.pass_at_k`."""
    counted = []
    for problem in problems.values():
        known = [(len(o.population(0)), c) for o in problem if (c := o.passes(0)) is not None]
        if len(known) == len(problem):
            counted.append(known)
    fewest = min((n for problem in counted for n, _ in problem), default=0)
    ks = {k for k in (1, 2, 4, 8, 16, 32, 64, fewest) if 0 < k <= fewest}
    shares = {
        k: [sum(measures.pass_at_k(n, c, k) for n, c in each) / len(each) for each in counted]
        for k in sorted(ks)
    }
    return {k: found for k, each in shares.items() if (found := mean_of_known(each, seed=seed))}


def rounds(outcomes: Sequence[ProblemOutcome]) -> tuple[tuple[str, float, int, int], ...]:
    """Mean score of the rollouts left after each round; see `RunNumbers.rounds`."""
    found: dict[tuple[int, str, int], list[tuple[float, int]]] = defaultdict(list)
    for outcome in outcomes:
        for selection in outcome.selections:
            for number, left in enumerate(measures.left_after_rounds(selection)):
                known = [outcome.scores[id] for id in left if id in outcome.scores]
                if known and len(known) == len(left):
                    place = selection.iteration, selection.id, number
                    found[place].append((sum(known) / len(known), len(left)))
    return tuple(
        (
            f"{id} {f'round {number}' if number else 'start'}",
            sum(score for score, _ in entries) / len(entries),
            max(size for _, size in entries),
            len(entries),
        )
        for (_, id, number), entries in sorted(found.items())
    )
