"""A malformed sample of a strategy's log stops no command: it is named, the others are read."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from click.testing import CliRunner, Result

from inspect_tts import rollouts_df
from inspect_tts.cli import main

LOG = Path(__file__).parents[1] / "data" / "rtv.eval"
BAD, GOOD = "bill-shares", "build-order"

pytestmark = pytest.mark.skipif(not LOG.is_file(), reason="tests/data is not in the sdist")


def pool(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda sample: sample["store"][f"RolloutPool:{name}"]


def first_match(sample: dict[str, Any]) -> Any:
    return pool("selections")(sample)[0]["rounds"][0]["matches"][0]


def first_vote(sample: dict[str, Any]) -> Any:
    return first_match(sample)["votes"][0]


def set_in(place: Callable[[dict[str, Any]], Any], **values: Any) -> Callable[[Any], None]:
    return lambda sample: place(sample).update(values)


def of_pool(name: str, value: object) -> Callable[[Any], None]:
    return set_in(lambda sample: sample["store"], **{f"RolloutPool:{name}": value})


ELSE = "t7-n77"
FIRST = "match t0-r1-m0"
BROKEN: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "a winner that is not there": (set_in(first_match, winner=ELSE), f"winner of {FIRST} names"),
    "a group of others": (
        set_in(first_match, group=[ELSE, "t0-n00"]),
        f"group of {FIRST} names '{ELSE}'",
    ),
    "a tally of others": (set_in(first_match, tally={ELSE: 3}), f"count of {FIRST} names"),
    "a verdict for another": (set_in(first_vote, verdict=ELSE), f"vote 0 of {FIRST} names"),
    "a vote on others": (set_in(first_vote, order=[ELSE, "t7-n78"]), "shows others than its group"),
    "a context that is not there": (
        set_in(lambda sample: pool("rollouts")(sample)[0], context=[ELSE]),
        "context of rollout t0-n00 names",
    ),
    "a population of others": (
        set_in(lambda sample: pool("selections")(sample)[0], population=[ELSE]),
        "population of selection t0 names",
    ),
    "a ranking of others": (
        set_in(lambda sample: pool("selections")(sample)[0], ranking=[ELSE]),
        "ranking of selection t0 names",
    ),
    "two rollouts with one id": (
        set_in(lambda sample: pool("rollouts")(sample)[0], id="t0-n01"),
        "have the same id",
    ),
    "another was adopted": (of_pool("adopted", ELSE), "what was adopted names"),
    "rollouts that are a text": (of_pool("rollouts", "x"), "rollouts: Input should be a valid"),
    "turns below zero": (
        set_in(lambda sample: pool("rollouts")(sample)[0], turns=-3),
        "turns: Input should be greater",
    ),
    "seconds that are no number": (set_in(first_vote, seconds=float("nan")), "seconds: Input"),
    "tokens below zero": (
        set_in(lambda sample: pool("rollouts")(sample)[0], usage={"input_tokens": -1}),
        "input_tokens is out of range",
    ),
    "a grade out of range": (set_in(first_vote, grade=21), "grade: Input should be less"),
    "half of a surrogate pair in its name": (
        lambda sample: sample.update(id="p\ud83d"),
        "says that it is p",
    ),
    "another's name": (lambda sample: sample.update(id=GOOD), f"says that it is {GOOD}/1"),
}


def broken(name: str, folder: Path) -> Path:
    """A log of two problems, of which one is broken."""
    path, change = folder / "logs" / "2026-01-01T00-00-00_rtv.eval", BROKEN[name][0]
    path.parent.mkdir()
    with ZipFile(LOG) as old, ZipFile(path, "w", ZIP_DEFLATED) as new:
        for part in old.namelist():
            data = old.read(part)
            if part.startswith(f"samples/{BAD}"):
                sample = json.loads(data)
                change(sample)
                data = json.dumps(sample).encode()
            new.writestr(part, data)
    return path


def command(*words: object) -> Result:
    return CliRunner().invoke(main, [*map(str, words)], catch_exceptions=False)


@pytest.mark.parametrize("name", BROKEN)
def test_a_report_names_it(name: str, tmp_path: Path) -> None:
    found = command("report", broken(name, tmp_path), "--json")
    assert found.exit_code == 0, found.output
    [run] = json.loads(found.stdout)["runs"]
    assert run["samples"] == 1
    assert BROKEN[name][1] in run["notes"][0]
    assert run["notes"][0].startswith(f"{BAD}: ")
    assert "https://" not in run["notes"][0]


@pytest.mark.parametrize("name", BROKEN)
def test_predictions_name_it(name: str, tmp_path: Path) -> None:
    found = command("predictions", broken(name, tmp_path))
    assert found.exit_code == 0, found.output
    assert [json.loads(line)["instance_id"] for line in found.stdout.splitlines()] == [GOOD]
    assert f"{BAD}/1 is malformed and left out: " in found.stderr
    assert BROKEN[name][1] in found.stderr
    assert "https://" not in found.stderr


@pytest.mark.parametrize("name", BROKEN)
def test_a_replay_names_it(name: str, tmp_path: Path) -> None:
    found = command("replay", broken(name, tmp_path), "--dry-run")
    assert found.exit_code == 0, found.output
    assert found.stdout.startswith("1 problems, 4 rollouts")
    assert found.stderr.startswith("1 malformed, skipped:\n")
    assert f"#{BAD}/1: " in found.stderr
    assert BROKEN[name][1] in found.stderr


def test_a_replay_selects_for_the_others(tmp_path: Path) -> None:
    path, new = broken("a verdict for another", tmp_path), tmp_path / "new"
    words = ["replay", path, "--yes", "--display", "none", "--log-dir", new, "--output", tmp_path]
    done = command(*words)
    assert done.exit_code == 0, done.output
    lines = (tmp_path / "selections.jsonl").read_text("utf-8").splitlines()
    assert [(json.loads(line)["id"], json.loads(line)["chosen"]) for line in lines] == [
        (GOOD, "t0-n00")
    ]


def test_a_dataframe_is_without_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = rollouts_df(str(broken("a winner that is not there", tmp_path)))
    assert set(found["id"]) == {GOOD}
    assert f"{BAD} is left out, it is malformed: " in caplog.text


def test_a_stage_without_its_arguments_is_named(tmp_path: Path) -> None:
    stages = [{"name": "tournament", "iteration": 0, "parameters": {}}]
    BROKEN["no arguments"] = (of_pool("stages", stages), "KeyError: 'selection'")
    try:
        test_a_replay_names_it("no arguments", tmp_path)
    finally:
        del BROKEN["no arguments"]


def test_where_nothing_is_left_the_reasons_are_told(tmp_path: Path) -> None:
    path = broken("another was adopted", tmp_path)
    with ZipFile(path) as old:
        left = [name for name in old.namelist() if f"samples/{GOOD}" not in name]
        parts = {name: old.read(name) for name in left}
        bad = old.read(f"samples/{BAD}_epoch_1.json").replace(BAD.encode(), GOOD.encode())
    alone = tmp_path / "alone.eval"
    with ZipFile(alone, "w", ZIP_DEFLATED) as new:
        for name, data in {**parts, f"samples/{GOOD}_epoch_1.json": bad}.items():
            new.writestr(name, data)
    for words in (["replay", alone, "--dry-run"], ["predictions", alone]):
        found = command(*words)
        assert found.exit_code == 1
        assert found.output.count("what was adopted names") == 2, found.output


def test_logs_beside_it_are_reported(tmp_path: Path) -> None:
    path = broken("a winner that is not there", tmp_path)
    shutil.copy(LOG.with_name("pdr_rtv.eval"), path.with_name("2026-01-02T00-00-00_other.eval"))
    found = json.loads(command("report", path.parent, "--json").stdout)
    assert {run["strategy"]: run["samples"] for run in found["runs"]} == {"rtv": 1, "pdr_rtv": 2}
