"""What the user sees while a strategy runs: counters in the footer of Inspect's display."""

from collections import Counter

from inspect_ai.util import display_counter

_planned: Counter[str] = Counter()
_done: Counter[str] = Counter()


def plan(what: str, count: int) -> None:
    """Announce work.

    Args:
        what: `rollouts`, `summaries` or `votes`.
        count: How many more.
    """
    _planned[what] += count
    _show(what)


def done(what: str) -> None:
    """Count one piece of work as done."""
    _done[what] += 1
    _show(what)


def _show(what: str) -> None:
    display_counter(what, f"{_done[what]}/{_planned[what]}")
