"""Files together: what is found in folders, what is skipped, what is refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from recorded_files import TEXT_BASED, atif, mini, prediction, row, write

from inspect_tts import UserError
from inspect_tts.recorded import READERS, Recorded, Source, reader
from inspect_tts.recorded.problems import collect, dataset, problem_texts
from inspect_tts.recorded.readers import load


def test_files_of_a_folder_are_told_apart_by_name(tmp_path: Path) -> None:
    for run in ("run1", "run2"):
        write(tmp_path / run / "p" / "p.traj.json", mini(TEXT_BASED))
        write(tmp_path / run / "preds.json", [prediction("p")])
        write(tmp_path / run / "notes.txt", "nothing")
    collection = collect([str(tmp_path)], "mini-swe-agent")
    assert [(p.name, len(p.attempts)) for p in collection.problems] == [("p", 2)]
    assert [s.path for s in collection.problems[0].sources] == sorted(
        str(path) for path in tmp_path.rglob("*.traj.json")
    )
    assert collect([str(tmp_path)]).attempts == 2, "predictions beside their trajectories are twins"
    assert collect([str(tmp_path / "run1" / "preds.json")]).attempts == 1


BROKEN: dict[str, tuple[str, str, Any, str]] = {
    "no JSON": ("mini-swe-agent", "a.traj.json", "}", "JSONDecodeError"),
    "cut off": ("mini-swe-agent", "a.traj.json", '{"info": {', ": the file is cut off"),
    "a log that is cut off": ("inspect", "a.eval", "PK\3\4", ": the file is cut off"),
    "a JSON log that is cut off": (
        "inspect",
        "a.json",
        '{"version": 2, "status": "success", "eval": {"run',
        ": the file is cut off",
    ),
    "a list": ("mini-swe-agent", "a.traj.json", [], "ValueError"),
    "no messages": ("mini-swe-agent", "a.traj.json", mini([]), "ValidationError"),
    "an unknown role": (
        "mini-swe-agent",
        "a.traj.json",
        mini([{"role": "wizard", "content": ""}]),
        "wizard",
    ),
    "a call that is none": (
        "mini-swe-agent",
        "a.traj.json",
        mini([{"role": "assistant", "content": "", "tool_calls": ["x"]}]),
        "AttributeError",
    ),
    "no steps": ("atif", "trajectory.json", atif(steps=[]), "ValidationError"),
    "no ATIF": ("atif", "trajectory.json", {"messages": []}, "ValidationError"),
    "no log": ("inspect", "a.eval", "PK", ""),
    "a number": ("swe-bench", "preds.json", "7", "neither a list"),
}


@pytest.mark.parametrize(("format", "name", "content", "why"), BROKEN.values(), ids=BROKEN)
def test_a_malformed_file_is_named_and_skipped_or_stops_with_strict(
    format: str, name: str, content: Any, why: str, tmp_path: Path
) -> None:
    write(tmp_path / "bad" / name, content)
    write(tmp_path / "good" / "pool.jsonl", row("a", 1, "2026"))
    good = str(tmp_path / "good" / "pool.jsonl")
    with pytest.raises(UserError, match="nothing could be read"):
        collect([str(tmp_path / "bad")], format)
    with pytest.raises(UserError, match="1 malformed") as raised:
        collect([str(tmp_path / "bad")], format, strict=True)
    assert name in str(raised.value)
    assert why in str(raised.value)
    assert collect([good], "rows", strict=True).malformed == ()


def test_malformed_lines_are_counted_and_the_others_are_read(tmp_path: Path) -> None:
    lines = [json.dumps(row("a", 1, "2026")), "{", json.dumps({"task_name": "a"})]
    collection = collect([str(write(tmp_path / "pool.jsonl", "\n".join(lines)))], "rows")
    assert collection.attempts == 1
    assert [str(source).rpartition("#")[2] for source, _ in collection.malformed] == [
        "line 2",
        "line 3",
    ]
    assert collection.warning().startswith("2 malformed, skipped:")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "pool.jsonl", json.dumps(row("a", 1, "2026")))
    assert collect([str(path)], "rows").attempts == 1
    write(path, "\n".join([json.dumps(row("a", 1, "2026"))] * 3))
    assert collect([str(path)], "rows").attempts == 3


MISTAKES: dict[str, tuple[list[str], str | None, str]] = {
    "absent": (["nowhere"], None, "nowhere does not exist"),
    "an empty folder": (["."], None, "contains no recorded rollouts"),
    "an unknown format": (["."], "swe-agent", "Choose one of 'inspect', 'mini-swe-agent', 'atif'"),
}


@pytest.mark.parametrize(("paths", "format", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_says_what_is_allowed(
    paths: list[str], format: str | None, told: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=told):
        collect(paths, format)


def test_predictions_need_the_texts_of_their_problems(tmp_path: Path) -> None:
    path = write(tmp_path / "preds.json", [prediction("p"), prediction("q")])
    collection = collect([str(path)])
    with pytest.raises(UserError, match=r"text of 2 problems .*'p'.*--problems"):
        dataset(collection, {})
    rows = [{"instance_id": id, "problem_statement": f"Fix {id}."} for id in "pq"]
    texts = problem_texts(str(write(tmp_path / "data.json", rows)))
    samples = dataset(collection, texts)
    assert [(s.id, s.input, s.target) for s in samples] == [
        ("p", "Fix p.", ""),
        ("q", "Fix q.", ""),
    ]


def test_a_source_that_is_gone_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "p.traj.json", mini(TEXT_BASED))
    source = Source(format="mini-swe-agent", path=str(path))
    assert load(source).problem == "p"
    path.unlink()
    with pytest.raises(UserError, match="can no longer be read"):
        load(source)


@reader(name="words", patterns=("*.words",))
def words(path: Path) -> Iterator[Recorded]:
    """Each line `problem: text` is a rollout that says the text."""
    for line in path.read_text(encoding="utf-8").splitlines():
        problem, _, text = line.partition(": ")
        yield Recorded(problem=problem, text=text, messages=(), part=text)


def test_another_format_is_one_small_generator(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(READERS, words.name, words)
    write(tmp_path / "a.words", "p: one\np: two")
    collection = collect([str(tmp_path)], "words")
    assert [load(source).text for source in collection.problems[0].sources] == ["one", "two"]
