"""The commands `inspect-tts select` and `inspect-tts replay`: `inspect eval` of our two tasks."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Literal, get_args, get_origin

import click
from inspect_ai.log import EvalSpec

from inspect_tts._inspect import ENDED, PrerequisiteError
from inspect_tts._inspect.command import eval_options, parse_cli_args, run_eval, selected_ids
from inspect_tts.arguments import Options, checked
from inspect_tts.estimate.forecast import Forecast
from inspect_tts.models.roles import NO_MODEL
from inspect_tts.options import ReplayOptions, SelectRecordedOptions
from inspect_tts.report.command import report
from inspect_tts.report.samples import log_header
from inspect_tts.stages.pool import RolloutPool

from .outputs import WRITTEN, check_end
from .problems import Collection, collect, dataset, problem_texts
from .readers import FORMATS
from .readers.inspect_log import pool_in
from .replay import check_trajectories, recorded_in, replay_recorded
from .replay_plan import VoteForecast, changes_from, forecast_votes, fresh_votes
from .solvers import select_recorded
from .tasks import replay as replay_task
from .tasks import replayed_logs, replayed_samples


def _options_of(model: type[Options]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The flags of a solver's arguments, and those that both commands have."""
    flags = [_flag(model, name) for name in model.model_fields if name not in _INSPECTS]
    flags += [
        click.option("--output", help="Folder for the files written; default beside the log."),
        click.option("--yes", is_flag=True, help="Do not ask before models are called."),
        click.option("--dry-run", is_flag=True, help="Tell what would be asked, and stop."),
        click.pass_context,
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(flags):
            command = option(command)
        return command

    return decorate


_INSPECTS = ("seed",)
"""Arguments whose flag `inspect eval` has for something else: `-S` gives them."""


def _flag(model: type[Options], name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """One argument as a flag; without it the default holds, or what is recorded."""
    kind, dashed = model.model_fields[name].annotation, name.replace("_", "-")
    text = model.sentence(name)
    if kind is bool:
        return click.option(f"--{dashed}/--no-{dashed}", default=None, help=text)
    if get_origin(kind) is Literal:
        return click.option(f"--{dashed}", type=click.Choice(get_args(kind)), help=text)
    number = int if int in (kind, *get_args(kind)) else str
    return click.option(f"--{dashed}", type=number, help=text)


def _user_errors(command: Callable[..., None]) -> Callable[..., None]:
    @wraps(command)
    def checked(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except PrerequisiteError as error:  # ours, and Inspect's
            raise click.ClickException(str(error) or str(error.message)) from None

    return checked


_EPILOG = (
    "The options of `inspect eval` about models, limits and logs apply as well: --model, -M, "
    "--model-role, --cache, --limit, --sample-id, --max-connections, --log-dir. -S name=value "
    "gives any other argument of the solver {solver}."
)


_FORMAT = (
    f"One of {', '.join(FORMATS)}, a reader of a package (package/name) or of a file "
    "(file.py@name); default: what the names of the files tell."
)


@click.command(epilog=_EPILOG.format(solver="inspect_tts/select_recorded"))
@click.argument("paths", nargs=-1, required=True)
@click.option("--format", help=_FORMAT)
@click.option("--strict", is_flag=True, help="Stop at a malformed file instead of skipping it.")
@click.option("--problems", help="File with the problems' texts, for formats that hold none.")
@_options_of(SelectRecordedOptions)
@_user_errors
def select(
    context: click.Context,
    paths: tuple[str, ...],
    format: str | None,
    strict: bool,
    problems: str | None,
    output: str | None,
    yes: bool,
    dry_run: bool,
    s: tuple[str, ...],
    **params: Any,
) -> None:
    """Summarize rollouts that were already run, and select one for each problem.

    PATHS are files, or folders to search: Inspect logs (each epoch is a rollout), trajectories of
    mini-SWE-agent or in ATIF, predictions for SWE-bench, or JSON lines of trajectories.
    """
    flags, params = _flags(params, SelectRecordedOptions)
    given = {**parse_cli_args(s), **flags}
    select_recorded(**given)  # refuses what a run would refuse
    options = SelectRecordedOptions(**given)
    collection = collect(paths, format, strict=strict)
    samples = dataset(collection, problem_texts(problems) if problems else {})
    collection = collection.only(selected_ids(samples, params["limit"], params["sample_id"]))
    if warning := collection.warning():
        click.echo(warning, err=True)
    votes = fresh_votes([len(p.attempts) for p in collection.problems], options)
    click.echo(_found(collection))
    if all(len(problem.attempts) == 1 for problem in collection.problems):
        click.echo(
            "Each problem has one rollout, so there is nothing to select. The rollouts inside of a "
            "strategy's log are selected anew by `inspect-tts replay LOG`.",
            err=True,
        )
    click.echo(f"Model calls: {collection.attempts} summaries and {_range(votes)} votes.{_REASK}")
    if dry_run or not _confirmed(collection.attempts, yes):
        return
    task: dict[str, Any] = {"paths": list(paths), "format": format, "strict": strict}
    task |= {"problems": problems, "output": output}
    solver = ("inspect_tts/select_recorded", (*s, *_arguments(flags)))
    _run(context, "inspect_tts/recorded", task, solver, params)


@click.command(epilog=_EPILOG.format(solver="inspect_tts/replay_recorded"))
@click.argument("log")
@_options_of(ReplayOptions)
@_user_errors
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
    flags, params = _flags(params, ReplayOptions)
    given = {**parse_cli_args(s), **flags}
    replay_recorded(**given)  # refuses what a run would refuse
    options = checked(ReplayOptions, given, "replay_recorded")
    changes = changes_from(options)
    chosen = selected_ids(replay_task(log).dataset, params["limit"], params["sample_id"])
    samples = [found for id, found in replayed_samples(log).items() if id in chosen]
    pools = [pool_in(sample) for _, sample in samples]
    spec = log_header(replayed_logs(log)[0]).eval
    judge = options.judge or _judge(context, params, pools, spec)
    expected = forecast_votes(pools, changes, judge)
    for place, sample in samples:
        check_trajectories(pool_in(sample), recorded_in(place, sample), changes, judge)
    click.echo(_expected(pools, expected, judge))
    if dry_run or not _confirmed(expected.votes.most, yes):
        return
    params |= _models(context, params, judge, spec, needed=expected.votes.most > 0)
    solver = ("inspect_tts/replay_recorded", (*s, *_arguments({**flags, "judge": judge})))
    _run(context, "inspect_tts/replay", {"log": log, "output": output}, solver, params)


select.params += eval_options(parameter.name or "" for parameter in select.params)
replay.params += eval_options(parameter.name or "" for parameter in replay.params)

_REASK = " A vote or summary that cannot be read is asked for once more."


def _run(
    context: click.Context,
    task: str,
    arguments: dict[str, Any],
    solver: tuple[str, Sequence[str]],
    params: dict[str, Any],
) -> None:
    from inspect_tts.report.page.page import page_missing

    before, ended = len(WRITTEN), len(ENDED)
    t = tuple(_arguments(arguments))
    run_eval(context, task, t=t, solver=solver[0], s=tuple(solver[1]), **params)
    for written in WRITTEN[before:]:
        click.echo(f"{written.problems} problems: {written.selections}")
        if written.predictions is not None:
            click.echo(f"predictions: {written.predictions}")
        page = None if page_missing() else written.selections.with_name("report.html")
        context.invoke(report, paths=(written.log,), html=page, no_html=page is None)
        if missing := page_missing():
            click.echo(f"no report.html: {missing}", err=True)
    check_end(ENDED[ended:], written=len(WRITTEN) - before)


def _flags(params: dict[str, Any], model: type[Options]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split a command's parameters into the solver's, where given, and those of `inspect eval`."""
    own = set(model.model_fields) - set(_INSPECTS)
    flags = {name: value for name, value in params.items() if name in own and value is not None}
    return flags, {name: value for name, value in params.items() if name not in own}


def _arguments(given: dict[str, Any]) -> list[str]:
    """As `-T` or `-S` take them: JSON, so that Inspect splits no path at a comma."""
    return [f"{name}={json.dumps(v)}" for name, v in given.items() if v is not None]


def _confirmed(calls: int, yes: bool) -> bool:
    """Ask before models are called, where somebody is there to answer."""
    if yes or calls == 0 or not sys.stdin.isatty():
        return True
    return click.confirm("Go on?", default=True)


def _range(votes: Forecast) -> str:
    return str(votes.most) if votes.least == votes.most else f"{votes.least} to {votes.most}"


def _found(collection: Collection) -> str:
    counts = Counter(len(problem.attempts) for problem in collection.problems)
    each = ", ".join(f"{problems} with {n}" for n, problems in sorted(counts.items()))
    problems = f"{len(collection.problems)} problems ({each})"
    return f"{collection.attempts} rollouts of {problems}, in files: {collection.files}."


def _expected(pools: Sequence[RolloutPool], expected: VoteForecast, judge: str) -> str:
    rollouts = sum(len(pool.rollouts) for pool in pools)
    votes = expected.votes
    lines = [
        f"{len(pools)} problems, {rollouts} rollouts, {expected.recorded} recorded votes.",
        *(f"  {count} do not fit: {why}" for why, count in sorted(expected.unusable.items())),
        f"Reused for certain: {votes.reused} votes of {judge}.",
        f"Model calls: {_range(votes)} votes.{_REASK if votes.most else ''}",
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
        recorded |= {"m": (*_arguments(spec.model_args), *params["m"])}
    return recorded
