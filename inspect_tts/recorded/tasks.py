"""The tasks: problems whose rollouts are recorded elsewhere."""

import logging
from concurrent.futures import ThreadPoolExecutor

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalSample

from inspect_tts.arguments import known_task_arguments
from inspect_tts.errors import UserError
from inspect_tts.paths import user_path
from inspect_tts.shards.reading import current_logs, is_set

from .loading import GRADED, ROLLOUTS
from .problems import collect, dataset, problem_texts
from .readers.inspect_log import pool_in, rollouts_in, strategy_samples
from .replay import LOG, PART, replay_recorded
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
    """Problems with rollouts that were already run; nothing but summaries and votes is paid for.

    Args:
        paths: Files, and folders to search.
        format: Format of the files; `file.py@name` or `package/name` is a reader of others. Default
            what the names of the files tell.
        strict: Whether a malformed file is an error; else it is named and skipped.
        problems: File with the texts of the problems, where the format holds none: JSON lines with
            `instance_id` and `problem_statement`.
        output: Folder for `selections.jsonl` and `predictions.jsonl`, see `write_selections`; an
            empty text for none.
        image_template: Names of the docker images in which `check` and `evidence` run, with
            `{org}`, `{repo}`, `{issue}`, `{id}`, `{arch}`. Each holds the problem's start state, a
            git repository, as its working directory.

    Returns:
        One sample for each problem; its rollouts' scores stay sealed until one is chosen.

    Raises:
        UserError: If there is nothing to read, or something malformed with `strict`.
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
    """The problems of a strategy's log, to make its selections again.

    Args:
        log: A log of `rtv`, `pdr`, `pdr_rtv` or another chain of stages, or of `recorded`; or a
            shard set.
        output: Folder for `selections.jsonl` and `predictions.jsonl`, see `write_selections`.

    Returns:
        One sample for each sample and epoch in which a rollout was adopted.

    Raises:
        UserError: If the log cannot be read, or has no such sample.
    """
    samples = replayed_samples(log)
    graded = any(each.scores for _, s in samples.values() for each in rollouts_in(s))
    return Task(
        dataset=MemoryDataset(
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
                for id, (place, sample) in samples.items()
            ]
        ),
        solver=replay_recorded(),
        scorer=recorded_score(),
    )


def replayed_logs(log: str) -> list[str]:
    """The logs that stand for a run: itself, or those of a shard set."""
    path = user_path(log)
    if is_set(str(path)):
        return current_logs(str(path))
    if path.is_dir():
        raise UserError(f"{log} is a folder; give one of its .eval files, or a shard set")
    return [str(path)]


def replayed_samples(log: str) -> dict[str, tuple[str, EvalSample]]:
    """The samples of a strategy's run that can be replayed, each with its log.

    They are without events and messages.
    """
    paths = [user_path(each) for each in replayed_logs(log)]
    try:
        with ThreadPoolExecutor(1) as thread:  # see `collect`
            read = thread.submit(lambda: [(p, s) for p in paths for s in strategy_samples(p)])
            samples = [(str(path), sample) for path, sample in read.result()]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{log} cannot be read as an Inspect log: {error}") from error
    if not samples:
        raise UserError(
            f"{log} has no sample in which a strategy adopted a rollout. Give the log of a run "
            "with --solver rtv, pdr or pdr_rtv, or of `inspect-tts select`; to select among the "
            "epochs of any other log run `inspect-tts select`"
        )
    several = any(sample.epoch > 1 for _, sample in samples)
    return {f"{s.id}/{s.epoch}" if several else str(s.id): (log, s) for log, s in samples}
