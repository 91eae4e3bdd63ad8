"""A report as text: terminal, Markdown, JSON, CSV."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from inspect_tts.report.compare import Comparison
from inspect_tts.report.numbers import VERSION, RunNumbers, as_json
from inspect_tts.report.warnings import SEVERITIES, Severity

from .tables import Cell, Table, list_tables, main_tables

_STYLES: dict[Severity, str] = {"error": "bold red", "warning": "yellow", "note": "dim"}
_MOST_NOTES = 20
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that spreadsheets run."""


def all_warnings(runs: Sequence[RunNumbers], notes: Sequence[str]) -> list[tuple[Severity, str]]:
    """What to know before the numbers are read: of logs, then of runs, worst first."""
    found: list[tuple[Severity, str]] = [("warning", note) for note in _first(notes)]
    of_runs = [(each, _about(run, runs, each.text)) for run in runs for each in run.warnings]
    of_runs.sort(key=lambda pair: SEVERITIES.index(pair[0].severity))
    return found + [(warning.severity, text) for warning, text in of_runs]


def all_notes(runs: Sequence[RunNumbers]) -> list[str]:
    """What is missing in runs."""
    return [_about(run, runs, note) for run in runs for note in _first(run.notes)]


def _first(notes: Sequence[str]) -> list[str]:
    more = len(notes) - _MOST_NOTES
    return [*notes[:_MOST_NOTES], *([f"and {more} more like these"] if more > 0 else [])]


def _about(run: RunNumbers, runs: Sequence[RunNumbers], text: str) -> str:
    return f"{run.label} ({run.model}): {text}" if len(runs) > 1 else text


# --- terminal


def print_report(
    console: Console,
    runs: Sequence[RunNumbers],
    comparisons: Sequence[Comparison],
    notes: Sequence[str],
) -> None:
    """Print the main tables and what is missing."""
    same = [{run.task for run in runs}, {run.model for run in runs}]
    console.print(escape(", ".join(name for names in same if len(names) == 1 for name in names)))
    for severity, text in all_warnings(runs, notes):
        line = f"[{_STYLES[severity]}]{severity}:[/] {escape(text)}"
        console.print(line, highlight=False, soft_wrap=True)
    for table in main_tables(runs, comparisons):
        console.print()
        console.print(_rich(table))
    for note in all_notes(runs):
        console.print(f"[dim]note:[/dim] {escape(note)}", highlight=False)


def _rich(table: Table) -> RichTable:
    shown = RichTable(
        title=escape(table.title),
        caption=escape(table.caption) or None,
        title_justify="left",
        caption_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for place, column in enumerate(map(escape, table.columns)):
        if place < table.words:
            shown.add_column(column, overflow="fold", min_width=9)
        else:
            shown.add_column(column, justify="right", overflow="fold")
    for row in table.rows:
        shown.add_row(*map(_rich_cell, row))
    return shown


def _rich_cell(cell: Cell) -> str:
    text = escape(cell.text)
    low, _, high = escape(cell.remark).replace("+", "").partition(" to ")
    return f"{text}\n[dim]{low}..{high}[/dim]" if cell.remark else text


# --- Markdown


def markdown(
    runs: Sequence[RunNumbers], comparisons: Sequence[Comparison], notes: Sequence[str]
) -> str:
    """All tables as Markdown."""
    warnings = [f"- **{severity}** {_plain(text)}" for severity, text in all_warnings(runs, notes)]
    parts = ["\n".join(["## Warnings", "", *warnings])] if warnings else []
    parts += map(_markdown, [*main_tables(runs, comparisons), *list_tables(runs)])
    found = [f"- {_plain(note)}" for note in all_notes(runs)]
    return "\n\n".join([*parts, *(["\n".join(found)] if found else [])]) + "\n"


def _markdown(table: Table) -> str:
    rule = ["---" if i < table.words else "---:" for i in range(len(table.columns))]
    rows = [
        [_plain(f"{c.text} ({c.remark})" if c.remark else c.text) for c in r] for r in table.rows
    ]
    lines = [f"| {' | '.join(cells)} |" for cells in (table.columns, rule, *rows)]
    caption = ["", table.caption] if table.caption else []
    return "\n".join([f"## {_plain(table.title)}", "", *lines, *caption])


def _plain(text: str) -> str:
    """Keep a text from being read as markup."""
    escaped = " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
    return escaped.replace("<", "&lt;").replace("`", "\\`")


# --- for programs


def json_text(
    runs: Sequence[RunNumbers], comparisons: Sequence[Comparison], notes: Sequence[str]
) -> str:
    """All numbers as JSON."""
    data = {"version": VERSION, "runs": runs, "comparisons": comparisons, "notes": notes}
    return json.dumps(as_json(data), indent=2, ensure_ascii=False, allow_nan=False)


def csv_text(runs: Sequence[RunNumbers]) -> str:
    """The estimates of each run as one line."""
    rows = [_csv_row(run) for run in runs]
    out = io.StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _csv_row(run: RunNumbers) -> dict[str, Any]:
    names = ("side", "task", "model", "strategy", "settings", "problems", "samples")
    row = {name: getattr(run, name) for name in (*names, "errors", "rollouts", "graded")}
    for name, value in row.items():
        if isinstance(value, str) and value.startswith(_FORMULA):
            row[name] = f"'{value}"
    baselines = {f"baseline_{name}": found for name, found in run.baselines.items()}
    shares = {f"pass_at_{k}": found for k, found in run.pass_at_k.items()}
    for name, found in {**run.scores, **shares, **baselines, **run.per_problem}.items():
        values = found or ("",) * 4
        for suffix, value in zip(("", "_low", "_high", "_problems"), values, strict=True):
            row[f"{name}{suffix}"] = value
    return row
