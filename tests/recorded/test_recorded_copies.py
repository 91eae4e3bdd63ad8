"""An attempt that stands in several files counts once, and another one beside it counts, too."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task, eval_retry, task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.log import (
    EvalError,
    ProvenanceData,
    invalidate_samples,
    read_eval_log,
    write_eval_log,
)
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, includes
from inspect_ai.solver import Generate, Solver, TaskState, solver
from recorded_files import PATCH, TEXT_BASED, attempts, mini, prediction, row, told, write
from scripted import echo, model

from inspect_tts.errors import UserError
from inspect_tts.recorded.problems import Collection, collect
from inspect_tts.recorded.readers import load

QUIET: dict[str, Any] = {"display": "none", "ctl_server": False}
OTHER = PATCH.replace("+c", "+d")


def names(collection: Collection) -> list[str]:
    return sorted(
        f"{Path(s.path).name}#{s.part}" if s.part else Path(s.path).name
        for problem in collection.problems
        for s in problem.sources
    )


def packed(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_bytes(gzip.compress(text.encode()))
    return path


def lines(*rows: Any) -> str:
    return "\n".join(map(json.dumps, rows))


TRAJ = mini(TEXT_BASED, config={"model": {"model_name": "m/x"}})
FILES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "two layouts": (
        {"preds.json": [prediction("p")], "all_preds.jsonl": lines(prediction("p"))},
        ["all_preds.jsonl#p"],
    ),
    "a graded copy without a problem": (
        {"preds.json": [prediction("p"), prediction("q")], "preds_eval.json": [prediction("q")]},
        ["preds.json#p", "preds.json#q"],
    ),
    "two runs that made one patch alike": (
        {
            "preds.json": [prediction("p"), prediction("q")],
            "preds_b.json": [prediction("p"), prediction("r")],
        },
        ["preds.json#p", "preds.json#q", "preds_b.json#p", "preds_b.json#r"],
    ),
    "runs that are numbered": (
        {"preds_1.json": [prediction("p")], "preds_2.json": [prediction("p")]},
        ["preds_1.json#p", "preds_2.json#p"],
    ),
    "another model": (
        {"preds.json": [prediction("p")], "preds_gpt.json": [prediction("p", "m/y")]},
        ["preds.json#p", "preds_gpt.json#p"],
    ),
    "another patch": (
        {"preds.json": [prediction("p")], "preds_new.json": [prediction("p", patch=OTHER)]},
        ["preds.json#p", "preds_new.json#p"],
    ),
    "a trajectory and what it predicted": (
        {"preds.json": [prediction("p")], "p/p.traj.json": TRAJ},
        ["p.traj.json"],
    ),
    "a trajectory and another model's prediction": (
        {"preds.json": [prediction("p", "m/y")], "p/p.traj.json": TRAJ},
        ["p.traj.json", "preds.json#p"],
    ),
    "a trajectory and another prediction": (
        {"preds.json": [prediction("p", patch=OTHER)], "p/p.traj.json": TRAJ},
        ["p.traj.json", "preds.json#p"],
    ),
    "a trajectory and a problem it does not have": (
        {"preds.json": [prediction("p"), prediction("q")], "p/p.traj.json": TRAJ},
        ["p.traj.json", "preds.json#q"],
    ),
    "a packed copy": ({"p.traj.json": TRAJ, "p.traj.json.gz": TRAJ}, ["p.traj.json"]),
    "packed predictions": (
        {"all_preds.jsonl.gz": lines(prediction("p"))},
        ["all_preds.jsonl.gz#p"],
    ),
    "a checkpoint": (
        {"p.traj.json": TRAJ, ".ipynb_checkpoints/p-checkpoint.traj.json": TRAJ},
        ["p.traj.json"],
    ),
    "two runs that read alike": (
        {"run1/p.traj.json": TRAJ, "run2/p.traj.json": TRAJ},
        ["p.traj.json", "p.traj.json"],
    ),
    "pools": (
        {
            "a.jsonl.gz": lines(row("p", 1, "1"), row("p", 1, "1")),
            "pool.jsonl.gz": lines(row("p", 1, "1")),
        },
        ["a.jsonl.gz#line 1", "a.jsonl.gz#line 2"],
    ),
}


@pytest.mark.parametrize(("files", "right"), FILES.values(), ids=FILES)
def test_each_attempt_counts_once(files: dict[str, Any], right: list[str], tmp_path: Path) -> None:
    for name, content in files.items():
        (packed if name.endswith(".gz") else write)(tmp_path / name, content)
    collection = collect([str(tmp_path)])
    assert collection.malformed == ()
    assert names(collection) == right
    assert bool(collection.left_out) == (
        len(right)
        < sum(
            len(c.splitlines()) if isinstance(c, str) else len(c) if isinstance(c, list) else 1
            for c in files.values()
        )
    )


def test_a_run_that_was_copied_elsewhere_is_known_by_its_providers_ids(tmp_path: Path) -> None:
    answer = {"role": "assistant", "content": "x", "extra": {"response": {"id": "chatcmpl-1"}}}
    for folder in ("run", "backup"):
        write(tmp_path / folder / "p.traj.json", mini([*TEXT_BASED, answer]))
    assert collect([str(tmp_path)]).attempts == 1


def test_a_file_given_twice_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "p.traj.json", TRAJ)
    (tmp_path / "link.traj.json").symlink_to(path)
    monkeypatch.chdir(tmp_path)
    assert collect([str(path), "p.traj.json", "."]).attempts == 1


@solver
def flaky(marker: str) -> Solver:
    """Fails the first time that it is run, which a folder marks."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if first_time(Path(marker)):
            raise RuntimeError("container went away")
        state.output = ModelOutput.from_content("mockllm/model", "Gone.")
        return state

    return solve


def first_time(marker: Path) -> bool:
    try:
        marker.mkdir()
    except FileExistsError:
        return False
    return True


@task
def go(marker: str) -> Task:
    samples = [Sample(id="a", input="Go."), Sample(id="b", input="Go.")]
    return Task(dataset=samples, solver=flaky(marker))


def test_a_failed_sample_and_its_rerun_are_one(tmp_path: Path) -> None:
    given: dict[str, Any] = {"log_dir": str(tmp_path), "fail_on_error": False, **QUIET}
    [log] = inspect_eval(
        go(str(tmp_path / "marker")), model="mockllm/model", epochs=2, max_samples=1, **given
    )
    assert sum(sample.error is not None for sample in log.samples or []) == 1
    eval_retry(log, **given)
    collection = collect([str(tmp_path)])
    assert collection.files == 2
    found = {p.name: [load(s).status for s in p.sources] for p in collection.problems}
    assert found == {"a": ["completed"] * 2, "b": ["completed"] * 2}


@pytest.mark.parametrize("format", ["eval", "json"])
def test_logs_are_read_in_folders_and_invalidated_samples_do_not_count(
    format: Any, tmp_path: Path
) -> None:
    tested = Task(name="t", dataset=[Sample(id="a", input="Go.")])
    given: dict[str, Any] = {"log_dir": str(tmp_path), "log_format": format, **QUIET}
    [log] = inspect_eval(tested, model=model(echo), epochs=3, **given)
    write(tmp_path / "notes.json", {"version": "no log"})
    assert collect([str(tmp_path)]).attempts == 3
    whole = read_eval_log(log.location)
    [bad] = [s.uuid for s in whole.samples or [] if s.epoch == 2 and s.uuid]
    write_eval_log(invalidate_samples(whole, [bad], ProvenanceData(author="me", reason="wrong")))
    collection = collect([str(tmp_path)])
    assert [s.part for s in collection.problems[0].sources] == ["a/1", "a/3"]
    assert collection.left_out == ((f"{log.location}#a/2", "invalidated: wrong"),)
    if format == "json":  # saved by a tool that sorts; Inspect does not read it
        saved = json.loads(Path(log.location).read_text("utf-8"))
        Path(log.location).write_text(json.dumps(saved, sort_keys=True), "utf-8")
        with pytest.raises(UserError, match="Unable to read log file"):
            collect([str(tmp_path)])


@pytest.mark.parametrize("format", ["eval", "json"])
def test_samples_that_an_interrupt_cancelled_do_not_count(format: Any, tmp_path: Path) -> None:
    tested = Task(name="t", dataset=[Sample(id="a", input="Go.")])
    given: dict[str, Any] = {"log_dir": str(tmp_path), "log_format": format, **QUIET}
    [log] = inspect_eval(tested, model=model(echo), epochs=3, **given)
    whole = read_eval_log(log.location)
    [last] = [sample for sample in whole.samples or [] if sample.epoch == 3]
    message = "CancelledError('Cancelled via cancel scope 7f')"
    last.error = EvalError(message=message, traceback="", traceback_ansi="")
    whole.status = "cancelled"
    write_eval_log(whole)
    collection = collect([str(tmp_path)])
    assert [s.part for s in collection.problems[0].sources] == ["a/1", "a/2"]
    [(_, told)] = collection.left_out
    assert told.endswith("its finished samples count (2), not those that were cancelled (1)")


@pytest.mark.parametrize("format", ["eval", "json"])
def test_a_sample_whose_score_is_infinite_counts_without_an_outcome(
    format: Any, tmp_path: Path
) -> None:
    tested = Task(name="t", dataset=[Sample(id="a", input="Go.")], scorer=includes())
    given: dict[str, Any] = {"log_dir": str(tmp_path / "run"), "log_format": format, **QUIET}
    [log] = inspect_eval(tested, model=model(echo), epochs=2, **given)
    whole = read_eval_log(log.location)
    [last] = [sample for sample in whole.samples or [] if sample.epoch == 2]
    last.scores = {"loss": Score(value=float("inf")), "includes": Score(value=1)}
    folder = tmp_path / "changed"
    write_eval_log(whole, str(folder / f"log.{format}"))
    assert [scores for _, scores, _ in attempts(folder)["a"]] == [{"includes": "C"}, None]
    damaged = "1 damaged, counted with what can be read:"
    assert damaged in told(folder)
    assert f"log.{format}#a/2: scores.loss is out of range" in told(folder)
    with pytest.raises(UserError, match=damaged):
        collect([str(folder)], strict=True)


def test_two_runs_are_not_both_the_copy_of_a_third(tmp_path: Path) -> None:
    for name in ("base", "seed1", "seed2"):
        write(tmp_path / f"preds-{name}.json", [prediction("p", patch="")])
    found = collect([str(tmp_path)])
    assert found.attempts == 2
    assert [why for _, why in found.left_out] == ["a copy of preds-base.json"]
