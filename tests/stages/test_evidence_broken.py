"""What breaks the sandbox of the evidence costs its own checks and nobody else's."""

from pathlib import Path
from typing import Any

from executed import ALSO_RIGHT, RIGHT, WRONG, leaves, repository, tries
from inspect_ai.solver import Solver
from scripted import acting, pool, run

from inspect_tts import rtv
from inspect_tts.stages.evidence.session import REFUSED

BREAKS = """import os, shutil
shutil.rmtree(os.environ.get("INSPECT_TTS_CHECK", "none"), ignore_errors=True)
"""
UNITS = {
    f"unit {i}": f"python3 -c 'from sums import add; assert add({i}, 5) == {i + 5}'"
    for i in range(5)
}


def executed(agent: Solver, folder: Path, **given: Any) -> tuple[Any, dict[str, str]]:
    found = pool(run(repository(), rtv(n=3, votes=1, agent=agent, **given), folder))
    marks = {r.id: r.summary.text.partition("#")[2].partition('"')[0] for r in found.rollouts}
    [taken] = found.executions
    assert taken.reason is None
    assert found.discrepancies() == ()
    return taken, marks


def test_a_result_that_breaks_the_sandbox_leaves_the_others_their_checks(tmp_path: Path) -> None:
    agent = acting(leaves("#evil", BREAKS + RIGHT), leaves("#good", RIGHT), leaves("#b", WRONG))
    taken, marks = executed(agent, tmp_path, check=UNITS)
    assert taken.sandboxes <= 3
    for told in taken.attributions.values():
        assert {marks[id]: how for id, how in told.items()} == {
            "evil": "still failing",
            "good": "fixed",
            "b": "still failing",
        }
    assert len(taken.attributions) == 5
    problems = {run.problem for run in taken.runs if marks.get(run.tree) == "evil"}
    assert REFUSED in problems


def test_a_rollouts_commands_that_break_the_sandbox_leave_the_others_theirs(tmp_path: Path) -> None:
    commands = [f"python3 - <<'END'\nprint({i})\n{BREAKS}END\n" for i in range(5)]
    agent = acting(
        leaves("#evil", ALSO_RIGHT, *commands),
        leaves("#good", RIGHT, tries()),
        leaves("#b", WRONG, tries()),
    )
    taken, marks = executed(agent, tmp_path, evidence="cross")
    assert taken.sandboxes <= 3
    assert {frozenset(marks[id] for id in each) for each in taken.classes} == {
        frozenset({"good", "evil"}),
        frozenset({"b"}),
    }
    assert len(taken.dropped) == 5
