"""Make a solver again, with the arguments that its factories first got.

If a `@task` function takes a task from another one and gives it a strategy by `task_with`, both
return the same object, tagged twice. The solver that it had first is the task's own solver.

Private: each of Inspect's decorators calls `registry_tag` with a new object, its factory and the
factory's arguments. Inspect itself keeps these only in the form that the log needs: a callable
becomes a name, an object a dict.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import getclosurevars
from typing import Any

from inspect_ai import Task
from inspect_ai._eval import registry as tasks
from inspect_ai._util.registry import RegistryInfo, registry_lookup, registry_tag
from inspect_ai.agent import _agent as agents
from inspect_ai.agent import as_solver
from inspect_ai.solver import Solver
from inspect_ai.solver import _solver as solvers
from inspect_ai.tool import _tool as tools


@dataclass(frozen=True)
class _Making:
    made: object
    factory: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class Recording:
    """The factories and arguments of the solvers, agents and tools that were made."""

    def __init__(self) -> None:
        self._makings: dict[int, _Making] = {}
        self._tasks: dict[int, tuple[Task, Solver]] = {}

    def first_solver(self, task: Task) -> Solver:
        """The solver that a task had when it was first made, even if it was replaced later."""
        return self._tasks.get(id(task), (task, task.solver))[1]

    def rebuild(self, made: Any) -> Any:
        """Call an object's factory again, with arguments that are rebuilt as well."""
        return self._rebuild(made, {})

    def __contains__(self, made: object) -> bool:
        return id(made) in self._makings

    def _rebuild(self, value: Any, rebuilt: dict[int, Any]) -> Any:
        making = self._makings.get(id(value))
        if making is not None:
            if id(value) not in rebuilt:
                args = [self._rebuild(each, rebuilt) for each in making.args]
                kwargs = {name: self._rebuild(v, rebuilt) for name, v in making.kwargs.items()}
                rebuilt[id(value)] = making.factory(*args, **kwargs)
            return rebuilt[id(value)]
        if type(value) in (list, tuple):
            return type(value)(self._rebuild(each, rebuilt) for each in value)
        if type(value) is dict:
            return {name: self._rebuild(each, rebuilt) for name, each in value.items()}
        return value

    def _note(
        self,
        factory: Callable[..., Any],
        made: object,
        info: RegistryInfo,
        /,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        registry_tag(factory, made, info, *args, **kwargs)
        if isinstance(made, Task):
            self._tasks.setdefault(id(made), (made, made.solver))
            return
        if factory.__qualname__ == "as_solver.<locals>.agent_to_solver":
            held = getclosurevars(factory).nonlocals
            args, kwargs = (held["agent"], held["limits"]), held["agent_kwargs"]
            self._makings[id(made)] = _Making(made, as_solver, args, kwargs)
            return
        decorated: Any = registry_lookup(info.type, info.name)
        if getattr(decorated, "__wrapped__", None) is factory:
            self._makings[id(made)] = _Making(made, decorated, args, kwargs)


@contextmanager
def recording() -> Iterator[Recording]:
    """Record how every solver, agent, tool and task inside the block is made."""
    record = Recording()
    decorators: tuple[Any, ...] = (solvers, agents, tools, tasks)
    for module in decorators:
        module.registry_tag = record._note
    try:
        yield record
    finally:
        for module in decorators:
            module.registry_tag = registry_tag
