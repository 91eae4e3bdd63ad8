"""The measurement of evidence from execution: what it counts, on records with known numbers."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from inspect_tts.recorded import Recorded

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import behavior  # noqa: E402
import cross_execution  # noqa: E402
import releases  # noqa: E402


def record(name: str, right: str, shown: dict[str, str], codes: str = "") -> dict[str, Any]:
    """A problem; each check has a letter by patch, and last one of the untouched tree."""
    ids = [f"t0-n{i:02d}" for i in range(len(right))]
    trees = [*ids, "untouched"]
    given = codes or "0" * len(trees)
    return {
        "instance_id": name,
        "outcomes": {id: mark == "+" for id, mark in zip(ids, right, strict=True)},
        "fingerprints": {id: id for id in ids},
        "results": {id: id for id in ids},
        "shown": {
            check: {
                tree: [int(code), letter, None]
                for tree, letter, code in zip(trees, letters, given, strict=True)
            }
            for check, letters in shown.items()
        },
    }


ROWS = [
    record("separated", "++--", {"c01": "aabuu", "c02": "xxxxx"}, codes="00111"),
    record("not separated", "+++-", {"c01": "aaaaa"}),
    record("all right, split", "++++", {"c01": "aabbu"}),
    record("no check", "+--", {}),
]


def test_pairs_and_choices_are_counted() -> None:
    found = behavior.report(ROWS)
    assert (found["problems run"], found["with a check that counts"]) == (4, 3)
    pairs = found["output"]["pairs"]
    assert pairs["problems separated"] == 2
    assert pairs["mixed problems separated"] == "1 of 2"
    assert pairs["pairs that behave differently differ in outcome"]["of"] == "4 of 9"
    assert pairs["pairs that behave alike differ in outcome"]["of"] == "0 of 3"
    assert pairs["the same on mixed problems: differently"]["of"] == "4 of 5"
    assert pairs["right pairs that are split"]["of"] == "4 of 10"
    assert pairs["problems where all are right that are split"] == "1 of 1"
    assert pairs["wrong among what behaves like the untouched tree"] == "1 of 1"
    assert found["output"]["leads"] == "4 of 4"
    chosen = {row["selection"]: row["selected"] for row in found["output"]["mixed problems"]}
    third = 1 / 3
    assert chosen["pass@1"] == pytest.approx(100 * (0.5 + 0.75 + third) / 3)
    assert chosen["agreement"] == pytest.approx(chosen["pass@1"]), "no two are equal"
    assert chosen["behavior"] == pytest.approx(100 * (1 + 0.75 + third) / 3)
    assert chosen["not like untouched"] == pytest.approx(100 * (2 / 3 + 0.75 + third) / 3)
    assert chosen["judge"] > chosen["pass@1"]


def test_return_codes_see_less() -> None:
    by_codes = behavior.report(ROWS)["return codes"]["pairs"]
    assert by_codes["problems separated"] == 1
    assert by_codes["pairs that behave differently differ in outcome"]["of"] == "4 of 4"
    assert by_codes["wrong among what behaves like the untouched tree"] == "2 of 2"


def test_a_judge_who_reads_the_evidence_is_right_more_often() -> None:
    many = [record(f"p{i}", "++--", {"c01": "aabuu"}) for i in range(12)]
    chosen = {
        row["selection"]: row["selected"]
        for row in behavior.report(many)["output"]["mixed problems"]
    }
    assert chosen["judge with evidence"] > chosen["judge"] + 5


def test_what_was_found_is_read_and_shown(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    assert cross_execution.found(file) == []
    file.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS), encoding="utf-8")
    console = Console(width=140, record=True)
    behavior.show(behavior.report(cross_execution.found(file)), console)
    assert "judge with evidence" in console.export_text()


def test_every_repository_without_compiled_code_has_a_recipe() -> None:
    made = releases.recipe("django/django", "3.2")
    assert made.python == "3.8"
    with pytest.raises(releases.NoImageError, match="must be compiled"):
        releases.recipe("astropy/astropy", "5.1")


@pytest.mark.skipif(not cross_execution.CANDIDATES.exists(), reason="the data is absent")
def test_the_kit_is_the_trajectory_of_its_author() -> None:
    read = cross_execution.candidates.read(cross_execution.CANDIDATES)
    found = [each for each in read if isinstance(each, Recorded)]
    assert len({each.problem for each in found}) == 56
    with_kit = [each for each in found if getattr(each.messages[0], "tool_calls", None)]
    assert len(with_kit) == 56
    assert {each.model for each in with_kit} == {"gemini-3-pro"}
