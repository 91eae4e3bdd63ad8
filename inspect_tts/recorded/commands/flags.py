"""What `inspect-tts select` and `inspect-tts replay` share: flags, questions, the run itself."""

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
    """The flags of a solver's arguments, and those that both commands have."""
    flags = [_flag(model, name) for name in model.model_fields if name not in INSPECTS]
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


INSPECTS = ("seed",)
"""Arguments whose flag `inspect eval` has for something else: `-S` gives them."""


def _flag(model: type[Options], name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """One argument as a flag; without it the default holds, or what is recorded."""
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
    """Show what a user did wrong as one sentence."""

    @wraps(command)
    def checked(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except PrerequisiteError as error:  # ours, and Inspect's
            raise click.ClickException(str(error) or str(error.message)) from None

    return checked


EPILOG = (
    "The options of `inspect eval` about models, limits and logs apply as well: --model, -M, "
    "--model-role, --cache, --limit, --sample-id, --max-connections, --log-dir. -S name=value "
    "gives any other argument of the solver {solver}."
)

REASK = " A vote or summary that cannot be read is asked for once more."


def run_command(
    context: click.Context,
    task: str,
    arguments: dict[str, Any],
    solver: tuple[str, Sequence[str]],
    params: dict[str, Any],
) -> None:
    """Run the eval, and tell where what it wrote is."""
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
    """Split a command's parameters into the solver's, where given, and those of `inspect eval`."""
    own = set(model.model_fields) - set(INSPECTS)
    given = {name: [*v] if isinstance(v, tuple) else v for name, v in params.items() if name in own}
    if given.get("judges"):  # names, which hold no comma
        given["judges"] = [name for each in given["judges"] for name in each.split(",")]
    flags = {name: value for name, value in given.items() if value not in (None, [])}
    return flags, {name: value for name, value in params.items() if name not in own}


def as_arguments(given: dict[str, Any]) -> list[str]:
    """As `-T` or `-S` take them: JSON, so that Inspect splits no path at a comma."""
    return [f"{name}={json.dumps(v)}" for name, v in given.items() if v is not None]


def confirmed(calls: int, yes: bool) -> bool:
    """Ask before models are called, where somebody is there to answer."""
    if yes or calls == 0 or not sys.stdin.isatty():
        return True
    return click.confirm("Go on?", default=True)


def range_of(votes: Forecast) -> str:
    """How many votes, for people."""
    return str(votes.most) if votes.least == votes.most else f"{votes.least} to {votes.most}"
