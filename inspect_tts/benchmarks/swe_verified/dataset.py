"""Read SWE-bench records from local files; errors say what is wrong and where."""

import gzip
import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from inspect_tts.errors import UserError

TEXTS = (
    "instance_id",
    "repo",
    "version",
    "base_commit",
    "environment_setup_commit",
    "problem_statement",
    "patch",
    "test_patch",
    "hints_text",
    "created_at",
)
LISTS = ("FAIL_TO_PASS", "PASS_TO_PASS")
"""Fields that hold a list of texts, or such a list as JSON text, as on the hub."""

_MAY_BE_EMPTY = {"hints_text", "PASS_TO_PASS", "patch", "created_at"}
_KINDS = (".jsonl", ".jsonl.gz", ".json", ".json.gz", ".parquet")

Record = dict[str, str]


def read_records(path: Path, known: Callable[[str, str], bool]) -> list[Record]:
    """Read a dataset; `known` tells whether a repo and version can be graded."""
    records: list[Record] = []
    places: dict[str, str] = {}
    for file in _files(path):
        for place, row in _rows(file):
            record = _record(place, row, known)
            id = record["instance_id"]
            if id in places:
                raise UserError(f"{place}: instance_id {id!r} is already used in {places[id]}")
            places[id] = place
            records.append(record)
    if not records:
        raise UserError(f"dataset={str(path)!r} contains no records")
    return records


def as_hub_folder(records: list[Record], cache: Path) -> Path:
    """Write records to a folder that loads like a dataset of the hub with the split `test`."""
    import datasets

    digest = sha256(json.dumps(records, sort_keys=True).encode()).hexdigest()[:20]
    file = cache / digest / "test.parquet"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        datasets.Dataset.from_list(records).to_parquet(part)
        part.replace(file)
    return file.parent


def _files(path: Path) -> list[Path]:
    if path.is_file():
        files = [path]
    else:
        files = sorted(p for p in path.rglob("*") if p.name.endswith(_KINDS))
    if not files or not all(file.name.endswith(_KINDS) for file in files):
        raise UserError(f"dataset={str(path)!r}: give a file, or a folder of them: {_allowed()}")
    return files


def _allowed() -> str:
    return ", ".join(f"*{kind}" for kind in _KINDS)


def _rows(file: Path) -> Iterator[tuple[str, Any]]:
    try:
        if file.name.endswith(".parquet"):
            import datasets

            rows = datasets.Dataset.from_parquet(str(file)).to_list()
            yield from ((f"{file}, row {n}", row) for n, row in enumerate(rows, 1))
            return
        data = file.read_bytes()
        text = (gzip.decompress(data) if file.name.endswith(".gz") else data).decode()
    except UserError:
        raise
    except Exception as error:  # each kind of file raises its own errors
        raise UserError(f"{file} cannot be read: {error}") from error
    if ".jsonl" in file.name:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield f"{file}, line {number}", _json(f"{file}, line {number}", line)
        return
    rows = _json(str(file), text)
    if not isinstance(rows, list):
        raise UserError(f"{file}: must be a list of records, not {type(rows).__name__}")
    yield from ((f"{file}, record {n}", row) for n, row in enumerate(rows, 1))


def _json(place: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{place}: not valid JSON: {error}") from error


def _record(place: str, row: Any, known: Callable[[str, str], bool]) -> Record:
    if not isinstance(row, dict):
        raise UserError(f"{place}: must be a record (a JSON object), not {type(row).__name__}")
    for name in (*TEXTS, *LISTS):
        if name not in row:
            fields = ", ".join((*TEXTS, *LISTS))
            raise UserError(f"{place}: field {name!r} is missing. A record needs {fields}")
    record = {name: str(row[name] or "") for name in TEXTS}
    for name in LISTS:
        record[name] = json.dumps(_list(f"{place}: field {name!r}", row[name]))
    for name in (*TEXTS, *LISTS):
        if name not in _MAY_BE_EMPTY and record[name] in ("", "[]"):
            raise UserError(f"{place}: field {name!r} is empty")
    if not known(record["repo"], record["version"]):
        raise UserError(
            f"{place}: the harness does not know version {record['version']!r} of "
            f"{record['repo']!r} (fields 'repo' and 'version'), so the problem could not be graded"
        )
    return record


def _list(place: str, value: Any) -> list[str]:
    if isinstance(value, str):
        value = _json(place, value)
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise UserError(f"{place} must be a list of strings, or such a list as JSON")
    return value
