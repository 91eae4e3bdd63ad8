"""Terminal-Bench 2.0: `inspect eval tasks/terminal_bench.py -T path=FOLDER --solver rtv`."""

from functools import wraps
from typing import Any

from inspect_ai import Task, task

from inspect_tts.benchmarks.terminal_bench import task as benchmark


@task
@wraps(benchmark.terminal_bench, assigned=[], updated=[])  # with its arguments
def terminal_bench(**arguments: Any) -> Task:
    """Terminal-Bench 2.0: 89 tasks in a terminal, each graded by tests of its own."""
    return benchmark.terminal_bench(**arguments)
