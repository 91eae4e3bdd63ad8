"""Tables of numbers, and the intervals in them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.table import Table

RESAMPLES = 2000


def interval(differences: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """The 95 % bootstrap interval of a mean over problems; equal seeds draw equal problems."""
    values = np.array(differences)
    drawn = np.random.default_rng(seed).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), (2.5, 97.5))
    return float(low), float(high)


def text(value: Any) -> str:
    """A number or a pair of them in a table, `-` for none."""
    if isinstance(value, list):
        return " .. ".join(map(text, value))
    if isinstance(value, str) or value is None:
        return value or "-"
    return f"{value:,.0f}" if value >= 1000 or value == 0 else f"{value:.1f}"


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """A table of numbers; the first column is text."""
    made = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        made.add_column(column, justify="right" if index else "left", no_wrap=True)
    for cells in rows:
        made.add_row(*map(text, cells))
    return made
