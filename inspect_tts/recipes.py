"""The strategies: a chain of stages each (paper, section 1)."""

from typing import Any

from inspect_ai.solver import Generate, Solver, TaskState, solver

from ._inspect import quiet_span, step_names
from .core.refinement import CONTEXTS, Context
from .stages.adopt import adopt
from .stages.agent import AgentArg
from .stages.arguments import at_least, at_most, known_arguments, one_of
from .stages.rollouts import rollouts
from .stages.tournament import random_selection, tournament


@solver
@known_arguments
def rtv(
    n: int = 16,
    group_size: int = 2,
    votes: int = 8,
    early_stop: bool = True,
    seed: int = 0,
    agent: AgentArg = None,
    agent_args: dict[str, Any] | None = None,
    max_rollouts: int | None = None,
    token_limit: int | None = None,
    message_limit: int | None = None,
    turn_limit: int | None = None,
    time_limit: float | None = None,
    cost_limit: float | None = None,
    score_rollouts: bool = False,
    trajectory_tokens: int = 100_000,
    summarizer_prompt: str | None = None,
    summarizer_reask_prompt: str | None = None,
    judge_prompt: str | None = None,
    judge_reask_prompt: str | None = None,
) -> Solver:
    """Recursive Tournament Voting: n rollouts, a tournament of their summaries, adopt the winner.

    Model Roles:
        judge: Votes; default the model under evaluation.
        summarizer: Writes the summaries; default the model under evaluation.

    Args:
        n: Rollouts, N of the paper.
        group_size: Rollouts compared in one match, G.
        votes: Independent votes of a match, V.
        early_stop: Whether to stop a match's votes once no outcome could change the winner.
        seed: Seed of all lots.
        agent: An agent, a solver, or the name of one; default the task's own solver.
        agent_args: Arguments for an agent given by name.
        max_rollouts: Rollouts at once in the whole process; see `rollouts`.
        token_limit: Tokens of each rollout.
        message_limit: Messages of each rollout.
        turn_limit: Model generations of each rollout.
        time_limit: Seconds of each rollout.
        cost_limit: Dollars of each rollout.
        score_rollouts: Whether to grade the rollouts that are not adopted; see `rollouts`.
        trajectory_tokens: Room for a trajectory in the summarizer's prompt, in tokens.
        summarizer_prompt: Replaces the summarizer prompt: the text, or the path of a file.
        summarizer_reask_prompt: Replaces what follows an unreadable summary.
        judge_prompt: Replaces the judge prompt.
        judge_reask_prompt: Replaces what follows an answer without a verdict.

    Returns:
        The strategy as a solver.

    Raises:
        UserError: If an argument is out of range, an agent unknown, or a prompt incomplete.
    """
    given = dict(locals())
    return _run(rollouts(**_for_rollouts(given)), tournament(**_for_tournament(given)), adopt())


@solver
@known_arguments
def pdr(
    n: int = 16,
    iterations: int = 2,
    top_k: int = 4,
    context: Context = "select",
    group_size: int = 2,
    votes: int = 8,
    early_stop: bool = True,
    seed: int = 0,
    agent: AgentArg = None,
    agent_args: dict[str, Any] | None = None,
    max_rollouts: int | None = None,
    token_limit: int | None = None,
    message_limit: int | None = None,
    turn_limit: int | None = None,
    time_limit: float | None = None,
    cost_limit: float | None = None,
    score_rollouts: bool = False,
    trajectory_tokens: int = 100_000,
    summarizer_prompt: str | None = None,
    summarizer_reask_prompt: str | None = None,
    judge_prompt: str | None = None,
    judge_reask_prompt: str | None = None,
    refinement_prompt: str | None = None,
) -> Solver:
    """Parallel-Distill-Refine: rollouts, then new rollouts that start from summaries of the first.

    It ends with n refined rollouts. One, drawn by a seeded lot, is adopted; the others of the last
    iteration are always graded, because their mean, `iteration_<t>`, is the result.

    Model Roles:
        judge: Votes where `context` is `select`; default the model under evaluation.
        summarizer: Writes the summaries; default the model under evaluation.

    Args:
        n: Rollouts of each iteration, N of the paper.
        iterations: Iterations, T, at least 1.
        top_k: Summaries in the refinement context, K; at most n.
        context: `select` (a tournament down to top_k, shared by all), `random` (top_k drawn
            for each new rollout) or `single` (the rollout's own predecessor).
        group_size: Rollouts compared in one match, G.
        votes: Independent votes of a match, V.
        early_stop: Whether to stop a match's votes once no outcome could change the winner.
        seed: Seed of all lots.
        agent: An agent, a solver, or the name of one; default the task's own solver.
        agent_args: Arguments for an agent given by name.
        max_rollouts: Rollouts at once in the whole process; see `rollouts`.
        token_limit: Tokens of each rollout.
        message_limit: Messages of each rollout.
        turn_limit: Model generations of each rollout.
        time_limit: Seconds of each rollout.
        cost_limit: Dollars of each rollout.
        score_rollouts: Whether to grade the earlier iterations as well; see `rollouts`.
        trajectory_tokens: Room for a trajectory in the summarizer's prompt, in tokens.
        summarizer_prompt: Replaces the summarizer prompt: the text, or the path of a file.
        summarizer_reask_prompt: Replaces what follows an unreadable summary.
        judge_prompt: Replaces the judge prompt.
        judge_reask_prompt: Replaces what follows an answer without a verdict.
        refinement_prompt: Replaces the text around the refinement context.

    Returns:
        The strategy as a solver.

    Raises:
        UserError: If an argument is out of range, an agent unknown, or a prompt incomplete.
    """
    given = dict(locals())
    last = {**_for_rollouts(given), "score_rollouts": True}
    return _run(*_refine(given, last), random_selection(keep=1, seed=seed), adopt())


@solver
@known_arguments
def pdr_rtv(
    n: int = 16,
    iterations: int = 2,
    top_k: int = 4,
    context: Context = "select",
    group_size: int = 2,
    votes: int = 8,
    early_stop: bool = True,
    seed: int = 0,
    agent: AgentArg = None,
    agent_args: dict[str, Any] | None = None,
    max_rollouts: int | None = None,
    token_limit: int | None = None,
    message_limit: int | None = None,
    turn_limit: int | None = None,
    time_limit: float | None = None,
    cost_limit: float | None = None,
    score_rollouts: bool = False,
    trajectory_tokens: int = 100_000,
    summarizer_prompt: str | None = None,
    summarizer_reask_prompt: str | None = None,
    judge_prompt: str | None = None,
    judge_reask_prompt: str | None = None,
    refinement_prompt: str | None = None,
) -> Solver:
    """The full method: Parallel-Distill-Refine, then a tournament among the refined rollouts.

    Model Roles:
        judge: Votes; default the model under evaluation.
        summarizer: Writes the summaries; default the model under evaluation.

    Args:
        n: Rollouts of each iteration, N of the paper.
        iterations: Iterations, T, at least 1.
        top_k: Summaries in the refinement context, K; at most n.
        context: `select`, `random` or `single`; see `pdr`.
        group_size: Rollouts compared in one match, G.
        votes: Independent votes of a match, V.
        early_stop: Whether to stop a match's votes once no outcome could change the winner.
        seed: Seed of all lots.
        agent: An agent, a solver, or the name of one; default the task's own solver.
        agent_args: Arguments for an agent given by name.
        max_rollouts: Rollouts at once in the whole process; see `rollouts`.
        token_limit: Tokens of each rollout.
        message_limit: Messages of each rollout.
        turn_limit: Model generations of each rollout.
        time_limit: Seconds of each rollout.
        cost_limit: Dollars of each rollout.
        score_rollouts: Whether to grade the rollouts that are not adopted; see `rollouts`.
        trajectory_tokens: Room for a trajectory in the summarizer's prompt, in tokens.
        summarizer_prompt: Replaces the summarizer prompt: the text, or the path of a file.
        summarizer_reask_prompt: Replaces what follows an unreadable summary.
        judge_prompt: Replaces the judge prompt.
        judge_reask_prompt: Replaces what follows an answer without a verdict.
        refinement_prompt: Replaces the text around the refinement context.

    Returns:
        The strategy as a solver.

    Raises:
        UserError: If an argument is out of range, an agent unknown, or a prompt incomplete.
    """
    given = dict(locals())
    last = _for_rollouts(given)
    return _run(*_refine(given, last), tournament(**_for_tournament(given)), adopt())


def _run(*stages: Solver) -> Solver:
    """Await the stages inside a solver; a chain, returned, would take its place in the log.

    A chain would also log the pool, in full, after each stage: here the recipe's step does it once.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        for stage in stages:
            async with quiet_span(step_names(stage)[0], type="solver"):
                state = await stage(state, generate)
        return state

    return solve


def _refine(given: dict[str, Any], last: dict[str, Any]) -> list[Solver]:
    """The iterations of PDR; sandboxes of all but the last are held only to be graded."""
    at_least("iterations", given["iterations"], 1)
    at_least("top_k", given["top_k"], 1)
    one_of("context", given["context"], CONTEXTS)
    if given["context"] != "single" and given["iterations"] > 1:
        why = ": the refinement context is taken from n rollouts"
        at_most("top_k", given["top_k"], given["n"], why)
    earlier = {**_for_rollouts(given), "hold": given["score_rollouts"]}
    stages: list[Solver] = []
    for iteration in range(given["iterations"]):
        arguments = last if iteration == given["iterations"] - 1 else earlier
        if iteration > 0:
            if given["context"] == "select":
                stages.append(tournament(**{**_for_tournament(given), "keep": given["top_k"]}))
            arguments = {**arguments, "context": given["context"], "top_k": given["top_k"]}
        stages.append(rollouts(**arguments))
    return stages


_NOT_FOR_ROLLOUTS = {
    "iterations",
    "top_k",
    "context",
    "group_size",
    "votes",
    "early_stop",
    "judge_prompt",
    "judge_reask_prompt",
}


def _for_rollouts(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in _NOT_FOR_ROLLOUTS}


def _for_tournament(given: dict[str, Any]) -> dict[str, Any]:
    names = ("group_size", "votes", "early_stop", "seed", "judge_prompt", "judge_reask_prompt")
    return {name: given[name] for name in names}
