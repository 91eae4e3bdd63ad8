"""Predictions for SWE-bench, which hold only patches. Each prediction is one attempt."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inspect_ai.model import ChatMessageAssistant
from pydantic import BaseModel

from inspect_tts.errors import why
from inspect_tts.recorded.records import LeftOut, Malformed, Recorded, reader

from .beside import Attempt
from .files import read_any, read_lines
from .reports import is_report, resolved
from .sound import Name


class _Prediction(BaseModel):
    instance_id: Name
    model_patch: str | None
    model_name_or_path: str = "unknown"


def _passes_over(path: Path) -> LeftOut | None:
    """Why a file with a matching name holds no predictions; None if it does."""
    return LeftOut("a report, read for its outcomes", told=False) if is_report(path) else None


_PATTERNS = [
    f"*{word}*.{end}"
    for word in ("preds", "predictions")
    for end in ("json", "jsonl", "json.gz", "jsonl.gz")
]


@reader(name="swe-bench", patterns=_PATTERNS, passes_over=_passes_over)
def swe_bench(path: Path) -> Iterator[Recorded | Malformed]:
    """Read predictions as rollouts whose trajectory is the patch. Scores are from reports."""
    times = Counter[str]()
    for place, row in _rows(path):
        try:
            if isinstance(row, Exception):
                raise row
            prediction = _Prediction.model_validate(row)
        except (ValueError, RecursionError) as error:
            yield Malformed(why(error), place)
            continue
        id = prediction.instance_id
        times[id] += 1
        yield _recorded(path, prediction, id if times[id] == 1 else f"{id}#{times[id]}")


def _rows(path: Path) -> Iterator[tuple[str, Any]]:
    if ".jsonl" in path.name:
        yield from ((f"line {number}", row) for number, row in read_lines(path))
        return
    found = read_any(path, unique=True)
    if isinstance(found, dict) and isinstance(found.get("instance_id"), str):
        yield found["instance_id"], found
    elif isinstance(found, dict):
        for place, row in found.items():
            yield place, {"instance_id": place, **row} if isinstance(row, dict) else row
    elif isinstance(found, list):
        yield from ((f"item {number}", row) for number, row in enumerate(found, start=1))
    else:
        raise ValueError("holds neither a list of predictions nor one prediction by problem")


def _recorded(path: Path, prediction: _Prediction, part: str) -> Recorded:
    handed_in, problem = prediction.model_patch or "", prediction.instance_id
    model = prediction.model_name_or_path
    solved = resolved(path, Attempt(problem, model, handed_in))
    patch = handed_in if is_patch(handed_in) else ""
    first = handed_in.strip().partition("\n")[0][:200]
    reason = f"what it handed in is no patch: {first}" if first and not patch else None
    if prediction.model_patch is None:  # SWE-agent writes this if nothing was submitted
        reason = "it handed in no patch: model_patch is null"
    return Recorded(
        problem=problem,
        text=None,
        messages=[ChatMessageAssistant(content=_said(patch))],
        part=part,
        status="error" if reason else "completed",
        reason=reason,
        model=model,
        patch=patch,
        handed_in=handed_in,
        scores=None if solved is None else {"resolved": solved},
    )


def _said(patch: str) -> str:
    return f"The patch:\n\n{patch}" if patch.strip() else "There is no patch."


def is_patch(text: str) -> bool:
    """Whether a text contains lines of a diff, unlike the text of an error."""
    return DIFF.search(text) is not None


DIFF = re.compile(
    r"^(?:diff \S|@@ -\d|\*\*\* \d|GIT binary patch|Index: \S|--- \S[^\n]*\n\+\+\+ \S)",
    re.MULTILINE,
)
