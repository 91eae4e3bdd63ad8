"""Without git, checks of the user run in copies of the rollouts' sandboxes."""

import shutil
from pathlib import Path
from typing import Any

from conftest import Box, docker_in_faults
from executed import ALSO_RIGHT, RIGHT, WRONG, checks_shown, leaves, repository
from inspect_ai import Task
from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox
from scripted import acting, pool, reply, run

from inspect_tts import RolloutPool, adopt, pdr_rtv, rollouts, rtv, take_evidence, tournament
from inspect_tts.execution.records import ExecutionEvidence

UNIT = "python3 -c 'from sums import add; assert add(2, 5) == 7'"
ONCE = "test ! -e left && touch left"
CHECKS = {"unit": UNIT, "once": ONCE, "talks": "yes | head -c 9M"}
START = "printf 'def add(a, b):\\n    return a - b\\n' > sums.py"


@scorer(metrics=[accuracy()])
def nothing_left() -> Scorer:
    """Whether no check ran where the result is graded."""

    async def score(state: TaskState, target: Target) -> Score:
        seen = await sandbox().exec(["ls"])
        return Score(value=float("left" not in seen.stdout and "sums.py" in seen.stdout))

    return score


def without_git(box: Box | None = None) -> Task:
    setup = f"#!/bin/bash\n{box.setup if box else 'true'}\n{START}\n"
    task = repository(setup, sandbox=box.spec if box else "local", name=box and box.task_name)
    task.scorer = [nothing_left()]
    return task


def three(*, service: bool = False) -> Solver:
    also = ["nohup sleep 600 >/dev/null 2>&1 &"] if service else []
    return acting(leaves("#good", RIGHT), leaves("#b", WRONG), leaves("#c", ALSO_RIGHT, also=also))


def told(found: Any, evidence: ExecutionEvidence, name: str) -> dict[str, str]:
    """What a check says of each rollout, by the mark that it left."""
    marks = {r.id: r.summary.text.partition("#")[2].partition('"')[0] for r in found.rollouts}
    [id] = [check.id for check in evidence.checks if check.name == name]
    return {marks[each]: how for each, how in evidence.attributions.get(id, {}).items()}


def abstains(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    return reply("I cannot tell.")


@docker_in_faults
def test_a_check_tells_copies_apart_and_leaves_nothing(box: Box, tmp_path: Path) -> None:
    service = box.kind == "docker"  # a process cannot be copied, and only there one is seen
    checks = {**CHECKS, "endless": "sleep 600"} if service else CHECKS
    given: dict[str, Any] = {"check": checks, "evidence": "all", "evidence_time": 120}
    strategy = rtv(n=3, votes=1, agent=three(service=service), tie="evidence", **given)
    log = run(without_git(box), strategy, tmp_path, judge=abstains)
    found = pool(log)
    [taken] = found.executions
    assert taken.copies
    assert taken.reason is None
    right = {"good": "fixed", "b": "still failing", "c": "fixed"}
    alike = dict.fromkeys(right, "fine in both")
    if service:
        assert "processes are still running" in str(taken.unavailable)
        del right["c"], alike["c"]
    assert told(found, taken, "unit") == right
    assert told(found, taken, "once") == told(found, taken, "talks") == alike
    assert max(run.size for run in taken.runs) <= 200_000
    assert [each.reason for each in taken.dropped] == [
        "on the untouched tree did not end within 30 s"
    ] * service
    assert taken.sandboxes == len(taken.runs)
    assert {check.origin for check in taken.checks} == {"user"}
    assert any("printed" in text or "return code" in text for text in checks_shown(log))
    assert "good" in found.by_id(str(found.adopted)).summary.text or not service
    assert found.discrepancies() == ()
    [sample] = log.samples or []
    assert (sample.scores or {})["nothing_left"].value == 1
    assert box.alive() == []


def test_the_first_iteration_is_checked_too_and_a_retry_runs_nothing(tmp_path: Path) -> None:
    def runs(name: str) -> Any:
        acts = [leaves("#good", RIGHT), leaves("#b", WRONG)] * 2
        given: dict[str, Any] = {"n": 2, "top_k": 1, "votes": 1, "check": UNIT}
        strategy = pdr_rtv(agent=acting(*acts), resume=str(tmp_path / "saved"), **given)
        return pool(run(without_git(), strategy, tmp_path / name))

    first, again = runs("first"), runs("again")
    assert [len(each.results) for each in first.executions] == [2, 2]
    assert [each.sandboxes for each in first.executions] == [4, 2]  # the start is known
    assert [each.sandboxes for each in again.executions] == [0, 0]
    assert again.taken_over["check"] == 6
    assert [e.attributions for e in again.executions] == [e.attributions for e in first.executions]


def test_rollouts_that_say_the_same_in_another_epoch_are_checked_anew(tmp_path: Path) -> None:
    acts = [leaves("#good", RIGHT), leaves("#good", RIGHT), leaves("#good", WRONG)]
    strategy = rtv(n=2, votes=1, agent=acting(*acts, acts[-1]), check=UNIT)
    log = run(without_git(), strategy, tmp_path, epochs=2, max_samples=1)
    told = [s.store_as(RolloutPool).executions[0].attributions["u01"] for s in log.samples or []]
    assert [{*each.values()} for each in told] == [{"fixed"}, {"still failing"}]


def test_where_no_copy_is_kept_the_record_says_why(tmp_path: Path) -> None:
    strategy = rtv(n=3, votes=1, agent=three(), check=UNIT, resume="off")
    found = pool(run(without_git(), strategy, tmp_path))
    [taken] = found.executions
    assert taken.reason == (
        "its workspace is no git repository, and there is no copy of its sandbox: resume=off keeps "
        "none"
    )
    assert found.adopted is not None


def test_copies_that_are_gone_cost_their_checks_and_nothing_else(tmp_path: Path) -> None:
    saved = tmp_path / "saved"

    @solver
    def loses() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            shutil.rmtree(saved / "snapshot", ignore_errors=False)
            return state

        return solve

    stages = [rollouts(n=3, agent=three(), spare_sandbox=True, resume=str(saved)), loses()]
    stages += [take_evidence(check=UNIT), tournament(votes=1), adopt()]
    found = pool(run(without_git(), stages, tmp_path))
    [taken] = found.executions
    assert taken.results == {}
    assert {*taken.unavailable.values()} == {"the copy of its sandbox could not be started"}
    assert found.adopted is not None
