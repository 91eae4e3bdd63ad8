"""The stage that loads recorded rollouts, and the recipe that selects among them."""

from inspect_ai.solver import Generate, Solver, TaskState, solver

from inspect_tts.composition import run_stages, select_one
from inspect_tts.core.tournament import TieBreak
from inspect_tts.errors import UserError, no_traceback
from inspect_tts.models import check_roles, role_model
from inspect_tts.prompts import load_prompt
from inspect_tts.stages.adopt import adopt
from inspect_tts.stages.arguments import at_least, known_arguments
from inspect_tts.stages.evals import watch_evals
from inspect_tts.stages.selection import JudgeInput
from inspect_tts.stages.units import check_units

from .loading import SOURCES, Summarizing, add_recorded, begin, load_each
from .outputs import write_at_end
from .records import Source


@solver
@known_arguments
def recorded_rollouts(
    trajectory_tokens: int = 100_000,
    units: str = "log",
    summarizer_prompt: str | None = None,
    summarizer_reask_prompt: str | None = None,
) -> Solver:
    """Load a problem's recorded rollouts in place of running some, and summarise each.

    Model Roles:
        summarizer: Writes the summaries; default the model under evaluation.

    Args:
        trajectory_tokens: Room for a trajectory in the summarizer's prompt, in tokens.
        units: Where finished summaries and votes are kept for a retry: `log`, `off`, a folder or a
            URL; see `rollouts`.
        summarizer_prompt: Replaces the summarizer prompt: the text, or the path of a file.
        summarizer_reask_prompt: Replaces what follows an unreadable summary.

    Returns:
        A solver that adds them to the sample's `RolloutPool`. It needs the task `recorded`, whose
        samples say where the rollouts are.

    Raises:
        UserError: If an argument is out of range or a prompt incomplete.
    """
    at_least("trajectory_tokens", trajectory_tokens, 500)
    check_units(units)
    check_roles()
    watch_evals()
    prompts = (
        load_prompt("summarizer", summarizer_prompt),
        load_prompt("summarizer_reask", summarizer_reask_prompt),
    )
    summarizing = Summarizing(*prompts, trajectory_tokens)

    @no_traceback
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if SOURCES not in state.metadata:
            raise UserError(
                "recorded_rollouts() works on samples that say where rollouts are recorded: use it "
                "with the task inspect_tts/recorded, or run `inspect-tts select`"
            )
        begin(units, write_at_end)
        role_model("judge")  # a role that cannot be made fails here, before anything is paid for
        sources = [Source.model_validate(source) for source in state.metadata[SOURCES]]
        found = list(zip(sources, await load_each(sources), strict=True))
        await add_recorded(state, found, summarizing, {"trajectory_tokens": trajectory_tokens})
        return state

    return solve


@solver
@known_arguments
def select_recorded(
    selection: str = "tournament",
    group_size: int = 2,
    votes: int = 8,
    early_stop: bool = True,
    tie: TieBreak = "lot",
    judge_identical: bool = True,
    judge_input: JudgeInput = "summary",
    judge_tokens: int = 20_000,
    seed: int = 0,
    trajectory_tokens: int = 100_000,
    units: str = "log",
    summarizer_prompt: str | None = None,
    summarizer_reask_prompt: str | None = None,
    judge_prompt: str | None = None,
    judge_reask_prompt: str | None = None,
) -> Solver:
    """Summarise recorded rollouts and select one: `rtv` without running an agent.

    Model Roles:
        judge: Votes; default the model under evaluation.
        summarizer: Writes the summaries; default the model under evaluation.

    Args:
        selection: What selects; see `select`.
        group_size: Rollouts compared in one match, G of the paper.
        votes: Independent votes of a match, V.
        early_stop: Whether to stop a match's votes once no outcome could change the winner.
        tie: What decides a match with equal votes: `lot` or `evidence`; see `select`.
        judge_identical: Whether rollouts that left the same behind are judged each; see `select`.
        judge_input: What judges read: each `summary`, or each `trajectory`; see `select`.
        judge_tokens: Room for a trajectory in the judge's prompt, in tokens.
        seed: Seed of all lots.
        trajectory_tokens: Room for a trajectory in the summarizer's prompt, in tokens.
        units: Where finished summaries and votes are kept for a retry: `log`, `off`, a folder or a
            URL; see `rollouts`.
        summarizer_prompt: Replaces the summarizer prompt: the text, or the path of a file.
        summarizer_reask_prompt: Replaces what follows an unreadable summary.
        judge_prompt: Replaces the judge prompt.
        judge_reask_prompt: Replaces what follows an answer without a verdict.

    Returns:
        A solver for the task `recorded`. The chosen rollout's messages become the sample's.

    Raises:
        UserError: If an argument is out of range or a prompt incomplete.
    """
    given = dict(locals())
    load = recorded_rollouts(trajectory_tokens, units, summarizer_prompt, summarizer_reask_prompt)
    return run_stages(load, select_one(given), adopt())
