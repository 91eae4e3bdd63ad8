"""Logs that are not on this machine: an S3 that is."""

import json
import sys
from pathlib import Path

import fsspec
import pytest
from click.testing import CliRunner
from inspect_ai.log import write_eval_log

from inspect_tts import problems_df
from inspect_tts.cli import main

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from made_logs import Made, made_log

pytestmark = pytest.mark.interop


def test_a_report_of_remote_logs_is_that_of_local_ones(bucket: str, tmp_path: Path) -> None:
    log = tmp_path / "2026-01-01T00-00-00_made.eval"
    write_eval_log(made_log(Made(problems=6, n=4)), str(log))
    fsspec.filesystem("s3").put(str(log), f"{bucket}/logs/{log.name}")
    local, remote = (
        CliRunner().invoke(main, ["report", path, "--json"], catch_exceptions=False)
        for path in (str(tmp_path), f"{bucket}/logs")
    )
    assert json.loads(remote.stdout) == json.loads(local.stdout)
    frame = problems_df(f"{bucket}/logs")
    assert len(frame) == 6
