"""Dataframes of what strategies recorded, in the style of `inspect_ai.analysis`."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from logging import getLogger
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, TypeAlias

from inspect_ai.log import EvalLog, EvalLogInfo, EvalSample

from inspect_tts.errors import UserError
from inspect_tts.method.records import Usage
from inspect_tts.statistics.judge_quality import decidable
from inspect_tts.statistics.outcomes import ProblemOutcome, plain_outcome

from .logs import LogFile, find_logs, log_file, told
from .read import read_sample
from .stored import pool_record, sample_readers
from .tables.columns import MATCHES, PROBLEMS, ROLLOUTS, SAMPLE, TYPES, VOTES, Columns
from .tables.evidence import CHECKS, check_rows

if TYPE_CHECKING:
    import pandas as pd

logger = getLogger(__name__)

LogPath: TypeAlias = PathLike[str] | str | EvalLogInfo
Logs: TypeAlias = LogPath | EvalLog | Sequence[LogPath | EvalLog]
Row: TypeAlias = dict[str, Any]


def rollouts_df(logs: Logs) -> "pd.DataFrame":
    """Read a dataframe of rollouts: one row each, of plain runs one for each sample.

    Args:
        logs: Log files, folders of them, or `EvalLog` objects with samples.

    Returns:
        The columns of `ROLLOUTS`, described in docs/report.md.

    Raises:
        UserError: If there is no log, or pandas or pyarrow is not installed.
    """
    return _frame(ROLLOUTS, logs, _rollouts)


def matches_df(logs: Logs) -> "pd.DataFrame":
    """Read a dataframe of matches, byes included.

    Args:
        logs: Log files, folders of them, or `EvalLog` objects with samples.

    Returns:
        The columns of `MATCHES`, described in docs/report.md.

    Raises:
        UserError: If there is no log, or pandas or pyarrow is not installed.
    """
    return _frame(MATCHES, logs, _matches)


def votes_df(logs: Logs) -> "pd.DataFrame":
    """Read a dataframe of votes.

    Args:
        logs: Log files, folders of them, or `EvalLog` objects with samples.

    Returns:
        The columns of `VOTES`, described in docs/report.md.

    Raises:
        UserError: If there is no log, or pandas or pyarrow is not installed.
    """
    return _frame(VOTES, logs, _votes)


def checks_df(logs: Logs) -> "pd.DataFrame":
    """Read a dataframe of checks: one row for each check and rollout, and the untouched tree.

    Args:
        logs: Log files, folders of them, or `EvalLog` objects with samples.

    Returns:
        The columns of `CHECKS`, described in docs/report.md.

    Raises:
        UserError: If there is no log, or pandas or pyarrow is not installed.
    """
    return _frame(CHECKS, logs, lambda outcome, sample: check_rows(outcome.executions))


def problems_df(logs: Logs) -> "pd.DataFrame":
    """Read a dataframe of problems: one row for each sample.

    Args:
        logs: Log files, folders of them, or `EvalLog` objects with samples.

    Returns:
        The columns of `PROBLEMS`, described in docs/report.md.

    Raises:
        UserError: If there is no log, or pandas or pyarrow is not installed.
    """
    return _frame(PROBLEMS, logs, _problems)


def _frame(
    columns: Columns,
    logs: Logs,
    rows_of: Callable[[ProblemOutcome, EvalSample], Iterator[Row]],
) -> "pd.DataFrame":
    try:
        import pandas as pd
        import pyarrow as pa
    except ImportError as error:
        raise UserError(
            f"dataframes need {error.name}, which is not installed: pip install "
            "'inspect_tts[report]'"
        ) from error
    rows: list[Row] = []
    for file, id, load in _samples(logs):
        try:
            sample = load()
            outcome = read_sample(file, 0, sample).outcome
            if outcome is not None:
                head = _head(file, sample)
                rows += [head | row for row in rows_of(outcome, sample)]
        except Exception as error:  # whatever is wrong with one sample, the others are read
            logger.warning(f"{file.location}: {id} is left out, it is malformed: {told(error)}")
    types: dict[str, Any] = {kind: getattr(pa, name)() for kind, name in TYPES.items()}
    series = {
        name: pd.Series([row.get(name) for row in rows], dtype=pd.ArrowDtype(types[kind]))
        for name, (kind, _) in columns.items()
    }
    return pd.DataFrame(series)


def _samples(logs: Logs) -> Iterator[tuple[LogFile, str | int, Callable[[], EvalSample]]]:
    """The samples of logs with their ids, each to be read when it is asked for."""
    many = [logs] if isinstance(logs, EvalLog | str | PathLike | EvalLogInfo) else list(logs)
    paths = [
        each.name if isinstance(each, EvalLogInfo) else fspath(each)
        for each in many
        if not isinstance(each, EvalLog)
    ]
    for log in many:
        if isinstance(log, EvalLog):
            samples = log.samples or []
            file = log_file(log, [s.summary() for s in samples], log.location, log.location, 0)
            for sample in samples:
                if (sample.id, sample.epoch) in file.samples:
                    yield file, sample.id, partial(_itself, sample)
    if paths:
        files, notes = find_logs(paths)
        for note in notes:
            logger.warning(note)
        for file in files:
            yield from ((file, id, load) for (id, _), load in sample_readers(file))


def _itself(sample: EvalSample) -> EvalSample:
    return sample


def _head(file: LogFile, sample: EvalSample) -> Row:
    return {
        "log": file.location,
        "eval_id": file.eval_id,
        "sample_id": sample.uuid,
        "id": str(sample.id),
        "epoch": sample.epoch,
        "task": file.key.task,
        "model": file.key.model,
        "strategy": file.key.strategy,
        "settings": file.key.settings,
    }


def _spent(usage: Usage, seconds: float | None) -> Row:
    return {**usage.model_dump(), "seconds": seconds}


def _fields(record: object, columns: Columns) -> Row:
    names = [name for name in columns if name not in SAMPLE]
    return {name: getattr(record, name) for name in names if hasattr(record, name)}


def _rollouts(outcome: ProblemOutcome, sample: EvalSample) -> Iterator[Row]:
    passed = {rollout.id: rollout.passed for rollout in outcome.rollouts}
    for rollout in outcome.rollouts:
        context = [passed.get(id) for id in rollout.context]
        known = bool(context) and None not in context
        yield {
            **_fields(rollout, ROLLOUTS),
            "rollout": rollout.id,
            "adopted": rollout.id == outcome.adopted,
            "context": " ".join(rollout.context) or None,
            "context_passed": sum(map(bool, context)) if known else None,
            "summary_tokens": rollout.summary_usage.total_tokens,
            **_spent(rollout.usage, rollout.seconds),
        }


def _matches(outcome: ProblemOutcome, sample: EvalSample) -> Iterator[Row]:
    passed = {rollout.id: rollout.passed for rollout in outcome.rollouts}
    for match in outcome.matches:
        yield {
            **_fields(match, MATCHES),
            "match": match.id,
            "group": " ".join(match.group),
            "winner_votes": match.tally.get(match.winner, 0),
            "decidable": decidable(match, passed),
            "winner_passed": passed.get(match.winner),
            **_spent(match.usage, match.seconds),
        }


def _votes(outcome: ProblemOutcome, sample: EvalSample) -> Iterator[Row]:
    pool = pool_record(sample)
    for selection in pool.selections if pool else ():
        for round in selection.rounds:
            for match in round.matches:
                for vote in match.votes:
                    yield {
                        **_fields(vote, VOTES),
                        "match": match.id,
                        "vote": vote.index,
                        "order": " ".join(vote.order),
                        "position": None
                        if vote.verdict is None
                        else 1 + vote.order.index(vote.verdict),
                        "judge": vote.model,
                        **_spent(vote.usage, vote.seconds),
                    }


def _problems(outcome: ProblemOutcome, sample: EvalSample) -> Iterator[Row]:
    plain = not outcome.selections and outcome.adopted is None
    numbers = plain_outcome(outcome.problem, [outcome]).numbers if plain else outcome.numbers
    later = [name for name in numbers if name.startswith("iteration_") and name != "iteration_0"]
    yield {
        "pass_1": numbers.get("iteration_0"),
        "select_k": numbers.get("select_k"),
        "refined": numbers[max(later)] if later else None,
        "selected": numbers.get("selected"),
        "oracle": numbers.get("oracle"),
        "rollouts": len(outcome.rollouts),
        "graded": sum(rollout.score is not None for rollout in outcome.rollouts),
        "passes_0": outcome.passes(0),
        "passes_1": outcome.passes(1),
        "votes": sum(match.votes for match in outcome.matches),
        "adopted": outcome.adopted,
        **_spent(outcome.usage, outcome.seconds),
    }
