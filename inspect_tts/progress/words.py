"""How far a run has come, in words. Pure."""

from collections import Counter
from collections.abc import Iterable

from .state import RunState, Spent

_GAP = 2
"""Spaces before each line: what Inspect shows beside may reach as far as the lines begin."""


def footer(run: RunState, width: int) -> tuple[str, str]:
    """Caption and text for the footer of Inspect's display, in lines that leave room beside them.

    One counter, because each further one would take width from what Inspect shows there.
    """
    shown = numbers(run)
    caption = next(iter(shown), "phase")
    parts = [shown.pop(caption, "begins")]
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


def numbers(run: RunState) -> dict[str, str]:
    """What is told of a run, by name."""
    shown: dict[str, str] = {}
    rollouts, summaries, votes = (run.totals(k) for k in ("rollouts", "summaries", "votes"))
    if rollouts.total:
        extra = [f"{rollouts.running} running"] * bool(rollouts.running)
        extra += [f"{rollouts.failed} failed"] * bool(rollouts.failed)
        shown["rollouts"] = f"{rollouts.done:,}/{rollouts.total:,}" + _bracketed(extra)
    if summaries.total:
        shown["summaries"] = f"{summaries.done:,}/{summaries.total:,}"
    if votes.total:
        most = f"/{'≤' if votes.done < votes.total else ''}{votes.total:,}"
        known = run.planned or run.reused + len(run.states) >= run.problems
        shown["votes"] = f"{votes.done:,}" + (most if known else "")
    if spent := _spent(run):
        shown["spent"] = spent
    if run.seconds_left is not None:
        shown["left"] = f"about {duration(run.seconds_left)}"
    if doing := phases_in_words(run):
        shown["phase"] = doing
    return shown


def line(run: RunState) -> str:
    """All of it in one line, for where nothing can be shown in place."""
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


def phases_in_words(run: RunState) -> str:
    """The phases that running problems are in, each with how many are in it."""
    all = [s.doing for s in run.states.values() if s.doing and not s.ended]
    if run.problems == 1:
        return "".join(all)
    doing = Counter(each.partition(" round ")[0] for each in all)
    return ", ".join(f"{count} in {phase}" for phase, count in sorted(doing.items()))


def _spent(run: RunState) -> str:
    spent = run.spent
    if not run.priced:
        return amount(spent, priced=False)
    if not spent.dollars:
        return ""
    about = dollars(spent.dollars if run.expected is None else run.expected)
    now = dollars(spent.dollars)
    return now if about == now else f"{now} of about {about}"


def amount(spent: Spent, *, priced: bool) -> str:
    """Dollars, or tokens where a price is not known."""
    if priced and spent.dollars:
        return dollars(spent.dollars)
    return f"{spent.tokens:,.0f} tokens" if spent.tokens else ""


def dollars(number: float) -> str:
    """A price, in cents only where they matter."""
    return f"${number:,.0f}" if number >= 100 else f"${number:,.2f}"


def duration(seconds: float) -> str:
    """A time that is only roughly known."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def plural(word: str, number: int) -> str:
    """A word in its number."""
    return word if number == 1 else f"{word}s"


def _bracketed(parts: Iterable[str]) -> str:
    text = ", ".join(parts)
    return f" ({text})" if text else ""
