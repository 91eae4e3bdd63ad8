"""The command `inspect-tts report`."""

import sys
from io import TextIOWrapper
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--json", "form", flag_value="json", help="Print all numbers as JSON.")
@click.option("--markdown", "form", flag_value="markdown", help="Print all tables as Markdown.")
@click.option("--csv", "form", flag_value="csv", help="Print a CSV row of numbers for each run.")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the page. Default: report.html in the (first) folder given, or in the "
    "current folder if that one is remote; no page with --json, --markdown or --csv.",
)
@click.option("--no-html", is_flag=True, help="Write no page.")
@click.option(
    "--pass-mark", type=float, default=1.0, show_default=True, help="Lowest passing score."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the bootstrap.")
@click.option(
    "--viewer",
    default="http://127.0.0.1:7575",
    show_default=True,
    metavar="URL",
    help="Where `inspect view --log-dir PATH` shows the logs; the links on the page lead there.",
)
def report(
    paths: tuple[str, ...],
    form: str | None,
    html: Path | None,
    no_html: bool,
    pass_mark: float,
    seed: int,
    viewer: str,
) -> None:
    """Show what happened in the logs under PATH: folders and .eval files, local or remote.

    With two paths, runs of the second are compared with those of the first, problem by problem.
    """
    from . import compare
    from .logs import find_logs
    from .numbers import runs
    from .page.page import in_folder, page_missing, room_for_details, write_page
    from .read import read_samples
    from .tables import text

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a character it cannot encode must not stop a report
            stream.reconfigure(errors="backslashreplace")
    console, err = Console(), Console(stderr=True)
    target = None if no_html else html or (None if form else _beside(paths[0]))
    missing = page_missing() if target is not None else None
    if missing and html is not None:
        raise click.ClickException(missing)
    target = None if missing else in_folder(target)
    files, notes = find_logs(paths, compare=len(paths) == 2)
    total = sum(len(file.samples) for file in files)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=err, transient=True) as progress:
        task = progress.add_task("reading samples", total=total)
        samples = read_samples(
            files,
            pass_mark=pass_mark,
            detail_bytes=room_for_details(total) if target else 0,
            done=lambda count: progress.advance(task, count),
        )
        progress.update(task, description="computing")
        found = runs(files, samples, seed=seed)
        compared = compare.comparisons(found, seed=seed) if len(paths) == 2 else []
        if target is not None:
            write_page(target, found, files, samples, compared, notes, viewer=viewer)
    numbers = [run.numbers for run in found]
    if form == "json":
        sys.stdout.write(text.json_text(numbers, compared, notes) + "\n")
    elif form == "markdown":
        sys.stdout.write(text.markdown(numbers, compared, notes))
    elif form == "csv":
        sys.stdout.write(text.csv_text(numbers))
    else:
        text.print_report(console, numbers, compared, notes)
    if missing:
        err.print(f"no report.html: {missing}", highlight=False, markup=False, soft_wrap=True)
    if target is not None:
        err.print(f"wrote {target}", highlight=False, soft_wrap=True)
    if samples and all(sample.problem for sample in samples):
        raise click.ClickException("no sample of these logs could be read; see the warnings")


def _beside(path: str) -> Path:
    local = Path(path)
    if "://" in path:
        return Path("report.html")
    return (local if local.is_dir() else local.parent) / "report.html"
