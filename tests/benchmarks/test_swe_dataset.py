"""Local SWE-bench records: what loads, and what a mistake in them looks like."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import benchmark_data
import pytest

from inspect_tts import UserError
from inspect_tts.benchmarks.swe_verified.dataset import read_records
from inspect_tts.benchmarks.swe_verified.task import HUB, swe_verified

for package in ("inspect_evals", "swebench", "minisweagent"):
    pytest.importorskip(package, reason="needs the extra `swe`")

DATA = benchmark_data.DATA / "swebench_verified"


def record(**changes: Any) -> dict[str, Any]:
    return {
        "instance_id": "sympy__sympy-1",
        "repo": "sympy/sympy",
        "version": "1.12",
        "base_commit": "b" * 40,
        "environment_setup_commit": "b" * 40,
        "problem_statement": "half(3) is 1",
        "patch": "p",
        "test_patch": "t",
        "hints_text": "",
        "created_at": "2024-01-01T00:00:00Z",
        "FAIL_TO_PASS": ["a"],
        "PASS_TO_PASS": ["b"],
        **changes,
    }


def lines(*records: Any) -> str:
    return "\n".join(json.dumps(entry) for entry in records)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


LOADS: dict[str, Callable[[Path], Path]] = {
    "JSON lines": lambda d: write(d / "a.jsonl", lines(record())),
    "packed JSON lines": lambda d: write(d / "a.jsonl.gz", lines(record())),
    "a JSON list": lambda d: write(d / "a.json", json.dumps([record()])),
    "lists as JSON, as on the hub": lambda d: write(
        d / "a.jsonl", lines(record(FAIL_TO_PASS='["a"]', PASS_TO_PASS='["b"]'))
    ),
    "a folder": lambda d: write(d / "sub" / "a.jsonl", lines(record())).parents[1],
    "more fields, empty lines": lambda d: write(d / "a.jsonl", "\n" + lines(record(x=1)) + "\n\n"),
}


@pytest.mark.parametrize("kind", LOADS)
def test_local_records_become_samples(kind: str, tmp_path: Path) -> None:
    task = swe_verified(dataset=str(LOADS[kind](tmp_path)))
    [sample] = task.dataset
    assert (sample.id, sample.input) == ("sympy__sympy-1", "half(3) is 1")
    data = sample.metadata or {}
    assert (data["FAIL_TO_PASS"], data["PASS_TO_PASS"]) == (["a"], ["b"])
    assert data["created_at"] == "2024-01-01T00:00:00Z"


def test_parquet_of_another_download_loads(tmp_path: Path) -> None:
    import datasets

    datasets.Dataset.from_list([record()]).to_parquet(tmp_path / "test.parquet")
    [read] = read_records(tmp_path, lambda repo, version: True)
    assert json.loads(read["FAIL_TO_PASS"]) == ["a"]


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the records, see CONTRIBUTING.md")
def test_all_five_hundred_load_with_official_images_and_without_a_network() -> None:
    samples = list(swe_verified(dataset=str(DATA / "swebench_verified.jsonl.gz")).dataset)
    assert len(samples) == 500
    found = next(sample for sample in samples if sample.id == "psf__requests-1724")
    service = found.sandbox.config.services["default"]  # type: ignore[union-attr]
    assert service.image == "swebench/sweb.eval.x86_64.psf_1776_requests-1724:latest"
    assert (service.network_mode, service.init) == ("none", True)
    assert (service.platform, service.working_dir) == ("linux/amd64", "/testbed")


@pytest.mark.parametrize("sandbox", ["k8s", "modal"])
def test_other_providers_get_the_configuration_of_inspect_evals(
    sandbox: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.jsonl", lines(record()))
    task = swe_verified(dataset=str(path), sandbox=sandbox, image_template="mine/{arch}/{id}")
    spec = task.dataset[0].sandbox
    assert spec is not None
    assert spec.type == sandbox
    assert "mine/x86_64/sympy__sympy-1" in Path(str(spec.config)).read_text("utf-8")


BAD: dict[str, tuple[str, list[str]]] = {
    "no JSON": (lines(record()) + "\n{", ["a.jsonl, line 2", "not valid JSON"]),
    "no record": ("[1]", ["line 1", "must be a record", "list"]),
    "missing field": (
        lines({k: v for k, v in record().items() if k != "test_patch"}),
        ["line 1", "'test_patch' is missing", "instance_id"],
    ),
    "empty field": (lines(record(base_commit="")), ["line 1", "'base_commit' is empty"]),
    "no list": (lines(record(PASS_TO_PASS=3)), ["line 1", "'PASS_TO_PASS'", "list of strings"]),
    "no JSON in a list": (lines(record(FAIL_TO_PASS="[a")), ["'FAIL_TO_PASS'", "not valid JSON"]),
    "nothing must pass": (lines(record(FAIL_TO_PASS=[])), ["'FAIL_TO_PASS' is empty"]),
    "unknown version": (lines(record(version="99")), ["version '99'", "sympy/sympy", "graded"]),
    "twice": (lines(record(), record()), ["line 2", "is already used in", "line 1"]),
    "empty": ("", ["contains no records"]),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_record_is_one_message_with_file_line_and_field(kind: str, tmp_path: Path) -> None:
    text, words = BAD[kind]
    with pytest.raises(UserError) as raised:
        swe_verified(dataset=str(write(tmp_path / "a.jsonl", text)))
    for word in words:
        assert word in str(raised.value)


def test_a_problem_in_two_files_of_a_folder_is_refused_with_both_places(tmp_path: Path) -> None:
    other = record(instance_id="sympy__sympy-2")
    write(tmp_path / "a.jsonl", lines(other, record()))
    write(tmp_path / "more" / "b.jsonl.gz", lines(record()))
    with pytest.raises(UserError) as raised:
        swe_verified(dataset=str(tmp_path))
    for word in ("b.jsonl.gz, line 1", "'sympy__sympy-1' is already used in", "a.jsonl, line 2"):
        assert word in str(raised.value)
    assert len(read_records(tmp_path / "a.jsonl", lambda repo, version: True)) == 2


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"dataset": "no/such.jsonl"}, ["no/such.jsonl", "no such file"]),
        ({"arch": "amd64"}, ["arch='amd64'", "'x86_64', 'arm64'"]),
        ({"image_template": "mine/{name}"}, ["{name}", "{org}, {repo}, {issue}, {id}, {arch}"]),
        ({"image_template": "mine"}, ["names the same image", "{id}"]),
        ({"datset": HUB}, ["no argument datset", "did you mean dataset?"]),
    ],
)
def test_a_bad_argument_names_what_is_allowed(given: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(UserError) as raised:
        swe_verified(**given)
    for word in words:
        assert word in str(raised.value)


def test_a_packed_file_that_is_damaged_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(b"no gzip")
    with pytest.raises(UserError, match=r"a\.jsonl\.gz cannot be read"):
        swe_verified(dataset=str(path))


def test_a_revision_is_for_the_hub_only(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", lines(record()))
    with pytest.raises(UserError, match="applies only to datasets on the hub"):
        swe_verified(dataset=str(path), revision="abc")
