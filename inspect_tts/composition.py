"""How the recipes are composed from stages."""

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import signature, unwrap
from typing import Any

from inspect_ai.solver import Generate, Solver, TaskState, solver

from ._inspect import quiet_span, step_names
from .core.candidates import agreed
from .core.records import STOP, Stage
from .core.refinement import CONTEXTS
from .errors import UserError
from .stages.arguments import at_least, at_most, known_arguments, one_of
from .stages.budget import Budget, phases_of
from .stages.crew import crew_of_sample
from .stages.pool import pool_of
from .stages.rollouts import rollouts
from .stages.selection import select, tournament

_SELECTION = {
    "group_size",
    "votes",
    "early_stop",
    "selection",
    "tie",
    "judge_identical",
    "judge_input",
    "judge_tokens",
    "judge_prompt",
    "judge_reask_prompt",
}
_REFINEMENT = {
    "iterations",
    "top_k",
    "context",
    "diverse",
    "cold",
    "carry_over",
    "stop_agreed",
}


def run_stages(
    *stages: Solver,
    early_end: Sequence[Solver] = (),
    stop_agreed: bool = False,
    iterations: int = 1,
) -> Solver:
    """Await stages inside a solver; a chain, returned, would take its place in the log.

    A chain would also log the pool, in full, after each stage: here the recipe's step does it once.
    Where rollouts are samples of their own, a strategy goes on behind the stages that it has run.

    Args:
        *stages: In their order.
        early_end: What ends the recipe instead, where the sample's limit leaves no room for another
            iteration; needed where there are several.
        stop_agreed: Whether that ends it, too, once the candidates of a selection agree.
        iterations: How many the recipe plans, for the record.

    Returns:
        The inner function of a recipe.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        names = [step_names(stage)[0] for stage in stages]
        goes_on = crew_of_sample().supply is not None
        done = [stage.name for stage in pool_of(state).stages] if goes_on else []
        if STOP in done:
            return await _end(early_end[len(done) - done.index(STOP) - 1 :], state, generate)
        for number, stage in enumerate(stages[len(done) :], len(done)):
            budget = crew_of_sample().budget
            budget.ahead = phases_of(names[number:])
            if early_end and number > 0 and _too_short(state, names[number], budget, iterations):
                return await _end(early_end, state, generate)
            state = await _run(stage, state, generate)
            if stop_agreed and number < len(stages) - 2 and _agrees(state, stage, iterations):
                return await _end(early_end, state, generate)
        return state

    return solve


async def _end(stages: Sequence[Solver], state: TaskState, generate: Generate) -> TaskState:
    names = [step_names(stage)[0] for stage in stages]
    for number, stage in enumerate(stages):
        crew_of_sample().budget.ahead = phases_of(names[number:])
        state = await _run(stage, state, generate)
    return state


def _too_short(state: TaskState, stage: str, budget: Budget, iterations: int) -> bool:
    """Whether no further iteration fits into the sample's limit."""
    if phases_of([stage]) != ("rollouts",) or budget.affords_iteration():
        return False
    pool = pool_of(state)
    n = next(s.parameters["n"] for s in pool.stages if s.name == "rollouts")
    cut = budget.cut(n * (iterations - 1 - pool.iteration), 0)
    parameters = {"iterations": iterations}
    stop = Stage(name=STOP, iteration=pool.iteration, parameters=parameters, cut=cut)
    pool.stages = [*pool.stages, stop]
    return True


async def _run(stage: Solver, state: TaskState, generate: Generate) -> TaskState:
    async with quiet_span(step_names(stage)[0], type="solver"):
        return await stage(state, generate)


def _agrees(state: TaskState, stage: Solver, iterations: int) -> bool:
    pool = pool_of(state)
    if "rollouts" in step_names(stage)[0] or not agreed(pool.selections[-1], pool.rollouts):
        return False
    stop = Stage(name=STOP, iteration=pool.iteration, parameters={"iterations": iterations})
    pool.stages = [*pool.stages, stop]
    return True


def refinement(given: dict[str, Any], *, score_last: bool = False) -> list[Solver]:
    """The iterations of a recipe; sandboxes of all but the last are held only to be graded.

    Args:
        given: The recipe's arguments by name. One without `iterations` runs a single one.
        score_last: Whether the last iteration is graded in any case.

    Returns:
        The stages: `rollouts`, and before each further one what selects its context.

    Raises:
        UserError: If an argument is out of range.
    """
    single = {"iterations": 1, "top_k": 1, "context": "select", "cold": 0}
    never = {"diverse": False, "carry_over": False, "stop_agreed": False}
    given = {**single, **never, **given}
    at_least("n", given["n"], 1)
    at_least("iterations", given["iterations"], 1)
    at_least("top_k", given["top_k"], 1)
    one_of("context", given["context"], CONTEXTS)
    if given["context"] != "single" and given["iterations"] > 1:
        why = ": the refinement context is taken from n rollouts"
        at_most("top_k", given["top_k"], given["n"], why)
    needless = [name for name in never if given[name] and given["context"] != "select"]
    if needless:
        raise UserError(
            f"context={given['context']!r} selects nothing that {' and '.join(needless)} could "
            "apply to; give context='select', or leave it out"
        )
    last = given["iterations"] - 1
    stages: list[Solver] = []
    for iteration in range(last + 1):
        arguments = {k: v for k, v in given.items() if k not in _SELECTION | _REFINEMENT}
        if iteration == last:
            arguments["score_rollouts"] = given["score_rollouts"] or score_last
        else:
            held = (given[name] for name in ("score_rollouts", "carry_over", "stop_agreed"))
            arguments["hold"] = any(held)
        if iteration > 0:
            if given["context"] == "select":
                stages.append(select_one(given, keep=given["top_k"], diverse=given["diverse"]))
            arguments |= {name: given[name] for name in ("context", "top_k", "cold", "carry_over")}
        stages.append(rollouts(**arguments))
    return stages


def select_one(given: dict[str, Any], *, keep: int = 1, diverse: bool = False) -> Solver:
    """The selection that a recipe asks for.

    Args:
        given: The recipe's arguments by name.
        keep: How many to select.
        diverse: Whether near-equal summaries are passed over.

    Returns:
        The stage.
    """
    arguments = {name: given[name] for name in (*_SELECTION, "seed")}
    arguments |= {"keep": keep, "diverse": diverse}
    if given["selection"] != "tournament":
        return select(**arguments)
    del arguments["selection"]
    return tournament(**arguments)


def preset(
    recipe: Callable[..., Solver], name: str, summary: str, **defaults: Any
) -> Callable[..., Solver]:
    """A recipe under another name and with other defaults, which the log then shows.

    Args:
        recipe: Which one.
        name: Its other name.
        summary: First line of the docstring.
        **defaults: The defaults that differ.

    Returns:
        The recipe, registered.
    """
    made: Callable[..., Solver] = unwrap(recipe)
    shape = signature(made)
    arguments = shape.parameters.values()
    shape = shape.replace(
        parameters=[p.replace(default=defaults.get(p.name, p.default)) for p in arguments]
    )

    @wraps(made)
    def other(*args: Any, **kwargs: Any) -> Solver:
        given = shape.bind(*args, **kwargs)
        given.apply_defaults()
        return made(*given.args, **given.kwargs)

    changed = ", ".join(f"{key}={value!r}" for key, value in defaults.items())
    other.__doc__ = f"{summary}\n\n`{made.__name__}`, which see, with {changed}."
    other.__name__ = other.__qualname__ = name
    other.__signature__ = shape  # type: ignore[attr-defined]  # what `signature` reads first
    return solver(known_arguments(other))
