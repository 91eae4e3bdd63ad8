"""Rollouts that reach for the reference solution are flagged, and with `leak_guard` kept out."""

from pathlib import Path
from typing import Any

import pytest
from helpers import Outcome, Script, eval_one, prefer, shell, submit
from inspect_ai import Task
from inspect_ai.agent import react
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import includes
from inspect_ai.solver import Solver
from inspect_ai.tool import bash

from inspect_tts import RolloutPool, pdr, pdr_rtv, rtv

SETUP = """
git init -q -b main . && git config user.name a && git config user.email a@example.org
export GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z
echo base >code && git add -A && git commit -q -m base
git checkout -q -b later && echo fixed >code && git commit -qam fix && git tag v9
git checkout -q main && git branch -q -D later
"""
"""As in an image that holds what came after its base commit."""


def run(solver: Solver, acts: dict[str, str], tmp_path: Path, judge: str = "a0") -> Outcome:
    """Agents `a0`, `a1`, ... each run their command; judges prefer one of them."""

    def act(me: str, turn: int) -> ModelOutput:
        return shell(acts.get(me, "echo x >code")) if turn == 0 else submit(me)

    task = Task(
        dataset=[Sample(input="Work.", target="a", setup=SETUP, metadata={"repo": "a/widget"})],
        solver=react(tools=[bash()]),
        scorer=includes(),
        sandbox="local",
    )
    return eval_one(task, solver, Script(act, prefer(f"I am {judge}.")), tmp_path)


def who(outcome: Outcome, ids: Any) -> list[str]:
    return [outcome.who(id) for id in ids]


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("git log --all", "reads all history"),
        ("git show v9", "reads later history: v9"),
        ("git show $(git rev-parse v9)", "reads later history: v9"),
        ("git log -3; git show HEAD; git log main", None),
        ("git commit -qam mine; git show main", None),
        ("git fetch https://localhost:1/x", "asks an upstream"),
        ("pip download widget --retries 0 --index-url http://localhost:1", "gets a release"),
    ],
)
def test_what_a_rollout_ran_is_flagged(command: str, word: str | None, tmp_path: Path) -> None:
    outcome = run(rtv(n=1), {"a0": command}, tmp_path)
    [rollout] = outcome.pool.rollouts
    if word is None:
        assert rollout.leaks == ()
    else:
        [leak] = rollout.leaks
        assert word in leak
    assert outcome.pool.adopted == rollout.id, "without the guard it is only recorded"


def test_a_later_commit_is_found_by_its_hash(tmp_path: Path) -> None:
    outcome = run(rtv(n=1), {"a0": "git rev-parse v9"}, tmp_path / "hash")
    [sha] = [w for m in outcome.sample.messages for w in m.text.split() if len(w) == 40]
    outcome = run(rtv(n=1), {"a0": f"git show {sha[:10]}"}, tmp_path)
    assert outcome.pool.rollouts[0].leaks == (f"reads later history: {sha[:10]}",)


@pytest.mark.parametrize("guard", [False, True])
def test_the_guard_keeps_a_flagged_rollout_from_being_selected(guard: bool, tmp_path: Path) -> None:
    solver = rtv(n=3, votes=1, leak_guard=guard)
    outcome = run(solver, {"a0": "git fetch"}, tmp_path)
    [selection] = outcome.pool.selections
    assert ("a0" in who(outcome, selection.population)) is not guard
    assert (outcome.who(str(outcome.pool.adopted)) == "a0") is not guard
    assert outcome.pool.discrepancies() == ()


@pytest.mark.parametrize("context", ["select", "random", "single"])
def test_the_guard_keeps_it_out_of_refinement_contexts(context: Any, tmp_path: Path) -> None:
    flagged = {"a0": "git fetch", "a2": "git log --all"}
    solver = pdr_rtv(n=3, top_k=2, votes=1, context=context, leak_guard=True)
    outcome = run(solver, flagged, tmp_path)
    pool = outcome.pool
    refined = [who(outcome, rollout.context) for rollout in pool.population(1)]
    leaked = {outcome.who(r.id) for r in pool.population(0) if r.leaks}
    assert leaked == set(flagged)
    assert not any(leaked & set(context) for context in refined)
    assert any(refined) or context == "select"
    assert pool.discrepancies() == ()


def test_where_all_are_flagged_all_stay(tmp_path: Path) -> None:
    solver = pdr(n=2, top_k=1, votes=1, leak_guard=True)
    outcome = run(solver, {f"a{i}": "git fetch" for i in range(4)}, tmp_path)
    assert len(outcome.pool.selections[0].population) == 2
    assert outcome.pool.adopted is not None
    assert outcome.pool.discrepancies() == ()


def test_a_log_that_hides_a_flag_is_not_sound(tmp_path: Path) -> None:
    pool = run(rtv(n=3, votes=1, leak_guard=True), {"a0": "git fetch"}, tmp_path).pool
    forged: RolloutPool = pool.model_copy()
    forged.rollouts = [rollout.model_copy(update={"leaks": ()}) for rollout in pool.rollouts]
    assert any("population is not what was selected" in text for text in forged.discrepancies())
