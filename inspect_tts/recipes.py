"""The strategies: a chain of stages each (paper, section 1)."""

from typing import Any

from inspect_ai.solver import Solver, solver

from .composition import preset, refinement, run_stages, select_one
from .core.refinement import Context
from .core.tournament import TieBreak
from .stages.adopt import adopt
from .stages.agent import AgentArg
from .stages.arguments import known_arguments
from .stages.selection import JudgeInput, random_selection


@solver
@known_arguments
def rtv(
    n: int = 16,
    group_size: int = 2,
    votes: int = 8,
    early_stop: bool = True,
    selection: str = "tournament",
    tie: TieBreak = "lot",
    judge_identical: bool = True,
    judge_input: JudgeInput = "summary",
    judge_tokens: int = 20_000,
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
    leak_guard: bool = False,
    trajectory_tokens: int = 100_000,
    units: str = "log",
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
        selection: What selects; see `select`.
        tie: What decides a match with equal votes: `lot` or `evidence`; see `select`.
        judge_identical: Whether rollouts that left the same behind are judged each; see `select`.
        judge_input: What judges read: each `summary`, or each `trajectory`; see `select`.
        judge_tokens: Room for a trajectory in the judge's prompt, in tokens.
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
        leak_guard: Whether rollouts with `Rollout.leaks` are kept out; see `rollouts`.
        trajectory_tokens: Room for a trajectory in the summarizer's prompt, in tokens.
        units: Where finished work is kept for a retry: `log`, `off`, a folder or a URL; see
            `rollouts`.
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
    return run_stages(*refinement(given), select_one(given), adopt())


@solver
@known_arguments
def pdr(
    n: int = 16,
    iterations: int = 2,
    top_k: int = 4,
    context: Context = "select",
    diverse: bool = False,
    cold: int = 0,
    group_size: int = 2,
    votes: int = 8,
    early_stop: bool = True,
    selection: str = "tournament",
    tie: TieBreak = "lot",
    judge_identical: bool = True,
    judge_input: JudgeInput = "summary",
    judge_tokens: int = 20_000,
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
    leak_guard: bool = False,
    trajectory_tokens: int = 100_000,
    units: str = "log",
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
        diverse: Whether the refinement context passes over near-equal summaries; see `select`.
        cold: How many rollouts of each further iteration start without context.
        group_size: Rollouts compared in one match, G.
        votes: Independent votes of a match, V.
        early_stop: Whether to stop a match's votes once no outcome could change the winner.
        selection: What selects; see `select`.
        tie: What decides a match with equal votes: `lot` or `evidence`; see `select`.
        judge_identical: Whether rollouts that left the same behind are judged each; see `select`.
        judge_input: What judges read: each `summary`, or each `trajectory`; see `select`.
        judge_tokens: Room for a trajectory in the judge's prompt, in tokens.
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
        leak_guard: Whether rollouts with `Rollout.leaks` are kept out; see `rollouts`.
        trajectory_tokens: Room for a trajectory in the summarizer's prompt, in tokens.
        units: Where finished work is kept for a retry: `log`, `off`, a folder or a URL; see
            `rollouts`.
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
    end = (random_selection(keep=1, seed=seed), adopt())
    stages = refinement(given, score_last=True)
    return run_stages(*stages, *end, early_end=end, iterations=iterations)


@solver
@known_arguments
def pdr_rtv(
    n: int = 16,
    iterations: int = 2,
    top_k: int = 4,
    context: Context = "select",
    diverse: bool = False,
    cold: int = 0,
    carry_over: bool = False,
    stop_agreed: bool = False,
    group_size: int = 2,
    votes: int = 8,
    early_stop: bool = True,
    selection: str = "tournament",
    tie: TieBreak = "lot",
    judge_identical: bool = True,
    judge_input: JudgeInput = "summary",
    judge_tokens: int = 20_000,
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
    leak_guard: bool = False,
    trajectory_tokens: int = 100_000,
    units: str = "log",
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
        diverse: Whether the refinement context passes over near-equal summaries; see `select`.
        cold: How many rollouts of each further iteration start without context.
        carry_over: Whether the rollouts whose summaries were chosen may be adopted, too. Their
            sandboxes stay open meanwhile, beyond `max_rollouts`.
        stop_agreed: Whether to refine no further once the selected left the same behind and no vote
            was against a winner; one of them is then adopted.
        group_size: Rollouts compared in one match, G.
        votes: Independent votes of a match, V.
        early_stop: Whether to stop a match's votes once no outcome could change the winner.
        selection: What selects; see `select`.
        tie: What decides a match with equal votes: `lot` or `evidence`; see `select`.
        judge_identical: Whether rollouts that left the same behind are judged each; see `select`.
        judge_input: What judges read: each `summary`, or each `trajectory`; see `select`.
        judge_tokens: Room for a trajectory in the judge's prompt, in tokens.
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
        leak_guard: Whether rollouts with `Rollout.leaks` are kept out; see `rollouts`.
        trajectory_tokens: Room for a trajectory in the summarizer's prompt, in tokens.
        units: Where finished work is kept for a retry: `log`, `off`, a folder or a URL; see
            `rollouts`.
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
    end = (select_one(given | {"judge_identical": False}), adopt())
    return run_stages(
        *refinement(given),
        select_one(given),
        adopt(),
        early_end=end,
        stop_agreed=stop_agreed,
        iterations=iterations,
    )


robust = preset(
    pdr_rtv,
    "robust",
    "The full method with what simulations on the paper's tables support.",
    carry_over=True,
    judge_identical=False,
    tie="evidence",
)
cheap = preset(
    pdr_rtv,
    "cheap",
    "The full method at half the cost.",
    n=8,
    carry_over=True,
    judge_identical=False,
)
