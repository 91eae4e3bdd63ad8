"""Repeat the selections of a strategy's log on its rollouts, with other parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import anyio
from inspect_ai.log import EvalSample
from inspect_ai.model import model_roles
from inspect_ai.solver import Generate, Solver, TaskState, solver

from inspect_tts._inspect import eval_spec
from inspect_tts.arguments import takes
from inspect_tts.errors import UserError, no_traceback
from inspect_tts.method.parameters import JUDGE
from inspect_tts.method.recorded_votes import RecordedVotes, recorded_investigations
from inspect_tts.method.records import RECORDED, STOP
from inspect_tts.models.panel import judge_model, judge_models
from inspect_tts.models.preflight import preflight
from inspect_tts.models.roles import NO_MODEL, check_roles, role_model
from inspect_tts.options import ReplayOptions, SummaryOptions
from inspect_tts.progress import PlannedRecorded, mark_planned
from inspect_tts.rollout.source import strategy_state
from inspect_tts.rollout.summary import Summarizing
from inspect_tts.stages.adopt import adopt
from inspect_tts.stages.hooks import install_hooks
from inspect_tts.stages.pool import RolloutPool, pool_in, pool_of
from inspect_tts.stages.select import selection_stage

from .loading import ROLLOUTS, SOURCES, RecordedRollouts, add_recorded, begin
from .outputs import write_at_end
from .readers import load
from .readers.inspect_log import POOL_HEAVY, read_sample, rollouts_in, split_part
from .records import Recorded, Source
from .replay_plan import (
    ReplayedSelection,
    ReplayOverrides,
    carries_over,
    changes_from,
    forecast_votes,
    models_of_judges,
    recorded_judges,
    replayed_selections,
    votes_of,
)

LOG, PART = "log", "part"
"""Keys in a sample's metadata: the log, and the sample's id and epoch in that log."""


@solver
@takes(ReplayOptions)
def replay_recorded(options: ReplayOptions) -> Solver:
    """Repeat the selections of a log. Arguments that are not given keep their recorded values.

    A recorded vote is reused, at most once, if judge, prompt, problem, rollouts and their order are
    the same. The judge is asked only for votes that are missing.

    Model Roles:
        judge: Votes that are missing; default the model under evaluation.

    Returns:
        A solver for the task `replay`.

    Raises:
        UserError: If an argument is out of range or a prompt incomplete.
    """
    changes, judge = changes_from(options), options.judge
    check_roles()
    install_hooks()

    @no_traceback
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if LOG not in state.metadata:
            raise UserError(
                "replay_recorded() works on samples of a strategy's log: use it with the task "
                "inspect_tts/replay, or run `inspect-tts replay`"
            )
        begin(options.resume, write_at_end)
        log, part = str(state.metadata[LOG]), str(state.metadata[PART])
        sample = await anyio.to_thread.run_sync(_read, log, part)
        found = await anyio.to_thread.run_sync(recorded_in, log, sample)
        pool, again = pool_in(sample), replayed_selections(pool_in(sample), changes)
        models = _models(pool, again)
        missing = _missing(pool, found, changes, judge, models)
        if missing:
            asked = judge_models([*models])
            await preflight(eval_spec(), asked if options.preflight else ())
        looked = recorded_investigations(pool.selections)
        recorded = RecordedVotes(votes_of(pool), judge, {} if missing else models, looked)
        strategy_state().recorded_votes = recorded
        return await _run_again(state, generate, pool, found, again)

    mark_planned(
        solve, [PlannedRecorded(lambda metadata: metadata.get(ROLLOUTS, 0), summarized=True)]
    )
    return solve


def check_trajectories(
    pool: RolloutPool,
    found: Sequence[tuple[Source, Recorded]],
    changes: ReplayOverrides,
    missing: int,
) -> None:
    """Refuse to ask for missing votes on trajectories if the log holds no trajectories."""
    reads = [a.options.judge_input for a in replayed_selections(pool, changes)]
    if missing and "trajectory" in reads and not all(each.messages for _, each in found):
        raise UserError(
            f"up to {missing} votes on trajectories are not recorded, and this log holds no "
            "trajectories by rollout; give judge_input=summary (--judge-input summary)"
        )


def _missing(
    pool: RolloutPool,
    found: Sequence[tuple[Source, Recorded]],
    changes: ReplayOverrides,
    judge: str | None,
    models: Mapping[str, str],
) -> int:
    """How many votes may be missing. Raises an error if they cannot be asked for."""
    asked = judge or models.get(JUDGE, NO_MODEL)
    missing = forecast_votes([pool], changes, asked, models).votes.most
    check_trajectories(pool, found, changes, missing)
    if missing and JUDGE in models and str(role_model(JUDGE)) == NO_MODEL:
        raise UserError(
            f"up to {missing} votes of this problem are not recorded and there is no model to ask; "
            "give --model or --model-role judge=..., or judge=NAME to use that model's votes"
        )
    return missing


def _models(recorded: RolloutPool, again: Sequence[ReplayedSelection]) -> dict[str, str]:
    """The models of the judges, by judge name: as given now, else as recorded."""
    voted, roles = recorded_judges(recorded), model_roles()
    given = {name: str(judge_model(name)) for name in roles if name.startswith(JUDGE)}
    judge = str(role_model(JUDGE))
    if judge == NO_MODEL:
        judge = voted.get(JUDGE, judge)
    return models_of_judges(again, judge, voted | given)


def _read(log: str, part: str) -> EvalSample:
    return read_sample(Path(log), *split_part(part), without=POOL_HEAVY)


def recorded_in(log: str, sample: EvalSample) -> list[tuple[Source, Recorded]]:
    """The rollouts of a sample; if they were recorded elsewhere, as read from there."""
    origins = {
        (stage.iteration, index): Source.model_validate(source)
        for stage in pool_in(sample).stages
        if stage.name == RECORDED
        for index, source in enumerate(stage.parameters[SOURCES])
    }
    found: list[tuple[Source, Recorded]] = []
    for rollout in rollouts_in(sample):
        source = Source(format="strategy", path=log, part=rollout.part)
        assert rollout.record is not None
        origin = origins.get((rollout.record.iteration, rollout.record.index))
        if origin is not None and Path(origin.path).exists():
            source, rollout = origin, replace(load(origin), record=rollout.record)
        found.append((source, rollout))
    return found


async def _run_again(
    state: TaskState,
    generate: Generate,
    recorded: RolloutPool,
    found: Sequence[tuple[Source, Recorded]],
    again: Sequence[ReplayedSelection],
) -> TaskState:
    pool, iterations = pool_of(state), range(recorded.iteration + 1)
    pool.problem = recorded.problem  # draws depend on it and must come out as recorded
    pool.executions = list(recorded.executions)  # nothing is run again
    stops = [stage for stage in recorded.stages if stage.name == STOP]
    by_iteration = [
        [each for each in found if each[1].record and each[1].record.iteration == iteration]
        for iteration in iterations
    ]
    # no summarizer is called, since every recorded rollout has its summary
    source = RecordedRollouts(state, by_iteration, Summarizing.of(SummaryOptions()))
    for iteration in iterations:
        carried = pool.selected if carries_over(recorded, iteration) else []
        await add_recorded(source, {}, carried)
        for each in again:
            if each.iteration == iteration:
                stage = selection_stage(each.stage, each.options, each.shown)
                state = await stage(state, generate)
        pool.stages = [*pool.stages, *(stop for stop in stops if stop.iteration == iteration)]
    return await adopt()(state, generate)
