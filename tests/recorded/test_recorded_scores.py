"""What a finished log is told of its chosen epochs."""

import json
from pathlib import Path

import anyio
import pytest
from inspect_ai.model import ModelName
from inspect_ai.scorer import Score, Target
from inspect_ai.solver import TaskState

from inspect_tts.recorded import chosen_epoch
from inspect_tts.scores import SCORE


@pytest.mark.parametrize("own_first", [False, True])
def test_an_epoch_is_marked_with_its_tasks_score_not_with_the_numbers_of_its_strategy(
    own_first: bool, tmp_path: Path
) -> None:
    source = {"format": "inspect", "path": "x.eval", "part": "p/1"}
    path = tmp_path / "selections.jsonl"
    path.write_text(json.dumps({"ranking": [{"source": source}]}), encoding="utf-8")
    scores = {"grades": Score(value=0.25), SCORE: Score(value={"selected": 1.0, "oracle": 1.0})}
    names = ["grades", SCORE] if own_first else [SCORE, "grades"]
    state = TaskState(
        model=ModelName("mockllm/model"),
        sample_id="p",
        epoch=1,
        input="Go.",
        messages=[],
        scores={name: scores[name] for name in names},
    )
    marked = anyio.run(chosen_epoch(selections=str(path)), state, Target(""))
    assert marked is not None
    assert marked.value == {"chosen": 1.0, "rank": 1.0, "selected": 0.25}
