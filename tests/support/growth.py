"""How the time that a function takes grows with the length of a text."""

import gc
from collections.abc import Callable
from time import process_time
from typing import Any


def cost(look: Callable[[str], Any], text: str) -> float:
    """Processor time, without the garbage collector's: that grows with all else in the process."""
    gc.disable()
    try:
        started = process_time()
        look(text)
        return process_time() - started
    finally:
        gc.enable()


def grows(look: Callable[[str], Any], unit: str, short: int, long: int) -> str | None:
    """What a text of four times the length costs, where that is far more than four times."""
    few, many = (unit * (size // len(unit)) for size in (short, long))
    return grows_between(look, few, many)


def grows_between(look: Callable[[str], Any], few: str, many: str) -> str | None:
    """What the second text costs, four times the first, where that is far more than four times."""
    ratios = []
    for _ in range(4):  # other processes disturb the clock
        before, now = cost(look, few), cost(look, many)
        # what the clock cannot tell from nothing tells nothing of the growth
        ratios.append(now / max(before, 0.0005))
        if ratios[-1] < 9:
            return None
    return f"{many[:80]!r}: {min(ratios):.0f} times"
