"""Numbers of a run, written by hand for tests of what a report shows."""

from typing import Any

from inspect_tts.report.numbers import RunNumbers
from inspect_tts.statistics.intervals import Estimate

EMPTY: dict[str, Any] = {
    "task": "t",
    "model": "m",
    "strategy": "rtv",
    "settings": "",
    "label": "rtv",
    "side": 0,
    "problems": 10,
    "samples": 10,
    "rollouts": 40,
    "rates": None,
    "scores": {},
    "pass_at_k": {},
    "baselines": {},
    "per_problem": {"tokens": None, "dollars": None, "seconds": None},
    "pass_counts": {},
    "refinement": {},
    "by_context": {},
    "judge": (),
    "calibration": (),
    "turns": (),
    "phases": (),
    "rounds": (),
}


def run_numbers(**given: Any) -> RunNumbers:
    """A run that has only these numbers."""
    return RunNumbers.model_construct(**(EMPTY | given))


def sure(value: float, low: float | None = None, high: float | None = None) -> Estimate:
    """A number over ten problems, with its interval if there is one."""
    return Estimate(value, low, high, 10)
