"""Commands that take every option of `inspect eval`.

Private: only the click command of `inspect eval` has its options and turns them into arguments of
`eval()`. `parse_cli_args` reads `-S`, `slice_dataset` applies `--limit` and `--sample-id`, and the
command `inspect` begins with `init_dotenv`. `eval_async` shows what the display of the process
shows, which `eval` alone can set.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

import click
from inspect_ai._cli.eval import eval_command
from inspect_ai._display.core import active
from inspect_ai._eval.task.util import slice_dataset
from inspect_ai._util.config import parse_cli_args
from inspect_ai._util.dotenv import init_dotenv
from inspect_ai._util.samples import parse_sample_id, parse_samples_limit
from inspect_ai.dataset import Dataset
from inspect_ai.util import _display as types

__all__ = [
    "EvalCommand",
    "eval_options",
    "parse_cli_args",
    "quiet_display",
    "run_eval",
    "selected_ids",
]

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
    """A command whose options a file `.env` may set, as it does those of `inspect eval`."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the file before the options."""
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
    chosen = slice_dataset(dataset, parse_samples_limit(limit), parse_sample_id(sample_id))
    return [str(sample.id) for sample in chosen]


def run_eval(context: click.Context, task: str, **params: Any) -> None:
    """Run `inspect eval`."""
    context.invoke(eval_command, tasks=(task,), **params)


@contextmanager
def quiet_display() -> Iterator[None]:
    """Show nothing of an eval, or what `INSPECT_DISPLAY` names, and then what was shown before."""
    before = types._display_type, active._active_display
    active._active_display = None
    types.init_display_type(os.environ.get("INSPECT_DISPLAY", "none"))
    try:
        yield
    finally:
        types._display_type, active._active_display = before
