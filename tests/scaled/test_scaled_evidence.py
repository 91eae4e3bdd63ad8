"""Where rollouts are samples of their own, their results are executed in a fresh sandbox."""

from pathlib import Path

from conftest import local_box
from executed import REPOSITORY, RIGHT, WRONG, checks_shown, leaves, repository, tries
from inspect_ai import Task, task
from investigating import only_match, roles, tries_both
from scaled_runs import parts
from scripted import acting, echo, run

from inspect_tts import RolloutPool
from inspect_tts.scaled.task import scaled

UNIT = "python3 -c 'from sums import add; assert add(2, 5) == 7'"


@task
def sums_problem(setup: str) -> Task:
    return repository(setup)


def test_evidence_is_taken_as_in_a_live_run(tmp_path: Path) -> None:
    box = local_box(tmp_path)
    acts = [leaves("#good", RIGHT, tries()), leaves("#b", WRONG), leaves("#c", None)]
    made = scaled(
        task="sums_problem",
        strategy="pdr_rtv",
        task_args={"setup": f"{REPOSITORY}\n{box.setup}\n"},
        strategy_args={
            "n": 3,
            "top_k": 2,
            "votes": 1,
            "agent": acting(*acts, *acts),
            "check": {"unit": UNIT},
            "evidence": "cross",
            "evidence_time": 3600,
        },
    )
    log = run(made, None, tmp_path, agent=echo, max_samples=1)
    assert log.status == "success"
    found = parts(log)["p0"].store_as(RolloutPool)
    assert [taken.iteration for taken in found.executions] == [0, 1]
    for taken in found.executions:
        assert taken.reason is None
        assert {check.origin for check in taken.checks} == {"user", "rollout"}
        assert len(taken.classes) == 3
        told = taken.attributions["u01"]
        assert sorted(told.values()) == ["fixed", "still failing", "still failing"]
    first = log.model_copy(update={"samples": [parts(log)["p0#t0"]]})
    assert any("a check of the user" in text for text in checks_shown(first))
    assert found.discrepancies() == ()
    assert len(box.opened()) == 2 * (3 + 1)
    assert box.alive() == []


def test_close_matches_are_investigated_as_in_a_live_run(tmp_path: Path) -> None:
    box = local_box(tmp_path)
    made = scaled(
        task="sums_problem",
        strategy="rtv",
        task_args={"setup": f"{REPOSITORY}\n{box.setup}\n"},
        strategy_args={
            "n": 2,
            "votes": 2,
            "agent": acting(leaves("#good", RIGHT), leaves("#b", WRONG)),
            "close": "investigate",
        },
    )
    log = run(made, None, tmp_path, agent=echo, max_samples=1, model_roles=roles(tries_both))
    assert log.status == "success"
    found = parts(log)["p0"].store_as(RolloutPool)
    match, looked = only_match(found)
    assert (match.decided_by, looked.ended) == ("investigation", "verdict")
    assert "#good" in found.by_id(found.adopted or "").summary.text
    assert found.discrepancies() == ()
    assert len(box.opened()) == 2 + 1
    assert box.alive() == []
