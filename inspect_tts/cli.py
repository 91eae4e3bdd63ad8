"""The command `inspect-tts`: everything around a run. The run itself is `inspect eval`."""

from importlib import import_module
from typing import Any

import click

from . import __version__

_COMMANDS = {
    "estimate": ("estimate.command", "Estimate what STRATEGY will cost before you run it."),
    "predictions": (
        "report.predictions",
        "Write patches in the format that SWE-bench's harness reads.",
    ),
    "prefetch": ("benchmarks.swe_verified.prefetch", "Pull the images of a TASK's problems."),
    "replay": ("recorded.commands", "Repeat the selections of a log with other parameters."),
    "report": ("report.command", "Show what happened in the logs under PATH."),
    "select": ("recorded.commands", "Select among rollouts that were already run."),
    "shard": ("shards.command", "Run a TASK's problems in shards, on one machine or many."),
    "status": ("progress.status", "Show the progress of the runs under LOG_DIR."),
}
"""The module of each command, and its description in the list of commands."""


class _Commands(click.Group):
    """Commands that are imported only when they run, so that `--help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f".{_COMMANDS[cmd_name][0]}", __package__)
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a user's mistake ends it with the message alone."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            from ._inspect import PrerequisiteError

            if isinstance(error, PrerequisiteError):  # ours, and Inspect's
                raise click.ClickException(str(error) or str(error.message)) from None
            raise


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="inspect-tts")
def main() -> None:
    """Prepare, read and reuse runs of inspect_tts strategies."""
