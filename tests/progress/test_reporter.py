"""When progress is reported, and the file that other processes read."""

import logging
import os
from pathlib import Path
from socket import gethostname
from time import sleep

import fsspec
import pytest
from test_state import begun, outcome

from inspect_tts import UserError
from inspect_tts.progress.reporter import FILE, FILE_EVERY, SWITCH, Reporter, line_every
from inspect_tts.progress.state import RunState


@pytest.mark.parametrize(
    ("given", "seconds"), [(None, 30.0), ("0", 0.0), ("0.05", 0.05), ("86399", 86_399.0)]
)
def test_the_seconds_between_two_lines(
    given: str | None, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SWITCH, raising=False)
    if given is not None:
        monkeypatch.setenv(SWITCH, given)
    assert line_every() == seconds


@pytest.mark.parametrize("given", ["", "often", "-1", "86400", "inf", "nan"])
def test_what_is_no_number_of_seconds_is_refused(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, given)
    with pytest.raises(UserError, match=f"{SWITCH}='{given}' .* to 0 for none, or unset it"):
        line_every()


def test_the_file_holds_the_last_state_unless_the_run_ended_well(tmp_path: Path) -> None:
    folder = tmp_path / "logs" / ".inspect_tts" / "task"
    run = begun(problems=1)
    reporter = Reporter(run, str(folder), 0)
    while not (folder / FILE).exists():  # its thread writes the first state
        sleep(0.01)
    problem = run.problem("p/1")
    problem.begin("rollouts", "iteration 0", 2)
    problem.start("t0-n00")
    problem.end("t0-n00", outcome())
    reporter.stop("cancelled")
    assert [path.name for path in folder.iterdir()] == [FILE], "nothing unfinished beside it"
    state = RunState.model_validate_json((folder / FILE).read_text())
    assert state.totals("rollouts").done == 1
    assert (state.host, state.process) == (gethostname(), os.getpid())
    Reporter(run, str(folder), 0).stop("success")
    assert not folder.parent.exists()
    assert folder.parent.parent.exists(), "that of the logs"


def test_what_others_keep_beside_the_file_stays(tmp_path: Path) -> None:
    folder = tmp_path / ".inspect_tts" / "task"
    (folder.parent / "another").mkdir(parents=True)
    Reporter(begun(), str(folder), 0).stop("success")
    assert [path.name for path in folder.parent.iterdir()] == ["another"]
    folder.mkdir()
    (folder / "saved.json").touch()
    Reporter(begun(), str(folder), 0).stop("success")
    assert [path.name for path in folder.iterdir()] == ["saved.json"]


def test_a_file_that_cannot_be_written_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "occupied").touch()
    with caplog.at_level(logging.WARNING):
        reporter = Reporter(begun(), str(tmp_path / "occupied" / "task"), 0)
        reporter.stop("error")
        reporter.write()
    [told] = [each.getMessage() for each in caplog.records]
    assert told.startswith("the progress of the eval cannot be written: ")


def test_a_remote_file_is_written_less_often(tmp_path: Path) -> None:
    remote = Reporter(begun(), f"memory:/{tmp_path}/task", 0)
    local = Reporter(begun(), str(tmp_path / "task"), 0)
    remote.stop("error")
    local.stop("success")
    assert (local._file_every, remote._file_every) == (FILE_EVERY, 10 * FILE_EVERY)
    assert fsspec.filesystem("memory").exists(f"{tmp_path}/task/{FILE}")
