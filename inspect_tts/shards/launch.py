"""Plan a new shard set, or check that one can be resumed."""

import os
from collections import defaultdict
from collections.abc import Sequence
from contextlib import chdir
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import yaml
from inspect_ai.dataset import Dataset
from inspect_ai.log import list_eval_logs, read_eval_log_sample_summaries

from inspect_tts import strategies
from inspect_tts._inspect.command import (
    chosen,
    chosen_by,
    environment_options,
    eval_parameters,
    merged_args,
    new_log_name,
    task_dataset,
)
from inspect_tts.errors import UserError
from inspect_tts.paths import check_task_file

from .plan import SHARDS, Shard, ShardPlan, deal, sample_id_option, without_options
from .sets import ShardSet

_PER_SHARD = ("--limit", "--sample-id", "--log-dir", "--log-format", "--max-connections")
"""Options of `inspect eval` that a shard gets from the plan."""
_OF_PLAN = ("limit", "sample_id", "max_connections")
"""Parameters of these options that may be given when a set is resumed."""
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
        arguments: Arguments of `inspect eval`.
        shards: Number of shards.
        at_once: How many run at once; None for all.
        seed: Seed of the draw that deals problems to shards.
        pilot: A log, or a folder of logs, from which the costs of problems are taken.
    """
    given = eval_parameters(arguments)
    if given["log_format"] == "json":
        raise UserError("--log-format json is not possible with shards, whose logs are .eval files")
    # other machines lack the environment variables of this one
    arguments = (*arguments, *environment_options(arguments, _PER_SHARD))
    if len(given["tasks"] or ()) != 1:
        raise UserError(f"give one task, as in file.py@task; got {given['tasks'] or 'none'}")
    for name, why in _REFUSED.items():
        if given.get(name):
            raise UserError(f"--{name.replace('_', '-')} is not possible with shards: {why}")
    model = given["model"] or ""
    if "," in model:
        raise UserError(f"--model {model} names several models: give one, and begin a set for each")
    [task] = given["tasks"]
    if task in ("inspect_tts/scaled", "scaled"):
        raise UserError(
            "inspect_tts/scaled adds its samples while it runs, and a shard is a fixed list of "
            "samples. Run the task that it scales, with --solver, in shards"
        )
    at_once = min(at_once or shards, shards)
    connections = given["max_connections"]
    check_connections(connections, at_once)
    name, dataset = _load(task, given)
    ids = _problems(task, dataset, given)
    dealt = deal(ids, _costs(pilot, ids) if pilot else {}, shards, seed)
    for shard in dealt:
        _check_selects(dataset, shard)
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


def _load(task: str, given: dict[str, Any]) -> tuple[str, Dataset]:
    """The name and the dataset of a task."""
    check_task_file(task, f"the task {task} cannot be loaded")
    try:
        return task_dataset(task, merged_args(given["t"], given["task_config"]))
    except (ValueError, OSError, NotImplementedError, yaml.YAMLError) as error:
        raise UserError(f"the task {task} cannot be loaded: {error}") from error


def _problems(task: str, dataset: Dataset, given: dict[str, Any]) -> list[str | int]:
    """The ids of the problems that `inspect eval` would run."""
    try:
        ids = chosen(dataset, given["limit"], given["sample_id"])
    except ValueError as error:
        raise UserError(
            f"--limit {given['limit']} and --sample-id {given['sample_id']} choose no problems: "
            f"{error}. Give a number or a range, such as 10 or 11-20, or ids separated by commas"
        ) from error
    if not ids:
        raise UserError(
            f"--limit {given['limit']} leaves none of the {len(dataset)} problems of {task}: "
            "give at least 1, or a range that begins at 1"
        )
    if len(set(map(str, ids))) != len(ids):
        raise UserError(
            f"the task {task} has two problems with the same id; shards need unique ids"
        )
    return ids


def _check_selects(dataset: Dataset, shard: Shard) -> None:
    """Refuse ids with which Inspect would not run exactly the problems of a shard."""
    option = sample_id_option(shard.ids)
    found = chosen_by(dataset, option)
    if other := {repr(id) for id in found} ^ {repr(id) for id in shard.ids}:
        raise UserError(
            f"the problem {min(other)} cannot be told apart by `inspect eval --sample-id`, which "
            "reads digits as a number, so that 1 equals 001; give the problem another id"
        )


def _saved(given: dict[str, Any], found: ShardSet) -> tuple[str, ...]:
    """The argument that has a strategy save results beside the set, unless the user chose a place.

    There a shard finds its results even if its log is lost.
    """
    strategy = (given["solver"] or "").removeprefix("inspect_tts/")
    if strategy not in strategies.STRATEGIES:
        return ()
    try:
        stated = merged_args(given["s"], given["solver_config"])
    except (ValueError, OSError, yaml.YAMLError) as error:
        raise UserError(f"the arguments of the solver cannot be read: {error}") from error
    getattr(strategies, strategy)(**stated)  # raises the errors that each shard would raise
    if "resume" in stated:
        return ()
    return ("-S", f"resume={found.saved}")


def _costs(pilot: str, ids: Sequence[str | int]) -> dict[str, float]:
    """Mean costs of problems in a pilot, by id: in dollars if all are known, else in tokens."""
    try:
        logs = [pilot] if pilot.endswith((".eval", ".json")) else list_eval_logs(pilot)
        summaries = [s for log in logs for s in read_eval_log_sample_summaries(log)]
    except Exception as error:  # each file system raises its own errors
        raise UserError(f"--pilot {pilot} cannot be read: {error}") from error
    usages = [(str(s.id), usage) for s in summaries for usage in s.model_usage.values()]
    if not usages:
        raise UserError(f"--pilot {pilot} contains no usage of any problem; give the log of a run")
    if not {id for id, _ in usages} & set(map(str, ids)):
        raise UserError(
            f"--pilot {pilot} has none of these problems ({ids[0]}, ...) but others, such as "
            f"{usages[0][0]}: give a log of the same task"
        )
    dollars = all(usage.total_cost is not None for _, usage in usages)
    spent: dict[str, float] = defaultdict(float)
    for id, usage in usages:
        spent[id] += (usage.total_cost or 0.0) if dollars else usage.total_tokens
    times: dict[str, int] = defaultdict(int)
    for summary in summaries:
        times[str(summary.id)] += 1
    return {id: cost / times[id] for id, cost in spent.items()}


def check_again(plan: ShardPlan, arguments: Sequence[str]) -> None:
    """Refuse to resume with arguments that differ from the plan, or if its problems are gone."""
    asked = _check_arguments(plan, arguments) if arguments else {}
    check_folder(plan)
    with chdir(plan.folder):
        _, dataset = _load(plan.task, eval_parameters(plan.arguments))
    there = {str(sample.id) for sample in dataset}
    if gone := sorted({str(id) for id in plan.ids} - there):
        shown = ", ".join(gone[:5]) + (" ..." if len(gone) > 5 else "")
        raise UserError(
            f"{len(gone)} problems of the plan no longer exist in {plan.task}: {shown}. Restore "
            "the dataset that the set began with; nothing was changed"
        )
    if asked.get("limit") or asked.get("sample_id"):
        ids = _problems(plan.task, dataset, asked)
        if set(map(str, ids)) != set(map(str, plan.ids)):
            raise UserError(
                f"--limit and --sample-id choose {len(ids)} problems, which are not the "
                f"{len(plan.ids)} of the plan. Leave them out, or begin another set"
            )
    for name, planned_version in plan.versions.items():
        if (now := version(name)) != planned_version:
            click.echo(
                f"{name} is {now} now, but was {planned_version} when the set began", err=True
            )


def check_folder(plan: ShardPlan) -> None:
    """Refuse a machine on which the working directory of a plan does not exist."""
    if not Path(plan.folder).is_dir():
        raise UserError(
            f"the working directory {plan.folder} of the plan does not exist on this machine; the "
            "task and its files have to be at the same place on all machines"
        )


def _check_arguments(plan: ShardPlan, arguments: Sequence[str]) -> dict[str, Any]:
    """Refuse arguments that differ from the plan. Returns all arguments as parsed."""
    given, planned = eval_parameters(arguments), eval_parameters(plan.arguments)
    unsaid = eval_parameters(())
    saved = f"resume={ShardSet(plan.set).saved}"
    planned["s"] = tuple(each for each in planned["s"] if each != saved or saved in given["s"])
    place = f"{given['log_dir'].rstrip('/')}/{ShardSet(plan.set).name}"
    if ShardSet(place).place == plan.set:
        planned["log_dir"] = given["log_dir"]
    else:
        planned["log_dir"] = plan.set.rpartition("/")[0]
    planned["log_format"] = "eval"
    for name, value in given.items():
        if value not in (unsaid[name], planned[name]) and name not in _OF_PLAN:
            option = f"-{name.upper()}" if len(name) == 1 else f"--{name.replace('_', '-')}"
            raise UserError(
                f"{option} is {planned[name]!r} in the plan, but {value!r} was given: a shard set "
                "continues with the arguments that it began with. Leave the option out, or begin "
                "another set"
            )
    return given


def changed_load(plan: ShardPlan, at_once: int | None, arguments: Sequence[str]) -> ShardPlan:
    """The plan with the shards at once and the total connections that a resume asks for."""
    at_once = min(at_once or plan.at_once, len(plan.shards))
    connections = eval_parameters(arguments)["max_connections"] or plan.max_connections
    check_connections(connections, at_once)
    return plan.model_copy(update={"at_once": at_once, "max_connections": connections})


def check_connections(connections: int | None, at_once: int) -> None:
    """Refuse a total of connections smaller than the number of shards that run at once."""
    if connections is not None and connections < at_once:
        raise UserError(
            f"--max-connections {connections} is the total of {at_once} shards at once, and each "
            f"needs one: give at least {at_once}, or --at-once {connections}"
        )
