"""Inspect's commands with all their options, and the layout of shards that they read.

Private: only the click commands of `inspect` have its options and turn them into arguments of
`eval()`. `parse_cli_args` reads `-S`, `slice_dataset` applies `--limit` and `--sample-id`, and the
command `inspect` calls `init_dotenv` first. `eval_async` uses the display of the process, which
only `eval` can set, and `init_hooks` prints which hooks there are. `list_shard_set` lists shards as
`inspect ctl` and the merge do, and `eval_log_name` names logs. `init_active_model` sets what
`get_model()` returns in a task that is loaded only for its problems.
"""

import contextvars
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout
from copy import copy
from datetime import UTC, datetime
from io import StringIO
from typing import Any, NamedTuple, TypeVar

import anyio
import click
from click.core import ParameterSource
from inspect_ai._cli.eval import eval_command
from inspect_ai._cli.log import log_command
from inspect_ai._cli.main import inspect
from inspect_ai._display.core import active
from inspect_ai._eval.loader import load_tasks
from inspect_ai._eval.task.util import slice_dataset
from inspect_ai._util.asyncfiles import AsyncFilesystem
from inspect_ai._util.config import parse_cli_args, resolve_args
from inspect_ai._util.dotenv import init_dotenv
from inspect_ai._util.error import PrerequisiteError
from inspect_ai._util.log_layout import eval_log_name
from inspect_ai._util.samples import parse_sample_id, parse_samples_limit
from inspect_ai.dataset import Dataset
from inspect_ai.hooks._startup import init_hooks
from inspect_ai.log._shards._walk import list_shard_set
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.model._model import init_active_model
from inspect_ai.util import _display as types
from shortuuid import uuid

__all__ = [
    "EvalCommand",
    "eval_options",
    "parse_cli_args",
    "quiet_display",
    "quiet_hooks",
    "run_eval",
    "selected_ids",
    "shard_folders",
]

T = TypeVar("T")
_OFF = ("0", "false", "no", "off", "f", "n")
MERGE = "merge-shards"
_OURS = {
    "tasks",
    "solver",
    "solver_config",
    "t",
    "task_config",
    "run_config",
    "epochs",
    "epochs_reducer",
    "no_epochs_reducer",
    "sandbox",
    "detach",
    "json_output",
}
"""Options that our commands set themselves, or that do not apply to finished rollouts."""


class EvalCommand(click.Command):
    """A command whose options a `.env` file may set, as for `inspect eval`."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the `.env` file before the options."""
        init_dotenv()
        return super().make_context(*args, **kwargs)


def eval_options(taken: Iterable[str]) -> list[click.Parameter]:
    """The options of `inspect eval`, hidden from the help."""
    left_out = {*_OURS, *taken}
    options: list[click.Parameter] = []
    for parameter in eval_command.params:
        if isinstance(parameter, click.Option) and parameter.name not in left_out:
            hidden = copy(parameter)
            hidden.hidden = True
            options.append(hidden)
    return options


def selected_ids(dataset: Dataset, limit: str | None, sample_id: str | None) -> list[str]:
    """Ids of the samples that `inspect eval` would run."""
    return list(map(str, chosen(dataset, limit, sample_id)))


def run_eval(context: click.Context, task: str, **params: Any) -> None:
    """Run `inspect eval`."""
    context.invoke(eval_command, tasks=(task,), **params)


@contextmanager
def quiet_display() -> Iterator[None]:
    """Use the display that `INSPECT_DISPLAY` names, by default none; then restore the old one."""
    before = types._display_type, active._active_display
    active._active_display = None
    types.init_display_type(os.environ.get("INSPECT_DISPLAY", "none"))
    try:
        yield
    finally:
        types._display_type, active._active_display = before


def quiet_hooks() -> None:
    """Initialize hooks without the message that Inspect prints once, unless a display is set."""
    if os.environ.get("INSPECT_DISPLAY", "none") == "none":
        with redirect_stdout(StringIO()):
            init_hooks()


class ShardFolders(NamedTuple):
    """The logs of a shard set."""

    attempts: dict[str, list[str]]
    """The logs of each shard by its name, oldest first, as Inspect orders them."""
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
    """Call in another thread, because an event loop may be running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call).result()


def eval_parameters(arguments: Sequence[str]) -> dict[str, Any]:
    """The parameters that `inspect eval` would get; bad arguments raise a usage error."""
    init_dotenv()
    return _context(arguments).params


def _context(arguments: Sequence[str]) -> click.Context:
    return eval_command.make_context("inspect eval", list(arguments))


def environment_options(arguments: Sequence[str], left_out: Iterable[str]) -> tuple[str, ...]:
    """The options of `inspect eval` that `INSPECT_EVAL_*` sets and the arguments do not."""
    init_dotenv()
    given: list[str] = []
    context = _context(arguments)
    for option in eval_command.params:
        if not isinstance(option, click.Option) or option.opts[0] in left_out:
            continue
        names = [option.envvar] if isinstance(option.envvar, str) else option.envvar or []
        if not any(n.startswith("INSPECT_EVAL_") and os.environ.get(n) for n in names):
            continue
        if context.get_parameter_source(option.name or "") is not ParameterSource.ENVIRONMENT:
            continue
        value = option.value_from_envvar(context)
        if not option.is_flag:
            values = value if option.multiple else [value]
            short = not option.opts[0].startswith("--")  # a short option takes no "="
            for each in values:
                given += [option.opts[0], each] if short else [f"{option.opts[0]}={each}"]
        elif str(value).strip().lower() in _OFF:
            given += option.secondary_opts[:1]
        else:
            given.append(option.opts[0])
    return tuple(given)


def merged_args(arguments: Sequence[str], config: str | None) -> dict[str, Any]:
    """Arguments from a file and from the command line; the command line has precedence."""
    return {**resolve_args(config or {}), **parse_cli_args(list(arguments))}


def task_dataset(task: str, arguments: dict[str, Any]) -> tuple[str, Dataset]:
    """The name of a task, and its problems, each with an id.

    If the task asks for a model while it is loaded, it gets a mock, because none is needed.
    """

    def load() -> Any:
        init_active_model(get_model("mockllm/model"), GenerateConfig())
        return load_tasks([task], arguments)

    tasks = contextvars.copy_context().run(load)
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


def chosen_by(dataset: Dataset, sample_id: str) -> list[str | int]:
    """Ids that `--sample-id` chooses; none if Inspect fails on it, as on the digit '²'."""
    try:
        with redirect_stdout(StringIO()):
            return chosen(dataset, None, sample_id)
    except (ValueError, PrerequisiteError):
        return []


def new_log_name(task: str, model: str) -> str:
    """The name of a log that is started now."""
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
