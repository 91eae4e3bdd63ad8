"""Evals of SWE-bench Verified on stand-ins for its images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import standins
from inspect_ai import eval as inspect_eval
from inspect_ai import task_with
from inspect_ai.log import EvalLog
from inspect_ai.model import Model
from inspect_ai.scorer import Scorer
from inspect_ai.solver import Solver

from inspect_tts.benchmarks.swe_verified.task import swe_verified


def run(
    ids: Sequence[str],
    strategy: Solver | None,
    log_dir: Path,
    *,
    model: str | Model = "mockllm/model",
    dataset: Path = standins.DATASET,
    image_template: str = standins.TEMPLATE,
    scorer: Scorer | None = None,
    **options: Any,
) -> EvalLog:
    task = swe_verified(dataset=str(dataset), image_template=image_template)
    task = task_with(task, scorer=scorer) if scorer else task
    [log] = inspect_eval(
        task,
        solver=strategy,
        model=model,
        sample_id=list(ids),
        display="none",
        log_dir=str(log_dir),
        **options,
    )
    assert log.status == "success", log.error
    return log


def scores(log: EvalLog) -> dict[tuple[str, int], Any]:
    return {
        (str(sample.id), sample.epoch): (sample.scores or {})["swe_verified_scorer"].value
        for sample in log.samples or []
    }
