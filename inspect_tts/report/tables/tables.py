"""The tables of a report, for terminal, Markdown and page. To add a table, extend `LISTS`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from inspect_tts.report.compare import Comparison
from inspect_tts.report.numbers import RunNumbers
from inspect_tts.statistics.intervals import Estimate
from inspect_tts.statistics.measures import BASELINES

from .evidence import EVIDENCE, INVESTIGATIONS, evidence_entries
from .formats import UNKNOWN, in_percent, named, show


class Cell(NamedTuple):
    """One cell: a value, and its interval or another remark."""

    text: str
    remark: str = ""


@dataclass(frozen=True)
class Table:
    """A table with a title."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: int = 1
    """How many columns, from the left, hold words instead of numbers."""
    caption: str = ""


def _estimate(found: Estimate, form: str, percent: bool) -> Cell:
    text = show(found.value, form, percent)
    ends = (show(end, form, percent, digits=0) for end in found.interval or ())
    return Cell(f"{text}%" if form == "share" else text, " to ".join(ends))


# --- tables with one row for each run


def main_tables(runs: Sequence[RunNumbers], comparisons: Sequence[Comparison] = ()) -> list[Table]:
    """The tables of scores and costs."""
    compared = [_comparison(runs, comparison) for comparison in comparisons]
    found = [_main(runs), _baselines(runs), *compared, _costs(runs)]
    return [table for table in found if table.rows]


def _table(
    title: str,
    runs: Sequence[RunNumbers],
    columns: Sequence[str],
    rows: Iterable[tuple[RunNumbers, Sequence[Cell]]],
    caption: str = "",
    settings: Callable[[RunNumbers], str] = lambda run: "",
) -> Table:
    """A table whose first columns identify the run."""
    apart = [n for n in ("task", "model") if len({getattr(run, n) for run in runs}) > 1]
    cells = tuple(
        (*(Cell(getattr(run, n)) for n in apart), Cell(run.label, settings(run)), *more)
        for run, more in rows
    )
    return Table(title, (*apart, "strategy", *columns), cells, len(apart) + 1, caption)


def _estimates(
    numbers: Mapping[str, Estimate | None], names: Iterable[str], percent: bool
) -> list[Cell]:
    """Cells of estimates. A number that the run lacks is empty, and so is undefined headroom."""
    cells = []
    for name in names:
        found = numbers.get(name)
        known = name == "headroom" and numbers.get("oracle") is not None
        missing = Cell("" if known or name not in numbers else UNKNOWN)
        cells.append(_estimate(found, named(name)[1], percent) if found else missing)
    return cells


def _differing(run: RunNumbers, runs: Sequence[RunNumbers]) -> str:
    """The settings that differ between runs of the task and that the label does not show."""

    def alike(word: str, other: RunNumbers) -> bool:
        words, name = other.settings.split(), word.partition("=")[0]
        absent = not any(each.startswith(f"{name}=") for each in words)
        return word in words or (absent and ("selected" in other.scores) != strategy)

    strategy = "selected" in run.scores
    others, told = [other for other in runs if other.task == run.task], run.label.split()
    words = (word for word in run.settings.split() if word not in told)
    return " ".join(word for word in words if not all(alike(word, other) for other in others))


def _main(runs: Sequence[RunNumbers]) -> Table:
    """The columns of the paper's main table, `selected` first, and headroom."""
    percent = in_percent(runs)
    later = {n for run in runs for n in run.scores if n.startswith("iteration_")}
    refined = sorted(later, key=lambda name: int(name.rpartition("_")[2]))
    names = ["selected", "gain", "pass_1", "select_k", *refined, "oracle", "headroom"]
    rows = [(r, [*_estimates(r.scores, names, percent), Cell(str(r.problems))]) for r in runs]
    caption = (
        f"Mean scores over problems, {'in %' if percent else 'as scored'}; 95 % bootstrap "
        "intervals over problems. headroom: (selected - pass@1) / (oracle - pass@1)."
    )
    unknown = [run for run, cells in rows if any(cell.text == UNKNOWN for cell in cells)]
    told = ["rollouts that it needs were not graded"] if any(run.samples for run in unknown) else []
    caption += _reasons(told, unknown)
    columns = [*(named(name)[0] for name in names), "problems"]
    return _table("Main table", runs, columns, rows, caption, lambda run: _differing(run, runs))


def _baselines(runs: Sequence[RunNumbers]) -> Table:
    names = (*BASELINES, "selected")
    percent, known = in_percent(runs), [run for run in runs if any(run.baselines.values())]
    return _table(
        "Free baselines on the same rollouts",
        runs,
        [named(name)[0] for name in names],
        [(r, _estimates({**r.scores, **r.baselines}, names, percent)) for r in known],
        "What selections that ask no model would have scored on the same candidates.",
    )


def _costs(runs: Sequence[RunNumbers]) -> Table:
    def cells(run: RunNumbers) -> Iterable[Cell]:
        for name, found in run.per_problem.items():
            yield _estimate(found, name, percent=False) if found else Cell(UNKNOWN)
        votes = [judge.votes for judge in run.judges]  # grades included
        for count in (run.rollouts, sum(votes) if run.rates or votes else None):
            known = count is not None and run.samples
            yield Cell(f"{(count or 0) / run.samples:.0f}" if known else "")

    columns = ("tokens", "dollars", "wall time", "rollouts", "votes")
    missing = {
        name for run in runs if run.samples for name, e in run.per_problem.items() if e is None
    }
    whys = {"dollars": "the price of a model is unknown", "seconds": "no time was recorded"}
    told = _reasons([why for name, why in whys.items() if name in missing], runs).strip()
    rows = [(run, list(cells(run))) for run in runs]
    return _table("Cost per problem", runs, columns, rows, told)


def _reasons(told: Sequence[str], runs: Sequence[RunNumbers]) -> str:
    """The end of a caption, which says why numbers are unknown."""
    ended = [] if all(run.samples for run in runs) else ["no sample ended"]
    return f" {UNKNOWN}: {'; '.join([*told, *ended])}." if told or ended else ""


def _comparison(runs: Sequence[RunNumbers], comparison: Comparison) -> Table:
    percent = in_percent(runs)

    def cells(name: str, a: float, b: float, change: Estimate) -> tuple[Cell, ...]:
        title, form = named(name)

        def signed(value: float) -> str:
            if form == "score":
                return show(value, "change", percent)
            return ("+" if value >= 0 else "-") + show(abs(value), form, percent)

        shown = (title, show(a, form, percent), show(b, form, percent), signed(change.value))
        interval = " to ".join(map(signed, change.interval or ())) or UNKNOWN
        return tuple(map(Cell, (*shown, interval, str(change.problems))))

    sides = [runs[side] for side in (comparison.a, comparison.b)]
    a, b = (" ".join(filter(None, (r.label, r.settings, f"({r.model})"))) for r in sides)
    return Table(
        f"{a} against {b}",
        ("", "A", "B", "B - A", "95 % interval", "problems"),
        tuple(cells(*difference) for difference in comparison.differences),
        caption=f"Paired, on the {comparison.both} problems that both have; "
        f"{comparison.only_a} are only in A, {comparison.only_b} only in B.",
    )


# --- tables with one row for each entry of a list


class Listed(NamedTuple):
    """A table of one list of numbers per run, with one row per entry."""

    title: str
    columns: tuple[str, ...]
    """Headings, some followed by `: ` and a format of `show`."""
    entries: Callable[[RunNumbers], Iterable[tuple[Any, ...]]]


LISTS = (
    Listed(
        "pass@k of iteration 0",
        ("k", "share of problems: score", "interval: score"),
        lambda run: ((f"pass@{k}", e.value, e.interval) for k, e in run.pass_at_k.items()),
    ),
    Listed(
        "What refinement changed",
        (
            *("iterations", "problems", "always solved before", "after", "never before", "after"),
            *("gained", "lost", "rose", "fell"),
        ),
        lambda run: (
            (name, r.problems, *r.always, *r.never, r.gained, r.lost, r.rose, r.fell)
            for name, r in run.refinement.items()
        ),
    ),
    Listed(
        "Score by passing summaries in the context",
        ("iteration", "passing summaries", "problems", "rollouts", "mean score: score"),
        lambda run: (
            (iteration, f"{c.passing}/{c.size}", c.problems, c.rollouts, c.score)
            for iteration, contexts in run.by_context.items()
            for c in contexts
        ),
    ),
    Listed(
        "Judge accuracy",
        (
            *("iteration", "round", "matches", "decidable"),
            *("accuracy: percent", "chance: percent", "votes right: percent"),
        ),
        lambda run: (
            (r.iteration, r.round, r.matches, r.decidable, r.accuracy, r.chance, r.vote_accuracy)
            for r in run.judge
        ),
    ),
    Listed(
        "Votes",
        (
            *("matches", "votes", "votes saved", "ties: percent", "abstentions: percent"),
            *("requested again: percent", "flips: percent"),
        ),
        lambda run: [run.rates] if run.rates else [],
    ),
    Listed(
        "Rollouts by agent and model",
        (
            *("agent", "model", "rollouts", "graded", "pass@1: score", "tokens: tokens"),
            *("dollars: dollars", "matches with others", "won: percent", "chance: percent"),
            "adopted: percent",
        ),
        lambda run: run.assignments,
    ),
    Listed(
        "Judges",
        (
            *("judge", "votes", "abstentions: percent", "decidable", "right: percent"),
            *("flips: percent", "agreement: percent", "tokens/vote: tokens", "dollars: dollars"),
        ),
        lambda run: run.judges,
    ),
    Listed(
        "Investigations of close matches",
        INVESTIGATIONS,
        lambda run: [run.investigations] if run.investigations else [],
    ),
    Listed(
        "Calibration of vote margins",
        ("winner's share of votes: percent", "decidable matches", "accuracy: percent"),
        lambda run: (((b.low, b.high), b.matches, b.accuracy) for b in run.calibration),
    ),
    Listed(
        "Calibration of P(best), where some rollouts pass and some fail",
        (
            *("P(best) of the strongest: percent", "selections", "mean: percent"),
            *("P(best) on passing: percent", "strongest passes: percent", "chance: percent"),
        ),
        lambda run: (((b.low, b.high), b.selections, *b[3:]) for b in run.strengths),
    ),
    Listed("Evidence from execution", EVIDENCE, evidence_entries),
    Listed(
        "Turns per rollout",
        ("iteration", "outcome", "rollouts", "mean turns: .1f", "median: g"),
        lambda run: run.turns,
    ),
    Listed(
        "Spending by phase, per problem",
        (
            *("phase", "input tokens: tokens", "cached: tokens", "output: tokens"),
            *("dollars: dollars", "busy: seconds", "wall: seconds"),
        ),
        lambda run: (
            (p.title, *p[2:5], p.dollars, p.busy_seconds, p.wall_seconds) for p in run.phases
        ),
    ),
)


def list_tables(runs: Sequence[RunNumbers]) -> list[Table]:
    """The tables of refinement, judges, votes and phases."""
    percent = in_percent(runs)

    def cell(value: Any, form: str) -> Cell:
        ends = value if isinstance(value, tuple) else (value,)
        return Cell(" to ".join(show(end, form, percent) for end in ends))

    found = []
    for title, columns, entries in LISTS:
        headings, _, forms = zip(*(column.partition(": ") for column in columns), strict=True)
        rows = [(run, list(map(cell, entry, forms))) for run in runs for entry in entries(run)]
        found.append(_table(title, runs, headings, rows))
    return [table for table in found if table.rows]
