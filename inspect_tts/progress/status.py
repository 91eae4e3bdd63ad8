"""`inspect-tts status`: show the progress of the runs under a folder, from any process."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from socket import gethostname
from time import time
from typing import Any

import click
import fsspec
from inspect_ai.log import (
    EvalLog,
    EvalSampleSummary,
    list_eval_logs,
    read_eval_log,
    read_eval_log_sample_summaries,
)
from psutil import pid_exists
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from inspect_tts._inspect import init_dotenv
from inspect_tts.errors import CANCELLED, UserError
from inspect_tts.registry import is_followed
from inspect_tts.resume.kept import counted, retry_command
from inspect_tts.resume.saved_results import beside, kept_beside
from inspect_tts.scores import SCORE

from .reporter import FILE
from .state import Kind, ProblemState, RunState
from .words import amount, dollars, duration, line, plural

_SILENT = 120
"""Seconds without a new state after which a run may be gone."""
_MOST_ROWS = 40
_MOST_LEADERS = 4
_SAVED: dict[Kind, str] = {"rollouts": "rollout", "summaries": "summary", "votes": "vote"}
"""The kinds of saved results that count as done."""
_OLD = 10
"""Seconds after which the age of an unfinished run's state is shown."""
_MOST_BYTES = 2**26
"""Most bytes of a state that is read; 500 problems take less than a hundredth of that."""


@dataclass(frozen=True)
class _Found:
    """A log, and what is known about its run."""

    log: EvalLog
    samples: Sequence[EvalSampleSummary]
    state: RunState | None
    kept: str

    @property
    def problems(self) -> list[EvalSampleSummary]:
        """The problems that have ended well."""
        return [each for each in self.samples if SCORE in (each.scores or {})]

    @property
    def numbers(self) -> tuple[int, int, float]:
        """Problems that have ended, all problems, dollars."""
        if self.state is not None:
            return self.state.done, self.state.problems, self.state.spent.dollars
        values = [(each.scores or {})[SCORE].value for each in self.problems]
        costs = [v["cost"] for v in values if isinstance(v, dict)]
        paid = sum(c for c in costs if isinstance(c, int | float) and c == c)
        return len(self.problems), len(self.problems), paid


@click.command()
@click.argument("log_dir", metavar="LOG_DIR")
@click.option("--all", "everything", is_flag=True, help="Show finished problems as well.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(log_dir: str, *, everything: bool, as_json: bool) -> None:
    """Show the progress of the runs under LOG_DIR, while they run and afterwards.

    LOG_DIR is a folder, a log, or a URL of either. Of an eval and its retries, it shows the last.
    """
    init_dotenv()  # may set the folder that a retry writes to
    found, notes = _find(log_dir)
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in found], indent=1))
    else:
        console = Console()
        for each in found:
            _print(console, each, everything=everything)
        if len(found) > 1:
            done, all, paid = (sum(each.numbers[i] for each in found) for i in range(3))
            spent = f", {dollars(paid)}" if paid else ""
            click.echo(f"in total: {done} of {all} {plural('problem', int(all))}{spent}")
    for note in notes:
        click.echo(note, err=True)


def _find(place: str) -> tuple[list[_Found], list[str]]:
    """The last log of each task that runs a strategy, and notes on unreadable logs."""
    if "://" not in place and not Path(place).exists():
        raise UserError(
            f"{place!r} does not exist: give the folder that an eval was started with as --log-dir"
        )
    try:
        locations = (
            [place]
            if place.endswith((".eval", ".json"))
            else [info.name for info in list_eval_logs(place, recursive=True)]
        )
    except Exception as error:  # each file system raises its own
        raise UserError(f"{place!r} cannot be read: {type(error).__name__}: {error}") from error
    logs: dict[str, EvalLog] = {}
    notes: list[str] = []
    for location in locations:
        try:
            log = read_eval_log(location, header_only=True)
        except Exception as error:  # one bad log must not hide the others
            why = f"{type(error).__name__}: {error}"
            if "EOCD" in why:  # how Inspect's reader says that a zip has no end
                why = "the file is cut off"
            notes.append(f"{location} cannot be read: {why}")
            continue
        known = logs.get(log.eval.task_id)
        if any(is_followed(step.solver) for step in log.plan.steps) and (
            known is None or known.eval.created <= log.eval.created
        ):
            logs[log.eval.task_id] = log
    if not logs:
        what = "; ".join(notes) or "give the folder that an eval was started with as --log-dir"
        raise UserError(f"{place!r} contains no log of a strategy: {what}")
    return [_read(log) for log in sorted(logs.values(), key=lambda each: each.eval.created)], notes


def _read(log: EvalLog) -> _Found:
    state = _state(f"{beside(log.location, log.eval)}/{FILE}")
    if log.status == "success" or (state and _name(state.log) != _name(log.location)):
        state = None
    if state and (log.status != "started" or _gone(state)):
        state.stop()
    try:
        samples = read_eval_log_sample_summaries(log.location)
    except Exception:  # a killed run may have written none
        samples = []
    kept = {} if log.status == "success" else kept_beside(log.location, log.eval)
    if state:
        state.saved = {kind: kept.get(of, 0) for kind, of in _SAVED.items()}
    return _Found(log, samples, state, counted(kept))


def _state(url: str) -> RunState | None:
    fs, path = fsspec.core.url_to_fs(url)
    try:
        if fs.size(path) > _MOST_BYTES:
            return None
        return RunState.model_validate_json(fs.cat_file(path))
    except (OSError, ValidationError):  # it does not exist, or another version wrote it
        return None


def _name(log: str) -> str:
    return log.rpartition("/")[2]


def told(status: str, log: str, state: RunState | None) -> str:
    """Describe the status of a run in words."""
    retry = f"to continue: {retry_command(log)}"
    if status in ("cancelled", "error"):
        how = "was cancelled" if status == "cancelled" else "ended with an error"
        return f"{how}; {retry}"
    if status == "success":
        return "finished"
    if state is None:
        return "started"
    silent = time() - state.updated
    if _gone(state):
        return f"stopped unexpectedly: its process {state.process} is gone; {retry}"
    if silent > _SILENT:
        where = f"its process {state.process} on {state.host}"
        return f"no update for {duration(silent)}: if {where} has ended, {retry}"
    return f"running (process {state.process} on {state.host})"


def _gone(state: RunState) -> bool:
    """Whether the process of a run has ended, as far as this machine can see it."""
    return state.host == gethostname() and not pid_exists(state.process)


def _print(console: Console, found: _Found, *, everything: bool) -> None:
    click.echo(
        f"{_name(found.log.location)} {told(found.log.status, found.log.location, found.state)}"
    )
    if found.kept:
        click.echo(f"saved for a retry: {found.kept}")
    if found.state is None:
        _print_ended(console, found)
    else:
        _print_state(console, found.state, _age(found), everything=everything)
    click.echo()


def _age(found: _Found) -> str:
    """The age of an unfinished run's state in words; empty if the state is fresh."""
    seconds = time() - found.state.updated if found.state else 0.0
    open_ended = found.log.status == "started" and seconds > _OLD
    return f" (as of {duration(seconds)} ago)" if open_ended else ""


def _print_state(console: Console, state: RunState, age: str, *, everything: bool) -> None:
    click.echo(line(state) + age)
    shown = {k: s for k, s in state.states.items() if everything or s.ended != "done"}
    first = "rollouts" if state.totals("rollouts").total else "summaries"
    table = _table("problem", "phase", first, "votes", "leaders", "spent")
    for key, each in list(shown.items())[: None if everything else _MOST_ROWS]:
        failed = sum(phase.failed for phase in each.phases)
        table.add_row(
            escape(key.removesuffix("/1")),
            escape(each.ended or each.doing),
            _of(each, first) + (f" ({failed} failed)" if failed else ""),
            _of(each, "votes"),
            _leaders(each.leaders),
            amount(each.spent, priced=state.priced) or "-",
        )
    if table.rows:
        console.print(table)
    if (hidden := len(shown) - len(table.rows)) > 0:
        click.echo(f"and {hidden} more: --all shows them")


def _of(state: ProblemState, kind: str) -> str:
    """A problem's work of one kind, as `done/total`."""
    phases = [phase for phase in state.phases if phase.kind == kind]
    done, total = sum(phase.done for phase in phases), sum(phase.total for phase in phases)
    return f"{done}/{total}" if total else "-"


def _leaders(ids: Sequence[str]) -> str:
    more = len(ids) - _MOST_LEADERS
    named = " ".join(ids[:_MOST_LEADERS])
    return (f"{named} +{more}" if more > 0 else named) or "-"


def _print_ended(console: Console, found: _Found) -> None:
    table = _table("problem", "result")
    for each in found.problems:
        score = (each.scores or {})[SCORE]
        table.add_row(escape(str(each.id)), escape(score.explanation or "-"))
    for each in found.samples:
        if each.error is not None:
            cancelled = each.error.startswith(CANCELLED)
            what = "cancelled" if cancelled else f"error: {each.error}"[:200]
            table.add_row(escape(str(each.id)), escape(what))
    if table.rows:
        console.print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _as_json(found: _Found) -> dict[str, Any]:
    done, all, paid = found.numbers
    return {
        "log": found.log.location,
        "status": found.log.status,
        "told": told(found.log.status, found.log.location, found.state),
        "kept": found.kept,
        "problems": all,
        "ended": done,
        "dollars": paid,
        "state": None if found.state is None else found.state.model_dump(mode="json"),
    }
