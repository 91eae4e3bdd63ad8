"""A shard set from its files: where it is, what state its shards are in, and what is missing."""

import json
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalError,
    EvalLog,
    EvalResults,
    EvalSpec,
    write_eval_log,
)
from test_plan import IDS, plan

from inspect_tts import UserError
from inspect_tts.shards.plan import deal
from inspect_tts.shards.printed import kubernetes, slurm
from inspect_tts.shards.reading import is_set, missing_note, missing_notes, missing_of, set_of
from inspect_tts.shards.sets import ShardSet, ShardState, same_in_all, shard_state
from inspect_tts.shards.worker import ended_well, next_command, run_shard


def header(status: Any = "success", completed: int = 2, **given: Any) -> EvalLog:
    """The header of a shard's log with two problems."""
    spec = EvalSpec(
        created="2026-01-01T00:00:00+00:00",
        task="made",
        model="mockllm/model",
        dataset=EvalDataset(sample_ids=list(IDS[:2])),
        config=EvalConfig(epochs=1),
        **given,
    )
    ended = status == "success"
    return EvalLog(
        status=status,
        eval=spec,
        results=EvalResults(total_samples=2, completed_samples=completed) if ended else None,
        error=EvalError(message="first\nlast", traceback="", traceback_ansi="")
        if status == "error"
        else None,
    )


@pytest.mark.parametrize(
    ("state", "finished", "text"),
    [
        (ShardState(), False, "has no log"),
        (ShardState(logs=("x",), unreadable="why"), False, "has no log that can be read: why"),
        (ShardState("x", header()), True, "is finished"),
        (ShardState("x", header(completed=1)), False, "ended with errors in some problems"),
        (ShardState("x", header("started")), False, "is under way"),
        (ShardState("x", header("cancelled")), False, "has status cancelled"),
        (ShardState("x", header("error")), False, "has status error: last"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_the_state_of_a_shard(state: ShardState, finished: bool, text: str) -> None:
    assert (state.finished, state.text) == (finished, text)


def test_results_of_a_run_that_did_not_succeed_do_not_finish_it() -> None:
    cut = header().model_copy(update={"status": "cancelled"})
    assert not ShardState("x", cut).finished


def test_the_newest_log_that_can_be_read_counts(tmp_path: Path) -> None:
    logs = [str(tmp_path / f"{number}.eval") for number in range(3)]
    for log, status in zip(logs, ("error", "success"), strict=False):
        write_eval_log(header(status), log)
    Path(logs[2]).write_text("torn", encoding="utf-8")
    state = shard_state(logs)
    assert (state.log, state.finished, state.logs) == (logs[1], True, tuple(logs))
    assert state.unreadable
    assert shard_state(logs[2:]).text.startswith("has no log that can be read: ")


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("task arguments", {"task_args_passed": {"n": 1}}),
        ("solver", {"solver": "rtv"}),
        ("solver arguments", {"solver_args_passed": {"n": 1}}),
    ],
)
def test_what_differs_between_logs_of_two_runs(name: str, given: dict[str, Any]) -> None:
    one, other = same_in_all(header()), same_in_all(header(**given))
    assert {key for key in one if one[key] != other[key]} == {name}


def test_task_model_and_epochs_are_those_of_the_whole_set() -> None:
    told = same_in_all(header())
    assert (told["task"], told["model"], told["epochs"]) == ("made", "mockllm/model", 1)


@pytest.mark.parametrize("place", ["logs/x", "logs/.shards", "x.shards.zip", ".shards"])
def test_what_is_no_shard_set_is_refused(place: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a shard set"):
        ShardSet(f"{tmp_path}/{place}")


def test_the_place_of_a_set_is_absolute_however_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in ("a.shards", "a.shards/", "~/a.shards", f"file://{tmp_path}/a.shards"):
        found = ShardSet(given)
        assert (found.place, found.name) == (f"{tmp_path}/a.shards", "a.shards")
        assert found.saved == f"{tmp_path}/a.plan/saved"


def begun(folder: Path, **given: Any) -> ShardSet:
    """A set with a plan that was written elsewhere."""
    made = plan().model_copy(update=given)
    found = ShardSet(f"{folder}/{Path(made.set).name}")
    found.write("plan.json", made.model_dump_json())
    return found


def test_a_set_that_was_moved_is_where_it_is_now(tmp_path: Path) -> None:
    found = begun(tmp_path)
    assert found.plan().set == found.place
    assert found.plan().command(found.plan().shards[0])[-4:] == (
        "--log-dir",
        f"{found.place}/0",
        "--log-format",
        "eval",
    )


@pytest.mark.parametrize("own", [True, False])
def test_saved_results_are_removed_unless_the_user_chose_their_place(
    own: bool, tmp_path: Path
) -> None:
    found = begun(tmp_path)
    saved = Path(found.saved) / "votes" / "x"
    saved.parent.mkdir(parents=True)
    saved.touch()
    place = found.saved if own else str(tmp_path / "mine")
    found.clear(plan(arguments=("task.py", "-S", f"resume={place}")))
    assert saved.exists() == (not own)


def test_a_shard_begins_anew_if_none_of_its_logs_can_be_read(tmp_path: Path) -> None:
    found, made = ShardSet("/logs/x.shards"), plan()
    unread = ShardState(logs=("a.eval",), unreadable="torn")
    assert next_command(found, made, made.shards[1], unread) == made.command(made.shards[1])
    read = ShardState("b.eval", header("error"), ("a.eval", "b.eval"))
    again = next_command(found, made, made.shards[1], read)
    assert again == ("eval-retry", "b.eval", "--log-dir", "/logs/x.shards/1")


@pytest.mark.parametrize(
    ("status", "well", "said"),
    [
        ("success", True, ""),
        ("started", False, "shard 0 could not finish its log; is the disk full?"),
        ("error", False, "shard 0 has status error: last"),
    ],
)
def test_how_a_shard_ended_is_told(
    status: str, well: bool, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = begun(tmp_path)
    write_eval_log(header(status, completed=1), f"{found.place}/0/2026-01-01T00-00-00_made_x.eval")
    assert ended_well(found, plan().shards[0], []) == well
    assert capsys.readouterr().err.strip() == said


@pytest.mark.parametrize("number", ["3", "-1", "00", "x"])
def test_a_shard_that_the_plan_does_not_have_is_refused(number: str, tmp_path: Path) -> None:
    found = begun(tmp_path)
    with pytest.raises(UserError, match="the plan has the shards 0 to 2"):
        run_shard(f"{found.place}/{number}")


# --- what is missing


def test_a_set_is_known_by_the_end_of_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "x.shards"
    assert not is_set(str(folder))
    folder.mkdir()
    assert is_set(str(folder))
    assert is_set(f"{folder}/")
    assert is_set("s3://bucket/x.shards")
    assert not is_set(str(tmp_path))
    assert set_of(f"{folder}/0/a.eval") == str(folder)
    assert set_of(f"{tmp_path}/a.eval") is None


@pytest.mark.parametrize("epochs", [1, 3])
def test_a_problem_is_there_if_all_its_epochs_are(epochs: int, tmp_path: Path) -> None:
    numbers = list(range(4))
    found = begun(tmp_path, shards=deal(numbers, {}, 2, 0))
    samples = [(number, epoch + 1) for number in numbers for epoch in range(epochs)]
    log = f"{found.place}/0/x.eval"
    assert missing_notes([(log, epochs, samples)]) == []
    [note] = missing_notes([(log, epochs, samples[1:])])
    assert "3 of 4 problems are finished; missing: 1 of shard" in note
    assert missing_note(found.plan(), {"0", "1", "2", "3"}) == ""


def test_of_a_set_without_a_plan_nothing_is_missing(tmp_path: Path) -> None:
    assert missing_of(f"{tmp_path}/x.shards", set()) == []


# --- jobs for other schedulers


def test_jobs_run_where_the_plan_was_made_and_go_on_after_a_failure() -> None:
    made = plan(task="my tasks/a b.py@made")
    spec = json.loads(kubernetes(made))["spec"]
    inside = spec["template"]["spec"]
    [container] = inside["containers"]
    assert container["workingDir"] == made.folder
    assert container["command"][2] == (
        f"exec inspect-tts shard --run {made.set}/$JOB_COMPLETION_INDEX"
    )
    assert spec["backoffLimitPerIndex"] > 0
    assert inside["restartPolicy"] == "Never", "an indexed Job with its own limit needs it"
    assert inside["terminationGracePeriodSeconds"] >= 60
    lines = slurm(made).splitlines()
    assert lines[:2] == ["#!/bin/bash", "#SBATCH --job-name=a_b.py@made"]
    for option in ("--requeue", "--open-mode=append", "--signal=B:TERM@120"):
        assert f"#SBATCH {option}" in lines
    assert lines[-1] == f"exec inspect-tts shard --run {made.set}/$SLURM_ARRAY_TASK_ID"


def test_costs_of_problems_that_are_not_in_the_run_do_not_count() -> None:
    dealt = deal(["a", "b"], {"a": 10.0, "z": 1000.0}, 2, 0)
    assert sorted(shard.cost for shard in dealt) == [10.0, 10.0]
