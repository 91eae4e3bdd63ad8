"""The command `inspect-tts replay`: `inspect eval` of the task `replay`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from inspect_tts._inspect.command import (
    EvalCommand,
    eval_options,
    parse_cli_args,
    selected_ids,
)
from inspect_tts.arguments import checked
from inspect_tts.method.parameters import JUDGE
from inspect_tts.models.replayed import GivenModels
from inspect_tts.options import ReplayOptions
from inspect_tts.recorded.replay import check_trajectories, recorded_in, replay_recorded
from inspect_tts.recorded.replay_plan import (
    VoteForecast,
    changes_from,
    forecast_votes,
    models_of_judges,
    replayed_selections,
    votes_of,
)
from inspect_tts.recorded.tasks import replay_dataset, replayed_logs, replayed_samples
from inspect_tts.report.samples import log_header
from inspect_tts.stages.pool import RolloutPool, pool_in

from .flags import (
    EPILOG,
    REASK,
    as_arguments,
    confirmed,
    flags_of,
    options_of,
    range_of,
    run_command,
    user_errors,
)


@click.command(cls=EvalCommand, epilog=EPILOG.format(solver="inspect_tts/replay_recorded"))
@click.argument("log")
@options_of(ReplayOptions)
@user_errors
def replay(
    context: click.Context,
    log: str,
    output: str | None,
    yes: bool,
    dry_run: bool,
    s: tuple[str, ...],
    **params: Any,
) -> None:
    """Repeat the selections of a strategy's log with other parameters.

    Rollouts and summaries are those of LOG. Recorded votes are reused where they fit, and only
    missing votes are requested. Options that are not given, and the judge, stay as recorded.
    """
    flags, params = flags_of(params, ReplayOptions)
    given = {**parse_cli_args(s), **flags}
    replay_recorded(**given)  # raises the errors that a run would raise
    options = checked(ReplayOptions, given, "replay_recorded")
    changes = changes_from(options)
    found = replayed_samples(log)
    if warning := found.warning():
        click.echo(warning, err=True)
    chosen = selected_ids(replay_dataset(found), params["limit"], params["sample_id"])
    samples = [sample for id, sample in found.samples.items() if id in chosen]
    pools = [pool_in(sample) for _, sample in samples]
    spec = log_header(replayed_logs(log)[0]).eval
    named = GivenModels(
        params["model"] if _given(context, "model") else None, tuple(params["model_role"])
    )
    judge = options.judge or named.judge_of((v for p in pools for _, v in votes_of(p)), spec)
    again = [each for pool in pools for each in replayed_selections(pool, changes)]
    roles = {n: r.model for n, r in (spec.model_roles or {}).items() if not isinstance(r, list)}
    models = models_of_judges(again, judge, roles | named.roles)
    if options.judges is None and (set(models) <= {JUDGE} or named.judge or options.judge):
        changes = replace(changes, one_judge=True)
        flags, models = {**flags, "judge": judge}, {JUDGE: judge}
    expected = forecast_votes(pools, changes, judge, models)
    for place, sample in samples:
        missing = forecast_votes([pool_in(sample)], changes, judge, models).votes.most
        check_trajectories(pool_in(sample), recorded_in(place, sample), changes, missing)
    click.echo(_expected(pools, expected, " and ".join(models.values()) or judge))
    if dry_run or not confirmed(expected.votes.most, yes):
        return
    params |= named.options(models, spec, needed=expected.votes.most > 0)
    if named.judge is None and params["model"] == spec.model:
        params["model_base_url"] = spec.model_base_url
        params["m"] = (*as_arguments(spec.model_args), *params["m"])
    solver = ("inspect_tts/replay_recorded", (*s, *as_arguments(flags)))
    run_command(context, "inspect_tts/replay", {"log": log, "output": output}, solver, params)


def _expected(pools: Sequence[RolloutPool], expected: VoteForecast, judge: str) -> str:
    rollouts = sum(len(pool.rollouts) for pool in pools)
    votes = expected.votes
    lines = [
        f"{len(pools)} problems, {rollouts} rollouts, {expected.recorded} recorded votes.",
        *(f"  {count} cannot be used: {why}" for why, count in sorted(expected.unusable.items())),
        f"Certain to be reused: {votes.reused} votes of {judge}.",
        f"Model calls: {range_of(votes)} votes.{REASK if votes.most else ''}",
    ]
    if votes.least != votes.most:
        lines.append("The number depends on matches that are not decided yet.")
    return "\n".join(lines)


def _given(context: click.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE


replay.params += eval_options(parameter.name or "" for parameter in replay.params)
