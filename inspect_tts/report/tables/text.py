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
from inspect_tts.statistics.intervals import Estimate

from .tables import Cell, Table, list_tables, main_tables

_STYLES: dict[Severity, str] = {"error": "bold red", "warning": "yellow", "note": "dim"}
_MOST_NOTES = 20
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that spreadsheets run."""


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


def all_warnings(runs: Sequence[RunNumbers], notes: Sequence[str]) -> list[tuple[Severity, str]]:
    """What to know before the numbers are read: of logs, then of runs, worst first."""
    found: list[tuple[Severity, str]] = [("warning", note) for note in shown(notes)]
    found += [
        (warning.severity, f"{_prefix(run, runs)}{warning.text}")
        for severity in SEVERITIES
        for run in runs
        for warning in run.warnings
        if warning.severity == severity
    ]
    return found


def all_notes(runs: Sequence[RunNumbers]) -> list[str]:
    """What is missing in runs."""
    return [f"{_prefix(run, runs)}{note}" for run in runs for note in shown(run.notes)]


def shown(notes: Sequence[str]) -> list[str]:
    """The first notes, and how many more there are."""
    more = len(notes) - _MOST_NOTES
    return [*notes[:_MOST_NOTES], *([f"and {more} more like these"] if more > 0 else [])]


def _prefix(run: RunNumbers, runs: Sequence[RunNumbers]) -> str:
    return f"{run.label} ({run.model}): " if len(runs) > 1 else ""


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
    for place, column in enumerate(table.columns):
        words = place < table.words
        shown.add_column(
            escape(column),
            justify="left" if words else "right",
            overflow="fold",
            min_width=9 if words else None,
        )
    for row in table.rows:
        shown.add_row(*map(_rich_cell, row))
    return shown


def _rich_cell(cell: Cell) -> str:
    text = escape(cell.text)
    low, _, high = cell.remark.replace("+", "").partition(" to ")
    return f"{text}\n[dim]{escape(low)}..{escape(high)}[/dim]" if cell.remark else text


def markdown(
    runs: Sequence[RunNumbers], comparisons: Sequence[Comparison], notes: Sequence[str]
) -> str:
    """All tables as Markdown."""
    warnings = [f"- **{severity}** {_plain(text)}" for severity, text in all_warnings(runs, notes)]
    parts = ["\n".join(["## Warnings", "", *warnings])] if warnings else []
    parts += map(_markdown, [*main_tables(runs, comparisons), *list_tables(runs)])
    if found := all_notes(runs):
        parts.append("\n".join(f"- {_plain(note)}" for note in found))
    return "\n\n".join(parts) + "\n"


def _markdown(table: Table) -> str:
    lines = [
        f"## {_plain(table.title)}",
        "",
        _line(table.columns),
        _line(["---" if i < table.words else "---:" for i in range(len(table.columns))]),
    ]
    for row in table.rows:
        lines.append(_line([_plain(f"{c.text} ({c.remark})" if c.remark else c.text) for c in row]))
    return "\n".join([*lines, *(["", table.caption] if table.caption else [])])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """Keep a text from being read as markup."""
    escaped = " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
    return escaped.replace("<", "&lt;").replace("`", "\\`")


def json_text(
    runs: Sequence[RunNumbers], comparisons: Sequence[Comparison], notes: Sequence[str]
) -> str:
    """All numbers as JSON."""
    data = {
        "version": VERSION,
        "runs": as_json(list(runs)),
        "comparisons": as_json(list(comparisons)),
        "notes": list(notes),
    }
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)


def csv_text(runs: Sequence[RunNumbers]) -> str:
    """The estimates of each run as one line."""
    rows = [{name: _cell(value) for name, value in _csv_row(run).items()} for run in runs]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _csv_row(run: RunNumbers) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: getattr(run, name)
        for name in ("side", "task", "model", "strategy", "settings", "problems", "samples")
    }
    row |= {name: getattr(run, name) for name in ("errors", "rollouts", "graded")}
    groups: list[tuple[str, dict[str, Estimate | None]]] = [
        ("", run.scores),
        ("", {f"pass_at_{k}": e for k, e in run.pass_at_k.items()}),
        ("baseline_", run.baselines),
        ("", run.per_problem),
    ]
    for prefix, numbers in groups:
        for name, found in numbers.items():
            row[prefix + name] = "" if found is None else found.value
            for end in ("low", "high", "problems"):
                row[f"{prefix}{name}_{end}"] = "" if found is None else getattr(found, end)
    return row
