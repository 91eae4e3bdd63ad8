"""The demo: `inspect eval tasks/demo.py --model simulated/coder` runs without a key or Docker."""

from functools import wraps
from typing import Any

from inspect_ai import Task, task

from inspect_tts.benchmarks.demo import task as benchmark


@task
@wraps(benchmark.demo, assigned=[], updated=[])  # with its arguments
def demo(**arguments: Any) -> Task:
    """Ten small repositories with a bug each, graded by hidden tests."""
    return benchmark.demo(**arguments)
