"""The bench of reports runs, on a small scale."""

from pathlib import Path

import pytest
from commands import run_command


@pytest.mark.bench
def test_it_measures_the_command(tmp_path: Path) -> None:
    bench = Path(__file__).parents[2] / "bench" / "report.py"
    arguments = ["--problems", "4", "--n", "2", "--logs", "2", "--events", "3"]
    found = run_command(bench, *arguments, "--keep", tmp_path)
    assert found.returncode == 0, found.stderr
    values = {name: float(value) for name, value in map(str.split, found.stdout.splitlines())}
    assert set(values) == {"seconds", "peak_mib", "page_mb", "log_mb"}
    assert 4 < values["page_mb"] < 25
    assert values["peak_mib"] > 50
