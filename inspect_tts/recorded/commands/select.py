"""The command `inspect-tts select`: `inspect eval` of the task `recorded`."""

from collections import Counter
from typing import Any

import click

from inspect_tts._inspect.command import (
    EvalCommand,
    eval_options,
    parse_cli_args,
    selected_ids,
)
from inspect_tts.errors import UserError
from inspect_tts.method.parameters import JUDGE
from inspect_tts.models.roles import check_models
from inspect_tts.options import SelectRecordedOptions
from inspect_tts.recorded.images import NEEDS_IMAGE
from inspect_tts.recorded.problems import ONE_EACH, Collection, collect, dataset, problem_texts
from inspect_tts.recorded.readers import FORMATS
from inspect_tts.recorded.replay_plan import fresh_votes
from inspect_tts.recorded.solvers import select_recorded

from .flags import (
    EPILOG,
    REASK,
    as_arguments,
    confirmed,
    flags_of,
    options_of,
    range_of,
    run_command,
    user_errors,
)

_FORMAT = (
    f"One of {', '.join(FORMATS)}, a reader of a package (package/name) or of a file "
    "(file.py@name); default: the one that the file names suggest."
)

_IMAGE = (
    "Name of the docker images in which --check and --evidence run, with {org}, {repo}, {issue}, "
    "{id}, {arch}."
)


@click.command(cls=EvalCommand, epilog=EPILOG.format(solver="inspect_tts/select_recorded"))
@click.argument("paths", nargs=-1, required=True)
@click.option("--format", help=_FORMAT)
@click.option("--strict", is_flag=True, help="Stop at a malformed file instead of skipping it.")
@click.option("--problems", help="File with the problem statements, for formats without them.")
@click.option("--image-template", help=_IMAGE)
@options_of(SelectRecordedOptions)
@user_errors
def select(
    context: click.Context,
    paths: tuple[str, ...],
    format: str | None,
    strict: bool,
    problems: str | None,
    image_template: str | None,
    output: str | None,
    yes: bool,
    dry_run: bool,
    s: tuple[str, ...],
    **params: Any,
) -> None:
    """Summarize rollouts that were already run, and select one for each problem.

    PATHS are files, or folders to search: Inspect logs (each epoch is a rollout), trajectories of
    mini-SWE-agent or in ATIF, predictions for SWE-bench, or JSON lines of trajectories.
    """
    flags, params = flags_of(params, SelectRecordedOptions)
    given = {**parse_cli_args(s), **flags}
    select_recorded(**given)  # raises the errors that a run would raise
    options = SelectRecordedOptions(**given)
    investigates = options.close == "investigate"
    if (options.takes_evidence or investigates) and image_template is None:
        raise UserError(NEEDS_IMAGE)
    collection = collect(paths, format, strict=strict)
    samples = dataset(collection, problem_texts(problems) if problems else {}, image_template)
    collection = collection.only(selected_ids(samples, params["limit"], params["sample_id"]))
    if warning := collection.warning():
        click.echo(warning, err=True)
    votes = fresh_votes([len(p.attempts) for p in collection.problems], options)
    click.echo(_found(collection))
    if all(len(problem.attempts) == 1 for problem in collection.problems):
        click.echo(ONE_EACH, err=True)
    click.echo(f"Model calls: {collection.attempts} summaries and {range_of(votes)} votes.{REASK}")
    if investigates:
        most = votes.most // options.most_votes
        calls = most * options.investigation_turns
        click.echo(f"Investigations: at most {most}, with {calls} model calls in total.")
    if not dry_run:
        judged = votes.most > 0 and JUDGE in options.panel
        check_models(params["model"], parse_cli_args(params["model_role"]), judged=judged)
    if dry_run or not confirmed(collection.attempts, yes):
        return
    task: dict[str, Any] = {"paths": list(paths), "format": format, "strict": strict}
    task |= {"problems": problems, "output": output, "image_template": image_template}
    solver = ("inspect_tts/select_recorded", (*s, *as_arguments(flags)))
    run_command(context, "inspect_tts/recorded", task, solver, params)


def _found(collection: Collection) -> str:
    counts = Counter(len(problem.attempts) for problem in collection.problems)
    each = ", ".join(f"{problems} with {n}" for n, problems in sorted(counts.items()))
    problems = f"{len(collection.problems)} problems ({each})"
    return f"{collection.attempts} rollouts of {problems}, in files: {collection.files}."


select.params += eval_options(parameter.name or "" for parameter in select.params)
