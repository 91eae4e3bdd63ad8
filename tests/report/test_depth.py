"""JSON that is nested deeper than any log is refused before it takes memory."""

import json
from pathlib import Path
from random import Random
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from click.testing import CliRunner
from test_report import SMALL, numbers, small, write

from inspect_tts.cli import main
from inspect_tts.report.depth import DEEPEST, check_depth
from inspect_tts.report.samples import check_log

SIZES = (1, 7, 1000, 10**6)
DEEPER = DEEPEST + 40
TEXTS = ('a"b\\', '\\"', "[[[{", '\\\\"]}', 'é\n"', '"', "\\", "}]" * 20, "")


def follow(data: bytes, size: int) -> None:
    check_depth(data[start : start + size] for start in range(0, len(data), size))


def something(random: Random, depth: int) -> Any:
    kind = random.random()
    if depth == 0 or kind < 0.4:
        return random.choice([*TEXTS, 3, None])
    values = [something(random, depth - 1) for _ in range(random.randint(0, 4))]
    return values if kind < 0.7 else {random.choice(TEXTS): value for value in values}


@pytest.mark.parametrize("size", SIZES)
def test_texts_and_escapes_do_not_count(size: int) -> None:
    random = Random(size)
    for _ in range(20):
        data = json.dumps([something(random, 6) for _ in range(20)]).encode()
        follow(b"[" * (DEEPEST - 10) + data, size)
        with pytest.raises(ValueError, match="nested deeper than 1,000 levels"):
            follow(data[:-1] + b"," + b"[" * DEEPER, size)


DEEP = {
    "lists": b"[" * DEEPER + b"]" * DEEPER,
    "objects": b'{"a":' * DEEPER,
    "hidden by closing brackets in texts": b'["]",' * DEEPER,
    "hidden behind an escaped quote": b'["]\\"]",' * DEEPER,
    "hidden behind an escaped backslash": b'{"]\\\\":[' * DEEPER,
    "between texts": b'["a\\"b","\\\\",' * DEEPER,
    "after much that is flat": b"[" + b"{}," * 10_000 + b"[" * DEEPER,
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("data", DEEP.values(), ids=DEEP)
def test_what_is_too_deep_is_found(data: bytes, size: int) -> None:
    with pytest.raises(ValueError, match="nested deeper than 1,000 levels"):
        follow(data, size)


def deepened(path: Path, levels: int, sample: str = "problem-003") -> None:
    with ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with ZipFile(path, "w", ZIP_DEFLATED) as new:
        for name, data in parts.items():
            if sample in name:
                data = data.rstrip()[:-1] + b',"zzz":' + b"[" * levels + b"]" * levels + b"}"
            new.writestr(name, data)


def test_a_sample_that_is_nested_too_deep_is_named(tmp_path: Path) -> None:
    path = write(small(), tmp_path)
    deepened(path, 100_000)
    [run] = numbers(tmp_path)["runs"]
    assert run["samples"] == SMALL.problems - 1
    assert run["notes"] == [
        "problem-003: its record could not be read: ValueError: it is nested deeper than 1,000 "
        "levels"
    ]
    found = CliRunner().invoke(main, ["predictions", str(path)])
    assert found.exit_code == 0
    assert len(found.stdout.splitlines()) == SMALL.problems - 1
    assert "problem-003/1 is malformed and left out: ValueError: it is nested" in found.stderr
    found = CliRunner().invoke(main, ["select", str(path), "--dry-run"])
    assert found.exit_code == 0
    assert "#problem-003/1: ValueError: it is nested deeper" in found.output


def test_depth_that_programs_write_is_read(tmp_path: Path) -> None:
    path = write(small(), tmp_path)
    deepened(path, 250)
    [run] = numbers(tmp_path)["runs"]
    assert run["samples"] == SMALL.problems


def test_a_json_log_that_is_nested_too_deep_is_named(tmp_path: Path) -> None:
    path = tmp_path / "2026-01-01T00-00-00_deep.json"
    levels = 100_000
    path.write_text(
        '{"results":' + "[" * levels + "]" * levels + ',"version":2,"status":"success","eval":{}}'
    )
    with pytest.raises(ValueError, match="nested deeper"):
        check_log(str(path))
    found = CliRunner().invoke(main, ["select", str(path), "--dry-run"])
    assert found.exit_code == 1
    assert "nested deeper than 1,000 levels" in found.output
