"""Dataframes of the records of strategies, in the style of `inspect_ai.analysis`."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from logging import getLogger
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, TypeAlias

from inspect_ai.log import EvalLog, EvalLogInfo, EvalSample

from inspect_tts.errors import UserError
from inspect_tts.extras import install_command
from inspect_tts.method.records import Usage
from inspect_tts.method.voting.strength import Strength
from inspect_tts.statistics.judge_quality import passing
from inspect_tts.statistics.outcomes import ProblemOutcome, plain_outcome, vote_usage
from inspect_tts.statistics.strengths import outcome_strengths

from .logs import LogFile, find_logs, log_file, told
from .read import LARGE, read_sample
from .samples import sample_readers
from .tables.columns import (
    MATCHES,
    PROBLEMS,
    ROLLOUTS,
    SAMPLE,
    TYPES,
    VOTES,
    Columns,
    problem_columns,
)
from .tables.evidence import CHECKS, check_rows

if TYPE_CHECKING:
    import pandas as pd

logger = getLogger(__name__)

LogPath: TypeAlias = PathLike[str] | str | EvalLogInfo
Logs: TypeAlias = LogPath | EvalLog | Sequence[LogPath | EvalLog]
Row: TypeAlias = dict[str, Any]


def rollouts_df(logs: Logs) -> "pd.DataFrame":
    """Read a dataframe with one row per rollout. A sample of a plain run counts as one rollout.

    Args:
        logs: Log files, folders of them, or `EvalLog` objects with samples.

    Returns:
        A dataframe with the columns of `ROLLOUTS`, which docs/report.md describes. Malformed
        samples are left out with a warning.

    Raises:
        UserError: If there is no log, or pandas or pyarrow is not installed.
    """
    return _frame(ROLLOUTS, logs, _rollouts)


def matches_df(logs: Logs) -> "pd.DataFrame":
    """Read a dataframe with one row per match, including byes.

    Args:
        logs: Log files, folders of them, or `EvalLog` objects with samples.

    Returns:
        A dataframe with the columns of `MATCHES`, which docs/report.md describes. Malformed
        samples are left out with a warning.

    Raises:
        UserError: If there is no log, or pandas or pyarrow is not installed.
    """
    return _frame(MATCHES, logs, _matches)


def votes_df(logs: Logs) -> "pd.DataFrame":
    """Read a dataframe with one row per vote.

    Args:
        logs: Log files, folders of them, or `EvalLog` objects with samples.

    Returns:
        A dataframe with the columns of `VOTES`, which docs/report.md describes. Malformed samples
        are left out with a warning.

    Raises:
        UserError: If there is no log, or pandas or pyarrow is not installed.
    """
    return _frame(VOTES, logs, _votes)


def checks_df(logs: Logs) -> "pd.DataFrame":
    """Read a dataframe of checks: one row per check for each rollout and for the untouched tree.

    Args:
        logs: Log files, folders of them, or `EvalLog` objects with samples.

    Returns:
        A dataframe with the columns of `CHECKS`, which docs/report.md describes. Malformed samples
        are left out with a warning.

    Raises:
        UserError: If there is no log, or pandas or pyarrow is not installed.
    """
    return _frame(CHECKS, logs, lambda outcome: check_rows(outcome.executions))


def problems_df(logs: Logs) -> "pd.DataFrame":
    """Read a dataframe with one row per sample, that is, per problem and epoch.

    Args:
        logs: Log files, folders of them, or `EvalLog` objects with samples.

    Returns:
        A dataframe with the columns of `PROBLEMS`, which docs/report.md describes. Malformed
        samples are left out with a warning.

    Raises:
        UserError: If there is no log, or pandas or pyarrow is not installed.
    """
    return _frame(PROBLEMS, logs, _problems)


def _frame(
    columns: Columns, logs: Logs, rows_of: Callable[[ProblemOutcome], Iterator[Row]]
) -> "pd.DataFrame":
    try:
        import pandas as pd
        import pyarrow as pa
    except ImportError as error:
        raise UserError(
            f"dataframes need {error.name}, which is not installed: {install_command('report')}"
        ) from error
    rows: list[Row] = []
    for file, id, load in _samples(logs):
        try:
            sample = load()
            outcome = read_sample(file, 0, sample).outcome
            if outcome is not None:
                head = _head(file, sample)
                rows += [head | row for row in rows_of(outcome)]
        except Exception as error:  # one malformed sample must not stop the others
            logger.warning(f"{file.location}: {id} is left out, it is malformed: {told(error)}")
    types: dict[str, Any] = {kind: getattr(pa, name)() for kind, name in TYPES.items()}
    series = {
        name: pd.Series([row.get(name) for row in rows], dtype=pd.ArrowDtype(types[kind]))
        for name, (kind, _) in columns.items()
    }
    return pd.DataFrame(series)


def _samples(logs: Logs) -> Iterator[tuple[LogFile, str | int, Callable[[], EvalSample]]]:
    """Yield each sample's log and id, and a function that reads the sample."""
    many = [logs] if isinstance(logs, EvalLog | str | PathLike | EvalLogInfo) else list(logs)
    paths: list[str] = []
    for log in many:
        if not isinstance(log, EvalLog):
            paths.append(log.name if isinstance(log, EvalLogInfo) else fspath(log))
            continue
        samples = [each for each in log.samples or [] if each.invalidation is None]
        file = log_file(log, [s.summary() for s in samples], log.location, log.location, 0)
        for sample in samples:
            if (sample.id, sample.epoch) in file.samples:
                yield file, sample.id, partial(EvalSample.model_copy, sample)
    if paths:
        files, notes = find_logs(paths)
        for note in notes:
            logger.warning(note)
        for file in files:
            readers = sample_readers(file.location, file.samples, exclude_fields=LARGE)
            for (id, _), load in readers:
                yield file, id, load


def _head(file: LogFile, sample: EvalSample) -> Row:
    run = {name: getattr(file.key, name) for name in ("task", "model", "strategy", "settings")}
    ids = {"eval_id": file.eval_id, "sample_id": sample.uuid, "id": str(sample.id)}
    return {"log": file.location, **ids, "epoch": sample.epoch, **run}


def _fields(record: object, columns: Columns, usage: Usage) -> Row:
    """The fields of a record that have a column of the same name, and its usage."""
    names = [name for name in columns if name not in SAMPLE and hasattr(record, name)]
    return {name: getattr(record, name) for name in names} | usage.model_dump()


def _rollouts(outcome: ProblemOutcome) -> Iterator[Row]:
    strong = {each.rollout: each for each in outcome_strengths(outcome)}
    for rollout in outcome.rollouts:
        files = rollout.facts.files_changed
        context = [outcome.passed(id) for id in rollout.context]
        known = bool(context) and None not in context
        yield {
            **_fields(rollout, ROLLOUTS, rollout.usage),
            "rollout": rollout.id,
            "rollout_model": rollout.model,
            "messages": None if outcome.plain else rollout.messages,
            "score": outcome.scores.get(rollout.id),
            "passed": outcome.passed(rollout.id),
            "unscored": rollout.score_error,
            "adopted": rollout.id == outcome.adopted,
            **_strength(strong.get(rollout.id)),
            "fingerprint": rollout.facts.fingerprint,
            "context": " ".join(rollout.context) or None,
            "context_passed": sum(map(bool, context)) if known else None,
            "files_changed": None if files is None else len(files),
            "injections": len(rollout.injections),
            "summary_status": None if outcome.plain else rollout.summary.status,
            "summary_tokens": rollout.summary.usage.total_tokens,
        }


def _strength(found: Strength | None) -> Row:
    if found is None:
        return {}
    ends = {"strength_low": found.low, "strength_high": found.high}
    return {"strength": found.strength, **ends, "p_best": found.best}


def _matches(outcome: ProblemOutcome) -> Iterator[Row]:
    for selection, round, match in outcome.matches():
        yield {
            **_fields(match, MATCHES, vote_usage(match)),
            "selection": selection.id,
            "kind": selection.kind,
            "iteration": selection.iteration,
            "round": round,
            "match": match.id,
            "group": " ".join(match.group),
            "investigation": match.investigation and match.investigation.ended,
            "votes": len(match.votes),
            "abstentions": sum(vote.abstention is not None for vote in match.votes),
            "winner_votes": match.tally.get(match.winner, 0),
            "tied": bool(match.tied),
            "decidable": passing(outcome, match) is not None,
            "winner_passed": outcome.passed(match.winner),
            "seconds": sum(vote.seconds for vote in match.votes),
        }


def _votes(outcome: ProblemOutcome) -> Iterator[Row]:
    for *_, match in outcome.matches():
        for vote in match.votes:
            yield {
                **_fields(vote, VOTES, vote.usage),
                "match": match.id,
                "vote": vote.index,
                "order": " ".join(vote.order),
                "position": vote.verdict and 1 + vote.order.index(vote.verdict),
                "judge": vote.judge or vote.model,
                "judge_model": vote.model,
            }


def _problems(outcome: ProblemOutcome) -> Iterator[Row]:
    plain = not outcome.selections and outcome.adopted is None
    numbers = plain_outcome(outcome.problem, [outcome]).numbers if plain else outcome.numbers
    yield {
        **_fields(outcome, PROBLEMS, outcome.usage),
        **problem_columns(numbers),
        "rollouts": len(outcome.rollouts),
        "graded": sum(rollout.id in outcome.scores for rollout in outcome.rollouts),
        "passes_0": outcome.passes(0),
        "passes_1": outcome.passes(1),
        "votes": sum(len(match.votes) for *_, match in outcome.matches()),
    }
