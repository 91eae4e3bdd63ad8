"""Commands that take every option of `inspect eval`.

Private: the options of `inspect eval` exist as its click command only, and so does what makes of
them the arguments of `eval()`. `init_dotenv` is what the command `inspect` does first.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from inspect_ai._cli.eval import eval_command
from inspect_ai._util.dotenv import init_dotenv
from inspect_ai._util.registry import registry_has
from inspect_ai.hooks import Hooks, TaskEnd, hooks

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
"""What a command sets itself, or what has no meaning for rollouts that were run already."""

_finished: list[str] = []


def eval_options(taken: Iterable[str]) -> list[click.Parameter]:
    """The options of `inspect eval`, left out of the help.

    Args:
        taken: Names that the command has options for itself.

    Returns:
        Options for the command's `params`.
    """
    left_out = {*_OURS, *taken}
    options = []
    for parameter in eval_command.params:
        if isinstance(parameter, click.Option) and parameter.name not in left_out:
            parameter.hidden = True
            options.append(parameter)
    return options


def run_eval(context: click.Context, task: str, **params: Any) -> list[str]:
    """Run `inspect eval`.

    Args:
        context: Of the command.
        task: Which task.
        **params: Its other parameters, by name; those left out have their defaults.

    Returns:
        Where the logs are.
    """
    init_dotenv()
    _register_listener()
    _finished.clear()
    context.invoke(eval_command, tasks=(task,), **params)
    return list(_finished)


def _register_listener() -> None:
    if registry_has("hooks", "inspect_tts/inspect_tts_finished"):
        return

    @hooks(name="inspect_tts_finished", description="Tells inspect-tts where its logs are")
    class Finished(Hooks):
        async def on_task_end(self, data: TaskEnd) -> None:
            location = Path(data.log.location)
            _finished.append(str(location) if location.exists() else data.log.location)
