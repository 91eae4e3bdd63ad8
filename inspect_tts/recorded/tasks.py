"""The tasks `recorded` and `replay`: problems with rollouts that ran elsewhere."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalSample, read_eval_log

from inspect_tts.arguments import known_task_arguments
from inspect_tts.errors import UserError, why
from inspect_tts.paths import user_path
from inspect_tts.shards.reading import current_logs, is_set, missing_notes
from inspect_tts.stages.pool import pool_in

from .loading import GRADED, ROLLOUTS
from .problems import collect, dataset, listed, problem_texts
from .readers.inspect_log import rollouts_in, strategy_samples
from .replay import LOG, PART, replay_recorded
from .replay_plan import ReplayOverrides, replayed_selections
from .scorers import recorded_score
from .solvers import select_recorded

logger = logging.getLogger(__name__)


@task
@known_task_arguments
def recorded(
    paths: str | list[str],
    format: str | None = None,
    strict: bool = False,
    problems: str | None = None,
    output: str | None = None,
    image_template: str | None = None,
) -> Task:
    """Problems with rollouts that already ran. Only summaries, votes and investigations cost money.

    Args:
        paths: Files, and folders to search.
        format: Format of the files. `file.py@name` or `package/name` names another reader. Default:
            the format is known from the names of the files.
        strict: Whether a malformed file is an error. Otherwise it is reported and skipped.
        problems: File with the texts of the problems, if the format holds none: JSON lines with
            `instance_id` and `problem_statement`.
        output: Folder for `selections.jsonl` and `predictions.jsonl`; see `write_selections`. An
            empty string writes none.
        image_template: Names of the docker images in which `check` and `evidence` run, with
            `{org}`, `{repo}`, `{issue}`, `{id}`, `{arch}`. The working directory of each image must
            be a git repository in the problem's start state.

    Returns:
        A task with one sample for each problem. The scores of its rollouts stay sealed until one is
        chosen.

    Raises:
        UserError: If there is nothing to read, or with `strict` if anything is malformed.
    """
    collection = collect([paths] if isinstance(paths, str) else paths, format, strict=strict)
    if warning := collection.warning():
        logger.warning(warning)
    malformed = [{"source": str(source), "why": why} for source, why in collection.malformed]
    return Task(
        dataset=dataset(collection, problem_texts(problems) if problems else {}, image_template),
        solver=select_recorded(),
        scorer=recorded_score(),
        metadata={
            "rollouts": collection.attempts,
            "malformed": malformed,
            "alike": collection.alike,
            "left_out": [{"source": place, "why": why} for place, why in collection.left_out],
        },
    )


@task
@known_task_arguments
def replay(log: str, output: str | None = None) -> Task:
    """The problems of a strategy's log, for repeating its selections.

    Args:
        log: A log of `rtv`, `pdr`, `pdr_rtv` or another chain of stages, or of `recorded`; or a
            shard set.
        output: Folder for `selections.jsonl` and `predictions.jsonl`; see `write_selections`.

    Returns:
        A task with one sample for each sample and epoch in which a rollout was adopted.

    Raises:
        UserError: If the log cannot be read, or has no such sample.
    """
    found = replayed_samples(log)
    if warning := found.warning():
        logger.warning(warning)
    return Task(
        dataset=replay_dataset(found),
        solver=replay_recorded(),
        scorer=recorded_score(),
        metadata={"malformed": [{"source": at, "why": why} for at, why in found.malformed]},
    )


@dataclass(frozen=True)
class Replayed:
    """The samples of a strategy's run that can be replayed, and what is left out."""

    samples: dict[str, tuple[str, EvalSample]]
    """By sample id: the log and the sample, without events and messages."""
    malformed: tuple[tuple[str, str], ...] = ()
    """Samples that cannot be replayed, with the reasons."""
    missing: tuple[str, ...] = ()
    """Notes on what a shard set lacks."""

    def warning(self) -> str:
        """A message about what is left out; empty if nothing is."""
        bad = [f"{source}: {reason}" for source, reason in self.malformed]
        return "\n".join([*listed(f"{len(bad)} malformed, skipped:", bad), *self.missing])


def replay_dataset(found: Replayed) -> MemoryDataset:
    """The samples of a replay."""
    graded = any(each.scores for _, s in found.samples.values() for each in rollouts_in(s))
    return MemoryDataset(
        [
            Sample(
                id=id,
                input=sample.input,
                choices=list(sample.choices or ()) or None,
                metadata={
                    LOG: place,
                    PART: f"{sample.id}/{sample.epoch}",
                    GRADED: graded,
                    ROLLOUTS: len(pool_in(sample).population(0)),
                },
            )
            for id, (place, sample) in found.samples.items()
        ]
    )


def replayed_logs(log: str) -> list[str]:
    """The logs of a run: the log itself, or the current logs of a shard set."""
    path = user_path(log)
    if is_set(str(path)):
        return current_logs(str(path))
    if path.is_dir():
        raise UserError(f"{log} is a folder; give one of its .eval files, or a shard set")
    return [str(path)]


def replayed_samples(log: str) -> Replayed:
    """Read the samples of a strategy's run that can be replayed."""
    paths = [user_path(each) for each in replayed_logs(log)]
    try:
        with ThreadPoolExecutor(1) as thread:  # see `collect`
            samples, malformed = thread.submit(_replayed, paths).result()
            whole = is_set(str(user_path(log)))
            missing = thread.submit(_missing, paths, samples).result() if whole else []
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{log} cannot be read as an Inspect log: {error}") from error
    found = Replayed({}, tuple(malformed), tuple(missing))
    if not samples:
        raise UserError(
            f"{log} has no sample in which a strategy adopted a rollout. Give the log of a run "
            "with --solver rtv, pdr or pdr_rtv, or of `inspect-tts select`; to select among the "
            f"epochs of any other log, run `inspect-tts select`\n{found.warning()}".rstrip()
        )
    several = any(sample.epoch > 1 for _, sample in samples)
    return replace(
        found,
        samples={f"{s.id}/{s.epoch}" if several else str(s.id): (log, s) for log, s in samples},
    )


def _missing(paths: Sequence[Path], samples: Sequence[tuple[str, EvalSample]]) -> list[str]:
    """Notes on what the logs of a shard set lack."""
    done = {str(path): list[tuple[str | int, int]]() for path in paths}
    for log, sample in samples:
        done[log].append((sample.id, sample.epoch))
    headers = {log: read_eval_log(log, header_only=True) for log in done}
    return missing_notes([(log, headers[log].eval.config.epochs or 1, done[log]) for log in done])


def _replayed(paths: Sequence[Path]) -> tuple[list[tuple[str, EvalSample]], list[tuple[str, str]]]:
    samples, malformed = list[tuple[str, EvalSample]](), list[tuple[str, str]]()
    for path in paths:

        def note(part: str, reason: str, path: Path = path) -> None:
            malformed.append((f"{path}#{part}", reason))

        for sample in strategy_samples(path, note):
            try:
                replayed_selections(pool_in(sample), ReplayOverrides({}))
            except Exception as error:  # one malformed sample must not stop the others
                note(f"{sample.id}/{sample.epoch}", why(error))
            else:
                samples.append((str(path), sample))
    return samples, malformed
