"""Checks run on results in a fresh sandbox; judges, ties and selections go by what they show."""

from pathlib import Path
from typing import Any

import pytest
from conftest import Box, docker_in_faults, local_box
from executed import (
    ALSO_RIGHT,
    REPOSITORY,
    RIGHT,
    TRY,
    WRONG,
    checks_shown,
    leaves,
    repository,
    tries,
)
from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput
from inspect_ai.solver import Solver
from scripted import acting, calls, only, pool, problem, reply, run, says, spans

from inspect_tts import UserError, adopt, pdr_rtv, rollouts, rtv, take_evidence, tournament
from inspect_tts.execution.records import UNTOUCHED, ExecutionEvidence
from inspect_tts.method.candidates import identical
from inspect_tts.options import ReplayOptions
from inspect_tts.recorded.replay import replay_recorded
from inspect_tts.recorded.replay_plan import changes_from, forecast_votes
from inspect_tts.recorded.tasks import replay

UNIT = "python3 -c 'from sums import add; assert add(2, 5) == 7'"
CHECKS = {
    "unit": UNIT,
    "deletes": "rm -rf $PWD",
    "talks": "yes | head -c 300M",
    "absent": "no_such_program",
    "edits": "echo >> sums.py",
    "leaves": "touch left; (sleep 600 &) ; ls",
}
TESTS = "python3 tests/test_sums.py"


def four(*, mark: str = "#good") -> Solver:
    """Two right results in other words, a wrong one, and none."""
    return acting(
        leaves(mark, RIGHT, tries()),
        leaves("#b", WRONG, TESTS),
        leaves("#c", ALSO_RIGHT, TESTS),
        leaves("#d", None),
    )


def by_mark(found: Any) -> dict[str, str]:
    """Id by the mark that a rollout left: agents may begin in any order."""
    return {r.summary.text.partition("#")[2].partition('"')[0]: r.id for r in found.rollouts}


def reasons(found: ExecutionEvidence) -> dict[str, str]:
    names = {check.id: check.name for check in found.checks}
    return {names[each.check]: each.reason for each in found.dropped}


def abstains(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    return reply("I cannot tell.")


@docker_in_faults
def test_results_are_told_apart_and_bad_checks_harm_nobody(box: Box, tmp_path: Path) -> None:
    task = repository(sandbox=box.spec, name=box.task_name)
    strategy = rtv(n=4, votes=1, agent=four(), check=CHECKS, evidence="all", evidence_time=3600)
    log = run(task, strategy, tmp_path)
    found = pool(log)
    ids, [taken] = by_mark(found), found.executions
    assert taken.reason is None
    assert taken.results == {
        ids["good"]: ids["good"],
        ids["b"]: ids["b"],
        ids["c"]: ids["c"],
        ids["d"]: UNTOUCHED,
    }
    assert {*map(frozenset, taken.classes)} == {
        frozenset({ids["good"], ids["c"]}),
        frozenset({ids["b"]}),
        frozenset({ids["d"]}),
    }
    assert taken.like_untouched == (ids["d"],)
    assert taken.attributions["u01"] == {
        ids["good"]: "fixed",
        ids["b"]: "still failing",
        ids["c"]: "fixed",
        ids["d"]: "still failing",
    }
    why = reasons(taken)
    assert "changes the repository: sums.py" in why["edits"]
    assert "changes the repository" in why["deletes"]
    assert "return code 127" in why["absent"]
    assert {"unit", "talks", "leaves", "python3 try_it.py"}.isdisjoint(why)
    shown = {run.check: run for run in taken.runs if run.tree == UNTOUCHED}
    assert 190_000 < shown["u03"].size <= 200_000, "bounded where it is made"
    assert "left" in shown["u06"].output
    assert all(len(run.output) < 1_500 for run in taken.runs)
    texts = checks_shown(log)
    assert texts
    assert any("Check 1, a check of the user" in text for text in texts)
    assert any("try_it.py:\nfrom sums import add" in text for text in texts)
    assert not any(id in text for text in texts for id in ids.values())
    assert "evidence" in {span.name for span in spans(log).values()}
    assert [stage.name for stage in found.stages][1] == "take_evidence"
    assert found.discrepancies() == ()
    assert found.adopted == ids["good"]
    assert box.alive() == []


def test_a_check_that_never_ends_is_stopped_and_named(tmp_path: Path) -> None:
    agent = acting(leaves("#good", RIGHT), leaves("#b", WRONG))
    given: dict[str, Any] = {"check": {"endless": "sleep 600", "unit": UNIT}, "evidence_time": 12}
    found = pool(run(repository(), rtv(n=2, votes=1, agent=agent, **given), tmp_path))
    assert "did not end within 3 s" in reasons(found.executions[0])["endless"]
    assert found.adopted is not None
    assert found.discrepancies() == ()


def test_a_selection_by_behavior_needs_no_judge(tmp_path: Path) -> None:
    strategy = rtv(n=4, agent=four(), evidence="cross", selection="behavior")
    log = run(repository(), strategy, tmp_path)
    found = pool(log)
    ids = by_mark(found)
    assert calls(log, "judge") == []
    assert found.adopted in {ids["good"], ids["c"]}
    heads = found.selections[0].ranking[:3]
    assert {*heads[1:]} == {ids["b"], ids["d"]}, "one of each class before the others"
    assert heads[2] == ids["d"], "what behaves like the untouched tree comes last"
    assert found.discrepancies() == ()
    edited = found.executions[0].model_copy(update={"classes": ()})
    found.executions = [edited]
    assert any("evidence on iteration 0" in each for each in found.discrepancies())


def test_one_of_each_class_is_judged_and_ties_go_by_evidence(tmp_path: Path) -> None:
    strategy = rtv(n=4, votes=1, agent=four(), check=UNIT, dedupe_behavior=True, tie="evidence")
    log = run(repository(), strategy, tmp_path, judge=abstains)
    found = pool(log)
    ids, [selection] = by_mark(found), found.selections
    assert selection.classes_by == "behavior"
    assert {*map(frozenset, selection.classes)} == {
        frozenset({ids["good"], ids["c"]}),
        frozenset({ids["b"], ids["d"]}),
    }
    [match] = selection.rounds[0].matches
    assert match.decided_by == "evidence"
    assert match.winner in {ids["good"], ids["c"]}
    assert found.discrepancies() == ()
    assert len(identical(found.rollouts)) == 4


def test_refined_rollouts_read_what_the_checks_showed(tmp_path: Path) -> None:
    strategy = pdr_rtv(n=2, top_k=2, votes=1, agent=four(), check={"unit": UNIT})
    log = run(repository(), strategy, tmp_path)
    found = pool(log)
    assert [each.iteration for each in found.executions] == [0, 1]
    told = [m.text for m in only(log).messages if m.role == "user"]
    assert any("<checks>" in text and "Attempt 1" in text for text in told)
    assert found.discrepancies() == ()


def test_a_check_on_a_result_is_never_run_twice(tmp_path: Path) -> None:
    def evaluate(name: str, **options: Any) -> Any:
        agent = acting(leaves("#good", RIGHT, tries()), leaves("#b", WRONG))
        given: dict[str, Any] = {"check": UNIT, "evidence": "cross", **options}
        store = str(tmp_path / "store")
        return pool(
            run(
                repository(), rtv(n=2, votes=1, agent=agent, resume=store, **given), tmp_path / name
            )
        )

    (tmp_path / "store").mkdir()
    first, second = evaluate("a"), evaluate("b")
    other = evaluate("c", check="test -f sums.py")
    assert not any(run.reused for run in first.executions[0].runs)
    assert all(run.reused for run in second.executions[0].runs)
    assert second.taken_over["check"] == len(first.executions[0].runs)
    assert {run.check for run in other.executions[0].runs if not run.reused} == {"u01"}
    same = {"runs", "seconds"}
    one, two = (each.executions[0].model_dump(exclude=same) for each in (first, second))
    assert one == two


def test_nothing_of_the_benchmark_reaches_a_prompt(tmp_path: Path) -> None:
    spies = f"{TRY}import os, pathlib\nprint(dict(os.environ))\n"
    spies += "[print(p, p.read_bytes()) for p in pathlib.Path().rglob('*.py')]\n"
    agent = acting(leaves("#good", RIGHT, tries("spy.py", spies)), leaves("#b", WRONG))
    task = repository()
    for sample in task.dataset:
        sample.target, sample.metadata = "CANARY-target", {"tests": "CANARY-metadata"}
    log = run(task, rtv(n=2, votes=2, agent=agent, evidence="all", score_rollouts=True), tmp_path)
    texts = checks_shown(log)
    assert any("spy.py" in text for text in texts)
    assert not any("CANARY" in call.input[0].text for call in calls(log, "judge"))
    assert "CANARY" not in pool(log).executions[0].model_dump_json()


def too_large(mark: str) -> Any:
    return leaves(mark, RIGHT, also=["head -c 3000000 /dev/urandom > large.bin"])


NONE: dict[str, Any] = {
    "no sandbox": (problem, acting(says("#good"), says("#b")), "no sandbox"),
    "no repository": (
        lambda: repository(setup="#!/bin/bash\ntrue\n"),
        acting(leaves("#good", RIGHT), leaves("#b", WRONG)),
        "no git repository",
    ),
}


@pytest.mark.parametrize(("task", "agent", "why"), NONE.values(), ids=NONE)
def test_without_a_tree_the_record_says_why(
    task: Any, agent: Solver, why: str, tmp_path: Path
) -> None:
    log = run(task(), rtv(n=2, votes=1, agent=agent, evidence="all", tie="evidence"), tmp_path)
    found = pool(log)
    assert why in (found.executions[0].reason or "")
    assert found.adopted is not None
    assert checks_shown(log) == []
    assert found.discrepancies() == ()


def test_a_result_that_was_not_kept_is_named(tmp_path: Path) -> None:
    agent = acting(too_large("#good"), leaves("#b", WRONG))
    log = run(repository(), rtv(n=2, votes=1, agent=agent, check=UNIT), tmp_path)
    found = pool(log)
    [taken], ids = found.executions, by_mark(found)
    assert "more than the" in taken.unavailable[ids["good"]]
    assert set(taken.results) == {ids["b"]}
    assert any("could not be put on a fresh copy" in text for text in checks_shown(log))


def test_it_counts_against_max_rollouts_and_waits_for_nobody(tmp_path: Path) -> None:
    given: dict[str, Any] = {"n": 2, "votes": 1, "check": UNIT}
    box = local_box(tmp_path)
    task = repository(setup=f"{REPOSITORY}\n{box.setup}\n", count=2)
    agent = acting(leaves("#good", RIGHT), leaves("#b", WRONG))
    log = run(task, rtv(agent=agent, max_rollouts=3, **given), tmp_path)
    assert log.status == "success"
    assert len(box.opened()) == 2 * (1 + 2 + 1)
    assert box.alive() == []
    refused = run(repository(), rtv(agent=agent, max_rollouts=2, **given), tmp_path)
    assert "max_rollouts=2 is too small" in str(refused.error)


def test_it_stands_in_a_chain_and_in_a_replay(tmp_path: Path) -> None:
    stages = [rollouts(n=2, agent=four(), spare_sandbox=True)]
    stages += [take_evidence(evidence="regression"), tournament(votes=1), adopt()]
    log = run(repository(), stages, tmp_path)
    found = pool(log)
    [taken] = found.executions
    assert taken.reason is None
    again = run(replay(log.location), replay_recorded(), tmp_path / "again")
    assert calls(again, "judge") == []
    assert pool(again).executions == found.executions
    assert pool(again).adopted == found.adopted


REFUSED: dict[str, Any] = {
    "an empty command": ({"check": " "}, "empty command"),
    "too many": ({"check": [f"echo {i}" for i in range(21)]}, "at most 20"),
    "no kind": ({"evidence": "tests"}, "choose one of 'none', 'regression', 'cross', 'all'"),
    "no time": ({"check": "true", "evidence_time": 0}, "evidence_time"),
    "a selection with nothing to go by": ({"selection": "behavior"}, "check='COMMAND'"),
    "classes with nothing to go by": ({"dedupe_behavior": True}, "check='COMMAND'"),
}


@pytest.mark.parametrize(("given", "message"), REFUSED.values(), ids=REFUSED)
def test_bad_arguments_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        rtv(**given)


def test_a_stage_with_nothing_to_run_is_refused() -> None:
    with pytest.raises(UserError, match="nothing to run"):
        take_evidence()


@pytest.mark.parametrize("given", [{"tie": "evidence"}, {"dedupe_behavior": True}])
def test_a_replay_tells_beforehand_that_it_needs_no_vote(
    given: dict[str, Any], tmp_path: Path
) -> None:
    agent = acting(leaves("#good", RIGHT), *(leaves(f"#{mark}", WRONG) for mark in "bcd"))
    strategy = rtv(n=4, votes=1, agent=agent, check=UNIT, seed=1, **given)
    found = pool(run(repository(), strategy, tmp_path, judge=abstains))
    votes = sum(len(m.votes) for s in found.selections for r in s.rounds for m in r.matches)
    told = forecast_votes([found], changes_from(ReplayOptions()), "mockllm/judge")
    assert (told.votes.reused, told.votes.most, told.recorded) == (votes, 0, votes)
