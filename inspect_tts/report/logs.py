"""Find logs and assign each to its run."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem
from inspect_ai.log import (
    EvalLog,
    EvalSampleSummary,
    list_eval_logs,
    read_eval_log_sample_summaries,
)

from inspect_tts.errors import UserError, why
from inspect_tts.models.identity import HOW_NOT_WHAT
from inspect_tts.registry import STAGES, is_followed
from inspect_tts.scaled.scheduler import is_rollout, split_id
from inspect_tts.shards.reading import missing_notes, set_of

from .samples import (
    CutOffError,
    in_order,
    invalidated,
    is_cut_off,
    is_scaled,
    log_header,
    written_at,
)

PLAIN = "plain"
"""The strategy name of a run that has no strategy."""
_NO_MATTER = {"max_rollouts", "preflight", "resume", "score_rollouts"}
_ENDS = {
    "started": "is unfinished (still running, or its process died)",
    "cancelled": "was cancelled",
    "error": "ended with an error",
}
"""How a note describes an eval, by its status."""
_MOST_UNREAD = 5
_LONGEST_VALUE = 40
_ERROR_CHARS = 300


@dataclass(frozen=True, order=True)
class RunKey:
    """Identifies a run. Logs with equal keys share one row of a table."""

    side: int
    """Index of the given path if two paths are compared, else 0."""
    task: str
    model: str
    strategy: str
    """The name of the strategy, the stages of a chain joined by `+`, or `plain`."""
    settings: str
    """The given arguments of strategy and task, model roles, generation options and limits, except
    those that cannot affect a result."""


@dataclass(frozen=True)
class LogFile:
    """A log and the samples that are counted from it."""

    location: str
    viewer_path: str
    """The name of the log in Inspect's viewer when the viewer shows the given folder."""
    key: RunKey
    eval_id: str
    created: str
    status: str
    samples: tuple[tuple[str | int, int], ...]
    """Id and epoch of each sample that counts."""
    failed: tuple[tuple[str | int, int], ...]
    """Samples that ended with an error and are in no newer log of the same eval."""
    task_id: str
    """An eval and its retries share this id."""
    modified: tuple[int, float]
    """When the log was written and when the file was changed, in seconds; 0 for a remote log."""
    epochs: int
    """Number of epochs."""
    uuids: dict[tuple[str | int, int], str] = field(default_factory=dict)
    errors: dict[tuple[str | int, int], str] = field(default_factory=dict)
    """Error messages of the failed samples."""
    void: frozenset[str] = frozenset()
    """Uuids of invalidated samples."""


def find_logs(paths: Sequence[str], *, compare: bool = False) -> tuple[list[LogFile], list[str]]:
    """Find all logs under the paths. Returns them with notes on what is missing or left out."""
    files: list[LogFile] = []
    unread: list[tuple[str, str]] = []
    out: list[str] = []
    for side, path in enumerate(paths):
        for location, shown in _locations(path):
            try:
                header = log_header(location)
                summaries = read_eval_log_sample_summaries(location)
                void = invalidated(location, header)
                valid = [s for s in summaries if (s.id, s.epoch) not in void]
                file = log_file(header, valid, location, shown, side if compare else 0)
                file = replace(file, void=frozenset(filter(None, void.values())))
            except Exception as error:  # one malformed log must not stop the others
                whole = path.endswith(shown)
                folder = path.removesuffix(shown) if whole else f"{path.rstrip('/')}/"
                unread.append((folder, f"{shown}{_unreadable(location, error)}"))
                continue
            files.append(file)
            if void:
                some = "1 sample is" if len(void) == 1 else f"{len(void)} samples are"
                out.append(f"{shown}: {some} invalidated and left out")
    if not files and unread:
        named = [f"{folder}{why}" for folder, why in unread[:_MOST_UNREAD]]
        more = len(unread) - len(named)
        raise UserError("; ".join([*named, *([f"and {more} more like these"] if more else [])]))
    if not files:
        raise UserError(
            f"no log found in {', '.join(paths)}: give a folder with .eval logs, or log files"
        )
    notes = [*(why for _, why in unread), *out]
    missing = missing_notes([(file.location, file.epochs, file.samples) for file in files])
    files = _newest(files)
    return files, [*notes, *_unfinished(files), *missing]


def _unreadable(location: str, error: Exception) -> str:
    if is_cut_off(location, error):
        return f": {CutOffError()}"
    malformed = "" if isinstance(error, OSError) else ", it is malformed"
    return f" could not be read{malformed}: {told(error)}"


def _unfinished(files: Sequence[LogFile]) -> list[str]:
    """Note what counts of evals that did not succeed and that no later retry continued."""
    last = {(file.key.side, file.task_id): file for file in files}
    finished = Counter[tuple[int, str]]()
    for file in files:
        finished[file.key.side, file.task_id] += len(file.samples)
    notes = []
    for eval, file in last.items():
        if file.status == "started" and set_of(file.location):  # `missing_notes` covers the set
            continue
        if how := _ENDS.get(file.status):
            count = finished[eval]
            counts = f"its {count} finished samples count" if count else "it has no finished sample"
            counts = "its one finished sample counts" if count == 1 else counts
            notes.append(f"{file.viewer_path} {how}: {counts}")
    return notes


def told(error: Exception) -> str:
    """The message of an error, shortened to one line."""
    if isinstance(error, CutOffError):
        return str(error)
    return " ".join(why(error).split())[:_ERROR_CHARS]


def _locations(path: str) -> list[tuple[str, str]]:
    local = "://" not in path
    if local and not Path(path).exists():
        raise UserError(f"{path!r} does not exist: give a folder with .eval logs, or log files")
    if path.endswith((".eval", ".json")) and not (local and Path(path).is_dir()):
        return [(path, path.rpartition("/")[2])]
    root = Path(path).absolute().as_uri() if local else path
    root = root.rstrip("/") + "/"
    try:
        found = [info.name for info in list_eval_logs(path, recursive=True)]
    except Exception as error:  # each file system raises its own errors
        raise UserError(f"{path!r} cannot be read: {type(error).__name__}: {error}") from error
    return [(name, name.partition(root)[2] or name.rpartition("/")[2]) for name in sorted(found)]


def log_file(
    header: EvalLog, summaries: list[EvalSampleSummary], location: str, shown: str, side: int
) -> LogFile:
    """Build the `LogFile` of a log from its header and sample summaries."""
    if is_scaled(header.eval):  # its other samples are parts of problems
        summaries = [s for s in in_order(summaries) if not is_rollout(split_id(s.id)[1])]
    done = [s for s in summaries if s.error is None and s.completed is not False]
    if is_scaled(header.eval):
        done = [each for each in done if not split_id(each.id)[1]]
    return LogFile(
        location=location,
        viewer_path=shown,
        key=_run_key(header, side),
        eval_id=header.eval.eval_id,
        created=header.eval.created,
        status=header.status,
        samples=tuple((s.id, s.epoch) for s in done),
        failed=tuple((s.id, s.epoch) for s in summaries if s.error is not None),
        task_id=header.eval.task_id,
        modified=_modified(location),
        epochs=header.eval.config.epochs or 1,
        uuids={(s.id, s.epoch): s.uuid for s in done if s.uuid},
        errors={(s.id, s.epoch): s.error for s in summaries if s.error is not None},
    )


def _run_key(header: EvalLog, side: int) -> RunKey:
    spec, steps = header.eval, header.plan.steps
    ours = [step for step in steps if is_followed(step.solver)]
    names = [_name(step.solver) for step in ours]
    arguments: dict[str, Any] = {}
    first = next((s for s in ours if len(ours) == 1 or _name(s.solver) == "rollouts"), None)
    for number, step in enumerate(ours):
        prefix = "" if step is first else f"{_name(step.solver)}_{number}."
        passed = (step.params_passed or {}).items()
        arguments |= {f"{prefix}{name}": value for name, value in passed}
    if not any(name in STAGES for name in names):
        strategy = "+".join(names) or PLAIN  # one name: a list of strategies is refused
    else:
        strategy = "+".join(name for name in names if len(ours) == 1 or name in STAGES)
    if strategy == PLAIN and spec.solver:
        arguments["solver"] = spec.solver
    task_args = spec.task_args_passed
    if is_scaled(spec):
        strategy = spec.task_args["strategy"]
        arguments = dict(task_args.get("strategy_args") or {})
        task_args = task_args.get("task_args") or {}
    arguments |= {f"task.{name}": value for name, value in task_args.items()}
    for role, model in (spec.model_roles or {}).items():
        models = model if isinstance(model, list) else [model]
        arguments[role] = ",".join(each.model for each in models)
    arguments |= _asked(header)
    shown = {n: _short(v) for n, v in sorted(arguments.items()) if n not in _NO_MATTER}
    settings = " ".join(f"{name}={value}" for name, value in shown.items())
    return RunKey(side, spec.task, spec.model, strategy, settings)


def _asked(header: EvalLog) -> dict[str, Any]:
    """The generation options, model arguments and limits that were given."""
    spec = header.eval
    config = spec.model_generate_config.merge(header.plan.config)
    given = config.model_dump(exclude_none=True, exclude=HOW_NOT_WHAT)
    given |= {f"model.{n}": v for n, v in spec.model_args.items() if v is not None}
    limits = {n: v for n, v in spec.config.model_dump().items() if n.endswith("_limit") and v}
    return given | limits


def _name(registered: str) -> str:
    return registered.rpartition("/")[2]


def _short(value: Any) -> str:
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        value = value["name"]  # a component, as Inspect logs it
    text = str(value)
    if isinstance(value, list | tuple):
        text = ",".join(map(_short, value))
    elif isinstance(value, dict):
        text = json.dumps(value, separators=(",", ":"), default=str)
    first, *more = text.split() or [""]
    if not more and len(text) <= _LONGEST_VALUE:
        return text
    return f"{first[: _LONGEST_VALUE - 1]}…{sha256(text.encode()).hexdigest()[:4]}"


def _newest(files: list[LogFile]) -> list[LogFile]:
    """If several logs of a side hold the same sample, keep it only in the newest."""
    taken = {(file.key.side, uuid) for file in files for uuid in file.void}
    told: set[tuple[int, str, str | int, int]] = set()
    kept = []
    newest = sorted(files, key=lambda f: (f.created, f.modified, f.location), reverse=True)
    for file in newest:
        side = file.key.side
        mine = tuple(s for s in file.samples if (side, file.uuids.get(s, "")) not in taken)
        taken |= {(side, uuid) for uuid in file.uuids.values()}
        failed = tuple(s for s in file.failed if (side, file.task_id, *s) not in told)
        told |= {(side, file.task_id, *s) for s in (*file.samples, *file.failed)}
        kept.append(replace(file, samples=mine, failed=failed))
    return kept[::-1]


def _modified(location: str) -> tuple[int, float]:
    fs, path = fsspec.core.url_to_fs(location)
    if not isinstance(fs, LocalFileSystem) or not Path(path).exists():
        return 0, 0.0
    return written_at(Path(path)), Path(path).stat().st_mtime
