"""Inspect's layout of shards, and its own commands with all their options.

Private: `list_shard_set` is the walk that `inspect ctl` and the merge use, `eval_log_name` names
logs, only the click commands of `inspect` have its options, `slice_dataset` applies `--sample-id`.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

import anyio
import click
from inspect_ai._cli.eval import eval_command
from inspect_ai._cli.log import log_command
from inspect_ai._cli.main import inspect
from inspect_ai._eval.loader import load_tasks
from inspect_ai._eval.task.util import slice_dataset
from inspect_ai._util.asyncfiles import AsyncFilesystem
from inspect_ai._util.config import resolve_args
from inspect_ai._util.dotenv import init_dotenv
from inspect_ai._util.log_layout import eval_log_name
from inspect_ai._util.samples import parse_sample_id, parse_samples_limit
from inspect_ai.dataset import Dataset
from inspect_ai.log._shards._walk import list_shard_set
from shortuuid import uuid

T = TypeVar("T")
MERGE = "merge-shards"


class ShardFolders(NamedTuple):
    """The logs of a shard set."""

    attempts: dict[str, list[str]]
    """Of each shard by its name, oldest first, as Inspect orders them."""
    stray: tuple[tuple[str, str], ...]
    """Logs that belong to no shard, and why."""


def shard_folders(place: str) -> ShardFolders:
    """List a shard set as Inspect does."""

    async def listed() -> ShardFolders:
        async with AsyncFilesystem() as files:
            found = await list_shard_set(files, place)
        attempts = {shard.name: [log.name for log in shard.attempts] for shard in found.shards}
        return ShardFolders(attempts, tuple((each.path, each.reason) for each in found.stray))

    return _outside(lambda: anyio.run(listed))


def _outside(call: Callable[[], T]) -> T:
    """Call in a thread, because an event loop may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call).result()


def eval_parameters(arguments: Sequence[str]) -> dict[str, Any]:
    """What `inspect eval` would be given; what it would refuse is a usage error."""
    init_dotenv()
    context = eval_command.make_context("inspect eval", list(arguments))
    return context.params


def task_dataset(task: str, arguments: dict[str, Any], config: str | None) -> tuple[str, Dataset]:
    """The name of a task, and its problems, each with an id."""
    tasks = load_tasks([task], {**resolve_args(config or {}), **arguments})
    if len(tasks) != 1:
        raise ValueError(f"it names {len(tasks)} tasks: name one, as in file.py@task")
    dataset = tasks[0].dataset
    for number, sample in enumerate(dataset, 1):
        if sample.id is None:  # as Inspect does
            sample.id = number
    return tasks[0].name, dataset


def chosen(dataset: Dataset, limit: str | None, sample_id: str | None) -> list[str | int]:
    """Ids of the samples that `inspect eval` would run."""
    found = slice_dataset(dataset, parse_samples_limit(limit), parse_sample_id(sample_id))
    return [sample.id for sample in found if sample.id is not None]


def new_log_name(task: str, model: str) -> str:
    """The name of a log that begins now."""
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return eval_log_name(task=task, task_id=uuid(), created=created, model=model)


def run_inspect(arguments: Sequence[str]) -> None:
    """Run a command of `inspect` in this process."""
    init_dotenv()
    inspect.main(
        args=list(arguments),
        prog_name="inspect",
        standalone_mode=False,
        auto_envvar_prefix="INSPECT",
    )


def can_merge() -> bool:
    """Whether the installed Inspect merges shards."""
    return MERGE in log_command.list_commands(click.Context(log_command))
