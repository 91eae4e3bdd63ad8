"""The running eval: its spec, its task and the task's own solver, and the steps before ours.

Private: `sample_active` gives the running sample with its files, setup and sandboxes. The steps
before ours, the task whose solver `--solver` replaces, the log that is retried, and the tasks about
to run exist only as local variables of `Plan.__call__`, `task_run` and `eval_run`.
"""

import sys
from collections.abc import Awaitable, Callable
from contextlib import chdir
from dataclasses import dataclass
from functools import partial
from inspect import getclosurevars, getfile, unwrap
from pathlib import Path
from types import FrameType
from typing import Any, cast
from weakref import WeakKeyDictionary

import anyio.to_thread
from inspect_ai import SampleSource, Task
from inspect_ai._eval.loader import load_tasks
from inspect_ai._eval.run import eval_run
from inspect_ai._eval.task.constants import TASK_RUN_DIR_ATTR
from inspect_ai._eval.task.resolved import ResolvedTask
from inspect_ai._eval.task.run import EvalSampleSource, task_run
from inspect_ai._util.error import PrerequisiteError
from inspect_ai._util.registry import (
    create_registry_object,
    is_registry_object,
    registry_has,
    registry_log_name,
    registry_lookup,
    registry_params,
)
from inspect_ai.hooks import Hooks, RunEnd, TaskEnd, TaskStart, hooks
from inspect_ai.log import EvalLog, EvalSpec
from inspect_ai.log._samples import ActiveSample, sample_active
from inspect_ai.solver import Solver
from inspect_ai.solver._chain import Chain
from inspect_ai.solver._plan import Plan

from inspect_tts.text.writable import plain

from .agents import step_names
from .ends import EvalEnd
from .factories import recording
from .inner import InnerTask
from .scope import RolloutSampleView
from .terminal import interrupt_on_sigterm, quiet_interrupts, restore_sigterm

_specs: dict[str, EvalSpec] = {}
_tasks: dict[str, Task] = {}
_retried: dict[str, str | None] = {}
_own_solvers: dict[str, Callable[[], Solver]] = {}
_before: dict[str, tuple[Solver, Callable[[], Solver]]] = {}
_wrapped: WeakKeyDictionary[SampleSource, "_Wrapped"] = WeakKeyDictionary()
"""By the sample source of the outer task, because Inspect copies the task."""
ENDED: list[EvalEnd] = []
"""The evals of this process that ended, oldest first."""
_at_end: dict[str, dict[str, Callable[[EvalLog], None]]] = {}
_at_run_end: dict[tuple[str, str], tuple[EvalSpec, Callable[[EvalEnd], None]]] = {}


def register_spec_hook(
    at_start: Callable[[EvalSpec], Awaitable[None]], at_end: Callable[[EvalLog], None]
) -> None:
    """Keep the spec of each later eval; call `at_start` and `at_end` when it starts and ends.

    This is called when a stage is built, not on import: otherwise Inspect would announce the hook
    in every eval of everyone who has this package installed.
    """
    if registry_has("hooks", "inspect_tts/inspect_tts_specs"):
        return

    @hooks(name="inspect_tts_specs", description="Tells inspect_tts which eval it runs in")
    class SpecHook(Hooks):
        async def on_task_start(self, data: TaskStart) -> None:
            _specs[data.eval_id] = data.spec
            interrupt_on_sigterm()
            quiet_interrupts()
            options = _caller(task_run)["options"]
            task = _tasks[data.eval_id] = options.task
            _retried[data.eval_id] = _log_of(options.sample_source)
            if wrapped := _wrapped_by(task):
                await wrapped.begins(data.spec)
            await at_start(data.spec)

        async def on_task_end(self, data: TaskEnd) -> None:
            errors: list[Exception] = []
            for call in (at_end, *_at_end.pop(data.eval_id, {}).values()):
                try:  # in a thread: other evals continue, and reading a log starts an event loop
                    await anyio.to_thread.run_sync(call, data.log)
                except Exception as error:  # the other calls must still be made
                    errors.append(error)
            for kept in (_specs, _tasks, _retried, _own_solvers, _before):
                kept.pop(data.eval_id, None)
            if errors:  # Inspect reports it
                raise ExceptionGroup(f"after the eval {data.log.eval.task}", errors)

        async def on_run_end(self, data: RunEnd) -> None:  # also called if tasks failed
            restore_sigterm()
            ends = {log.eval.eval_id: EvalEnd.of(log) for log in data.logs}
            ENDED.extend(ends.values())
            for key, (spec, call) in list(_at_run_end.items()):
                if spec.run_id == data.run_id:
                    del _at_run_end[key]
                    if not ends:  # something ended the run before its logs were returned
                        call(EvalEnd("", "cancelled", None))
                    elif spec.eval_id in ends:
                        call(ends[spec.eval_id])


def at_eval_end(spec: EvalSpec, name: str, call: Callable[[EvalLog], None]) -> None:
    """Call a function once an eval has ended."""
    _at_end.setdefault(spec.eval_id, {})[name] = call


def at_run_end(spec: EvalSpec, name: str, call: Callable[[EvalEnd], None]) -> None:
    """Call a function once an eval has ended in any way; of several with one name, the last."""
    _at_run_end[spec.eval_id, name] = (spec, call)


def outer_sample() -> ActiveSample:
    """The running sample itself, even when called from inside a rollout."""
    active = sample_active()
    if active is None:
        raise RuntimeError("inspect_tts stages run only inside an Inspect sample")
    return active.real if isinstance(active, RolloutSampleView) else active


def in_sample() -> bool:
    """Whether a sample of an eval is running here."""
    return sample_active() is not None


def eval_spec() -> EvalSpec:
    """The spec of the running eval."""
    spec = _specs.get(outer_sample().eval_id)
    if spec is None:
        raise PrerequisiteError(
            "the stage rollouts() was built while the eval was already running; build it outside "
            "of the solver's inner solve function"
        )
    return spec


def task_solver(spec: EvalSpec) -> tuple[Solver, Callable[[], Solver]]:
    """The task's own solver, which `--solver` has replaced, and a function that makes it again."""
    task = running_task(spec)
    if wrapped := _wrapped_by(task):
        return wrapped.inner.task.solver, wrapped.inner.make_solver
    if spec.eval_id not in _own_solvers:
        _own_solvers[spec.eval_id] = _maker(task.solver, spec)
    return task.solver, _own_solvers[spec.eval_id]


def own_solver_before(spec: EvalSpec) -> tuple[Solver, Callable[[], Solver]] | None:
    """The task's solver before `task_with`, and a function that makes it; None without `@task`."""
    if spec.task_registry_name is None:
        return None
    if spec.eval_id not in _before:
        with recording() as record:
            made = record.first_solver(_make_task(spec.task_registry_name, spec))
        _before[spec.eval_id] = made, partial(record.rebuild, made)
    return _before[spec.eval_id]


def running_task(spec: EvalSpec) -> Task:
    """The task object of the running eval."""
    return _tasks[spec.eval_id]


def retried_log(spec: EvalSpec) -> str | None:
    """Location of the log that the running eval retries; None if it is not a retry."""
    return _retried[spec.eval_id]


def _log_of(source: EvalSampleSource | None) -> str | None:
    """The log from which a retry takes finished samples; a closure has it if it was read before."""
    if source is None or source.seed is None:
        return None
    if isinstance(source.seed.source, str):
        return source.seed.source
    log = getclosurevars(source.lookup).nonlocals.get("eval_log")
    return (log.location or None) if isinstance(log, EvalLog) else None


@dataclass(frozen=True)
class _Wrapped:
    inner: InnerTask
    begins: Callable[[EvalSpec], Awaitable[None]]


def wrap_task(outer: Task, inner: InnerTask, begins: Callable[[EvalSpec], Awaitable[None]]) -> None:
    """Let a task stand for another one, and use the folder and the solver of that one."""
    setattr(outer, TASK_RUN_DIR_ATTR, inner.folder)
    assert outer.sample_source is not None
    _wrapped[outer.sample_source] = _Wrapped(inner, begins)


def _wrapped_by(task: Task) -> _Wrapped | None:
    return None if task.sample_source is None else _wrapped.get(task.sample_source)


def _maker(solver: Solver, spec: EvalSpec) -> Callable[[], Solver]:
    if spec.task_registry_name is None:
        return lambda: solver
    with recording() as record:
        made = _make_task(spec.task_registry_name, spec).solver
    if component_spec(made) != component_spec(solver):
        return lambda: solver
    return partial(record.rebuild, made)


def component_spec(part: object) -> list[object]:
    """Names and arguments of an agent, a solver or a chain, as the log shows them."""
    if isinstance(part, Chain):
        return [each for step in part for each in component_spec(step)]
    if not is_registry_object(part):
        return [[*step_names(part)]]
    return [[registry_log_name(part), plain(registry_params(part))]]


def _make_task(name: str, spec: EvalSpec) -> Task:
    file = Path(spec.task_file) if spec.task_file else None
    if file is None or not file.is_file():
        return cast("Task", create_registry_object("task", name, spec.task_args_passed))
    registered = registry_lookup("task", name)
    if registered is None or Path(getfile(unwrap(cast(Any, registered)))).samefile(file):
        with chdir(file.parent):
            return cast("Task", create_registry_object("task", name, spec.task_args_passed))
    # a file that was loaded later has a task of the same name
    [task] = load_tasks([f"{file}@{name}"], spec.task_args_passed)
    return task


def setup_steps(is_stage: Callable[[str], bool]) -> list[Solver]:
    """The plan's steps before the first of ours: `Task(setup=...)` and what the user put first."""
    plan = _caller(Plan.__call__)
    steps = cast("Plan", plan["self"]).steps[: plan["index"]]
    names = [registry_log_name(step) if is_registry_object(step) else "" for step in steps]
    first = next((i for i, name in enumerate(names) if is_stage(name)), len(steps))
    return steps[:first]


def planned_steps() -> list[Solver]:
    """The steps of the running sample's plan, with chains unrolled."""
    queue, found = list(cast("Plan", _caller(Plan.__call__)["self"]).steps), list[Solver]()
    while queue:
        step = queue.pop(0)
        if isinstance(step, Chain):
            queue[:0] = list(step)
        else:
            found.append(step)
    return found


def tasks_to_run() -> list[ResolvedTask]:
    """The tasks for which Inspect is making the `--solver` now; empty outside of a run."""
    return cast("list[ResolvedTask]", _find(eval_run).get("tasks", []))


def task_variables() -> dict[str, Any]:
    """Local variables of the task of a hook: `plan`, `total_samples`, `sample_ids`, `logger`, `td`.

    `td` displays the task's progress and, at the end, `results`, of which the log has a copy.
    """
    return _caller(task_run)


def _caller(function: Callable[..., Any]) -> dict[str, Any]:
    found = _find(function)
    if not found:
        raise RuntimeError(f"inspect_tts is not running inside Inspect's {function.__qualname__}")
    return found


def _find(function: Callable[..., Any]) -> dict[str, Any]:
    """The local variables of a calling function; empty if it is not among the callers."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code is not function.__code__:
        frame = frame.f_back
    return {} if frame is None else frame.f_locals
