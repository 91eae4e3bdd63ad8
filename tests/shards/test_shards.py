"""A run in shards is the run in one process."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import read_eval_log, write_eval_log
from shard_folders import OPTIONS, Folder, decisions, logs_below

from inspect_tts import problems_df
from inspect_tts._inspect.command import shard_folders
from inspect_tts.recorded.tasks import replayed_samples
from inspect_tts.resume.lease import LeaseFiles, Term, take_lease
from inspect_tts.shards.sets import ShardSet
from inspect_tts.shards.worker import ended_well


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The run in one process."""
    folder = Folder(tmp_path_factory.mktemp("one"))
    done = folder.run("inspect", "eval", "task.py", *OPTIONS, "--log-dir", "logs")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The same run in three shards."""
    folder = Folder(tmp_path_factory.mktemp("whole"))
    how = ["--shards", "3", "--at-once", "2", "--max-connections", "8"]
    said = folder.shard("task.py", *OPTIONS, "--log-dir", "logs", *how)
    assert said.startswith("0\n"), said
    assert "all shards finished" in said
    return folder


@pytest.fixture
def copy(whole: Folder, tmp_path: Path) -> Folder:
    """A copy of the finished set, to be spoilt."""
    shutil.copytree(whole.path, tmp_path / "copy")
    folder = Folder(tmp_path / "copy")
    plan = folder.set.with_suffix(".plan") / "plan.json"
    plan.write_text(plan.read_text().replace(f'"{whole.path}"', f'"{folder.path}"'))
    return folder


def test_decisions_and_calls_are_those_of_one_process(one: Folder, whole: Folder) -> None:
    assert decisions(logs_below(whole.set)) == decisions(logs_below(one.path / "logs"))
    assert whole.made() == one.made()


def test_inspects_own_walk_finds_a_shard_set_and_nothing_foreign(whole: Folder) -> None:
    listed = whole.run("inspect", "ctl", "task", "list", "--log-dir", "logs", "--json")
    assert listed.returncode == 0, listed.stderr
    [row] = json.loads(listed.stdout)["tasks"]
    assert (row["current_attempt"], row["samples"]["total"]) == ("shards", 6)
    listed = whole.run("inspect", "ctl", "task", "list", "--log-dir", "logs", "--json", "--shards")
    assert len(json.loads(listed.stdout)["tasks"]) == 3
    attempts, stray = shard_folders(str(whole.set))
    assert ({name: len(logs) for name, logs in attempts.items()}, stray) == (
        {"0": 1, "1": 1, "2": 1},
        (),
    )
    inside = [p.name for k in whole.set.iterdir() for p in k.iterdir()]
    assert all(name.endswith(".eval") for name in inside), inside
    plan = ShardSet(str(whole.set)).plan()
    assert (plan.seed, plan.connections, len(plan.ids)) == (0, 4, 6)
    assert not (whole.path / "logs" / f"{whole.set.stem}.plan" / "saved").exists()


def _without_names(report: str) -> Any:
    """A report's numbers without names of files and times."""
    found = json.loads(report)
    for run in found["runs"]:
        run.pop("logs")
    return json.loads(
        json.dumps(found),
        object_hook=lambda d: {k: v for k, v in d.items() if "seconds" not in k},
    )


def test_a_report_has_the_numbers_of_one_process(one: Folder, whole: Folder) -> None:
    told = [
        folder.run("inspect-tts", "report", path, "--json", "--no-html").stdout
        for folder, path in ((one, one.path / "logs"), (whole, whole.set))
    ]
    assert _without_names(told[1]) == _without_names(told[0])
    frames = [problems_df(str(p)) for p in (one.path / "logs", whole.set)]
    same = ["id", "settings", "rollouts", "votes", "passes_0", "passes_1"]
    rows = [frame[same].sort_values("id").values.tolist() for frame in frames]
    assert rows[0] == rows[1]


def test_predictions_and_replay_take_a_set_as_one_run(one: Folder, whole: Folder) -> None:
    lines = {}
    for folder, place in ((one, next(one.path.glob("logs/*.eval"))), (whole, whole.set)):
        done = folder.run("inspect-tts", "predictions", place, "--model-name", "m")
        assert done.returncode == 0, done.stderr
        lines[folder] = sorted(done.stdout.splitlines())
        done = folder.run("inspect-tts", "replay", place, "--output", "out", "--log-dir", "again")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Model calls: 0 votes" in done.stdout
    assert lines[whole] == lines[one]
    assert len(lines[one]) == 6
    written = [(f.path / "out" / "predictions.jsonl").read_text() for f in (one, whole)]
    assert sorted(written[0].splitlines()) == sorted(written[1].splitlines())


def test_while_it_is_under_way_what_is_missing_is_named(copy: Folder) -> None:
    shutil.rmtree(copy.set / "1")
    left = ShardSet(str(copy.set)).plan().shards[1].ids
    commands: list[list[Any]] = [
        ["report", "logs", "--no-html"],
        ["predictions", copy.set],
        ["replay", copy.set, "--log-dir", "again"],
    ]
    for command in commands:
        done = copy.run("inspect-tts", *command)
        assert done.returncode == 0, done.stderr
        said = " ".join((done.stdout + done.stderr).split())
        missing = f"4 of 6 problems are finished; missing: 2 of shard 1 ({left[0]}, {left[1]})"
        assert missing in said, command


def test_a_replay_names_problems_of_which_an_epoch_is_missing(copy: Folder) -> None:
    for path in copy.set.glob("*/*.eval"):
        log = read_eval_log(str(path))
        log.eval.config.epochs = 2
        write_eval_log(log, str(path))
    [missing] = replayed_samples(str(copy.set)).missing
    assert "0 of 6 problems are finished" in missing
    assert replayed_samples(str(next(copy.set.glob("0/*.eval")))).missing == ()


def test_a_resume_runs_what_is_missing_and_pays_nothing_twice(copy: Folder, one: Folder) -> None:
    shutil.rmtree(copy.set / "1")
    kept = {path: path.stat().st_mtime_ns for path in copy.set.glob("*/*.eval")}
    before = copy.made()
    said = copy.shard("--resume", copy.set)
    assert said.startswith("0\n"), said
    assert "2 of 3 shards are finished" in said
    assert "shard 1 completed" in said
    assert "shard 0 starts" not in said
    assert kept.items() <= {p: p.stat().st_mtime_ns for p in copy.set.glob("*/*.eval")}.items()
    assert decisions(logs_below(copy.set)) == decisions(logs_below(one.path / "logs"))
    again = copy.made() - before
    assert 0 < again.total() <= one.made().total() / 3


def test_a_shard_runs_its_problems_whatever_its_machine_limits(
    copy: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(copy.set / "1")
    monkeypatch.setenv("INSPECT_EVAL_LIMIT", "1")
    assert copy.shard("--run", f"{copy.set}/1").startswith("0\n")
    [log] = logs_below(copy.set / "1")
    assert len(read_eval_log(log).samples or []) == 2


Spoil = Callable[[Folder], None]


def _stray(folder: Folder) -> None:
    shutil.copy(next(folder.set.glob("0/*.eval")), folder.set)


def _foreign(folder: Folder) -> None:
    shutil.copy(next(folder.set.glob("0/*.eval")), folder.set / "1" / "2999-01-01T00-00-00_x.eval")


def _gone(folder: Folder) -> None:
    source = (folder.path / "task.py").read_text()
    (folder.path / "task.py").write_text(source.replace('f"p{number}"', 'f"q{number}"'))


def _no_plan(folder: Folder) -> None:
    (folder.set.with_suffix(".plan") / "plan.json").unlink()


def _other_plan(folder: Folder) -> None:
    file = folder.set.with_suffix(".plan") / "plan.json"
    file.write_text(file.read_text().replace(folder.set.name, "2026-01-01T00-00-00_other.shards"))


def _more(folder: Folder) -> None:
    shutil.copytree(folder.set / "0", folder.set / "7")


def _other_scorers(folder: Folder) -> None:
    file = str(next(folder.set.glob("1/*.eval")))
    log = read_eval_log(file)
    log.eval.scorers = []
    write_eval_log(log, file)


def _nothing(folder: Folder) -> None:
    pass


@pytest.mark.parametrize(
    ("spoil", "options", "words"),
    [
        (_stray, (), "does not belong there"),
        (_foreign, (), "is a log of another plan: it has the problem 'p"),
        (_gone, (), "6 problems of the plan no longer exist in task.py: p0, p1, p2, p3, p4 ..."),
        (_no_plan, (), "has no plan"),
        (_other_plan, (), "is of another shard set"),
        (_other_scorers, (), "is a log of another run: scorers is [],"),
        (_more, (), "/7 is not a shard of this plan, which has shards 0 to 2"),
        (_nothing, ("--solver", "rtv"), "--solver is 'pdr_rtv' in the plan, but 'rtv' was given"),
        (_nothing, ("--executor", "ray", "--address", "127.0.0.1:1"), "Ray cannot be reached at"),
        (_nothing, ("--ray-resources", "x"), "is not a JSON object of numbers"),
    ],
)
def test_a_resume_that_cannot_go_on_says_why_and_changes_nothing(
    spoil: Spoil, options: tuple[str, ...], words: str, copy: Folder
) -> None:
    if "ray" in options:
        pytest.importorskip("ray")
    place = copy.set
    spoil(copy)
    before = {p: p.read_bytes() for p in place.rglob("*") if p.is_file()}
    said = copy.shard("--resume", place, *options)
    assert said.startswith("1\n"), said
    assert words in " ".join(said.split())
    assert {p: p.read_bytes() for p in place.rglob("*") if p.is_file()} == before


def test_a_second_launcher_is_refused_and_names_the_first(copy: Folder) -> None:
    lease = take_lease(ShardSet(str(copy.set)).lease("launcher"), patience=2)
    try:
        said = copy.shard("--resume", copy.set)
        assert said.startswith("1\n"), said
        assert "is being run by another launcher" in said
    finally:
        lease.release()


def test_a_shard_that_another_machine_runs_is_waited_for(copy: Folder) -> None:
    files = LeaseFiles(ShardSet(str(copy.set)).lease(2))
    number, _ = files.last()
    assert files.create(number + 1, Term(holder="x other-host (process 1)", patience=1))
    said = copy.shard("--run", f"{copy.set}/2")
    assert said.startswith("0\n"), said
    assert "shard 2 is finished" in said
    assert files.last()[0] == number + 2, "it stood still, and was replaced"


def test_a_log_from_a_clock_that_is_ahead_hides_no_finished_one(copy: Folder) -> None:
    found = ShardSet(str(copy.set))
    shard = found.plan().shards[0]
    [log] = copy.set.glob("0/*.eval")
    ahead = log.with_name("2999-01-01T00-00-00_sharded_x.eval")
    shutil.copy(log, ahead)
    assert ended_well(found, shard, [str(ahead)])
    assert list(copy.set.glob("0/*.eval")) == [log]
    assert (Path(found.beside) / "superseded" / "0" / ahead.name).exists()


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("--shards 9 is not possible with 6 problems: give 1 to 6", ["--shards", "9"]),
        ("give --shards N and a task", []),
        ("--max-connections 2 is the total of 3 shards", ["--shards=3", "--max-connections=2"]),
        ("names several models", ["--shards", "2", "--model", "a/b,c/d"]),
        ("--sample-shuffle is not possible", ["--shards", "2", "--sample-shuffle"]),
        ("--log-format json is not possible", ["--shards", "2", "--log-format", "json"]),
        ("No such option", ["--shards", "2", "--no-such-thing"]),
        ("n=0 is too small; give n >= 1", ["--shards", "2", "-S", "n=0"]),
        (
            "--pilot nowhere contains no usage of any problem",
            ["--shards", "2", "--pilot", "nowhere"],
        ),
    ],
)
def test_a_set_that_cannot_begin_says_why_and_writes_nothing(
    words: str, options: list[str], one: Folder
) -> None:
    said = one.shard("task.py", *OPTIONS, "--log-dir", "never", *options)
    assert not said.startswith("0\n"), said
    assert words.lower() in " ".join(said.lower().split())
    assert not (one.path / "never").exists()


def test_a_task_file_that_is_not_there_is_named(one: Folder) -> None:
    said = one.shard("nowhere.py", *OPTIONS, "--log-dir", "never", "--shards", "2")
    assert said.startswith("1\n"), said
    assert "there is no file nowhere.py" in " ".join(said.split())


def test_merging_says_what_the_installed_inspect_lacks(copy: Folder) -> None:
    said = copy.shard("--merge", copy.set)
    assert said.startswith("1\n")
    assert "upgrade inspect-ai" in said
