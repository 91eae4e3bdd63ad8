"""The progress of runs, in words. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from .state import Kind, RunState, Spent, Totals

_GAP = 2
"""Spaces before each line, since what Inspect shows beside it may reach up to the line."""


def footer(runs: Sequence[RunState], width: int) -> tuple[str, str]:
    """Caption and text for the footer of Inspect's display, in lines that leave room beside them.

    All runs share one counter: each further counter would take width from what Inspect shows there,
    and would stay after its run has ended.
    """
    shown = numbers(*runs)
    caption = next(iter(shown), "phase")
    tasks = f" in {len(runs)} tasks" if len(runs) > 1 else ""
    parts = [shown.pop(caption, "starting") + tasks]
    parts += [f"{k}: {shown.pop(k)}" for k in ("summaries", "votes") if k in shown]
    parts += [f"{value} left" if key == "left" else value for key, value in shown.items()]
    lines = [parts[0]]
    for part in parts[1:]:
        room = width // 2 - _GAP - len(caption) * (len(lines) == 1)
        if len(lines[-1]) + 2 + len(part) <= room:
            lines[-1] += f"  {part}"
        else:
            lines.append(part)
    gap = " " * _GAP
    return gap + caption, f"\n{gap}".join(lines)


def numbers(*runs: RunState) -> dict[str, str]:
    """The progress of runs that go on together: texts by name."""
    shown: dict[str, str] = {}
    rollouts, summaries, votes = (_totals(runs, k) for k in ("rollouts", "summaries", "votes"))
    if rollouts.total:
        extra = [f"{rollouts.running} running"] * bool(rollouts.running)
        extra += [f"{rollouts.failed} failed"] * bool(rollouts.failed)
        shown["rollouts"] = f"{rollouts.done:,}/{rollouts.total:,}" + _bracketed(extra)
    if summaries.total:
        shown["summaries"] = f"{summaries.done:,}/{summaries.total:,}"
    if votes.total:
        most = f"/{'≤' if votes.done < votes.total else ''}{votes.total:,}"
        known = all(run.planned or run.reused + len(run.states) >= run.problems for run in runs)
        shown["votes"] = f"{votes.done:,}" + (most if known else "")
    if spent := _spent(runs):
        shown["spent"] = spent
    if (left := _seconds_left(runs)) is not None:
        shown["left"] = f"about {duration(left)}"
    if doing := phases_in_words(*runs):
        shown["phase"] = doing
    return shown


def _totals(runs: Sequence[RunState], kind: Kind) -> Totals:
    each = [run.totals(kind) for run in runs]
    return Totals(**{name: sum(getattr(t, name) for t in each) for name in Totals.model_fields})


def _seconds_left(runs: Sequence[RunState]) -> float | None:
    """Seconds until the last rollout of all runs ends; None if an open run has no estimate."""
    open = [run for run in runs if run.totals("rollouts").done < run.totals("rollouts").total]
    each = [run.seconds_left for run in open]
    known = [seconds for seconds in each if seconds is not None]
    return max(known) if known and len(known) == len(each) else None


def line(run: RunState) -> str:
    """A run's progress in one line, for displays that show nothing in place."""
    shown = numbers(run)
    at_most = {key: value.replace("/≤", " of at most ") for key, value in shown.items()}
    named = [f"{at_most[k]} {k}" for k in ("summaries", "votes") if k in at_most]
    failed = _bracketed([f"{run.failed} failed"] * bool(run.failed))
    parts = [f"{run.done} of {run.problems} {plural('problem', run.problems)}{failed}"]
    parts += [f"rollouts {shown['rollouts']}"] if "rollouts" in shown else []
    parts += [*named, *(shown[key] for key in ("spent",) if key in shown)]
    parts += [f"{shown['left']} left"] if "left" in shown else []
    head = " on ".join(part for part in (run.strategy, run.task) if part)
    doing = f"; {shown['phase']}" if "phase" in shown else ""
    return f"{head}: {', '.join(parts)}{doing}"


def phases_in_words(*runs: RunState) -> str:
    """The phases that running problems are in, each with its number of problems."""
    all = [s.doing for run in runs for s in run.states.values() if s.doing and not s.ended]
    if sum(run.problems for run in runs) == 1:
        return "".join(all)
    doing = Counter(each.partition(" round ")[0] for each in all)
    return ", ".join(f"{count} in {phase}" for phase, count in sorted(doing.items()))


def _spent(runs: Sequence[RunState]) -> str:
    each = [run.spent for run in runs]
    spent = Spent(tokens=sum(s.tokens for s in each), dollars=sum(s.dollars for s in each))
    if not all(run.priced for run in runs):
        return amount(spent, priced=False)
    if not spent.dollars:
        return ""
    expected = [run.expected for run in runs if run.expected is not None]
    about = dollars(sum(expected) if len(expected) == len(runs) else spent.dollars)
    now = dollars(spent.dollars)
    return now if about == now else f"{now} of about {about}"


def amount(spent: Spent, *, priced: bool) -> str:
    """Dollars, or tokens if a price is unknown."""
    if priced and spent.dollars:
        return dollars(spent.dollars)
    return f"{spent.tokens:,.0f} tokens" if spent.tokens else ""


def dollars(number: float) -> str:
    """A price, with cents below $100."""
    return f"${number:,.0f}" if number >= 100 else f"${number:,.2f}"


def duration(seconds: float) -> str:
    """A rough duration, in seconds, minutes or hours."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def plural(word: str, number: int) -> str:
    """A word in the singular or plural, to fit a number."""
    return word if number == 1 else f"{word}s"


def _bracketed(parts: Iterable[str]) -> str:
    text = ", ".join(parts)
    return f" ({text})" if text else ""
