"""The stage that loads recorded rollouts, and the strategy that selects among them."""

from inspect_ai.solver import Generate, Solver, TaskState, solver

from inspect_tts._inspect import eval_spec
from inspect_tts.arguments import takes
from inspect_tts.errors import UserError, no_traceback
from inspect_tts.models.preflight import asked_models, judges_asked, mark_judges, preflight
from inspect_tts.models.roles import check_roles
from inspect_tts.options import LoadOptions, SelectRecordedOptions
from inspect_tts.progress import PlannedRecorded, mark_planned, planned_stages
from inspect_tts.rollout.summary import Summarizing
from inspect_tts.stages.adopt import adopt
from inspect_tts.stages.chain import strategy_chain
from inspect_tts.stages.hooks import install_hooks
from inspect_tts.strategies import evidence_of, selection_of

from .images import IMAGE, NEEDS_IMAGE
from .loading import SOURCES, RecordedRollouts, add_recorded, begin, load_each
from .outputs import write_at_end
from .records import Source


@solver
@takes(LoadOptions)
def recorded_rollouts(options: LoadOptions) -> Solver:
    """Load and summarize a problem's recorded rollouts instead of running new ones.

    Model Roles:
        summarizer: Writes the summaries; default the model under evaluation.

    Returns:
        A solver that adds them to the sample's `RolloutPool`. It needs the task `recorded`, whose
        samples say where the rollouts are.

    Raises:
        UserError: If an argument is out of range or a prompt incomplete.
    """
    check_roles()
    install_hooks()
    summarizing = Summarizing.of(options)

    @no_traceback
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if SOURCES not in state.metadata:
            raise UserError(
                "recorded_rollouts() works on samples that say where rollouts are recorded: use it "
                "with the task inspect_tts/recorded, or run `inspect-tts select`"
            )
        begin(options.resume, write_at_end)
        sources = [Source.model_validate(source) for source in state.metadata[SOURCES]]
        _, summarizer, *judge = asked_models()  # fails here if a model cannot be made
        if options.preflight:
            await preflight(eval_spec(), [summarizer, *(judge if len(sources) > 1 else ())])
        found = list(zip(sources, await load_each(sources), strict=True))
        room = {"trajectory_tokens": options.trajectory_tokens}
        await add_recorded(RecordedRollouts(state, [found], summarizing), room)
        return state

    mark_planned(solve, [PlannedRecorded(lambda metadata: len(metadata.get(SOURCES, ())))])
    return solve


@solver
@takes(SelectRecordedOptions)
def select_recorded(options: SelectRecordedOptions) -> Solver:
    """Summarize recorded rollouts and select one: `rtv` without running an agent.

    Model Roles:
        judge: Votes; default the model under evaluation.
        investigator: Investigates close matches; default the judge.
        summarizer: Writes the summaries; default the model under evaluation.

    Returns:
        A solver for the task `recorded`. The chosen rollout's messages become the sample's.

    Raises:
        UserError: If an argument is out of range or a prompt incomplete.
    """
    load = recorded_rollouts(**LoadOptions.of(options).arguments())
    chain = strategy_chain(load, *evidence_of(options), selection_of(options), adopt())
    if not options.takes_evidence and options.close == "votes":
        return chain

    @no_traceback
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if IMAGE not in state.metadata and SOURCES in state.metadata:
            raise UserError(NEEDS_IMAGE)
        return await chain(state, generate)

    mark_judges(solve, judges_asked([chain]))
    mark_planned(solve, planned_stages([chain]))
    return solve
