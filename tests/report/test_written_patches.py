"""`inspect-tts predictions` on logs that were made: which patches, under which name."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai.log import EvalLog, write_eval_log

from inspect_tts import UserError
from inspect_tts.cli import main
from inspect_tts.report.predictions import write_predictions

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from made_logs import Made, made_log  # noqa: E402


def diff(*files: str) -> str:
    return "".join(
        f"diff --git a/{f} b/{f}\n--- a/{f}\n+++ b/{f}\n@@ -1 +1 @@\n-a\n+b\n" for f in files
    )


@pytest.fixture
def made(tmp_path: Path) -> EvalLog:
    """A log of two problems in which every rollout changed the code and a file of the tests."""
    log = made_log(Made(problems=2, n=2, keep=1, votes=1))
    for sample in log.samples or []:
        sample.metadata = {"test_patch": diff("test_code.py")}
        for rollout in sample.store["RolloutPool:rollouts"]:
            text = diff("code.py", "test_code.py", "patch.txt")
            rollout["patch"] = {"text": text}
            rollout["submission"] = None
    log.location = str(tmp_path / "a.eval")
    return log


def written(log: EvalLog, **given: Any) -> tuple[list[str], list[dict[str, Any]]]:
    """What the user is told, and the rows of the file."""
    write_eval_log(log, log.location)
    file = Path(log.location).parent / "new" / "predictions.jsonl"
    said = write_predictions(log.location, file, **given)
    return said, [json.loads(line) for line in file.read_text().splitlines()]


def rollouts(log: EvalLog, sample: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (log.samples or [])[sample].store["RolloutPool:rollouts"]
    return found


def adopted(log: EvalLog, sample: int = 0) -> dict[str, Any]:
    id = (log.samples or [])[sample].store["RolloutPool:adopted"]
    return next(each for each in rollouts(log, sample) if each["id"] == id)


def test_only_the_adopted_rollouts_own_changes_are_written(made: EvalLog) -> None:
    adopted(made)["submission"] = "a patch"
    said, rows = written(made)
    assert [row["model_patch"] for row in rows] == [
        diff("code.py"),
        diff("code.py", "patch.txt"),  # a file of the agent's own, if it hands in no patch
    ]
    name = f"{made.eval.model} {made.eval.solver or ''}".strip()
    assert [row["model_name_or_path"] for row in rows] == [name, name]
    assert said[-1].endswith("predictions.jsonl: 2 predictions")
    _, rows = written(made, model_name="mine")
    assert [row["model_name_or_path"] for row in rows] == ["mine", "mine"]


def test_a_rollout_without_a_patch_has_an_empty_prediction_and_a_reason(made: EvalLog) -> None:
    adopted(made)["patch"] = None
    adopted(made, 1)["patch"] = {"text": None, "notice": "it is too large"}
    said, rows = written(made)
    assert [row["model_patch"] for row in rows] == ["", ""]
    assert "its prediction has an empty patch: it has no git workspace" in said[0]
    assert "its prediction has an empty patch: it is too large" in said[1]


def test_a_problem_without_an_adopted_rollout_is_named(made: EvalLog) -> None:
    first, second = made.samples or []
    first.store["RolloutPool:adopted"] = None
    said, rows = written(made)
    assert [row["instance_id"] for row in rows] == [second.id]
    assert said[0] == f"{first.id}: has no adopted rollout and is left out"


def test_one_epoch_is_written(made: EvalLog) -> None:
    first, second = made.samples or []
    second.epoch = 2
    assert [row["instance_id"] for row in written(made)[1]] == [first.id]
    assert [row["instance_id"] for row in written(made, epoch=2)[1]] == [second.id]
    with pytest.raises(UserError, match="contains no patch of epoch 3"):
        written(made, epoch=3)


def test_all_rollouts_have_a_file_each(made: EvalLog, tmp_path: Path) -> None:
    (made.samples or [])[0].store["RolloutPool:adopted"] = None
    write_eval_log(made, made.location)
    said = write_predictions(made.location, tmp_path / "all", all_rollouts=True, model_name="m")
    ids = sorted(each["id"] for each in rollouts(made))
    assert [line.rpartition("/")[2] for line in said] == [f"{i}.jsonl: 2 predictions" for i in ids]
    for id in ids:
        rows = [json.loads(line) for line in (tmp_path / "all" / f"{id}.jsonl").open()]
        assert [row["model_name_or_path"] for row in rows] == [f"m {id}"] * 2


def test_where_it_cannot_write_it_says_so_first(made: EvalLog, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for output, all, why in (
        (None, True, "give a folder with -o"),
        (file, True, "is a file; with --all-rollouts, give a folder"),
        (tmp_path, False, "is a folder; give a file, or --all-rollouts as well"),
    ):
        with pytest.raises(UserError, match=why):
            write_predictions("no such log", output, all)
    with pytest.raises(UserError, match=r"is a folder; give one of its \.eval files"):
        write_predictions(str(tmp_path))
    write_eval_log(made, made.location)
    found = CliRunner().invoke(main, ["predictions", made.location])
    assert found.exit_code == 0, found.output
    assert len(found.stdout.splitlines()) == 2, "to the standard output"
