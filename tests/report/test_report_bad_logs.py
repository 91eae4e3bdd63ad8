"""What is wrong with one log or sample never stops a report: it is named, the others are read."""

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from inspect_ai.log import EvalLog, write_eval_log
from inspect_ai.scorer import Score
from test_report import SMALL, numbers, report, samples, small, write

from inspect_tts.report.samples import check_log

NUMBER = "9" * 5000


def repacked(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    """Change the files in a log."""
    with ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with ZipFile(path, "w", ZIP_DEFLATED) as new:
        for name, data in parts.items():
            new.writestr(name, change(name, data))


def in_part(start: str, old: str, new: str) -> Callable[[Path], None]:
    """Replace a text in the files of a log whose names begin so."""

    def change(path: Path) -> None:
        def changed(name: str, data: bytes) -> bytes:
            assert not name.startswith(start) or old.encode() in data
            return data.replace(old.encode(), new.encode()) if name.startswith(start) else data

        repacked(path, changed)

    return change


WHOLE: dict[str, Callable[[Path], object]] = {
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:3000]),
    "empty": lambda path: path.write_bytes(b""),
    "no zip": lambda path: path.write_bytes(b"no zip"),
    "a header that is no JSON": in_part("header.json", "{", "["),
    "a header of another program": in_part("header.json", '"eval"', '"evaluation"'),
    "a header with a number of 5,000 digits": in_part("header.json", '"n":4', f'"n":{NUMBER}'),
}


@pytest.mark.parametrize("break_it", WHOLE.values(), ids=WHOLE)
def test_a_log_that_is_malformed_is_named(
    break_it: Callable[[Path], object], tmp_path: Path
) -> None:
    bad = write(small(), tmp_path, "bad")
    later = small()
    later.eval.created = "2027-01-01T00:00:00+00:00"
    write(later, tmp_path, "good")
    break_it(bad)
    found = numbers(tmp_path)
    [note] = found["notes"]
    cut_off = f"{bad.name}: the file is cut off"
    assert note.startswith(f"{bad.name} could not be read, it is malformed: ") or note == cut_off
    assert len(note) < 500
    assert sum(run["samples"] for run in found["runs"]) == SMALL.problems
    shown = report(tmp_path, "--no-html").stdout
    assert shown.index("warning: 2026-01-01T00-00-00_bad.eval") < shown.index("Main table")


@pytest.mark.parametrize(
    "make",
    [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")],
    ids=["a pipe", "a folder", "a device"],
)
@pytest.mark.parametrize("form", ["eval", "json"])
def test_a_log_that_is_no_file_is_named(
    form: str, make: Callable[[Path], object], tmp_path: Path
) -> None:
    write(small(), tmp_path)
    bad = tmp_path / f"2026-01-01T00-00-00_bad.{form}"
    make(bad)
    with pytest.raises(ValueError, match="not a regular file"):
        check_log(str(bad))
    [run] = numbers(tmp_path)["runs"]
    assert run["samples"] == SMALL.problems


def of_first(change: Callable[[dict[str, Any]], object]) -> Callable[[EvalLog], None]:
    """Change the first rollout of the first sample."""

    def changed(log: EvalLog) -> None:
        change(samples(log)[0].store["RolloutPool:rollouts"][0])

    return changed


RECORDS: dict[str, Callable[[EvalLog], None]] = {
    "an unknown field": of_first(lambda rollout: rollout.update(of_the_future=1)),
    "a field that is missing": of_first(lambda rollout: rollout.pop("status")),
    "tokens beyond any number": of_first(
        lambda rollout: rollout.update(usage={"total_tokens": 10**400})
    ),
    "endless seconds": of_first(lambda rollout: rollout.update(seconds=float("inf"))),
    "seconds that are no number": of_first(lambda rollout: rollout.update(seconds=float("nan"))),
    "a list for a record": lambda log: samples(log)[0].store.update(
        {"RolloutPool:rollouts": [[1]]}
    ),
    "a winner that nobody knows": lambda log: samples(log)[0].store.update(
        {"RolloutPool:selections": [{"id": 1}]}
    ),
}


@pytest.mark.parametrize("form", ["eval", "json"])
@pytest.mark.parametrize("break_it", RECORDS.values(), ids=RECORDS)
def test_a_sample_that_is_malformed_is_named(
    break_it: Callable[[EvalLog], None], form: str, tmp_path: Path
) -> None:
    log = small()
    break_it(log)
    write_eval_log(log, str(tmp_path / f"2026-01-01T00-00-00_one.{form}"))
    [run] = numbers(tmp_path)["runs"]
    assert run["samples"] == SMALL.problems - 1
    [note] = run["notes"]
    assert note.startswith("problem-000: its record could not be read: ")
    warning, *_ = run["warnings"]
    assert (warning["kind"], warning["severity"]) == ("samples_unreadable", "error")
    assert (warning["count"], warning["total"]) == (1, SMALL.problems)


def test_a_sample_whose_json_is_broken_is_named(tmp_path: Path) -> None:
    path = write(small(), tmp_path)
    repacked(path, lambda name, data: data[:200] if "problem-003" in name else data)
    [run] = numbers(tmp_path)["runs"]
    assert run["samples"] == SMALL.problems - 1
    assert run["notes"][0].startswith("problem-003: its record could not be read: ")


def test_a_score_that_is_not_finite_counts_as_none(tmp_path: Path) -> None:
    log = small()
    sample = samples(log)[0]
    assert sample.scores is not None
    sample.scores["tests"] = Score(value=float("inf"))
    write(log, tmp_path)
    [run] = numbers(tmp_path)["runs"]
    assert run["scores"]["selected"]["problems"] == SMALL.problems - 1
    assert run["graded"] == run["rollouts"] - 1


@pytest.mark.parametrize("left", [[], None], ids=["none", "not said"])
def test_a_json_log_without_a_finished_sample(left: list[Any] | None, tmp_path: Path) -> None:
    log = small().model_copy(update={"samples": left, "status": "started"})
    write_eval_log(log, str(tmp_path / "2026-01-01T00-00-00_one.json"))
    found = numbers(tmp_path)
    assert [run["samples"] for run in found["runs"]] == [0]
    assert "one.json is unfinished (still running, or its process died): " in found["notes"][0]
    assert found["notes"][0].endswith(": it has no finished sample")
    shown = report(tmp_path, "--no-html").output
    assert shown.count("-: no sample ended.") == 2, "neither a grade nor a price is missing"


def test_where_nothing_could_be_read_the_command_fails(tmp_path: Path) -> None:
    log = small()
    for sample in samples(log):
        sample.store["RolloutPool:rollouts"][0]["seconds"] = "long"
    write(log, tmp_path)
    found = report(tmp_path, "--no-html")
    assert found.exit_code == 1
    assert "error: 6 of 6 samples could not be read" in found.output
    assert "no sample of these logs could be read" in found.output
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "2026-01-01T00-00-00_one.eval").write_bytes(b"")
    found = report(bad)
    assert found.exit_code == 1
    assert found.output == f"Error: {bad}/2026-01-01T00-00-00_one.eval: the file is cut off\n"


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_cells_that_begin_like_a_formula_are_quoted(begin: str, tmp_path: Path) -> None:
    log = small()
    name = f"{begin}1+cmd|' /C calc'!A0"
    log.eval.task = name
    write(log, tmp_path)
    [row] = csv.DictReader(io.StringIO(report(tmp_path, "--csv").stdout, newline=""))
    assert row["task"] == f"'{name}"
    gain = numbers(tmp_path)["runs"][0]["scores"]["gain"]
    assert float(row["gain"]) == gain["value"], "numbers stay numbers"
    assert float(row["gain_low"]) == gain["low"] < 0


def test_what_a_terminal_cannot_show_never_stops_a_report(tmp_path: Path) -> None:
    log = small()
    log.eval.task = "half \ud83d of a pair"
    write_eval_log(log.model_copy(update={"eval": log.eval}), str(tmp_path / "a.json"))
    path = tmp_path / "a.json"
    text = path.read_text("utf-8", "surrogatepass")
    path.write_text(json.dumps(json.loads(text)), "ascii")
    path.rename(tmp_path / "2026-01-01T00-00-00_a.json")
    for form in ("--no-html", "--json", "--markdown", "--csv", "--html=page.html"):
        form = form.replace("page.html", str(tmp_path / "page.html"))
        assert report(tmp_path, form).exit_code == 0
