"""Rules on recorded rollouts: which entries are one attempt, and which epochs have a rank."""

import json
from pathlib import Path
from typing import Any

import pytest

from inspect_tts.errors import UserError
from inspect_tts.recorded.copies import Entry, entry, without_duplicates
from inspect_tts.recorded.outputs import _beside
from inspect_tts.recorded.readers.beside import Attempt, numbered_apart
from inspect_tts.recorded.records import Recorded, Source
from inspect_tts.recorded.scorers import _ranks

MINI, PREDICTIONS = "mini-swe-agent", "swe-bench"


def found(file: str, problem: str = "p", **given: Any) -> Entry:
    """An attempt in a file, without an id unless one is given."""
    modified, format = given.pop("modified", 0), given.pop("format", MINI)
    fields = {"text": "x", "messages": (), "model": "m", "patch": "a"}
    made = Recorded(problem=problem, **{**fields, **given})
    return entry(made, Source(format=format, path=file), modified)


def kept(*entries: Entry) -> list[str]:
    """The files of what counts."""
    left, out = without_duplicates(entries)
    assert len(left) + len(out) == len(entries), "each is kept or told"
    return [each.source.path for each in left]


def test_of_entries_with_a_common_id_the_newest_version_counts_in_the_first_place() -> None:
    old, new = found("/1", ids=("a",), version="1"), found("/3", ids=("a",), version="2")
    other = found("/2", "q", ids=("b",))
    assert kept(old, other, new) == ["/3", "/2"]
    assert kept(new, other, old) == ["/3", "/2"]
    same = [found(f"/{i}", ids=("a",), modified=i % 3) for i in range(5)]
    assert kept(*same) == ["/2"], "the newest file"
    assert kept(*[found(f"/{i}", ids=("a",)) for i in range(3)]) == ["/2"], "the last one"


def test_ids_join_entries_through_others() -> None:
    chain = [found("/1", ids=("a",)), found("/2", ids=("c",)), found("/3", ids=("a", "b"))]
    joined = [*chain, found("/4", ids=("b", "c"))]
    assert kept(*joined) == ["/4"]
    assert kept(*joined, found("/5", ids=("a",))) == ["/5"]
    assert kept(*chain) == ["/3", "/2"]


def test_of_copies_in_a_folder_the_file_with_most_attempts_counts() -> None:
    small = [found("/d/first.json", "p")]
    large = [found("/d/second.json", "p"), found("/d/second.json", "q")]
    assert kept(*small, *large) == ["/d/second.json"] * 2
    graded = [found("/d/third.json", "p", scores={"s": 1})]
    assert kept(*small, *graded) == ["/d/third.json"], "of equal ones the graded one"
    assert kept(*small, found("/e/second.json", "p")) == ["/d/first.json", "/e/second.json"]
    assert kept(*small, found("/d/second.json", "p", patch="b")) == [
        "/d/first.json",
        "/d/second.json",
    ]
    runs = [found(f"/d/run{i}.json", "p") for i in (1, 2)]
    assert kept(*runs) == ["/d/run1.json", "/d/run2.json"], "two runs may be alike"


def test_a_prediction_beside_its_trajectory_is_the_same_attempt() -> None:
    run = found("/d/p/p.traj.json", model="unknown")
    told = found("/d/preds.json", format=PREDICTIONS)
    assert kept(run, told) == ["/d/p/p.traj.json"]
    assert len(kept(run, found("/e/preds.json", format=PREDICTIONS))) == 2
    assert len(kept(run, found("/d/preds.json", format=PREDICTIONS, patch="b"))) == 2
    damaged = [found(f"/d/{i}/p.traj.json", patch=None) for i in (1, 2)]
    assert kept(*damaged, told) == ["/d/2/p.traj.json", "/d/preds.json"], "it replaces one"
    more = found("/d/other.json", format=PREDICTIONS, patch="b")
    assert kept(*damaged, told, more) == ["/d/preds.json", "/d/other.json"]


def test_what_is_handed_in_identifies_an_attempt_but_for_spaces_around() -> None:
    one = found("/1", patch="a", handed_in="error: no patch\n")
    assert one.attempt == found("/2", patch="b", handed_in="error: no patch").attempt
    assert one.attempt != found("/3", patch="a").attempt
    assert found("/1", patch=None).attempt.patch is None
    assert found("/1", patch="").attempt.patch is not None, "nothing changed is known"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("p", "m", "a"), ("p", "m", " a\n"), True),
        (("p", "m", "a"), ("p", "unknown", "a"), True),
        (("p", "m", None), ("p", "m", "a"), True),
        (("p", "m", None), ("p", "m", None), True),
        (("p", "m", "a"), ("p", "n", "a"), False),
        (("p", "m", "a"), ("q", "m", "a"), False),
        (("p", "m", "a"), ("p", "m", "b"), False),
    ],
)
def test_attempts_are_compared_where_they_are_known(one: Any, other: Any, same: bool) -> None:
    assert Attempt(*one).may_be(Attempt(*other)) is same
    assert Attempt(*other).may_be(Attempt(*one)) is same


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("run1.json", "run2.json", True),
        ("run-a.json", "run-b.json", True),
        ("preds.json", "preds.json", False),
        ("preds.json", "preds_old.json", False),
        ("one.json", "two.json", False),
        ("run1.json", "run1.jsonl", False),
    ],
)
def test_runs_are_numbered(one: str, other: str, apart: bool) -> None:
    assert numbered_apart(one, other) is apart


# --- files for other programs


def test_files_are_written_beside_a_log_of_this_machine_only() -> None:
    assert _beside("/logs/a.eval") == _beside("file:///logs/a.eval") == Path("/logs/a")
    with pytest.raises(UserError, match="give a folder: --output FOLDER"):
        _beside("s3://bucket/a.eval")


def source(path: str, part: str, format: str = "inspect") -> dict[str, str]:
    return {"format": format, "path": path, "part": part}


def test_ranks_are_those_of_the_epochs_of_one_log(tmp_path: Path) -> None:
    file = tmp_path / "selections.jsonl"

    def write(*rows: list[dict[str, str]]) -> str:
        ranked = [{"ranking": [{"source": each} for each in row]} for row in rows]
        file.write_text("".join(json.dumps(row) + "\n" for row in ranked))
        return str(file)

    one = [source("a.eval", "p/2"), source("x.json", "", MINI), source("a.eval", "p/1")]
    assert _ranks(write(one, [source("a.eval", "q/1")])) == {"p/2": 1, "p/1": 3, "q/1": 1}
    with pytest.raises(UserError, match="the epochs of 2 logs"):
        _ranks(write(one, [source("b.eval", "q/1")]))
    with pytest.raises(UserError, match="the epochs of 0 logs"):
        _ranks(write([source("x.json", "", MINI)]))
    file.write_text('{"ranking": 1}\n')
    with pytest.raises(UserError, match="cannot be read"):
        _ranks(str(file))
