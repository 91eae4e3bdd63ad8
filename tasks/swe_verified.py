"""SWE-bench Verified: `inspect eval tasks/swe_verified.py --solver rtv --model ...`."""

from functools import wraps
from typing import Any

from inspect_ai import Task, task

from inspect_tts.benchmarks.swe_verified import task as benchmark


@task
@wraps(benchmark.swe_verified, assigned=[], updated=[])  # with its arguments
def swe_verified(**arguments: Any) -> Task:
    """SWE-bench Verified: 500 problems of twelve Python projects, graded by hidden tests."""
    return benchmark.swe_verified(**arguments)
