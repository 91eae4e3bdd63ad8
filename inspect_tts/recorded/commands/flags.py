"""Shared code of `inspect-tts select` and `inspect-tts replay`: flags, confirmation and the run."""

import json
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Literal, get_args, get_origin

import click

from inspect_tts._inspect import ENDED, PrerequisiteError
from inspect_tts._inspect.command import run_eval
from inspect_tts.arguments import Options, kinds_of, number_or_word, words_of
from inspect_tts.estimate.forecast import Forecast
from inspect_tts.recorded.outputs import WRITTEN, check_end
from inspect_tts.report.command import report


def options_of(model: type[Options]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add flags for the arguments of a solver, and the flags that both commands share."""
    flags = [_flag(model, name) for name in model.model_fields if name not in INSPECTS]
    flags += [
        click.option("--output", help="Folder for the output files. Default: beside the log."),
        click.option(
            "--yes", is_flag=True, help="Do not ask for confirmation before calling models."
        ),
        click.option(
            "--dry-run", is_flag=True, help="Print how many calls would be made, and stop."
        ),
        click.pass_context,
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(flags):
            command = option(command)
        return command

    return decorate


INSPECTS = ("seed",)
"""Arguments without a flag, since `inspect eval` uses the name for its own. Give them with `-S`."""


def _flag(model: type[Options], name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The flag of one argument. If it is not given, the default or the recorded value applies."""
    kind, dashed = model.model_fields[name].annotation, name.replace("_", "-")
    text = model.sentence(name)
    if list[str] in get_args(kind):
        return click.option(
            f"--{dashed}", multiple=True, help=f"{text} Can be given several times."
        )
    if kind is bool:
        return click.option(f"--{dashed}/--no-{dashed}", default=None, help=text)
    if get_origin(kind) is Literal:
        return click.option(f"--{dashed}", type=click.Choice(get_args(kind)), help=text)
    number = next((each for each in (int, float) if each in kinds_of(kind)), str)
    return click.option(f"--{dashed}", type=number_or_word if words_of(kind) else number, help=text)


def user_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Show a mistake of the user as a message without a traceback."""

    @wraps(command)
    def checked(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except PrerequisiteError as error:  # includes `UserError`
            raise click.ClickException(str(error) or str(error.message)) from None

    return checked


EPILOG = (
    "The options of `inspect eval` about models, limits and logs apply as well: --model, -M, "
    "--model-role, --cache, --limit, --sample-id, --max-connections, --log-dir. -S name=value "
    "sets any other argument of the solver {solver}."
)

REASK = " A vote or summary that cannot be read is requested once more."


def run_command(
    context: click.Context,
    task: str,
    arguments: dict[str, Any],
    solver: tuple[str, Sequence[str]],
    params: dict[str, Any],
) -> None:
    """Run the eval, say where it wrote its files, and print its report."""
    from inspect_tts.report.page.page import page_missing

    before, ended = len(WRITTEN), len(ENDED)
    t = tuple(as_arguments(arguments))
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


def flags_of(params: dict[str, Any], model: type[Options]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split parameters into those given for the solver and those for `inspect eval`."""
    own = set(model.model_fields) - set(INSPECTS)
    given = {name: [*v] if isinstance(v, tuple) else v for name, v in params.items() if name in own}
    if given.get("judges"):  # a name holds no comma
        given["judges"] = [name for each in given["judges"] for name in each.split(",")]
    flags = {name: value for name, value in given.items() if value not in (None, [])}
    return flags, {name: value for name, value in params.items() if name not in own}


def as_arguments(given: dict[str, Any]) -> list[str]:
    """Format arguments for `-T` or `-S`, as JSON so that Inspect does not split paths at commas."""
    return [f"{name}={json.dumps(v)}" for name, v in given.items() if v is not None]


def confirmed(calls: int, yes: bool) -> bool:
    """Ask for confirmation before models are called, if the standard input is a terminal."""
    if yes or calls == 0 or not sys.stdin.isatty():
        return True
    return click.confirm("Continue?", default=True)


def range_of(votes: Forecast) -> str:
    """The number of votes, or its range, as text."""
    return str(votes.most) if votes.least == votes.most else f"{votes.least} to {votes.most}"
