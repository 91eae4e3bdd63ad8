"""Records of SWE-bench: which fields may be empty, and where they stay."""

import gzip
import json
from pathlib import Path

import pytest
from test_swe_dataset import lines, record, write

from inspect_tts import UserError
from inspect_tts.benchmarks.swe_verified.dataset import LISTS, TEXTS, as_hub_folder, read_records

for package in ("inspect_evals", "swebench", "minisweagent"):
    pytest.importorskip(package, reason="needs the extra `swe`")


def read(path: Path) -> list[dict[str, str]]:
    return read_records(path, lambda repo, version: version != "none")


MAY_BE_EMPTY = {"hints_text", "created_at", "patch", "PASS_TO_PASS"}


@pytest.mark.parametrize("field", [*TEXTS, *LISTS])
def test_only_what_nothing_needs_may_be_empty(field: str, tmp_path: Path) -> None:
    empty: list[str] | None = [] if field in LISTS else None
    path = write(tmp_path / "a.jsonl", lines(record(**{field: empty})))
    if field in MAY_BE_EMPTY:
        [found] = read(path)
        assert found[field] == ("[]" if field in LISTS else "")
        return
    with pytest.raises(UserError, match=f"line 1: field '{field}' is empty"):
        read(path)


@pytest.mark.parametrize("field", [*TEXTS, *LISTS])
def test_each_field_must_be_there(field: str, tmp_path: Path) -> None:
    given = record()
    del given[field]
    path = write(tmp_path / "a.jsonl", lines(record(instance_id="x"), given))
    with pytest.raises(UserError, match=f"line 2: field '{field}' is missing"):
        read(path)


def test_a_record_has_its_fields_as_texts_and_no_others(tmp_path: Path) -> None:
    [found] = read(write(tmp_path / "a.jsonl", lines(record(version=1.5, more="x"))))
    assert set(found) == {*TEXTS, *LISTS}
    assert found["version"] == "1.5"
    assert [json.loads(found[name]) for name in LISTS] == [["a"], ["b"]]


def test_records_of_a_folder_come_in_the_order_of_its_files(tmp_path: Path) -> None:
    for name, id in (("b.jsonl", "2"), ("a.json.gz", "1"), ("c/d.json", "3")):
        text = json.dumps([record(instance_id=id)]) if "json" in name.split(".")[1:2] else ""
        write(tmp_path / name, text or lines(record(instance_id=id)))
    write(tmp_path / "README.md", "no records")
    assert [found["instance_id"] for found in read(tmp_path)] == ["1", "2", "3"]


BAD: dict[str, tuple[str, str, str]] = {
    "another kind of file": ("a.csv", "x", r"give a file, or a folder of them: \*\.jsonl"),
    "no list of records": ("a.json", "{}", "must be a list of records, not dict"),
    "no record in a list": ("a.json", "[[]]", r"a\.json, record 1: must be a record"),
    "numbers in a list": ("a.jsonl", lines(record(FAIL_TO_PASS=[1])), "a list of strings"),
    "an unknown version": ("a.jsonl", lines(record(version="none")), "version 'none' of 'sympy"),
    "a table that is none": ("a.parquet", "x", r"a\.parquet cannot be read"),
    "text that is not UTF-8": ("a.jsonl", "", "contains no records"),
}


@pytest.mark.parametrize(("name", "text", "told"), BAD.values(), ids=BAD)
def test_what_cannot_be_read_is_told(name: str, text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=told):
        read(write(tmp_path / name, text))


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\xff")
    with pytest.raises(UserError, match=r"a\.jsonl cannot be read"):
        read(tmp_path / "a.jsonl")
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(b"[")[:-4])
    with pytest.raises(UserError, match=r"b\.json\.gz cannot be read"):
        read(tmp_path / "b.json.gz")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UserError, match="give a file, or a folder"):
        read(empty)


def test_records_are_written_once_and_other_records_elsewhere(tmp_path: Path) -> None:
    records = read(write(tmp_path / "a.jsonl", lines(record())))
    first = as_hub_folder(records, tmp_path / "cache")
    written = (first / "test.parquet").stat().st_mtime_ns
    assert as_hub_folder(records, tmp_path / "cache") == first
    assert (first / "test.parquet").stat().st_mtime_ns == written
    other = as_hub_folder([{**records[0], "patch": "q"}], tmp_path / "cache")
    assert other != first
    assert [file.name for file in first.iterdir()] == ["test.parquet"]
    assert read(other)[0]["patch"] == "q"
