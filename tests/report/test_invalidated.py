"""Samples that a person marked as invalid count in no report, dataframe, prediction or replay."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from inspect_ai.log import (
    EvalError,
    EvalLog,
    ProvenanceData,
    invalidate_samples,
    read_eval_log,
    write_eval_log,
)

from inspect_tts import problems_df
from inspect_tts.cli import main

LOG = Path(__file__).parents[1] / "data" / "rtv.eval"


def command(*words: object) -> Result:
    found = CliRunner().invoke(main, [*map(str, words)], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found


@pytest.fixture
def log(tmp_path: Path) -> EvalLog:
    """A log of two problems, of which the second is invalidated, beside a copy from before."""
    whole = read_eval_log(str(LOG))
    bad = [sample.uuid for sample in (whole.samples or [])[1:] if sample.uuid]
    given = invalidate_samples(whole, bad, ProvenanceData(author="me", reason="wrong image"))
    given.location = str(tmp_path / "logs" / "2026-01-01T00-00-00_rtv.eval")
    (tmp_path / "logs").mkdir()
    write_eval_log(given, given.location)
    return given


@pytest.mark.parametrize("copied", [False, True], ids=["alone", "beside a copy from before"])
def test_a_report_is_without_it_and_says_so(copied: bool, log: EvalLog) -> None:
    folder = Path(log.location).parent
    if copied:
        shutil.copy(LOG, folder / "copy.eval")
    [run] = json.loads(command("report", folder, "--json", "--no-html").stdout)["runs"]
    assert run["samples"] == 1
    said = command("report", folder, "--no-html").output
    assert "1 sample is invalidated and left out" in " ".join(said.split())


def test_one_that_had_failed_is_no_failure_of_the_run(log: EvalLog) -> None:
    bad = (log.samples or [])[1]
    bad.error = EvalError(message="broken", traceback="", traceback_ansi="")
    write_eval_log(log, log.location)
    [run] = json.loads(command("report", log.location, "--json", "--no-html").stdout)["runs"]
    assert "samples_failed" not in {each["kind"] for each in run["warnings"]}
    assert "broken" not in command("report", log.location, "--no-html").output


def test_dataframes_are_without_it(log: EvalLog) -> None:
    kept = [sample.id for sample in (log.samples or [])[:1]]
    assert list(problems_df(log)["id"]) == list(problems_df(log.location)["id"]) == kept


def test_predictions_and_replays_are_without_it(log: EvalLog) -> None:
    good, bad = [str(sample.id) for sample in log.samples or []]
    found = command("predictions", log.location)
    assert [json.loads(line)["instance_id"] for line in found.stdout.splitlines()] == [good]
    assert f"{bad}: is invalidated and left out" in found.stderr
    found = command("replay", log.location, "--dry-run")
    assert found.stdout.startswith("1 problems")
    assert f"#{bad}/1: it is invalidated" in found.stderr
