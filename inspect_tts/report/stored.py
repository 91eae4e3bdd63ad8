"""The samples of a log as they are stored, without what the report does not read."""

from collections.abc import Callable, Iterator
from functools import partial

from inspect_ai.log import EvalSample, read_eval_log, read_eval_log_sample

from inspect_tts.stages.pool import RolloutPool

from .logs import LogFile
from .page.detail import PoolRecord

LARGE = {
    "messages",
    "events",
    "attachments",
    "timelines",
    "output",
    "metadata",
    "choices",
    "files",
    "setup",
}
"""Fields of a sample that the report does not read."""


def sample_readers(
    file: LogFile,
) -> Iterator[tuple[tuple[str | int, int], Callable[[], EvalSample]]]:
    """The samples of a log, each to be read when it is asked for."""
    if not file.location.endswith(".json"):
        for id, epoch in file.samples:
            read = partial(read_eval_log_sample, file.location, id=id, epoch=epoch)
            yield (id, epoch), partial(read, exclude_fields=LARGE)
        return
    whole = {(s.id, s.epoch): s for s in read_eval_log(file.location).samples or []}
    for key in file.samples:
        yield key, partial(whole.__getitem__, key)


def pool_record(sample: EvalSample) -> PoolRecord | None:
    """What a strategy recorded on a sample, None for a plain one."""
    if "RolloutPool:rollouts" not in sample.store:
        return None
    stored = sample.store_as(RolloutPool)
    told = (stored.rollouts, stored.selections, stored.stages, stored.adopted)
    return PoolRecord(*told, stored.executions)
