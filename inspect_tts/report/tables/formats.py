"""Names and formats of numbers."""

from collections.abc import Sequence
from typing import Any

from inspect_tts.report.numbers import RunNumbers

UNKNOWN = "-"
"""Shown for an unknown number; the caption says why. A number the run does not have is empty."""

NUMBERS = {
    "pass_1": ("pass@1", "score"),
    "select_k": ("select-K", "score"),
    "selected": ("selected", "score"),
    "gain": ("gain", "change"),
    "oracle": ("oracle", "score"),
    "headroom": ("headroom", "share"),
    "fewest_turns": ("fewest turns", "score"),
    "tokens": ("tokens", "tokens"),
    "dollars": ("dollars", "dollars"),
    "seconds": ("seconds", "seconds"),
}
"""Heading and format of the numbers of `RunNumbers`. All others are scores named as they are."""


def named(name: str) -> tuple[str, str]:
    """Heading and format of a number."""
    return NUMBERS.get(name, (name.replace("iteration_", "iter "), "score"))


def in_percent(runs: Sequence[RunNumbers]) -> bool:
    """Whether all scores are between 0 and 1."""
    ends = [e for run in runs for n, e in run.scores.items() if e and n != "headroom"]
    return all(abs(estimate.value) <= 1 for estimate in ends)


def show(value: Any, form: str, percent: bool, digits: int = 1) -> str:
    """Format a value. With `percent`, scores are shown in percent, otherwise as they are."""
    if value is None:
        return UNKNOWN
    match form:
        case "score" | "change":
            sign = "+" if form == "change" else ""
            return f"{100 * value:{sign}.{digits}f}" if percent else f"{value:{sign}.3g}"
        case "share":
            return f"{100 * value:.0f}"
        case "percent":
            return f"{100 * value:.1f}%"
        case "dollars":
            return f"${value:.2f}" if value >= 0.1 else f"${value:.4f}"
        case "seconds":
            return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"
        case "tokens":
            prefixes = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
            fits = ((n, prefix) for n, prefix in prefixes if value >= 0.99995 * n)  # not 1000.0k
            return next((f"{value / n:.1f}{prefix}" for n, prefix in fits), f"{value:.0f}")
    return format(value, form) if form else str(value)


def many(count: int, noun: str) -> str:
    """A count and its noun, in the plural unless the count is 1."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
