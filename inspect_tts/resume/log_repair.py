"""Repairs the log of a retry: restores stores and metrics that Inspect does not carry over.

If a process is killed after a sample has ended but before it is in the log, Inspect keeps the
sample's events and scores, and a retry takes these over. The store, with the `RolloutPool`, is
rebuilt here from the events. For scores that a solver publishes, Inspect computes metrics only if
some sample ran in the retry; otherwise they are computed here.
"""

from collections import defaultdict

from inspect_ai.log import (
    EvalLog,
    EvalResults,
    read_eval_log,
    read_eval_log_sample,
    read_eval_log_sample_summaries,
    recompute_metrics,
    write_eval_log,
)
from inspect_ai.util import store_from_events

from inspect_tts.scores import SCORE

_HEAVY = {"events", "messages", "attachments", "timelines", "output"}
_ran: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
"""Samples that this process ran, by eval."""


def note_run(eval_id: str, sample: str | int, epoch: int) -> None:
    """Note that a sample runs in this process, so that it needs no repair."""
    _ran[eval_id].add((str(sample), epoch))


def repair_log(log: EvalLog) -> None:
    """Repair the log of an eval that has ended; to be called in a thread without an event loop."""
    ran = _ran.pop(log.eval.eval_id, set())
    if log.location and log.results is not None:
        _restore(log, log.results, ran)


def _restore(log: EvalLog, results: EvalResults, ran: set[tuple[str, int]]) -> None:
    taken_over = [
        (each.id, each.epoch)
        for each in read_eval_log_sample_summaries(log.location)
        if SCORE in (each.scores or {}) and (str(each.id), each.epoch) not in ran
    ]
    without_store = {
        (id, epoch)
        for id, epoch in taken_over
        if not read_eval_log_sample(log.location, id, epoch, exclude_fields=_HEAVY).store
    }
    unmeasured = taken_over and all(score.scorer != SCORE for score in results.scores)
    if not without_store and not unmeasured:
        return
    whole = read_eval_log(log.location)
    for sample in whole.samples or []:
        if (sample.id, sample.epoch) in without_store:
            known = read_eval_log_sample(
                log.location, sample.id, sample.epoch, resolve_attachments=True
            )
            sample.store = dict(store_from_events(known.events).items())
    if unmeasured:
        _measure(whole, results)
    write_eval_log(whole, log.location)


def _measure(whole: EvalLog, results: EvalResults) -> None:
    """Add our metrics, which Inspect leaves out if no sample ran in this retry."""
    found = whole.model_copy()
    recompute_metrics(found)
    if found.results is not None:
        ours = [score for score in found.results.scores if score.scorer == SCORE]
        results.scores = [*results.scores, *ours]
        whole.results = results
    reductions = [each for each in found.reductions or [] if each.scorer == SCORE]
    whole.reductions = [*(whole.reductions or []), *reductions]
