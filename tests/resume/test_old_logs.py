"""Logs of version 0.1.0 of two of the demo's problems are read as on the day they were written.

The three in `tests/data` are of the simulated model with n=4, votes=4, score_rollouts=true and, for
`pdr_rtv`, top_k=2. That in `cut_off.zip` was ended by `kill -9` in the second problem; beside it is
what was kept for a retry. They are never made anew: a change that cannot read them breaks users'.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai import eval_retry
from inspect_ai.log import EvalLog, list_eval_logs, read_eval_log

from inspect_tts import RolloutPool
from inspect_tts.cli import main

DATA = Path(__file__).parents[1] / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="tests/data is not in the sdist")

Matches = list[tuple[str, int]]
Decisions = dict[str, tuple[str | None, list[tuple[str, ...]], list[Matches]]]

RTV: Decisions = {
    "bill-shares": ("t0-n00", [("t0-n00",)], [[("t0-n03", 3), ("t0-n00", 4), ("t0-n00", 4)]]),
    "build-order": ("t0-n00", [("t0-n00",)], [[("t0-n00", 4), ("t0-n03", 4), ("t0-n00", 4)]]),
}
PDR_RTV: Decisions = {
    "bill-shares": (
        "t1-n01",
        [("t0-n03", "t0-n00"), ("t1-n01",)],
        [[("t0-n03", 3), ("t0-n00", 4)], [("t1-n01", 4), ("t1-n02", 3), ("t1-n01", 4)]],
    ),
    "build-order": (
        "t1-n00",
        [("t0-n00", "t0-n03"), ("t1-n00",)],
        [[("t0-n00", 4), ("t0-n03", 4)], [("t1-n00", 4), ("t1-n03", 4), ("t1-n00", 4)]],
    ),
}
"""Who was adopted and selected, and winner and votes of each match."""

GRADES = {
    "bill-shares": {"t0-n00": "C", "t0-n01": "C", "t0-n02": "I", "t0-n03": "I"}
    | {"t1-n00": "C", "t1-n02": "I", "t1-n03": "I"},
    "build-order": {"t0-n00": "C", "t0-n01": "I", "t0-n02": "C", "t0-n03": "I"}
    | {"t1-n01": "C", "t1-n02": "C", "t1-n03": "C"},
}
"""Of `pdr_rtv`, of all that were not adopted."""


def pools(log: EvalLog) -> dict[str, RolloutPool]:
    return {str(sample.id): sample.store_as(RolloutPool) for sample in log.samples or []}


def decisions(log: EvalLog) -> Decisions:
    return {
        id: (
            pool.adopted,
            [selection.selected for selection in pool.selections],
            [
                [(match.winner, len(match.votes)) for r in selection.rounds for match in r.matches]
                for selection in pool.selections
            ],
        )
        for id, pool in pools(log).items()
    }


def grades(log: EvalLog) -> dict[str, dict[str, Any]]:
    return {
        id: {
            rollout.id: rollout.scores["hidden_test"] for rollout in pool.rollouts if rollout.scores
        }
        for id, pool in pools(log).items()
    }


def command(*arguments: str) -> str:
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


@pytest.mark.parametrize(("name", "expected"), [("rtv", RTV), ("pdr_rtv", PDR_RTV)])
def test_records_are_read_and_recomputed(name: str, expected: Decisions) -> None:
    log = read_eval_log(str(DATA / f"{name}.eval"))
    assert decisions(log) == expected
    assert {pool.discrepancies() for pool in pools(log).values()} == {()}
    [first, *_] = pools(log)["bill-shares"].rollouts
    told = (first.id, first.status, first.turns, first.model)
    assert told == ("t0-n00", "completed", 7, "simulated/coder")
    assert first.summary.status == "structured"
    assert first.patch is not None
    assert "+++ b/money.py" in (first.patch.text or "")


def test_grades_are_read() -> None:
    assert grades(read_eval_log(str(DATA / "pdr_rtv.eval"))) == GRADES


# --- report


def test_a_report_shows_their_numbers() -> None:
    told = json.loads(command("report", str(DATA), "--json"))
    found = {run["strategy"]: run for run in told["runs"]}
    assert set(found) == {"rtv", "pdr_rtv"}
    numbers = {
        name: {score: shown["value"] for score, shown in run["scores"].items()}
        for name, run in found.items()
    }
    assert numbers == {
        "rtv": {"pass_1": 0.5, "selected": 1.0, "oracle": 1.0, "gain": 0.5, "headroom": 1.0},
        "pdr_rtv": {
            "pass_1": 0.5,
            "select_k": 0.5,
            "iteration_1": 0.75,
            "selected": 1.0,
            "oracle": 1.0,
            "gain": 0.5,
            "headroom": 1.0,
        },
    }
    spent = {name: run["per_problem"] for name, run in found.items()}
    assert spent["pdr_rtv"]["tokens"]["value"] == 190624
    assert spent["pdr_rtv"]["dollars"]["value"] == pytest.approx(0.707346)
    counts = {name: (run["rollouts"], run["graded"], run["errors"]) for name, run in found.items()}
    assert counts == {"rtv": (8, 8, 0), "pdr_rtv": (16, 16, 0)}


# --- replay


def test_a_replay_takes_their_votes_and_decides_the_same(tmp_path: Path) -> None:
    log, new = str(DATA / "pdr_rtv.eval"), str(tmp_path / "new")
    told = command("replay", log, "--yes", "--output", str(tmp_path / "out"), "--log-dir", new)
    assert "2 problems, 16 rollouts, 38 recorded votes." in told
    assert "Model calls: 0 votes." in told
    lines = (tmp_path / "out" / "selections.jsonl").read_text(encoding="utf-8").splitlines()
    assert {line["id"]: line["chosen"] for line in map(json.loads, lines)} == {
        "bill-shares": "t1-n01",
        "build-order": "t1-n00",
    }
    [made] = list_eval_logs(new)
    replayed = read_eval_log(made)
    assert decisions(replayed) == PDR_RTV
    assert {pool.discrepancies() for pool in pools(replayed).values()} == {()}


def test_a_replay_with_other_parameters_takes_what_fits() -> None:
    log = str(DATA / "pdr_rtv.eval")
    told = command("replay", log, "--votes", "2", "--selection", "pivot", "--dry-run")
    assert "Certain to be reused: 4 votes of simulated/coder." in told


# --- what was cut off


@pytest.fixture
def cut_off(tmp_path: Path) -> Path:
    zipfile.ZipFile(DATA / "cut_off.zip").extractall(tmp_path / "logs")
    return tmp_path / "logs"


def test_a_report_shows_what_was_finished_before_the_cut(cut_off: Path) -> None:
    [run] = json.loads(command("report", str(cut_off), "--json"))["runs"]
    assert (run["strategy"], run["samples"], run["rollouts"]) == ("pdr_rtv", 1, 8)
    assert run["scores"]["selected"]["value"] == 1.0


def ends(pool: RolloutPool) -> list[object]:
    """What the rollouts of iteration 0 did and left behind, whoever summarized them."""
    return [(r.id, r.status, r.usage, r.facts, r.patch, r.scores) for r in pool.population(0)]


def test_a_retry_takes_over_the_rollouts_that_were_finished(
    cut_off: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))  # whose profile a login shell reads
    before = pools(read_eval_log(str(cut_off / "cut_off.eval")))
    assert set(before) == {"bill-shares"}
    [log] = eval_retry(
        str(cut_off / "cut_off.eval"),
        log_dir=str(tmp_path / "again"),
        display="none",
        ctl_server=False,
    )
    assert log.status == "success", log.error
    found, whole = pools(log), pools(read_eval_log(str(DATA / "pdr_rtv.eval")))
    assert {pool.discrepancies() for pool in found.values()} == {()}
    assert found["bill-shares"].rollouts == before["bill-shares"].rollouts
    assert decisions(log)["bill-shares"] == PDR_RTV["bill-shares"]
    # the wording of prompts has changed since: what they ask is asked anew, no first rollout is
    assert found["build-order"].taken_over == {"rollout": 4, "grade": 4}
    assert found["build-order"].damaged == {}
    assert ends(found["build-order"]) == ends(whole["build-order"])
    means = {score.name: score.metrics for score in (log.results.scores if log.results else [])}
    assert means["iteration_0"]["mean"].value == 0.5
    assert not any(cut_off.rglob("*.unit")), "no retry is left that needs it"
