"""Predictions for SWE-bench: patches alone, each file one attempt at every problem in it."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inspect_ai.model import ChatMessageAssistant
from pydantic import BaseModel

from ..records import Malformed, Recorded
from .files import open_text, read_lines
from .reports import resolved


class _Prediction(BaseModel):
    instance_id: str
    model_patch: str | None = None
    model_name_or_path: str = "unknown"


class SweBenchReader:
    """The summarizer reads the patch, as there is no trajectory; reports are the scores."""

    name = "swe-bench"
    patterns = ("*preds*.json", "*preds*.jsonl", "*predictions*.json", "*predictions*.jsonl")

    def read(self, path: Path, part: str | None = None) -> Iterator[Recorded | Malformed]:
        """Read a file; see `Reader`."""
        times = Counter[str]()
        for place, row in _rows(path):
            try:
                if isinstance(row, ValueError):
                    raise row
                prediction = _Prediction.model_validate(row)
            except ValueError as error:
                yield Malformed(str(error).splitlines()[0], place)
                continue
            id = prediction.instance_id
            times[id] += 1
            own = id if times[id] == 1 else f"{id}#{times[id]}"
            if part in (None, own):
                yield _recorded(path, prediction, own)


def _rows(path: Path) -> Iterator[tuple[str, Any]]:
    if ".jsonl" in path.name:
        yield from ((f"line {number}", row) for number, row in read_lines(path))
        return
    with open_text(path) as file:
        found = json.load(file)
    if isinstance(found, dict):
        yield from found.items()
    elif isinstance(found, list):
        yield from ((f"item {number}", row) for number, row in enumerate(found, start=1))
    else:
        raise ValueError("holds neither a list of predictions nor one prediction by problem")


def _recorded(path: Path, prediction: _Prediction, part: str) -> Recorded:
    patch, problem = prediction.model_patch or "", prediction.instance_id
    solved = resolved(path, problem, prediction.model_name_or_path)
    said = f"The patch:\n\n{patch}" if patch.strip() else "There is no patch."
    return Recorded(
        problem=problem,
        text=None,
        messages=[ChatMessageAssistant(content=said)],
        part=part,
        model=prediction.model_name_or_path,
        patch=patch,
        scores=None if solved is None else {"resolved": solved},
    )
