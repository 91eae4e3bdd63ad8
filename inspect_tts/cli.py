"""The command `inspect-tts`: what surrounds a run. Running itself is `inspect eval`."""

from typing import Any

import click

from . import __version__
from ._inspect import PrerequisiteError
from .benchmarks.swe_verified.prefetch import prefetch
from .estimate.command import estimate
from .recorded.commands import replay, select
from .report.command import report
from .report.predictions import predictions


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what a user has to mend ends it with the message alone."""
        try:
            return super().invoke(ctx)
        except PrerequisiteError as error:  # ours, and Inspect's
            raise click.ClickException(str(error) or str(error.message)) from None


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="inspect-tts")
def main() -> None:
    """Prepare, read and reuse runs of inspect_tts strategies."""


main.add_command(estimate)
main.add_command(predictions)
main.add_command(prefetch)
main.add_command(replay)
main.add_command(report)
main.add_command(select)
