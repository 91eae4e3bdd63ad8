"""`inspect-tts prefetch`: pull the images of a task's problems before it runs."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import click
from inspect_ai.dataset import Sample
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from inspect_tts.errors import UserError

from .images import (
    Engine,
    Fetched,
    Wanted,
    check_space,
    fetch_images,
    wanted_images,
)


@click.command()
@click.argument("task", type=click.Choice(["swe_verified"]))
@click.option("--limit", type=click.IntRange(min=1), help="Pull only for the first problems.")
@click.option(
    "--sample-id", "ids", multiple=True, help="Pull only for this problem; may be repeated."
)
@click.option(
    "-T", "arguments", multiple=True, metavar="NAME=VALUE", help="An argument of the task."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 16),
    default=2,
    show_default=True,
    help="Images to pull at once.",
)
@click.option(
    "--gb-per-image",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Expected size of an image, to check the disk space.",
)
def prefetch(
    task: str,
    limit: int | None,
    ids: tuple[str, ...],
    arguments: tuple[str, ...],
    jobs: int,
    gb_per_image: float,
) -> None:
    """Pull the missing images of a TASK's problems.

    Images that are already present are kept, so an interrupted run can be repeated. Exits with
    code 1 if an image could not be pulled.
    """
    try:
        samples = select_samples(_samples(arguments), limit, ids)
        failed = run_prefetch(Engine(), wanted_images(samples), jobs, gb_per_image)
    except UserError as error:
        raise click.ClickException(str(error)) from error
    if failed:
        raise click.exceptions.Exit(1)


def select_samples(
    samples: Sequence[Sample], limit: int | None, ids: Sequence[str]
) -> list[Sample]:
    """Select problems as `inspect eval` does."""
    known = {str(sample.id): sample for sample in samples}
    for id in ids:
        if id not in known:
            close = get_close_matches(id, known, n=3)
            hint = f"; did you mean {' or '.join(close)}?" if close else "."
            raise UserError(
                f"--sample-id {id}: none of the {len(known)} problems has this id{hint}"
            )
    chosen = [known[id] for id in ids] if ids else list(samples)
    return chosen[:limit]


def run_prefetch(
    engine: Engine, images: Sequence[Wanted], jobs: int, gigabytes: float
) -> list[Fetched]:
    """Pull images with a progress bar, and print the results; return the failures."""
    console = Console()
    missing = [image for image in images if engine.machine(image.name) is None]
    free = check_space(engine, len(missing), gigabytes)
    space = "free disk space is unknown" if free is None else f"{free / 1e9:.0f} GB are free"
    console.print(
        f"{len(images)} images, {len(images) - len(missing)} are already present; {space}"
    )
    bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    coming: dict[Wanted, int] = {}
    results: list[Fetched] = []
    with Progress(*bars, TimeElapsedColumn(), console=console) as bar:
        overall = bar.add_task("images", total=len(images))

        def progress(image: Wanted, done: int) -> None:
            coming[image] = done
            bar.update(overall, description=f"{sum(coming.values()) / 1e9:.2f} GB")

        for fetched in fetch_images(engine, images, jobs=jobs, progress=progress):
            results.append(fetched)
            bar.advance(overall)
            if fetched.outcome == "failed":
                line = f"failed: {fetched.image.name}: {fetched.why}"
                console.print(line, markup=False, soft_wrap=True)
    counts = {what: sum(r.outcome == what for r in results) for what in ("present", "pulled")}
    failed = [result for result in results if result.outcome == "failed"]
    console.print(
        f"{counts['pulled']} pulled, {counts['present']} already present, {len(failed)} failed"
    )
    return failed


def _samples(arguments: Sequence[str]) -> Sequence[Sample]:
    from .task import swe_verified

    given: dict[str, Any] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals:
            raise UserError(f"-T {argument}: give NAME=VALUE")
        given[name] = value
    return list(swe_verified(**given).dataset)
