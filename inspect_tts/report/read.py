"""Read the samples of logs, in several processes where there are many."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from math import isfinite
from multiprocessing import get_context

from inspect_ai.log import EvalSample, read_eval_log_sample

from inspect_tts.method.records import Usage
from inspect_tts.models.roles import usage
from inspect_tts.scaled.records import ScaledSelection
from inspect_tts.scores import SCORE, score_number
from inspect_tts.statistics.outcomes import (
    PASS_MARK,
    GradedRollout,
    PlayedMatch,
    ProblemOutcome,
    problem_outcome,
)

from .logs import LogFile, told
from .page.detail import Detail, PoolRecord, problem_detail
from .stored import LARGE, pool_record, sample_readers
from .warnings import Counts, counts, plain_counts

_CHUNK = 8
_FEW = 100
_LARGEST = 1e18
_MOST_PROCESSES = 8


@dataclass(frozen=True)
class ReadSample:
    """One sample of a log."""

    log: int
    """Index of the log it is from."""
    outcome: ProblemOutcome | None
    scaled: bool
    problem: str = ""
    """Why there is no outcome."""
    detail: Detail | None = None
    counts: Counts = field(default_factory=dict)
    """What went wrong with it."""


@dataclass(frozen=True)
class _Job:
    log: int
    file: LogFile
    samples: tuple[tuple[str | int, int], ...]


def read_samples(
    files: Sequence[LogFile],
    *,
    pass_mark: float = PASS_MARK,
    detail_bytes: int = 0,
    processes: int | None = None,
    done: Callable[[int], None] = lambda count: None,
) -> list[ReadSample]:
    """Read what logs tell of their samples."""
    jobs = [job for index, file in enumerate(files) for job in _jobs(index, file)]
    read = partial(_read, pass_mark=pass_mark, detail_bytes=detail_bytes)
    if processes is None:
        few = sum(len(job.samples) for job in jobs) <= _FEW
        processes = 1 if few else min(os.cpu_count() or 1, _MOST_PROCESSES)
    if processes == 1:
        found: list[ReadSample] = []
        for job in jobs:
            found += read(job)
            done(len(job.samples))
        return found
    results: dict[int, list[ReadSample]] = {}
    # spawned: a fork of a process with threads may hang
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(read, job): index for index, job in enumerate(jobs)}
        for future in as_completed(futures):
            results[futures[future]] = future.result()
            done(len(jobs[futures[future]].samples))
    return [sample for index in range(len(jobs)) for sample in results[index]]


def _jobs(index: int, file: LogFile) -> Iterator[_Job]:
    # a .json log can only be read as a whole
    size = max(1, len(file.samples)) if file.location.endswith(".json") else _CHUNK
    for start in range(0, len(file.samples), size):
        yield _Job(index, file, file.samples[start : start + size])


def _read(job: _Job, *, pass_mark: float, detail_bytes: int) -> list[ReadSample]:
    found: list[ReadSample] = []
    for key, load in sample_readers(replace(job.file, samples=job.samples)):
        try:
            sample = load()
            found.append(read_sample(job.file, job.log, sample, pass_mark, detail_bytes))
        except Exception as error:  # whatever is wrong with one sample, the others are read
            why = f"{key[0]}: its record could not be read: {told(error)}"
            found.append(ReadSample(job.log, None, True, why))
    return found


def read_sample(
    file: LogFile,
    log: int,
    sample: EvalSample,
    pass_mark: float = PASS_MARK,
    detail_bytes: int = 0,
) -> ReadSample:
    """Read what a sample tells."""
    pool = pool_record(sample)
    if pool is None:
        attempt = _plain(file, sample, pass_mark)
        check_numbers(attempt)
        return ReadSample(
            log, attempt, scaled=False, counts=plain_counts(attempt.rollouts[0].limit)
        )
    scores = known_scores(pool, sample)
    used, seconds = _spent(sample)
    outcome = problem_outcome(
        str(sample.id),
        sample.epoch,
        rollouts=pool.rollouts,
        selections=pool.selections,
        stages=pool.stages,
        adopted=pool.adopted,
        scores=scores,
        usage=used,
        seconds=seconds,
        pass_mark=pass_mark,
    )
    check_numbers(outcome)
    outcome = replace(outcome, executions=tuple(pool.executions))
    if pool.adopted is None and (own := _own_score(sample)) is not None:
        outcome = replace(outcome, numbers={"selected": own})  # a limit ended it before
    detail = None
    if detail_bytes:
        detail = problem_detail(sample, pool, scores, pass_mark, limit=detail_bytes)
    found = counts(pool.rollouts, pool.selections)
    return ReadSample(log, outcome, scaled=True, detail=detail, counts=found)


def check_numbers(outcome: ProblemOutcome) -> None:
    """Refuse a record with numbers that nothing can be computed of."""
    parts: tuple[ProblemOutcome | GradedRollout | PlayedMatch, ...]
    parts = (outcome, *outcome.rollouts, *outcome.matches)
    numbers: list[float | None] = [part.seconds for part in parts]
    numbers += [number for part in parts for number in part.usage.model_dump().values()]
    numbers += [number for r in outcome.rollouts for number in (r.score, r.turns, r.messages)]
    if any(abs(number) > _LARGEST or number != number for number in numbers if number is not None):
        raise ValueError(f"a number of it is not finite, or larger than {_LARGEST:.0e}")


def known_scores(pool: PoolRecord, sample: EvalSample) -> dict[str, float]:
    """The score of each rollout that was graded, by the task's first scorer."""
    scores = {
        rollout.id: score_number(next(iter(rollout.scores.values())))
        for rollout in pool.rollouts
        if rollout.scores
    }
    if pool.adopted is not None and (own := _own_score(sample)) is not None:
        scores[pool.adopted] = own
    return {id: score for id, score in scores.items() if isfinite(score)}


def _own_score(sample: EvalSample) -> float | None:
    for name, score in (sample.scores or {}).items():
        if name != SCORE:
            number = score_number(score.value)
            return number if isfinite(number) else None
    return None


def _spent(sample: EvalSample) -> tuple[Usage, float | None]:
    """Usage and wall time of a problem, also where its rollouts were samples of their own."""
    if "ScaledSelection:contexts" not in sample.store:
        return _total(sample), sample.total_time
    others = sample.store_as(ScaledSelection)
    times = [datetime.fromisoformat(t) for t in (others.began, sample.completed_at) if t]
    seconds = (times[1] - times[0]).total_seconds() if len(times) == 2 else None
    return _total(sample) + others.elsewhere, seconds


def _total(sample: EvalSample) -> Usage:
    return sum(map(usage, sample.model_usage.values()), Usage())


def _plain(file: LogFile, sample: EvalSample, pass_mark: float) -> ProblemOutcome:
    score, used = _own_score(sample), _total(sample)
    turns = sample.turn_count
    if turns is None:  # logs of older versions of Inspect do not count them
        if not sample.messages:
            sample = read_eval_log_sample(
                file.location,
                id=sample.id,
                epoch=sample.epoch,
                exclude_fields=LARGE - {"messages"},
            )
        turns = sum(message.role == "assistant" for message in sample.messages)
    rollout = GradedRollout(
        id=f"e{sample.epoch:02d}",
        iteration=0,
        index=sample.epoch - 1,
        model=file.key.model,
        status="limit" if sample.limit else "completed",
        turns=turns,
        messages=None,
        usage=used,
        seconds=sample.total_time or 0.0,
        score=score,
        passed=None if score is None else score >= pass_mark,
        limit=sample.limit.type if sample.limit else None,
    )
    return ProblemOutcome(
        problem=str(sample.id),
        epoch=sample.epoch,
        rollouts=(rollout,),
        usage=used,
        seconds=sample.total_time,
    )
