"""Read the samples of logs, also of those that grew while they ran."""

from collections.abc import Callable, Iterator
from typing import Literal

from inspect_ai.log import (
    EvalSample,
    EvalSampleSummary,
    EvalSpec,
    read_eval_log,
    read_eval_log_sample,
    read_eval_log_sample_summaries,
)

from inspect_tts.scaled.scheduler import SCALED, split_id


def is_scaled(spec: EvalSpec) -> bool:
    """Whether the rollouts of a log are samples of their own (`inspect_tts/scaled`)."""
    return spec.task_registry_name == SCALED


def in_order(summaries: list[EvalSampleSummary]) -> list[EvalSampleSummary]:
    """The samples of a scaled run, which ended in any order, by id."""
    return sorted(summaries, key=lambda each: (str(each.id), each.epoch))


def each_sample(
    log: str,
    wanted: Callable[[str | int], bool] = lambda id: True,
    *,
    resolve_attachments: Literal["full", "core"] | bool = False,
    exclude_fields: set[str] | None = None,
) -> Iterator[EvalSample]:
    """Read the samples of a log, one in memory at a time.

    Inspect's `read_eval_log_samples` knows only the samples that a log began with.
    """
    if log.endswith(".json"):  # which can only be read as a whole
        whole = read_eval_log(log, resolve_attachments=resolve_attachments)
        yield from (sample for sample in whole.samples or [] if wanted(sample.id))
        return
    for id, epoch in sample_keys(log):
        if wanted(id):
            yield read_eval_log_sample(
                log,
                id,
                epoch,
                resolve_attachments=resolve_attachments,
                exclude_fields=exclude_fields,
            )


def sample_keys(log: str) -> list[tuple[str | int, int]]:
    """Id and epoch of the samples of a log, those of a scaled run by id."""
    summaries = read_eval_log_sample_summaries(log)
    if is_scaled(read_eval_log(log, header_only=True).eval):
        summaries = in_order(summaries)
    return [(summary.id, summary.epoch) for summary in summaries]


def problem_samples(
    log: str,
    *,
    resolve_attachments: Literal["full", "core"] | bool = False,
    exclude_fields: set[str] | None = None,
) -> Iterator[EvalSample]:
    """Read the samples of a log that stand for whole problems."""
    scaled = is_scaled(read_eval_log(log, header_only=True).eval)
    yield from each_sample(
        log,
        lambda id: not (scaled and split_id(id)[1]),
        resolve_attachments=resolve_attachments,
        exclude_fields=exclude_fields,
    )
