"""Logs that were cut off are told in few words."""

import shutil
from pathlib import Path

import pytest
from inspect_ai.log import write_eval_log
from test_report import numbers, report, small, write


@pytest.mark.parametrize("form", ["eval", "json"])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_a_log_that_was_cut_off_is_said_to_be_so(form: str, share: float, tmp_path: Path) -> None:
    path = tmp_path / f"2026-01-01T00-00-00_cut.{form}"
    write_eval_log(small(), str(path))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    for given in (tmp_path, path):
        found = report(given)
        assert found.output == f"Error: {path}: the file is cut off\n"
    write(small(), tmp_path)
    assert numbers(tmp_path)["notes"] == [f"{path.name}: the file is cut off"]


def test_many_bad_logs_are_told_in_few_lines(tmp_path: Path) -> None:
    path = write(small(), tmp_path)
    for number in range(50):
        copy = tmp_path / f"2026-01-01T00-00-00_bad{number:02d}.eval"
        shutil.copy(path, copy)
        copy.write_bytes(copy.read_bytes()[:1000])
    found = report(tmp_path, "--no-html")
    assert found.stdout.count(": the file is cut off") == 20
    assert "warning: and 30 more like these" in found.stdout
