"""Samples that Inspect recovered from its buffer get their store back.

Of a sample that had ended when its process was killed, but was not yet in the log, Inspect keeps
the events and the scores, and a retry takes these over. The store, and so the `RolloutPool`, is
rebuilt here from the events.
"""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

from inspect_ai.log import (
    EvalLog,
    read_eval_log,
    read_eval_log_sample,
    read_eval_log_sample_summaries,
    write_eval_log,
)
from inspect_ai.util import store_from_events

from inspect_tts.scorers import SCORE

_HEAVY = {"events", "messages", "attachments", "timelines", "output"}
_ran: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
"""Samples that this process has run, by eval."""


def note_run(eval_id: str, sample: str | int, epoch: int) -> None:
    """Note that a sample runs here, so that nothing need be rebuilt of it."""
    _ran[eval_id].add((str(sample), epoch))


def fill_stores(log: EvalLog) -> None:
    """Rebuild the stores that are missing in a log of a strategy, once its eval has ended.

    Args:
        log: Of the eval, perhaps without its samples.
    """
    ran = _ran.pop(log.eval.eval_id, set())
    if log.location and log.results is not None:
        with ThreadPoolExecutor(1) as thread:  # reading logs needs a thread without an event loop
            thread.submit(_fill, log.location, ran).result()


def _fill(location: str, ran: set[tuple[str, int]]) -> None:
    taken_over = [
        (each.id, each.epoch)
        for each in read_eval_log_sample_summaries(location)
        if SCORE in (each.scores or {}) and (str(each.id), each.epoch) not in ran
    ]
    lost = {
        (id, epoch)
        for id, epoch in taken_over
        if not read_eval_log_sample(location, id, epoch, exclude_fields=_HEAVY).store
    }
    if not lost:
        return
    whole = read_eval_log(location)
    for sample in whole.samples or []:
        if (sample.id, sample.epoch) in lost:
            known = read_eval_log_sample(
                location, sample.id, sample.epoch, resolve_attachments=True
            )
            sample.store = dict(store_from_events(known.events).items())
    write_eval_log(whole, location)
