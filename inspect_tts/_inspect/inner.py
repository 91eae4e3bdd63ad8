"""Load a task by name, to run it inside another one.

Private: `load_tasks` and `resolve_task_sandbox` do what `inspect eval` does: they find a task in a
package or a file, and its sandbox in a compose file beside it.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from copy import copy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from inspect_ai import Task
from inspect_ai._eval.loader import load_tasks, resolve_task_sandbox
from inspect_ai._eval.task.constants import TASK_FILE_ATTR, TASK_RUN_DIR_ATTR
from inspect_ai._eval.task.sandbox import resolve_sandbox
from inspect_ai._eval.task.util import task_run_dir
from inspect_ai.dataset import Sample
from inspect_ai.solver import Solver
from inspect_ai.util import SandboxEnvironmentSpec, SandboxEnvironmentType

from .factories import recording


@dataclass(frozen=True)
class InnerTask:
    """A task that runs inside another one."""

    task: Task
    samples: list[Sample]
    """Its dataset; each sample has an id and its resolved sandbox."""
    make_solver: Callable[[], Solver]
    """Makes the task's own solver again."""
    folder: str
    """The folder to which its relative paths refer."""


def without_place(task: Task) -> Task:
    """A copy of a task that does not know its file, for use by a task in another file."""
    made = copy(task)
    for name in (TASK_FILE_ATTR, TASK_RUN_DIR_ATTR):
        vars(made).pop(name, None)
    return made


def load_inner(
    name: str, args: dict[str, Any], sandbox: SandboxEnvironmentType | None
) -> list[InnerTask]:
    """Load tasks as `inspect eval` does."""
    file, at, member = name.rpartition("@")
    path = Path(file if at else name)
    with recording() as record:
        if path.suffix == ".py":
            with chdir(path.parent):
                tasks = load_tasks([f"{path.name}{at}{member if at else ''}"], args)
        else:
            tasks = load_tasks([name], args)
    return [
        InnerTask(task, _samples(task, sandbox), partial(record.rebuild, task.solver), folder)
        for task in tasks
        for folder in [task_run_dir(task)]
    ]


def _samples(task: Task, sandbox: SandboxEnvironmentType | None) -> list[Sample]:
    spec, folder = resolve_task_sandbox(task, sandbox), Path(task_run_dir(task))

    async def resolved() -> list[Sample]:
        found = []
        for number, sample in enumerate(task.dataset, 1):
            own = await resolve_sandbox(spec, sample, task.name)
            id = number if sample.id is None else sample.id
            found.append(sample.model_copy(update={"id": id, "sandbox": _in(folder, own)}))
        return found

    with ThreadPoolExecutor(1) as thread:  # an event loop may be running in this one
        return thread.submit(anyio.run, resolved).result()


def _in(folder: Path, sandbox: SandboxEnvironmentSpec | None) -> SandboxEnvironmentSpec | None:
    if sandbox is None or not isinstance(sandbox.config, str):
        return sandbox
    file = folder / sandbox.config
    return SandboxEnvironmentSpec(sandbox.type, str(file)) if file.exists() else sandbox
