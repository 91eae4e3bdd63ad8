"""All tables of a report; here those of refinement, judges and phases."""

from collections.abc import Iterable, Sequence
from typing import Any

from inspect_tts.report.compare import Comparison
from inspect_tts.report.numbers import RunNumbers

from .evidence import evidence_table
from .tables import (
    ABSENT,
    Cell,
    Table,
    amount,
    baselines_table,
    comparison_table,
    cost_table,
    heading,
    heading_cells,
    main_table,
    score,
)


def tables(
    runs: Sequence[RunNumbers], comparisons: Sequence[Comparison] = (), *, full: bool = False
) -> list[Table]:
    """All tables of a report."""
    found = [
        main_table(runs),
        baselines_table(runs),
        *(comparison_table(runs, comparison) for comparison in comparisons),
        evidence_table(runs),
        cost_table(runs),
    ]
    if full:
        found += [_pass_at_k(runs), _refinement(runs), _context(runs), _judge(runs), _rates(runs)]
        found += [_calibration(runs), _turns(runs), _phases(runs)]
    return [table for table in found if table.rows]


def _each(
    runs: Sequence[RunNumbers],
    title: str,
    columns: Sequence[str],
    rows: Iterable[tuple[RunNumbers, Sequence[Any]]],
) -> Table:
    names = heading(runs)
    cells = tuple(
        (*heading_cells(run, runs), *(Cell(_show(value)) for value in values))
        for run, values in rows
    )
    return Table(title, (*names, *columns), cells, words=len(names))


def _show(value: Any) -> str:
    if value is None:
        return ABSENT
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _percent(value: float | None) -> str:
    return ABSENT if value is None else f"{100 * value:.1f}%"


def _pass_at_k(runs: Sequence[RunNumbers]) -> Table:
    rows = [
        (run, (f"pass@{k}", score(e.value, runs), f"{score(e.low, runs)} to {score(e.high, runs)}"))
        for run in runs
        for k, e in run.pass_at_k.items()
    ]
    columns = ("k", "share of problems", "interval")
    return _each(runs, "pass@k of iteration 0", columns, rows)


def _refinement(runs: Sequence[RunNumbers]) -> Table:
    rows = [
        (run, (key, r.problems, *r.always, *r.never, r.gained, r.lost, r.rose, r.fell))
        for run in runs
        for key, r in run.refinement.items()
    ]
    columns = (
        *("iterations", "problems", "always solved before", "after", "never before", "after"),
        *("gained", "lost", "rose", "fell"),
    )
    return _each(runs, "What refinement changed", columns, rows)


def _context(runs: Sequence[RunNumbers]) -> Table:
    rows = [
        (run, (t, f"{c.passing}/{c.size}", c.problems, c.rollouts, score(c.score, runs)))
        for run in runs
        for t, contexts in run.by_context.items()
        for c in contexts
    ]
    columns = (
        *heading(runs),
        "iteration",
        "passing summaries",
        "problems",
        "rollouts",
        "mean score",
    )
    return _each(runs, "Score by passing summaries in the context", columns, rows)


def _judge(runs: Sequence[RunNumbers]) -> Table:
    rows = [
        (
            run,
            (
                r.iteration,
                r.round,
                r.matches,
                r.decidable,
                _percent(r.accuracy),
                _percent(r.chance),
                _percent(r.vote_accuracy),
            ),
        )
        for run in runs
        for r in run.judge
    ]
    columns = ("iteration", "round", "matches", "decidable", "accuracy", "chance", "votes right")
    return _each(runs, "Judge accuracy", columns, rows)


def _rates(runs: Sequence[RunNumbers]) -> Table:
    rows = [
        (
            run,
            (
                r.matches,
                r.votes,
                r.saved,
                *map(_percent, (r.tie, r.abstention, r.reask, r.flip)),
            ),
        )
        for run in runs
        if (r := run.rates)
    ]
    columns = ("matches", "votes", "votes saved", "ties", "abstentions", "asked again", "flips")
    return _each(runs, "Votes", columns, rows)


def _calibration(runs: Sequence[RunNumbers]) -> Table:
    rows = [
        (run, (f"{_percent(b.low)} to {_percent(b.high)}", b.matches, _percent(b.accuracy)))
        for run in runs
        for b in run.calibration
    ]
    columns = ("winner's share of votes", "decidable matches", "accuracy")
    return _each(runs, "Calibration of vote margins", columns, rows)


def _turns(runs: Sequence[RunNumbers]) -> Table:
    rows = [
        (run, (t.iteration, t.outcome, t.rollouts, f"{t.mean:.1f}", f"{t.median:g}"))
        for run in runs
        for t in run.turns
    ]
    columns = ("iteration", "outcome", "rollouts", "mean turns", "median")
    return _each(runs, "Turns of a rollout", columns, rows)


def _phases(runs: Sequence[RunNumbers]) -> Table:
    rows = [
        (
            run,
            (
                p.name if p.iteration is None else f"{p.name} {p.iteration}",
                *(amount(t, "tokens") for t in (p.input_tokens, p.cached_tokens, p.output_tokens)),
                amount(p.dollars, "dollars"),
                amount(p.busy_seconds, "seconds"),
                amount(p.wall_seconds, "seconds"),
            ),
        )
        for run in runs
        for p in run.phases
    ]
    columns = ("phase", "input tokens", "cached", "output", "dollars", "busy", "wall")
    return _each(runs, "Spending by phase, for a problem", columns, rows)
