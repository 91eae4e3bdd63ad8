"""The bench runs and reports its ratios; their size is no matter of a test."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from overhead import table

BENCH = Path(__file__).parents[2] / "bench" / "overhead.py"
SMALL = ("--n", "2", "--turns", "2")


def bench(*options: str) -> str:
    command = [sys.executable, str(BENCH), *SMALL, *options]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


@pytest.mark.bench
def test_json_holds_a_ratio_with_its_aim_and_raw_values_for_each_measure() -> None:
    report: dict[str, Any] = json.loads(bench("--json"))
    assert report["given"] | {"n": 2, "turns": 2, "sandbox": "local"} == report["given"]
    rows = {(row["part"], row["what"]): row for row in report["rows"]}
    assert list(rows) == [
        ("a", "wall"),
        ("a", "processor"),
        ("a", "memory"),
        ("a", "log"),
        ("a", "unpacked log"),
        ("b", "critical path"),
    ]
    for row in rows.values():
        assert row["rtv"] > 0
        assert row["against"] > 0
        assert row["ratio"] == pytest.approx(row["rtv"] / row["against"])
        assert row["aim"] in (1.10, 1.15)
        assert row["unit"]
    detail = rows["b", "critical path"]["detail"]
    assert detail["critical seconds"] == pytest.approx(detail["slowest rollout"] + detail["votes"])
    assert detail["slowest rollout"] > 4 * 0.2  # three turns and a summary, 200 ms each
    assert detail["votes"] >= 0.2  # one round


def test_the_table_has_a_line_for_each_measure() -> None:
    row = {"what": "wall", "unit": "ms", "ratio": 1.5, "aim": 1.15, "rtv": 3.0, "against": 2.0}
    head, *lines = table({"rows": [row | {"part": "a"}, row | {"part": "b"}]}).splitlines()
    assert head.split() == ["ratio", "aim", "rtv", "against"]
    assert [line.split() for line in lines] == [
        [f"({part})", "wall", "1.50", "1.15", "3.00", "2.00", "ms"] for part in "ab"
    ]
