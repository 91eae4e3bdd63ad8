"""Write the result of a selection among recorded rollouts to files for other programs."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalLog, EvalSample, read_eval_log_samples

from inspect_tts._inspect import EvalEnd
from inspect_tts.errors import UserError
from inspect_tts.method.records import RECORDED, Rollout
from inspect_tts.resume.kept import retry_command
from inspect_tts.stages.pool import RolloutPool

from .loading import SOURCE, SOURCES
from .readers.sound import printable

_HEAVY = {"events", "timelines", "messages", "output"}


WRITTEN: list["Written"] = []
"""The files that evals of this process wrote when they ended, oldest first."""


@dataclass(frozen=True)
class Written:
    """The files written for one log."""

    log: str
    selections: Path
    problems: int
    predictions: Path | None = None
    """None if no chosen rollout has a patch."""


def write_selections(log: EvalLog | str, folder: str | Path | None = None) -> Written:
    """Write which rollout was chosen for each problem, and predictions from the chosen patches.

    `selections.jsonl` has one line per sample: `id`, `epoch`, `chosen`, its `source`, the whole
    `ranking` with sources, and the `votes`. It holds no score. `predictions.jsonl` is in the format
    that SWE-bench's harness reads. It is written only if a chosen rollout has a patch.

    Args:
        log: A log of the task `recorded` or `replay`, or its location.
        folder: Where to write. Default: a folder with the log's name, next to the log.

    Returns:
        The files that were written.

    Raises:
        UserError: If no rollout was chosen in the log, or the log is remote and no folder is given.
    """
    location = log if isinstance(log, str) else log.location
    into = Path(folder).expanduser() if folder else _beside(location)
    selections, predictions = list[dict[str, Any]](), list[dict[str, Any]]()
    for sample in _samples(location):
        pool = sample.store_as(RolloutPool)
        if pool.adopted is not None:
            selections.append(_selection(sample, pool, pool.adopted))
            if patch := _patch(pool.by_id(pool.adopted)):
                predictions.append(_prediction(sample, pool, pool.adopted, patch))
    if not selections:
        raise UserError(f"{location} has no sample in which a rollout was chosen; nothing to write")
    into.mkdir(parents=True, exist_ok=True)
    written = Written(location, _write(into / "selections.jsonl", selections), len(selections))
    if not predictions:
        return written
    return replace(written, predictions=_write(into / "predictions.jsonl", predictions))


def write_at_end(log: EvalLog) -> None:
    """Write the files when an eval or a retry has ended, unless the task has `output=""`."""
    output = log.eval.task_args.get("output")
    if output != "" and log.results is not None and log.results.completed_samples > 0:
        with ThreadPoolExecutor(1) as thread:  # see `collect`
            written = thread.submit(write_selections, log, output)
            WRITTEN.append(written.result())


def _beside(location: str) -> Path:
    if "://" in location and not location.startswith("file://"):
        raise UserError(
            f"{location} is not on this machine, so nothing can be written beside it; give a "
            "folder: --output FOLDER (output=...)"
        )
    return Path(location.removeprefix("file://")).with_suffix("")


def _samples(location: str) -> Iterator[EvalSample]:
    return read_eval_log_samples(
        location,
        all_samples_required=False,
        resolve_attachments="full",
        exclude_fields=_HEAVY,
    )


def _selection(sample: EvalSample, pool: RolloutPool, chosen: str) -> dict[str, Any]:
    sources = {
        f"t{stage.iteration}-n{index:02d}": source
        for stage in pool.stages
        if stage.name == RECORDED
        for index, source in enumerate(stage.parameters[SOURCES])
    }
    votes = [
        {
            "match": match.id,
            "order": vote.order,
            "verdict": vote.verdict,
            "grade": vote.grade,
            "model": vote.model,
            "reused": vote.reused,
        }
        for selection in pool.selections
        for round in selection.rounds
        for match in round.matches
        for vote in match.votes
    ]
    ranking = pool.selections[-1].ranking
    return {
        "id": sample.id,
        "epoch": sample.epoch,
        "chosen": chosen,
        "source": sample.metadata[SOURCE],
        "ranking": [{"rollout": id, "source": sources[id]} for id in ranking],
        "votes": votes,
    }


def _patch(chosen: Rollout) -> str | None:
    return chosen.patch.text if chosen.patch else None


def _prediction(sample: EvalSample, pool: RolloutPool, chosen: str, patch: str) -> dict[str, Any]:
    return {
        "instance_id": sample.id,
        "model_name_or_path": pool.by_id(chosen).model,
        "model_patch": patch,
    }


def _write(path: Path, rows: list[dict[str, Any]]) -> Path:
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    path.write_text("".join(lines), encoding="utf-8", errors="surrogatepass")
    return path


_LONGEST = 500


def check_end(evals: Sequence[EvalEnd], *, written: int) -> None:
    """Raise an error, so that the command fails, if an eval failed or nothing was written."""
    for each in evals:
        if each.status != "success":
            why = f": {printable(each.error)[:_LONGEST]}" if each.error else ""
            raise UserError(
                f"the eval ended with status {each.status}{why}. To continue: "
                f"`{retry_command(each.log)}`"
            )
    if not evals or not written:
        raise UserError("no selection was written; the messages above say why")
