"""Check the `agent` argument, and make a solver from it for each rollout."""

import re
import sys
from collections.abc import Callable
from difflib import get_close_matches
from hashlib import sha256
from inspect import isclass, signature
from pathlib import Path
from traceback import walk_tb
from typing import Any

from inspect_ai.agent import as_solver, is_agent
from inspect_ai.log import EvalSpec
from inspect_ai.solver import Solver

from inspect_tts._inspect import (
    agent_factory,
    component_spec,
    decorated_names,
    is_factory,
    is_made,
    own_solver_before,
    registered_names,
    step_names,
    task_solver,
)
from inspect_tts.errors import UserError
from inspect_tts.options import AgentArg
from inspect_tts.paths import check_python_file
from inspect_tts.registry import is_stage

MakeAgent = Callable[[EvalSpec], Callable[[], Solver]]


def agent_maker(agent: AgentArg, agent_args: dict[str, Any] | None) -> MakeAgent:
    """Check the `agent` argument; return a function that makes the agent's factory for an eval."""
    args = agent_args or {}
    if isinstance(agent, str):
        if is_stage(agent):
            raise _no_agent(f"agent={agent!r}")
        agent = name_in_file("agent", agent)
        make = agent_factory(agent, args)
        _check_parts(f"agent={agent!r}", made_by_name("agent", agent, args, make))
        return lambda spec: make
    if args:
        raise UserError(
            f"agent_args={args!r} needs an agent given by name; pass agent='package/name' as well, "
            "or build the agent with its arguments"
        )
    if agent is None:
        return _own_solver
    _check_object(agent)
    _check_parts("agent", agent)
    if is_agent(agent):
        one_agent = agent
        return lambda spec: lambda: as_solver(one_agent)
    solver: Any = agent
    return lambda spec: lambda: solver


def agent_identity(
    agent: AgentArg, agent_args: dict[str, Any] | None, spec: EvalSpec
) -> list[object]:
    """Values that identify an agent across processes."""
    if agent is None:
        return component_spec(_own(spec)[0])
    if not isinstance(agent, str):
        return component_spec(agent)
    file, at, _ = name_in_file("agent", agent).rpartition("@")
    code = sha256(Path(file).read_bytes()).hexdigest() if at else None
    return [agent, agent_args or {}, code]


def agent_name(agent: AgentArg) -> str:
    """The agent's name in the log."""
    if agent is None:
        return "the task's own solver"
    if isinstance(agent, str):
        return agent
    return ", ".join(step_names(agent))


def made_by_name(kind: str, name: str, args: dict[str, Any], make: Callable[[], Solver]) -> Solver:
    """Make an `agent` or a `stage` that a user named."""
    try:
        return make()
    except UserError:
        raise
    except Exception as error:  # a user's factory may raise anything
        raise UserError(_why_not_made(kind, name, args, error)) from error


def _why_not_made(kind: str, name: str, args: dict[str, Any], error: Exception) -> str:
    if _raised_by_others(error):
        why = " ".join(str(error).split())
        return f"{kind} '{name}' could not be created: {type(error).__name__}: {why}"
    if isinstance(error, TypeError):
        how = f"does not take {kind}_args={args!r}" if kind == "agent" else "takes arguments"
        missing = re.findall(r"'(\w+)'", str(error).partition(" missing ")[2])
        if missing and kind == "agent":
            how = "needs arguments"
            shown = ", ".join(f'"{each}": ...' for each in missing)
            return f"{kind} '{name}' {how}: {error}. Give -S agent_args='{{{shown}}}'"
        return f"{kind} '{name}' {how}: {error}"
    close = get_close_matches(name, registered_names("agent", "solver"), n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(close)}?" if close else "."
    end = "; leave it out to use the task's own solver" if kind == "agent" else ""
    return (
        f"{kind} '{name}' could not be created: {error}{hint} Give 'package/name' (with its "
        f"package installed) or 'file.py@name'{end}"
    )


def _raised_by_others(error: Exception) -> bool:
    """Whether an error passed through third-party code, such as a factory or its file."""
    modules = {frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__)}
    known = {"inspect_ai", "inspect_tts", *sys.stdlib_module_names}
    return bool({each.partition(".")[0] for each in modules} - known)


def name_in_file(kind: str, name: str) -> str:
    """The full name of an agent or solver; the file alone is enough if it defines only one."""
    file, at, member = name.rpartition("@")
    path = Path(file if at else name)
    if not at and path.suffix != ".py":
        return name
    check_python_file(path, f"{kind}={name!r}", f"; give {kind}=FILE.py@name")
    names = decorated_names(path)
    if at and member in names:
        return name
    if not at and len(names) == 1:
        return f"{path}@{names[0]}"
    if not names:
        raise UserError(
            f"{kind}={name!r}: {path} defines no agent or solver; decorate the function that "
            f"creates yours with @agent or @solver, and give {kind}={path}@its_name"
        )
    wrong = f"it has no agent or solver {member}" if at else "it does not say which"
    choices = " or ".join(f"{kind}={path}@{each}" for each in names)
    raise UserError(
        f"{kind}={name!r}: {wrong}; give {choices}"
        + (f", or decorate the function {member} with @agent or @solver" if at else "")
    )


def _check_object(agent: Any) -> None:
    """Refuse an object that is not an agent, and say what to write instead."""
    name = getattr(agent, "__name__", type(agent).__name__)
    if isinstance(agent, list | tuple):
        raise UserError(
            f"agent is a list of {len(agent)}; give one: agent=chain(first, second) runs solvers "
            "one after the other"
        )
    if is_factory(agent) or isclass(agent):
        raise UserError(f"agent={name} is a factory, not an agent; write agent={name}()")
    if not callable(agent):
        raise UserError(f"agent={agent!r} is neither an agent, a solver, nor the name of one")
    if is_made(agent):
        return
    try:
        signature(agent).bind(None, None)
    except TypeError:
        taken = ", ".join(signature(agent).parameters)
        raise UserError(
            f"agent={name} is a plain function that takes ({taken}); decorate the function that "
            f"creates your agent with @agent or @solver, and write agent={name}()"
        ) from None


def _check_parts(given: str, agent: object) -> None:
    """Refuse an agent that is or contains a strategy or stage of this package.

    A user's solver may have the same name as one of ours, but its registry name has no `/`.
    """
    for name in _ours(agent):
        if "/" in name:
            raise _no_agent(f"{given} runs {name}, which")


def _no_agent(what: str) -> UserError:
    return UserError(
        f"{what} is a strategy, or a stage of one; give an agent such as inspect_tts/bash_agent, "
        "or leave it out for the task's own"
    )


def _own_solver(spec: EvalSpec) -> Callable[[], Solver]:
    solver, make = _own(spec)
    check_own_solver(spec.task, solver)
    return make


def _own(spec: EvalSpec) -> tuple[Solver, Callable[[], Solver]]:
    """The task's own solver, or the one before it if `task_with` replaced it with a strategy."""
    solver, make = task_solver(spec)
    if not _ours(solver):
        return solver, make
    return own_solver_before(spec) or (solver, make)


def _ours(solver: object) -> list[str]:
    return [name for name in step_names(solver) if is_stage(name)]


def check_own_solver(task: str, solver: Solver) -> None:
    """Refuse a task whose own solver cannot be the agent of rollouts."""
    for name in _ours(solver):
        if "/" not in name:
            raise UserError(
                f"the solver of task '{task}' is named {name}, like a solver of inspect_tts: "
                f"rename it, or pass agent='FILE@{name}' to inspect_tts/{name}"
            )
        raise UserError(
            f"the solver of task '{task}' is {name}, which needs an agent to run: pass "
            "agent='package/name' to it, or keep an agent as the task's solver and set the "
            "strategy from outside, with --solver, or with task_with(task, solver=...) on a task "
            "that a @task function creates"
        )
