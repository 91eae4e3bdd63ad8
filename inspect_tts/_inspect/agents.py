"""Make an agent from a name.

Private: `solver_from_spec` resolves the names `pkg/name` and `file.py@name` of solvers and agents,
as `--solver` does; `parse_decorators` finds the names in a file. `has_registry_params` tells what a
decorated function made from the function itself. `registry_find` lists registered names for error
messages. The active model and the `generate` of forks are context variables; a solver's `generate`
is `task_generate` with one model. `registry_add` gives a solver a second name, because `@solver`
always adds the package as a prefix.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Literal, Unpack, cast

from inspect_ai._eval.loader import solver_from_spec
from inspect_ai._eval.task.generate import task_generate
from inspect_ai._util.decorator import parse_decorators
from inspect_ai._util.notgiven import NOT_GIVEN
from inspect_ai._util.registry import (
    RegistryInfo,
    RegistryType,
    has_registry_params,
    is_registry_object,
    registry_add,
    registry_find,
    registry_has,
    registry_log_name,
    registry_lookup,
)
from inspect_ai.agent import Agent, as_solver, is_agent
from inspect_ai.model import GenerateConfigArgs, Model
from inspect_ai.model._generate_config import active_generate_config
from inspect_ai.model._model import active_model_context_var
from inspect_ai.solver import Generate, Solver, SolverSpec, TaskState
from inspect_ai.solver._chain import Chain
from inspect_ai.solver._fork import set_task_generate


def agent_factory(name: str, args: dict[str, Any]) -> Callable[[], Solver]:
    """A function that makes the agent or solver of a name."""
    file, at, member = name.rpartition("@")
    if not at:
        return lambda: solver_from_spec(SolverSpec(name, args, args))
    spec = SolverSpec(f"{Path(file).resolve()}@{member}", args, args)
    loaded: list[Callable[..., Solver | Agent]] = []

    def make() -> Solver:
        if not loaded:  # the file is run once, not for each rollout
            made: Solver | Agent = solver_from_spec(spec)
            factory = registry_lookup("solver", member) or registry_lookup("agent", member)
            loaded.append(cast("Callable[..., Solver | Agent]", factory))
        else:
            made = loaded[0](**args)
        return as_solver(made) if is_agent(made) else cast("Solver", made)

    return make


def decorated_names(file: Path) -> list[str]:
    """The names of the agents and solvers that a file defines."""
    return [name for kind in ("agent", "solver") for name, _ in parse_decorators(file, kind)]


def is_factory(part: object) -> bool:
    """Whether this is a function that makes agents or solvers, and not an agent or solver."""
    return is_registry_object(part) and not has_registry_params(part)


def is_made(part: object) -> bool:
    """Whether a decorated function made this agent or solver."""
    return has_registry_params(part)


def registered_names(*types: RegistryType) -> list[str]:
    """Registered names of some types, such as `agent` and `solver`."""
    found = registry_find(lambda info: info.type in types)
    return sorted({registry_log_name(o) for o in found})


def step_names(solver: object) -> list[str]:
    """Registry names of an agent, a solver, or the steps of a chain."""
    if isinstance(solver, Chain):
        return [name for step in solver for name in step_names(step)]
    if is_registry_object(solver):
        return [registry_log_name(solver)]
    return [getattr(solver, "__name__", type(solver).__name__)]


def register_alias(name: str, factory: Callable[..., Solver]) -> None:
    """Register a solver under a bare name as well, so that `--solver rtv` finds it.

    The alias is a separate object, because registering tags an object with its name.
    """
    if registry_has("solver", name):
        return

    @wraps(factory)
    def alias(*args: Any, **kwargs: Any) -> Solver:
        return factory(*args, **kwargs)

    registry_add(alias, RegistryInfo(type="solver", name=name))


@contextmanager
def acting_model(model: Model | None, generate: Generate) -> Iterator[Generate]:
    """Make a model the active one, instead of the one under evaluation; yields its `generate`."""
    if model is None:
        yield generate
        return

    async def own_generate(
        state: TaskState,
        tool_calls: Literal["loop", "single", "none"] = "loop",
        **kwargs: Unpack[GenerateConfigArgs],
    ) -> TaskState:
        cache = kwargs.get("cache", False) or NOT_GIVEN
        config = active_generate_config().merge(kwargs)
        return await task_generate(model, state, tool_calls, cache, config)

    token = active_model_context_var.set(model)
    set_task_generate(own_generate)
    try:
        yield own_generate
    finally:
        active_model_context_var.reset(token)
        set_task_generate(generate)
