"""The stage that runs one iteration of rollouts."""

from typing import Any

from inspect_ai.solver import Generate, Solver, TaskState, solver

from inspect_tts.core.refinement import Context
from inspect_tts.errors import no_traceback

from .agent import AgentArg
from .arguments import known_arguments
from .evals import watch_evals
from .iteration import check_tasks, run_iteration
from .settings import check_settings


@solver
@known_arguments
def rollouts(
    n: int = 16,
    context: Context | None = None,
    top_k: int = 4,
    cold: int = 0,
    carry_over: bool = False,
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
    hold: bool = True,
    trajectory_tokens: int = 100_000,
    units: str = "log",
    summarizer_prompt: str | None = None,
    summarizer_reask_prompt: str | None = None,
    refinement_prompt: str | None = None,
) -> Solver:
    """Run one iteration: n rollouts, each in a fresh sandbox, each summarised as soon as it ends.

    Model Roles:
        summarizer: Writes the summaries; default the model under evaluation.

    Args:
        n: Rollouts, N of the paper.
        context: Where the refinement context of each comes from: None for none, `select` for the
            last selection, `random` for a draw of `top_k` for each, `single` for its predecessor.
        top_k: Size K of a random draw.
        cold: How many of the rollouts, the last, start without context.
        carry_over: Whether what the last selection chose may be selected again beside the new
            rollouts. Its sandboxes stay open meanwhile, beyond `max_rollouts`.
        seed: Seed of all lots.
        agent: An agent, a solver, or the name of one; default the task's own solver.
        agent_args: Arguments for an agent given by name.
        max_rollouts: Rollouts at once in the whole process; default the larger of n and the sandbox
            limit (`--max-sandboxes`, else the provider's default, else 64).
        token_limit: Tokens of each rollout.
        message_limit: Messages of each rollout. The sample's own limit applies to each as well.
        turn_limit: Model generations of each rollout.
        time_limit: Seconds of each rollout.
        cost_limit: Dollars of each rollout.
        score_rollouts: Whether to grade, with the task's scorers, each rollout that is not adopted:
            in place, once, after the selection. No prompt and no decision reads these scores.
        leak_guard: Whether rollouts that reached for the reference solution (`Rollout.leaks`) are
            kept out of selection and refinement contexts. Where all did, none are.
        hold: Whether sandboxes stay open until a selection needs them no more. Without it each is
            closed after its summary and cannot be adopted or graded.
        trajectory_tokens: Room for a trajectory in the summarizer's prompt, in tokens.
        units: Where finished rollouts, summaries, votes and gradings are kept until the eval has
            ended well, for a retry to take over: `log` (beside the log), `off`, or a folder or URL
            that evals share and that is never cleared.
        summarizer_prompt: Replaces the summarizer prompt: the text, or the path of a file.
        summarizer_reask_prompt: Replaces what follows an unreadable summary.
        refinement_prompt: Replaces the text around the refinement context.

    Returns:
        A solver that adds the iteration to the sample's `RolloutPool`.

    Raises:
        UserError: If an argument is out of range, an agent unknown, or a prompt incomplete.
    """
    settings = check_settings(dict(locals()))
    check_tasks(settings)
    watch_evals()

    @no_traceback
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return await run_iteration(state, generate, settings)

    return solve
