"""What the running eval is: its spec, its own solver, the steps before ours.

Private: `sample_active` names the running sample (its files, setup, sandboxes); `Plan.__call__`'s
frame is the only place that knows the steps before ours as the objects that really ran; the task is
made again from the registry because a `--solver` replaces its own solver before we are called.
"""

import sys
from collections.abc import Callable
from contextlib import chdir
from inspect import getfile, unwrap
from pathlib import Path
from typing import Any, cast

from inspect_ai import Task
from inspect_ai._eval.loader import load_tasks
from inspect_ai._util.error import PrerequisiteError
from inspect_ai._util.registry import (
    create_registry_object,
    is_registry_object,
    registry_has,
    registry_log_name,
    registry_lookup,
)
from inspect_ai.hooks import Hooks, TaskEnd, TaskStart, hooks
from inspect_ai.log import EvalSpec
from inspect_ai.log._samples import ActiveSample, sample_active
from inspect_ai.solver import Solver
from inspect_ai.solver._plan import Plan

from .scope import RolloutSample

_specs: dict[str, EvalSpec] = {}
_own_solvers: dict[str, Solver] = {}


def register_spec_hook() -> None:
    """Start to keep the spec of each eval that begins.

    Called when a stage is built and not on import: Inspect announces hooks that it finds at its
    start, in every eval of everybody who has this package installed.
    """
    if registry_has("hooks", "inspect_tts/inspect_tts_specs"):
        return

    @hooks(name="inspect_tts_specs", description="Tells inspect_tts which eval it runs in")
    class SpecHook(Hooks):
        async def on_task_start(self, data: TaskStart) -> None:
            _specs[data.eval_id] = data.spec

        async def on_task_end(self, data: TaskEnd) -> None:
            _specs.pop(data.eval_id, None)
            _own_solvers.pop(data.eval_id, None)


def real_sample() -> ActiveSample:
    """The running sample itself, also from inside a rollout."""
    active = sample_active()
    if active is None:
        raise RuntimeError("inspect_tts stages run inside an Inspect sample only")
    return active.real if isinstance(active, RolloutSample) else active


def eval_spec() -> EvalSpec:
    """The spec of the running eval.

    Raises:
        PrerequisiteError: If no stage had been built when the eval began.
    """
    spec = _specs.get(real_sample().eval_id)
    if spec is None:
        raise PrerequisiteError(
            "the stage rollouts() was built while the eval already ran; build it with the solver, "
            "outside of its inner solve function"
        )
    return spec


def task_solver(spec: EvalSpec) -> Solver | None:
    """The solver that the task itself ships, which `--solver` has replaced.

    Args:
        spec: The running eval.

    Returns:
        The solver, made once per eval as Inspect does; None for a task that is not registered and
        so cannot be made again.
    """
    if spec.eval_id not in _own_solvers:
        name = spec.task_registry_name
        if name is None:
            return None
        _own_solvers[spec.eval_id] = _make_task(name, spec).solver
    return _own_solvers[spec.eval_id]


def _make_task(name: str, spec: EvalSpec) -> Task:
    file = Path(spec.task_file) if spec.task_file else None
    if file is None or not file.is_file():
        return cast("Task", create_registry_object("task", name, spec.task_args_passed))
    registered = registry_lookup("task", name)
    if registered is None or Path(getfile(unwrap(cast(Any, registered)))).samefile(file):
        with chdir(file.parent):
            return cast("Task", create_registry_object("task", name, spec.task_args_passed))
    # another file has a task of that name, and was loaded later
    [task] = load_tasks([f"{file}@{name}"], spec.task_args_passed)
    return task


def setup_steps(is_stage: Callable[[str], bool]) -> list[Solver]:
    """The plan's steps before the first of ours: `Task(setup=...)` and what the user put first.

    Args:
        is_stage: Tells our own stages and recipes by registry name.

    Returns:
        The very objects that ran on the sample, to be run again in each rollout.
    """
    frame = sys._getframe()
    while frame.f_code is not Plan.__call__.__code__:
        if frame.f_back is None:
            raise RuntimeError("inspect_tts stages run as steps of an Inspect plan only")
        frame = frame.f_back
    steps = cast("Plan", frame.f_locals["self"]).steps[: frame.f_locals["index"]]
    names = [registry_log_name(step) if is_registry_object(step) else "" for step in steps]
    first = next((i for i, name in enumerate(names) if is_stage(name)), len(steps))
    return steps[:first]
