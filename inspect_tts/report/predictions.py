"""`inspect-tts predictions LOG`: patches in the format that SWE-bench's harness reads."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from inspect_tts.errors import UserError, why
from inspect_tts.evidence.patches import files_of, without_files
from inspect_tts.shards.reading import current_logs, is_set, missing_of

_HANDED_IN = "patch.txt"
"""The file in the workspace to which mini-SWE-agent's prompt has the agent write its patch."""


@click.command()
@click.argument("log")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Output file (default: standard output); with --all-rollouts, a folder.",
)
@click.option(
    "--all-rollouts",
    is_flag=True,
    help="Write a file for each rollout id, not only the adopted rollouts.",
)
@click.option(
    "--epoch",
    type=int,
    default=1,
    show_default=True,
    help="Epoch to write, if the log has several.",
)
@click.option("--model-name", help="For model_name_or_path; default: the log's model and solver.")
def predictions(
    log: str, output: Path | None, all_rollouts: bool, epoch: int, model_name: str | None
) -> None:
    """Write predictions: a line {instance_id, model_name_or_path, model_patch} for each problem.

    A patch is the diff of the workspace against the commit that the rollout began at, without the
    files that grading overwrites (those of the problem's test patch). It is the adopted rollout's,
    or without a strategy the one that the scorer saw.
    """
    try:
        written = write_predictions(log, output, all_rollouts, epoch, model_name)
    except (UserError, OSError) as error:
        raise click.ClickException(str(error)) from error
    for line in written:
        click.echo(line, err=True)


def write_predictions(
    log: str,
    output: Path | None = None,
    all_rollouts: bool = False,
    epoch: int = 1,
    model_name: str | None = None,
) -> list[str]:
    """Write the predictions of a log or a shard set. Returns lines for the user."""
    from .samples import log_header

    if all_rollouts and output is None:
        raise UserError("--all-rollouts writes a file for each rollout id: give a folder with -o")
    if output is not None and all_rollouts and output.is_file():
        raise UserError(f"-o {output} is a file; with --all-rollouts, give a folder")
    if output is not None and not all_rollouts and output.is_dir():
        raise UserError(f"-o {output} is a folder; give a file, or --all-rollouts as well")
    logs = current_logs(log) if is_set(log) else [log]
    if Path(logs[0]).is_dir():
        raise UserError(f"{log} is a folder; give one of its .eval files, or a shard set")
    try:
        header = log_header(logs[0])
    except Exception as error:  # the file can be broken in any way
        raise UserError(f"{log} cannot be read as an Inspect log: {error}") from error
    name = model_name or f"{header.eval.model} {header.eval.solver or ''}".strip()
    files: dict[str, list[str]] = {}
    said: list[str] = []
    try:
        found = [
            patch for each in logs for patch in _patches(each, epoch, all_rollouts, said.append)
        ]
    except Exception as error:  # the file can be broken in any way
        raise UserError(f"{log} is malformed: {why(error)}") from error
    for id, rollout, patch, notice in found:
        if notice is not None:
            said.append(f"{id}{f' {rollout}' if rollout else ''}: {notice}")
        if patch is not None:
            labelled = f"{name} {rollout}" if all_rollouts else name
            line = {"instance_id": id, "model_name_or_path": labelled, "model_patch": patch}
            files.setdefault(rollout if all_rollouts else "", []).append(json.dumps(line))
    if is_set(log):
        said += missing_of(log, {id for id, *_ in found})
    if not files:
        raise UserError("\n".join([*said, f"{log} contains no patch of epoch {epoch}"]))
    for rollout, lines in sorted(files.items()):
        text = "\n".join(lines) + "\n"
        if output is None:
            click.echo(text, nl=False)
            continue
        file = output / f"{rollout}.jsonl" if all_rollouts else output
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        said.append(f"{file}: {len(lines)} predictions")
    return said


Found = tuple[str, str, str | None, str | None]
"""Problem, rollout (empty without a strategy), patch, and a notice for the user."""


def _patches(
    log: str, epoch: int, all_rollouts: bool, say: Callable[[str], None]
) -> Iterator[Found]:
    from .samples import problem_pools

    def malformed(part: str, why: str) -> None:
        say(f"{part} is malformed and left out: {why}")

    for sample, pool in problem_pools(
        log, malformed, resolve_attachments="full", exclude_fields={"events"}
    ):
        if sample.epoch != epoch:
            continue
        id = str(sample.id)
        if sample.invalidation is not None:
            yield id, "", None, "is invalidated and left out"
            continue
        tests = set(files_of(str((sample.metadata or {}).get("test_patch", ""))))
        if not pool.rollouts:
            yield _of_scorer(id, sample.scores, tests)
            continue
        if pool.adopted is None and not all_rollouts:
            yield id, "", None, "has no adopted rollout and is left out"
        for rollout in pool.rollouts:
            if not all_rollouts and rollout.id != pool.adopted:
                continue
            if rollout.patch is None or rollout.patch.text is None:
                why = rollout.patch.notice if rollout.patch else "it has no git workspace"
                yield id, rollout.id, "", f"its prediction has an empty patch: {why}"
                continue
            noise = tests | ({_HANDED_IN} if rollout.submission is not None else set())
            yield id, rollout.id, without_files(rollout.patch.text, noise), None


def _of_scorer(id: str, scores: dict[str, Any] | None, tests: set[str]) -> Found:
    for score in (scores or {}).values():
        patch = (score.metadata or {}).get("model_patch")
        if isinstance(patch, str):
            return id, "", without_files(patch, tests | {_HANDED_IN}), None
    return id, "", None, "has neither rollouts nor a graded patch and is left out"
