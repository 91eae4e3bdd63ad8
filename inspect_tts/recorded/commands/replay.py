"""The command `inspect-tts replay`: `inspect eval` of the task `replay`."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import click
from inspect_ai.log import EvalSpec

from inspect_tts._inspect.command import eval_options, parse_cli_args, selected_ids
from inspect_tts.arguments import checked
from inspect_tts.models.roles import NO_MODEL
from inspect_tts.options import ReplayOptions
from inspect_tts.recorded.readers.inspect_log import pool_in
from inspect_tts.recorded.replay import check_trajectories, recorded_in, replay_recorded
from inspect_tts.recorded.replay_plan import VoteForecast, changes_from, forecast_votes
from inspect_tts.recorded.tasks import replay as replay_task
from inspect_tts.recorded.tasks import replayed_samples
from inspect_tts.report.samples import log_header
from inspect_tts.stages.pool import RolloutPool

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


@click.command(epilog=EPILOG.format(solver="inspect_tts/replay_recorded"))
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
    """Make the selections of a strategy's log again, with other parameters.

    Rollouts and summaries are those of LOG; recorded votes are used where they fit, and only what
    is missing is asked. What is not given is as recorded, the judge included.
    """
    flags, params = flags_of(params, ReplayOptions)
    given = {**parse_cli_args(s), **flags}
    replay_recorded(**given)  # refuses what a run would refuse
    options = checked(ReplayOptions, given, "replay_recorded")
    changes = changes_from(options)
    chosen = selected_ids(replay_task(log).dataset, params["limit"], params["sample_id"])
    samples = [sample for id, sample in replayed_samples(log).items() if id in chosen]
    pools = [pool_in(sample) for sample in samples]
    spec = log_header(log).eval
    judge = options.judge or _judge(context, params, pools, spec)
    expected = forecast_votes(pools, changes, judge)
    for sample in samples:
        check_trajectories(pool_in(sample), recorded_in(log, sample), changes, judge)
    click.echo(_expected(pools, expected, judge))
    if dry_run or not confirmed(expected.votes.most, yes):
        return
    params |= _models(context, params, judge, spec, needed=expected.votes.most > 0)
    solver = ("inspect_tts/replay_recorded", (*s, *as_arguments({**flags, "judge": judge})))
    run_command(context, "inspect_tts/replay", {"log": log, "output": output}, solver, params)


def _expected(pools: Sequence[RolloutPool], expected: VoteForecast, judge: str) -> str:
    rollouts = sum(len(pool.rollouts) for pool in pools)
    votes = expected.votes
    lines = [
        f"{len(pools)} problems, {rollouts} rollouts, {expected.recorded} recorded votes.",
        *(f"  {count} do not fit: {why}" for why, count in sorted(expected.unusable.items())),
        f"Reused for certain: {votes.reused} votes of {judge}.",
        f"Model calls: {range_of(votes)} votes.{REASK if votes.most else ''}",
    ]
    if votes.least != votes.most:
        lines.append("How many depends on how matches end that are not decided yet.")
    return "\n".join(lines)


def _judge(
    context: click.Context, params: dict[str, Any], pools: Sequence[RolloutPool], spec: EvalSpec
) -> str:
    """Who judges: whom the command names, else who judged most."""
    role = parse_cli_args(params["model_role"]).get("judge")
    if role is not None:
        return str(role["model"] if isinstance(role, dict) else role)
    if _given(context, "model"):
        return str(params["model"])
    cast = Counter(
        vote.model
        for pool in pools
        for selection in pool.selections
        for round in selection.rounds
        for match in round.matches
        for vote in match.votes
    )
    return cast.most_common(1)[0][0] if cast else spec.model


def _given(context: click.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE


def _models(
    context: click.Context, params: dict[str, Any], judge: str, spec: EvalSpec, *, needed: bool
) -> dict[str, Any]:
    """The model options: as given, else the recorded judge; none at all where none is needed."""
    if any(_given(context, name) for name in ("model", "model_role")):
        model = params["model"] if _given(context, "model") else NO_MODEL
        return {"model": model}
    if not needed:
        return {"model": NO_MODEL, "model_role": ()}
    role = (spec.model_roles or {}).get("judge")
    if role is not None and not isinstance(role, list):
        config = role.config.model_dump(exclude_none=True)
        args = role.args | ({"base_url": role.base_url} if role.base_url else {})
        given = {"model": role.model, "model_args": args, **config}
        return {"model": NO_MODEL, "model_role": (f"judge={json.dumps(given)}",)}
    recorded: dict[str, Any] = {"model": judge}
    if judge == spec.model:
        recorded |= {"model_base_url": spec.model_base_url}
        recorded |= {"m": (*as_arguments(spec.model_args), *params["m"])}
    return recorded


replay.params += eval_options(parameter.name or "" for parameter in replay.params)
