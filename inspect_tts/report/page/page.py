"""The page: one self-contained HTML file that loads nothing from elsewhere."""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files as package_files
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from inspect_tts.errors import UserError
from inspect_tts.extras import install_command
from inspect_tts.report.compare import Comparison
from inspect_tts.report.logs import LogFile
from inspect_tts.report.numbers import Run, RunNumbers
from inspect_tts.report.read import ReadSample
from inspect_tts.report.tables.columns import problem_columns
from inspect_tts.report.tables.formats import in_percent, many
from inspect_tts.report.tables.headline import Finding, findings, simulated
from inspect_tts.report.tables.tables import Cell, Table, list_tables, main_tables
from inspect_tts.report.tables.text import all_notes, all_warnings
from inspect_tts.statistics.outcomes import ProblemOutcome

MOST_BYTES = 25_000_000
"""Maximum size of a page."""
_FIXED_BYTES = 6_500_000
"""Size of Plotly, styles and scripts, with some room for figures."""
_ROW_BYTES = 700
_MOST_DETAIL = 400_000
_PERCENT = re.compile(r"(?<=\d) (?=%)")
_OPEN_WARNINGS = 3
"""How many warnings are always visible. The others are folded."""


def page_missing() -> str | None:
    """Why the page cannot be written, or None if it can."""
    if find_spec("plotly") is None:
        return f"the page needs plotly, which is not installed: {install_command('report')}"
    return None


def room_for_details(samples: int) -> int:
    """Bytes that each sample's texts may take, so that the page stays below its maximum size."""
    room = (MOST_BYTES - _FIXED_BYTES) // max(1, samples) - _ROW_BYTES
    return max(500, min(_MOST_DETAIL, room))


def in_folder(target: Path | None) -> Path | None:
    """Create the folder of the page and return the page's path."""
    try:
        if target is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{target} could not be written: {error}; give --html PATH") from error
    return target


def write_page(
    target: Path,
    runs: Sequence[Run],
    files: Sequence[LogFile],
    samples: Sequence[ReadSample],
    comparisons: Sequence[Comparison],
    notes: Sequence[str],
    *,
    viewer: str,
) -> None:
    """Write the page to `target`."""
    from plotly.offline import get_plotlyjs

    from .figures import figures

    numbers = [run.numbers for run in runs]
    rows, details = _problems(runs, files, samples)
    shortened = sum(bool(s.detail and s.detail.shortened) for s in samples)
    remarks = all_notes(numbers)
    if shortened:
        why = "to keep this page small; Inspect's viewer has them in full"
        remarks.append(f"texts of {many(shortened, 'sample')} are shortened {why}")
    data = {
        "runs": [n.model_dump(include={"label", "model", "task", "settings"}) for n in numbers],
        "problems": rows,
        "viewer": viewer.rstrip("/"),
        "percent": in_percent(numbers),
        "figures": figures(numbers),
    }
    scripts = {"plotly": get_plotlyjs(), "script": _asset("page.js")}
    text = Template(_asset("page.html")).substitute(
        scripts,
        csp=_policy(scripts.values()),
        style=_asset("page.css"),
        tasks=escape(_names(run.task for run in numbers)),
        title=escape(_names([run.task for run in numbers] + [run.label for run in numbers])),
        subtitle=_subtitle(numbers),
        banner=f'<p class="banner">{escape(told)}</p>' if (told := simulated(numbers)) else "",
        findings="".join(map(_finding, findings(numbers))),
        tables="\n".join(map(_table, main_tables(numbers, comparisons))),
        more="\n".join(map(_table, list_tables(numbers))),
        warnings=_warnings(all_warnings(numbers, notes)),
        notes="".join(f"<li>{_words(remark)}</li>" for remark in remarks),
        data=_json(data),
        details="\n".join(
            f'<script type="text/plain" id="d{index}">{packed}</script>'
            for index, packed in enumerate(details)
        ),
    )
    try:
        target.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UserError(f"{target} could not be written: {error}; give --html PATH") from error


def _words(text: str) -> str:
    """Escape a text for the page, and allow no line break between a number and its `%`."""
    return _PERCENT.sub("\u00a0", escape(text))


def _asset(name: str) -> str:
    return (package_files("inspect_tts.report.page") / "assets" / name).read_text(encoding="utf-8")


def _policy(scripts: Sequence[str] | Any) -> str:
    """A content security policy: the browser runs only these scripts and loads nothing."""
    hashes = (b64encode(sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{each}'" for each in hashes)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:"


def _json(data: Any) -> str:
    """JSON that cannot close the HTML element that holds it."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _subtitle(runs: Sequence[RunNumbers]) -> str:
    tasks = {task: [r.problems for r in runs if r.task == task] for task in {r.task for r in runs}}
    problems = many(sum(map(max, tasks.values())), "problem")
    rollouts = many(sum(run.rollouts for run in runs), "rollout")
    return escape(f"{_names(run.model for run in runs)} · {problems} · {rollouts}")


def _names(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _warnings(found: Sequence[tuple[str, str]]) -> str:
    """Show the first warnings, and fold the others."""
    lines = [f'<li class="{kind}"><b>{kind}</b> {_words(text)}</li>' for kind, text in found]
    first, more = lines[:_OPEN_WARNINGS], lines[_OPEN_WARNINGS:]
    shown = f'<ul class="warnings" aria-label="Warnings">{"".join(first)}</ul>' if first else ""
    if not more:
        return shown
    return (
        f"{shown}<details><summary>{len(more)} more</summary>"
        f'<ul class="warnings" aria-label="More warnings">{"".join(more)}</ul></details>'
    )


def _finding(found: Finding) -> str:
    remark = f' <span class="remark">{_words(found.remark)}</span>' if found.remark else ""
    return f'<li class="{found.verdict}">{_words(found.text)}{remark}</li>'


def _table(table: Table) -> str:
    names = list(map(escape, table.columns))

    def line(tag: str, cells: Sequence[str]) -> str:
        found = []
        for place, (name, cell) in enumerate(zip(names, cells, strict=True)):
            word = ' class="words"' if place < table.words else ""
            label = "" if tag == "th" else f' data-label="{name}"'
            scope = ' scope="col"' if tag == "th" else ""
            found.append(f"<{tag}{scope}{word}{label}>{cell}</{tag}>")
        return f"<tr>{''.join(found)}</tr>"

    head = line("th", names)
    body = "".join(line("td", list(map(_cell, row))) for row in table.rows)
    caption = f'<p class="caption">{_words(table.caption)}</p>' if table.caption else ""
    title = escape(table.title)
    return (
        f'<section class="card"><h3>{title}</h3>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}"><table>'
        f"<thead>{head}</thead><tbody>{body}</tbody></table></div>{caption}</section>"
    )


def _cell(cell: Cell) -> str:
    return escape(cell.text) + (f"<small>{escape(cell.remark)}</small>" if cell.remark else "")


def _problems(
    runs: Sequence[Run], files: Sequence[LogFile], samples: Sequence[ReadSample]
) -> tuple[list[dict[str, Any]], list[str]]:
    """A row for each sample, and the packed details that the rows refer to."""
    place = {(id(outcome)): index for index, run in enumerate(runs) for outcome in run.outcomes}
    rows: list[dict[str, Any]] = []
    details: list[str] = []
    for sample in samples:
        if sample.outcome is None or (run := place.get(id(sample.outcome))) is None:
            continue  # an epoch of a plain run: its epochs share one row
        row = _row(sample.outcome, run)
        row["href"] = _viewer_path(files[sample.log], sample.outcome)
        if sample.detail is not None:
            row["detail"] = len(details)
            details.append(sample.detail.packed)
        rows.append(row)
    plain = [(i, o) for i, run in enumerate(runs) for o in run.outcomes if not o.selections]
    known = {(row["run"], row["problem"], row["epoch"]) for row in rows}
    rows += [_row(o, i) for i, o in plain if (i, o.problem, o.epoch) not in known]
    return rows, details


def _viewer_path(file: LogFile, outcome: ProblemOutcome) -> str:
    problem = quote(outcome.problem, safe="")
    return f"{quote(file.viewer_path)}/samples/sample/{problem}/{outcome.epoch}/"


def _row(outcome: ProblemOutcome, run: int) -> dict[str, Any]:
    return {
        "run": run,
        "problem": outcome.problem,
        "epoch": outcome.epoch,
        **problem_columns(outcome.numbers),
        "rollouts": len(outcome.rollouts),
        "votes": sum(len(match.votes) for *_, match in outcome.matches()),
        "tokens": outcome.usage.total_tokens,
        "dollars": outcome.usage.cost,
    }
