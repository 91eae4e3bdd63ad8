"""Begin a shard set, or go on with one."""

import os
from collections import defaultdict
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import click
from inspect_ai.log import list_eval_logs, read_eval_log_sample_summaries

from inspect_tts import strategies
from inspect_tts._inspect.command import (
    chosen,
    eval_parameters,
    new_log_name,
    parse_cli_args,
    task_dataset,
)
from inspect_tts.errors import UserError
from inspect_tts.paths import check_task_file

from .plan import SHARDS, ShardPlan, deal, sample_id_option, without_options
from .sets import ShardSet

_PER_SHARD = ("--limit", "--sample-id", "--log-dir", "--log-format", "--max-connections")
"""Options of `inspect eval` that a shard gets from the plan."""
_REFUSED = {
    "sample_shuffle": "a shard keeps the order of the dataset, and no decision depends on it",
    "detach": "shards run in the background of the executor",
    "json_output": "shards have outputs of their own",
    "run_config": "give what is in it as options, so that the plan holds them",
}
PACKAGES = ("inspect_tts", "inspect_ai")


def new_plan(
    arguments: Sequence[str],
    *,
    shards: int,
    at_once: int | None,
    seed: int,
    pilot: str | None,
) -> ShardPlan:
    """Plan a run of a task in shards.

    Args:
        arguments: Of `inspect eval`.
        shards: How many.
        at_once: How many run at once; None for all.
        seed: Of the dealing.
        pilot: A log, or a folder of some, that tells the costs of problems.
    """
    given = eval_parameters(arguments)
    if len(given["tasks"] or ()) != 1:
        raise UserError(f"give one task, as in file.py@task; got {given['tasks'] or 'none'}")
    for name, why in _REFUSED.items():
        if given.get(name):
            raise UserError(f"--{name.replace('_', '-')} is not possible with shards: {why}")
    if given["log_format"] == "json":
        raise UserError("--log-format json is not possible with shards, whose logs are .eval files")
    model = given["model"] or ""
    if "," in model:
        raise UserError(f"--model {model} names several models: give one, and a set for each other")
    [task] = given["tasks"]
    if task in ("inspect_tts/scaled", "scaled"):
        raise UserError(
            "inspect_tts/scaled adds its samples while it runs, and a shard is a fixed list of "
            "samples. Run the task that it scales, with --solver, in shards"
        )
    at_once = min(at_once or shards, shards)
    connections = given["max_connections"]
    if connections is not None and connections < at_once:
        raise UserError(
            f"--max-connections {connections} is the total of {at_once} shards at once, and each "
            f"needs one: give at least {at_once}, or --at-once {connections}"
        )
    name, ids = _problems(task, given)
    dealt = deal(ids, _costs(pilot) if pilot else {}, shards, seed)
    for shard in dealt:
        sample_id_option(shard.ids)
    place = f"{given['log_dir'].rstrip('/')}/{new_log_name(name, model)}{SHARDS}"
    found = ShardSet(place)
    kept = without_options(arguments, _PER_SHARD)
    return ShardPlan(
        set=found.place,
        task=task,
        arguments=(*kept, *_saved(given, found)),
        folder=os.getcwd(),  # noqa: PTH109
        seed=seed,
        pilot=pilot,
        at_once=at_once,
        max_connections=connections,
        shards=dealt,
        versions={name: version(name) for name in PACKAGES},
    )


def _problems(task: str, given: dict[str, Any]) -> tuple[str, list[str | int]]:
    """The name of a task, and the problems that `inspect eval` would run."""
    check_task_file(task, f"the task {task} cannot be loaded")
    try:
        name, dataset = task_dataset(task, parse_cli_args(given["t"]), given["task_config"])
    except (ValueError, OSError, NotImplementedError) as error:
        raise UserError(f"the task {task} cannot be loaded: {error}") from error
    ids = chosen(dataset, given["limit"], given["sample_id"])
    if len(set(map(str, ids))) != len(ids):
        raise UserError(
            f"the task {task} has two problems with the same id; shards need unique ids"
        )
    return name, ids


def _saved(given: dict[str, Any], found: ShardSet) -> tuple[str, ...]:
    """Where a strategy saves results, unless the user has said: for all shards beside the set.

    There a shard finds them whatever became of its log.
    """
    strategy = (given["solver"] or "").removeprefix("inspect_tts/")
    stated = parse_cli_args(given["s"])
    if strategy not in strategies.STRATEGIES:
        return ()
    getattr(strategies, strategy)(**stated)  # refuses what each shard would refuse
    if "resume" in stated:
        return ()
    return ("-S", f"resume={found.saved}")


def _costs(pilot: str) -> dict[str, float]:
    """What problems cost in a pilot, by id: dollars if they are known, else tokens."""
    try:
        logs = [pilot] if pilot.endswith((".eval", ".json")) else list_eval_logs(pilot)
        summaries = [s for log in logs for s in read_eval_log_sample_summaries(log)]
    except Exception as error:  # each file system raises its own
        raise UserError(f"--pilot {pilot} cannot be read: {error}") from error
    usages = [(str(s.id), usage) for s in summaries for usage in s.model_usage.values()]
    if not usages:
        raise UserError(f"--pilot {pilot} tells no usage of any problem; give the log of a run")
    dollars = all(usage.total_cost is not None for _, usage in usages)
    spent: dict[str, float] = defaultdict(float)
    for id, usage in usages:
        spent[id] += (usage.total_cost or 0.0) if dollars else usage.total_tokens
    times: dict[str, int] = defaultdict(int)
    for summary in summaries:
        times[str(summary.id)] += 1
    return {id: cost / times[id] for id, cost in spent.items()}


def check_again(plan: ShardPlan, arguments: Sequence[str]) -> None:
    """Refuse to go on with other arguments than those of the plan, or without its problems."""
    if arguments:
        given, planned = eval_parameters(arguments), eval_parameters(plan.arguments)
        unsaid = eval_parameters(())
        for name, value in given.items():
            if value not in (unsaid[name], planned[name]) and name != "max_connections":
                raise UserError(
                    f"--{name.replace('_', '-')} is {planned[name]!r} in the plan, and {value!r} "
                    "was given: a shard set goes on with the arguments that it began with. Leave "
                    "the option out, or begin another set"
                )
    given = eval_parameters(plan.arguments)
    _, dataset = task_dataset(plan.task, parse_cli_args(given["t"]), given["task_config"])
    there = {str(sample.id) for sample in dataset}
    if gone := sorted({str(id) for id in plan.ids} - there):
        shown = ", ".join(gone[:5]) + (" ..." if len(gone) > 5 else "")
        raise UserError(
            f"{len(gone)} problems of the plan no longer exist in {plan.task}: {shown}. Restore "
            "the dataset that the set began with; nothing was changed"
        )
    for name, planned_version in plan.versions.items():
        if (now := version(name)) != planned_version:
            click.echo(
                f"{name} is {now} now, and was {planned_version} when the set began", err=True
            )
