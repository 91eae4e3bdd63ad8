"""Read the samples of logs, in several processes if there are many."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from math import isfinite
from multiprocessing import get_context
from sys import intern
from typing import Any, TypeVar

from inspect_ai.log import EvalSample

from inspect_tts.method.facts import Status
from inspect_tts.method.records import Facts, Record, Rollout, Summary, Usage
from inspect_tts.method.usage import MOST
from inspect_tts.models.roles import usage
from inspect_tts.scaled.records import ScaledSelection
from inspect_tts.scores import SCORE, score_number
from inspect_tts.stages.pool import RolloutPool, pool_in
from inspect_tts.statistics.outcomes import (
    PASS_MARK,
    ProblemOutcome,
    recorded_usage,
    with_numbers,
)

from . import samples
from .logs import LogFile, told
from .page.detail import Detail, problem_detail
from .samples import sample_readers
from .warnings import Counts, counts, plain_counts

_CHUNK = 8
_FEW = 100
_MOST_PROCESSES = 8
_TEXTS = {
    **{"text": "", "patch": None, "submission": None, "exit_status": None, "files_changed": None},
    **{"last_commands": (), "evidence": (), "injections": (), "leaks": ()},
}

LARGE = {
    *("messages", "events", "attachments", "timelines", "output"),
    *("metadata", "choices", "files", "setup"),
}
"""Fields of a sample that the report does not read."""

_NONE_SET: set[str] = set()
"""Shared by all records as their `model_fields_set`, since one each would double their memory."""
R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class ReadSample:
    """One sample of a log."""

    log: int
    """Index of its log."""
    outcome: ProblemOutcome | None
    problem: str = ""
    """Why the sample has no outcome; empty if it has one."""
    detail: Detail | None = None
    counts: Counts = field(default_factory=dict)
    """Counts of what went wrong."""


def read_samples(
    files: Sequence[LogFile],
    *,
    pass_mark: float = PASS_MARK,
    detail_bytes: int = 0,
    processes: int | None = None,
    done: Callable[[int], None] = lambda count: None,
) -> list[ReadSample]:
    """Read the samples of logs, in the order of the logs."""
    jobs = [(index, part) for index, file in enumerate(files) for part in _parts(file)]
    read = partial(_read, pass_mark=pass_mark, detail_bytes=detail_bytes)
    if processes is None:
        few = sum(len(part.samples) for _, part in jobs) <= _FEW
        processes = 1 if few else min(os.cpu_count() or 1, _MOST_PROCESSES)
    if processes == 1:
        found: list[ReadSample] = []
        for index, part in jobs:
            found += read(index, part)
            done(len(part.samples))
        return found
    results: dict[int, list[ReadSample]] = {}
    # spawn, since a fork of a process with threads may hang
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(read, *job): place for place, job in enumerate(jobs)}
        for future in as_completed(futures):
            results[futures[future]] = future.result()
            done(len(jobs[futures[future]][1].samples))
    return [sample for place in range(len(jobs)) for sample in results[place]]


def _parts(file: LogFile) -> Iterator[LogFile]:
    """Split a log into parts of a few samples. A `.json` log can only be read as a whole."""
    size = max(1, len(file.samples)) if file.location.endswith(".json") else _CHUNK
    for start in range(0, len(file.samples), size):
        yield replace(file, samples=file.samples[start : start + size])


def _read(log: int, file: LogFile, *, pass_mark: float, detail_bytes: int) -> list[ReadSample]:
    found: list[ReadSample] = []
    for key, load in sample_readers(file.location, file.samples, exclude_fields=LARGE):
        try:
            read = read_sample(file, log, load(), pass_mark, detail_bytes)
            if (outcome := read.outcome) is not None:
                rollouts = tuple(map(without_texts, outcome.rollouts))
                selections = tuple(map(without_texts, outcome.selections))
                outcome = replace(outcome, rollouts=rollouts, selections=selections)
            found.append(replace(read, outcome=outcome))
        except Exception as error:  # one malformed sample must not stop the others
            why = f"{key[0]}: its record could not be read: {told(error)}"
            found.append(ReadSample(log, None, why))
    return found


def read_sample(
    file: LogFile,
    log: int,
    sample: EvalSample,
    pass_mark: float = PASS_MARK,
    detail_bytes: int = 0,
) -> ReadSample:
    """Compute the outcome of a sample."""
    if "RolloutPool:rollouts" not in sample.store:
        attempt = _plain(file, sample, pass_mark)
        check_numbers(attempt)
        return ReadSample(log, attempt, counts=plain_counts(attempt.rollouts[0].limit))
    pool = pool_in(sample)
    rollouts, selections, adopted = pool.rollouts, pool.selections, pool.adopted
    used, seconds = _spent(sample, pool)
    recorded = ProblemOutcome(
        str(sample.id),
        sample.epoch,
        rollouts=tuple(rollouts),
        scores=known_scores(rollouts, adopted, sample),
        selections=tuple(selections),
        stages=tuple(pool.stages),
        adopted=adopted,
        usage=used,
        seconds=seconds,
        executions=tuple(pool.executions),
        pass_mark=pass_mark,
    )
    outcome = with_numbers(recorded)
    check_numbers(outcome)
    if adopted is None and (own := _own_score(sample)) is not None:
        outcome = replace(outcome, numbers={"selected": own})  # a limit ended it before adoption
    detail = problem_detail(sample.input, recorded, detail_bytes) if detail_bytes else None
    return ReadSample(log, outcome, detail=detail, counts=counts(rollouts, selections))


def without_texts(record: R) -> R:
    """Drop the texts that no statistic reads from a record, so that many records fit in memory."""
    fields: dict[str, Any] = {}
    for name, value in record:
        if name in _TEXTS:
            value = _TEXTS[name]
        elif isinstance(value, Record):
            value = without_texts(value)
        elif isinstance(value, tuple) and value and isinstance(value[0], Record):
            value = tuple(map(without_texts, value))
        fields[name] = intern(value) if type(value) is str else value
    return type(record).model_construct(_NONE_SET, **fields)


def check_numbers(outcome: ProblemOutcome) -> None:
    """Refuse a record with numbers that are too large or not finite."""
    numbers: list[float | None] = [outcome.seconds, *outcome.usage.model_dump().values()]
    numbers += outcome.scores.values()
    if any(abs(number) > MOST or number != number for number in numbers if number is not None):
        raise ValueError(f"one of its numbers is not finite or exceeds {MOST:.0e}")


def known_scores(
    rollouts: Sequence[Rollout], adopted: str | None, sample: EvalSample
) -> dict[str, float]:
    """The score of each graded rollout, from the task's first scorer."""
    scores = {
        rollout.id: score_number(next(iter(rollout.scores.values())))
        for rollout in rollouts
        if rollout.scores
    }
    if adopted is not None and (own := _own_score(sample)) is not None:
        scores[adopted] = own
    return {id: score for id, score in scores.items() if isfinite(score)}


def _own_score(sample: EvalSample) -> float | None:
    for name, score in (sample.scores or {}).items():
        if name != SCORE:
            number = score_number(score.value)
            return number if isfinite(number) else None
    return None


def _plain(file: LogFile, sample: EvalSample, pass_mark: float) -> ProblemOutcome:
    score, used = _own_score(sample), _counted(sample)
    turns = sample.turn_count
    if turns is None:  # logs of older Inspect versions do not count turns
        if not sample.messages:
            without = LARGE - {"messages"}
            sample = samples.read_sample(
                file.location, sample.id, sample.epoch, exclude_fields=without
            )
        turns = sum(message.role == "assistant" for message in sample.messages)
    status: Status = "limit" if sample.limit else "completed"
    rollout = Rollout(
        id=f"e{sample.epoch:02d}",
        iteration=0,
        index=sample.epoch - 1,
        model=file.key.model,
        status=status,
        turns=turns,
        messages=len(sample.messages),
        usage=used,
        seconds=sample.total_time or 0.0,
        limit=sample.limit.type if sample.limit else None,
        facts=Facts(status=status),
        summary=Summary(status="empty", text=""),
    )
    return ProblemOutcome(
        problem=str(sample.id),
        epoch=sample.epoch,
        rollouts=(rollout,),
        scores={} if score is None else {rollout.id: score},
        usage=used,
        seconds=sample.total_time,
        pass_mark=pass_mark,
        plain=True,
    )


def _spent(sample: EvalSample, pool: RolloutPool) -> tuple[Usage, float | None]:
    """Usage and wall time of a problem, including rollouts that ran as samples of their own."""
    if "ScaledSelection:contexts" not in sample.store:
        return _with_taken_over(_counted(sample), pool), sample.total_time
    others = sample.store_as(ScaledSelection)
    times = [datetime.fromisoformat(t) for t in (others.began, sample.completed_at) if t]
    seconds = (times[1] - times[0]).total_seconds() if len(times) == 2 else None
    return _with_taken_over(_counted(sample) + others.elsewhere, pool), seconds


def _counted(sample: EvalSample) -> Usage:
    """The usage that Inspect counted in a sample: all model calls, including those of scorers."""
    return sum(map(usage, sample.model_usage.values()), Usage())


def _with_taken_over(here: Usage, pool: RolloutPool) -> Usage:
    """Add the usage of saved results, which an earlier log paid for."""
    if pool.taken_over_usage is not None:
        return here + pool.taken_over_usage
    if not pool.taken_over:
        return here
    # in older logs, a retry records how many results it took over, but not their usage
    rollouts = pool.rollouts if "rollout" in pool.taken_over else ()
    recorded = recorded_usage(rollouts, pool.rollouts, pool.selections)
    return max(here, recorded, key=lambda each: each.total_tokens)
