"""Options against what refinement is known to do wrong: keep_parents, cold, diverse."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import Box, docker_in_faults
from helpers import Script, eval_one, run_eval, shell, submit
from helpers import prefer as favour
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import Solver, TaskState
from inspect_ai.util import sandbox
from scripted import acting, agent_calls, mark, pool, prefer, problem, run, says

from inspect_tts import RolloutPool, UserError, bash_agent, pdr_rtv, rollouts
from inspect_tts.method.refinement import Context


def crowd(*texts: str) -> Solver:
    return acting(*(says(text) for text in texts))


ROUNDS = ("#r0", "#r1", "#r2", "#good", "#s0", "#s1", "#s2", "#s3")


def marks(found: RolloutPool, ids: Sequence[str]) -> list[str]:
    return [mark(found.by_id(id).summary.text) for id in ids]


def test_what_was_chosen_before_may_win_in_the_end(tmp_path: Path) -> None:
    strategy = pdr_rtv(n=4, top_k=2, votes=1, keep_parents=True, agent=crowd(*ROUNDS))
    found = pool(run(problem(), strategy, tmp_path, judge=prefer("#good", "#r1")))
    before, final = found.selections
    assert "#good" in marks(found, before.selected)
    assert final.population == (*[r.id for r in found.population(1)], *before.selected)
    assert marks(found, [found.adopted or ""]) == ["#good"]
    assert found.by_id(found.adopted or "").iteration == 0
    assert found.discrepancies() == ()


def test_without_it_nothing_but_summaries_goes_on(tmp_path: Path) -> None:
    strategy = pdr_rtv(n=4, top_k=2, votes=1, agent=crowd(*ROUNDS))
    found = pool(run(problem(), strategy, tmp_path, judge=prefer("#good", "#r1")))
    assert found.by_id(found.adopted or "").iteration == 1
    forged = found.selections[-1].population + found.selections[0].selected
    last = found.selections[-1].model_copy(update={"population": forged})
    found.selections = [found.selections[0], last]
    assert "population" in found.discrepancies()[0]


@pytest.mark.parametrize("context", ["select", "random", "single"])
def test_cold_rollouts_start_from_the_problem_alone(tmp_path: Path, context: Context) -> None:
    strategy = pdr_rtv(
        n=4,
        top_k=2,
        votes=1,
        without_context=2,
        context=context,
        agent=crowd(*ROUNDS),
    )
    log = run(problem(), strategy, tmp_path)
    found = pool(log)
    assert [bool(r.context) for r in found.population(1)] == [True, True, False, False]
    first = {id: made[0].input[0].text for id, made in agent_calls(log).items()}
    for rollout in found.population(1):
        assert ("<attempt_1>" in first[rollout.id]) == bool(rollout.context)
    assert found.discrepancies() == ()


def test_a_diverse_context_passes_over_what_tells_the_same(tmp_path: Path) -> None:
    strategy = pdr_rtv(
        n=4, top_k=2, votes=1, diverse=True, agent=crowd("#same", "#same", "#same", "#else", "#s")
    )
    found = pool(run(problem(), strategy, tmp_path, judge=prefer("#same", "#else")))
    chosen = found.selections[0]
    assert sorted(marks(found, chosen.selected)) == ["#else", "#same"]
    assert chosen.selected != chosen.ranking[:2]
    assert found.discrepancies() == ()
    narrow = chosen.model_copy(update={"selected": chosen.ranking[:2]})
    found.selections = [narrow, *found.selections[1:]]
    assert found.discrepancies() != ()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"without_context": 5, "n": 4, "top_k": 2},
            "without_context=5 is too large; give without_context <= 4",
        ),
        ({"without_context": -1}, "without_context=-1"),
        ({"context": "random", "keep_parents": True}, "makes no selection that keep_parents"),
        ({"context": "single", "diverse": True}, "give context='select'"),
        (
            {"context": "random", "stop_on_consensus": True},
            "makes no selection that stop_on_consensus",
        ),
    ],
)
def test_a_mistake_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        pdr_rtv(**options)


def test_options_of_refinement_need_a_context() -> None:
    for given in ({"without_context": 1}, {"keep_parents": True}):
        with pytest.raises(UserError, match="apply to refined rollouts only"):
            rollouts(n=2, **given)


# --- with sandboxes


@scorer(metrics=[accuracy()])
def who_was_here() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=(await sandbox().read_file("me")).strip() == target.text)

    return score


def writes_its_name(me: str, turn: int) -> ModelOutput:
    return shell(f"echo {me} > me") if turn == 0 else submit(me)


@docker_in_faults
def test_the_sandbox_of_an_earlier_iteration_is_what_is_graded(box: Box, tmp_path: Path) -> None:
    task = Task(
        name=box.task_name,
        dataset=[Sample(input="Say who you are.", target="a1", setup=box.setup)],
        scorer=who_was_here(),
        sandbox=box.spec,
    )
    alive: list[int] = []

    def act(me: str, turn: int) -> ModelOutput:
        alive.append(len(box.alive()))
        return writes_its_name(me, turn)

    strategy = pdr_rtv(n=2, top_k=1, votes=1, keep_parents=True, agent=bash_agent())
    outcome = eval_one(task, strategy, Script(act, favour("I am a1.")), tmp_path)
    assert outcome.who(outcome.pool.adopted or "") == "a1"
    assert outcome.pool.adopted == outcome.pool.selections[0].selected[0]
    assert outcome.score("who_was_here") == 1
    assert max(alive) == 4, "the sample's own, the carried one, and the two new ones"
    assert box.alive() == []


@pytest.mark.parametrize("max_rollouts", [2, 3])
def test_problems_that_carry_over_do_not_wait_for_each_other(
    tmp_path: Path, max_rollouts: int
) -> None:
    task = Task(
        dataset=[Sample(id=i, input="Say who you are.", target="a1") for i in range(6)],
        scorer=who_was_here(),
        sandbox="local",
    )
    strategy = pdr_rtv(
        n=2, top_k=2, votes=1, keep_parents=True, agent=bash_agent(), max_rollouts=max_rollouts
    )
    script = Script(writes_its_name, favour("I am a1."))
    log = run_eval(task, strategy, script, tmp_path, max_samples=6, time_limit=60)
    assert log.status == "success"
    for sample in log.samples or []:
        assert sample.limit is None
        found = sample.store_as(RolloutPool)
        assert len(found.selections[-1].population) == 4
        assert found.discrepancies() == ()
