"""A report as text: for the terminal, as Markdown, JSON or CSV."""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from textwrap import wrap
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from inspect_tts.report.compare import Comparison
from inspect_tts.report.numbers import VERSION, RunNumbers, as_json
from inspect_tts.report.warnings import SEVERITIES, Severity

from .headline import findings, simulated
from .tables import Cell, Table, list_tables, main_tables

_STYLES: dict[Severity, str] = {"error": "bold red", "warning": "yellow", "note": "dim"}
_MOST_NOTES = 20
_WORDS_WIDTH = 12
"""Minimum width in a terminal of the column that names a row."""
_SIGNED = re.compile(r"[^=,/_:.-]*[=,/_:.-]|[^=,/_:.-]+")
"""A piece of a word, up to a punctuation mark after which a line may break."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheets run a cell that begins with one of these as a formula."""


def all_warnings(runs: Sequence[RunNumbers], notes: Sequence[str]) -> list[tuple[Severity, str]]:
    """What to know before reading the numbers: notes on logs, then warnings, worst first."""
    found: list[tuple[Severity, str]] = [("warning", note) for note in _first(notes)]
    of_runs = [(each, _about(run, runs, each.text)) for run in runs for each in run.warnings]
    of_runs.sort(key=lambda pair: SEVERITIES.index(pair[0].severity))
    return found + [(warning.severity, text) for warning, text in of_runs]


def all_notes(runs: Sequence[RunNumbers]) -> list[str]:
    """The notes of all runs on what is missing."""
    return [_about(run, runs, note) for run in runs for note in _first(run.notes)]


def _first(notes: Sequence[str]) -> list[str]:
    more = len(notes) - _MOST_NOTES
    return [*notes[:_MOST_NOTES], *([f"and {more} more like these"] if more > 0 else [])]


def _about(run: RunNumbers, runs: Sequence[RunNumbers], text: str) -> str:
    several = len({each.task for each in runs}) > 1
    where = f"{run.task}, {run.model}" if several else run.model
    return f"{run.label} ({where}): {text}" if len(runs) > 1 else text


# --- terminal


def print_report(
    console: Console,
    runs: Sequence[RunNumbers],
    comparisons: Sequence[Comparison],
    notes: Sequence[str],
) -> None:
    """Print warnings, findings, the main tables and notes."""
    same = [{run.task for run in runs}, {run.model for run in runs}]
    console.print(escape(", ".join(name for names in same if len(names) == 1 for name in names)))
    if told := simulated(runs):
        console.print(f"[bold yellow]{escape(told)}[/]", highlight=False, soft_wrap=True)
    for severity, text in all_warnings(runs, notes):
        line = f"[{_STYLES[severity]}]{severity}:[/] {escape(text)}"
        console.print(line, highlight=False, soft_wrap=True)
    console.print()
    for found in findings(runs):
        remark = f" [yellow]{escape(found.remark)}[/]" if found.remark else ""
        console.print(f"[bold]{escape(found.text)}[/]{remark}", highlight=False)
    for table in main_tables(runs, comparisons):
        for part in (part for each in _by_task(table) for part in _fitting(each, console.width)):
            console.print()
            console.print(_rich(part))
        if table.caption:
            console.print(f"[dim]{escape(table.caption)}[/]", highlight=False)
    for note in all_notes(runs):
        console.print(f"[dim]note:[/dim] {escape(note)}", highlight=False)


def _by_task(table: Table) -> list[Table]:
    """Split a table by task. What all rows share moves to the title, which saves columns."""
    tables = [table]
    if table.columns[0] == "task":
        tasks = dict.fromkeys(row[0].text for row in table.rows)
        tables = [_without_first(table, task) for task in tasks]
    return [_models(each) if each.words == 2 else each for each in tables]


def _without_first(table: Table, text: str) -> Table:
    rows = tuple(row[1:] for row in table.rows if row[0].text == text)
    title, columns = f"{table.title}, {text}", table.columns[1:]
    return replace(table, title=title, columns=columns, rows=rows, words=table.words - 1)


def _models(table: Table) -> Table:
    """Move the model into the title if all rows share it, else above the strategy in its cell."""
    if len(models := {row[0].text for row in table.rows}) == 1:
        return _without_first(table, *models)
    rows = tuple(
        (Cell(f"{model.text}\n{strategy.text}", strategy.remark), *more)
        for model, strategy, *more in table.rows
    )
    columns = ("\n".join(table.columns[:2]), *table.columns[2:])
    return replace(table, columns=columns, rows=rows, words=1)


def _fitting(table: Table, width: int) -> list[Table]:
    """Split the columns of a table into as few parts as fit the width.

    A word is broken, preferably at a punctuation mark, only if that saves a part.
    """
    first = [table.columns[0], *(f"{row[0].text}\n{row[0].remark}" for row in table.rows)]
    whole = [word for text in first for word in text.split()]
    pieces = [piece for word in whole for piece in _SIGNED.findall(word)]
    longest = [max(map(len, each)) for each in (whole, pieces)]
    widths = [max(_WORDS_WIDTH, min(each, width // 3)) for each in longest]
    tried = [(words, *_parts(table, width - words)) for words in (*widths, _WORDS_WIDTH)]
    words, parts, rooms = min(tried, key=lambda each: len(each[1]))
    return [
        replace(
            table,
            title=table.title if number == 0 else f"{table.title}, continued",
            columns=tuple(table.columns[i] for i in (0, *part)),
            rows=tuple(
                (_wrapped(row[0], max(1, words + room)), *(row[i] for i in part))
                for row in table.rows
            ),
        )
        for number, (part, room) in enumerate(zip(parts, rooms, strict=True))
    ]


def _parts(table: Table, width: int) -> tuple[list[list[int]], list[int]]:
    """The columns of each part, which all follow the first column, and the width left over."""
    parts: list[list[int]] = [[]]
    rooms = [width]
    for place in range(1, len(table.columns)):
        cells = [table.columns[place], *(_cell_text(row[place]) for row in table.rows)]
        needs = 1 + max(len(line) for cell in cells for line in cell.split("\n"))
        if needs > rooms[-1] and parts[-1]:
            parts.append([])
            rooms.append(width)
        parts[-1].append(place)
        rooms[-1] -= needs
    return parts, rooms


def _wrapped(cell: Cell, width: int) -> Cell:
    """Wrap a cell. A word that is too long is broken at punctuation marks, if it has any."""

    def pieces(word: str) -> list[str]:
        found = [""]
        for part in _SIGNED.findall(word):
            if len(found[-1] + part) > width:
                found.append("")
            found[-1] += part
        return found

    def lines(text: str) -> str:
        words = " ".join(piece for word in text.split(" ") for piece in pieces(word))
        return "\n".join(wrap(words, width, break_on_hyphens=False))

    return Cell(*("\n".join(map(lines, text.split("\n"))) for text in cell))


def _rich(table: Table) -> RichTable:
    shown = RichTable(
        title=escape(table.title),
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        show_edge=False,
        padding=0,
    )
    first, *others = map(escape, table.columns)
    shown.add_column(first, overflow="fold", min_width=_WORDS_WIDTH)
    for column in others:
        shown.add_column(column, justify="right", no_wrap=True)
    for words, *numbers in table.rows:
        remark = f"\n[dim]{escape(words.remark)}[/]" if words.remark else ""
        shown.add_row(escape(words.text) + remark, *map(_rich_cell, numbers))
    return shown


def _cell_text(cell: Cell) -> str:
    low, to, high = cell.remark.replace("+", "").partition(" to ")
    return f"{cell.text}\n{low}..{high}" if to else cell.text


def _rich_cell(cell: Cell) -> str:
    text, _, interval = escape(_cell_text(cell)).partition("\n")
    return f"{text}\n[dim]{interval}[/dim]" if interval else text


# --- Markdown


def markdown(
    runs: Sequence[RunNumbers], comparisons: Sequence[Comparison], notes: Sequence[str]
) -> str:
    """Warnings, findings, all tables and notes as Markdown."""
    banner = [f"**{_plain(told)}**"] if (told := simulated(runs)) else []
    warnings = [f"- **{severity}** {_plain(text)}" for severity, text in all_warnings(runs, notes)]
    parts = banner + (["\n".join(["## Warnings", "", *warnings])] if warnings else [])
    said = [f"- {_plain(f'{each.text} {each.remark}')}" for each in findings(runs)]
    parts.append("\n".join(["## Findings", "", *said]))
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
    """Escape a text so that Markdown does not interpret it."""
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
    """The estimates of each run as one line of CSV."""
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
