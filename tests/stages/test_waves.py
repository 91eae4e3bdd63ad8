"""`n=auto`: rollouts in waves, until enough agree."""

from pathlib import Path
from typing import Any

import pytest
from executed import ALSO_RIGHT, RIGHT, WRONG, leaves, repository, tries
from inspect_ai.solver import Solver
from inspect_ai.util import Store
from scripted import acting, calls, pool, problem, run, says

from inspect_tts import (
    RolloutPool,
    UserError,
    adopt,
    pdr_rtv,
    rollouts,
    rtv,
    take_evidence,
    tournament,
)
from inspect_tts.estimate.counts import counts
from inspect_tts.options import PdrRtvOptions
from inspect_tts.scaled.task import scaled

AUTO: dict[str, Any] = {"n": "auto", "votes": 1}


def agent(answers: str) -> Solver:
    """Its rollouts answer with one letter each, in the order in which they are started."""
    return acting(*(says(f"#{letter}") for letter in answers))


STRATEGIES: dict[str, Any] = {
    "held": lambda **given: rtv(**given, max_rollouts=5),
    "not held": lambda **given: pdr_rtv(**given, iterations=2, top_k=1),
    "stages": lambda **given: [
        rollouts(n="auto", **{k: v for k, v in given.items() if k not in ("n", "votes")}),
        take_evidence(check=given["check"]),
        tournament(votes=1),
        adopt(),
    ],
}


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_equal_behavior_ends_the_waves_and_no_check_runs_twice(
    strategy: Any, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    check = f"pwd >> {ran}; python3 -c 'from sums import add; assert add(2, 5) == 7'"
    acts = [leaves("#b", WRONG), leaves("#good", RIGHT), leaves("#c", ALSO_RIGHT)]
    given: dict[str, Any] = {**AUTO, "min_n": 2, "wave": 1, "max_n": 4, "check": check}
    made = strategy(**given, resume="off", agent=acting(*acts, *acts))
    found = pool(run(repository(), made, tmp_path))
    assert len(found.population(0)) == 3, "two results in other words pass the check"
    assert [len(wave.population) for wave in found.waves] == [2, 3]
    first = [each for each in found.executions if each.iteration == 0]
    assert [set(each.population) for each in first] == [{r.id for r in found.population(0)}]
    assert found.discrepancies() == ()

    assert len(ran.read_text().split()) == 2 + 3, "untouched twice, each result once"
    for forged in (
        [],
        [found.waves[0]],
        [w.model_copy(update={"classes": ()}) for w in found.waves],
    ):
        edited = RolloutPool(store=Store(), **found.model_dump())
        edited.waves = forged
        assert edited.discrepancies()


def test_a_retry_takes_over_what_ran_between_waves(tmp_path: Path) -> None:
    def evaluate(name: str) -> RolloutPool:
        acts = [leaves("#b", WRONG), leaves("#good", RIGHT), leaves("#c", ALSO_RIGHT)]
        given: dict[str, Any] = {**AUTO, "min_n": 2, "wave": 1, "max_n": 4, "evidence": "cross"}
        tried = [leaves("#good", RIGHT, tries()), *acts]
        strategy = rtv(**given, resume=str(tmp_path / "store"), agent=acting(*tried))
        return pool(run(repository(), strategy, tmp_path / name))

    (tmp_path / "store").mkdir()
    one, two = evaluate("a"), evaluate("b")
    assert two.taken_over["rollout"] == len(one.rollouts) == len(two.rollouts)
    assert all(each.reused for wave in two.waves for each in wave.runs)
    assert [wave.classes for wave in one.waves] == [wave.classes for wave in two.waves]
    assert one.discrepancies() == two.discrepancies() == ()


def test_problems_at_once_execute_without_waiting_for_each_other(tmp_path: Path) -> None:
    strategy = rtv(
        **{**AUTO, "min_n": 2, "wave": 1, "max_n": 3, "max_rollouts": 4, "check": "true"},
        agent=acting(*(leaves(f"#{i}", f"{RIGHT}# {i}\n") for i in range(9))),
    )
    log = run(repository(count=3), strategy, tmp_path, max_samples=3)
    assert log.status == "success"
    for sample in log.samples or []:
        found = sample.store_as(RolloutPool)
        assert len(found.rollouts) == 3, "nothing separates any"
        assert found.discrepancies() == ()


def test_rollouts_that_agree_end_the_waves_and_the_log_recomputes_it(tmp_path: Path) -> None:
    strategy = pdr_rtv(**AUTO, min_n=2, wave=1, max_n=5, top_k=1, agent=agent("abaaaaaa"))
    found = pool(run(problem(), strategy, tmp_path))
    assert [len(found.population(t)) for t in (0, 1)] == [3, 3], "further iterations have as many"
    assert found.discrepancies() == ()
    bounds = counts({**PdrRtvOptions().arguments(), **AUTO, "min_n": 2, "max_n": 5, "top_k": 1})
    assert bounds.fewest_rollouts <= len(found.rollouts) <= bounds.rollouts
    for kept in (slice(0, 2), slice(0, 3)):
        forged = RolloutPool(store=Store(), **found.model_dump())
        first = found.population(0)[kept]
        if len(first) == 3:
            facts = first[-1].facts.model_copy(update={"fingerprint": "other"})
            first[-1] = first[-1].model_copy(update={"facts": facts})
        forged.rollouts = [*first, *found.population(1)]
        assert any("not recorded" in each for each in forged.discrepancies())


def test_problems_at_once_do_not_wait_for_each_other(tmp_path: Path) -> None:
    strategy = rtv(**AUTO, min_n=2, wave=1, max_n=4, max_rollouts=4, agent=agent("abcabb"))
    log = run(problem(5), strategy, tmp_path, max_samples=5)
    pools = [sample.store_as(RolloutPool) for sample in log.samples or []]
    assert log.status == "success"
    assert {len(each.rollouts) for each in pools} <= {2, 3, 4}
    assert [each.discrepancies() for each in pools] == [()] * 5


def test_saved_rollouts_of_a_fixed_number_fit_and_a_retry_runs_what_is_missing(
    tmp_path: Path,
) -> None:
    place: dict[str, Any] = {"resume": str(tmp_path / "saved")}
    run(problem(), rtv(n=2, votes=1, **place, agent=agent("ab")), tmp_path)
    auto = {**AUTO, "min_n": 2, "wave": 2, "max_n": 6}
    log = run(problem(), rtv(**auto, **place, agent=agent("bb")), tmp_path)
    found = pool(log)
    assert len(found.rollouts) == 4
    assert found.taken_over["rollout"] == 2
    assert len(calls(log, None)) == 2
    again = run(problem(), rtv(**auto, **place, agent=agent("x")), tmp_path)
    assert calls(again, None) == calls(again, "judge") == []
    assert pool(again).selections == found.selections
    assert pool(again).discrepancies() == ()


def test_a_budget_holds(tmp_path: Path) -> None:
    strategy = rtv(**AUTO, min_n=2, wave=2, max_n=12, agent=agent("abcdefghijkl"))
    found = pool(run(problem(), strategy, tmp_path, token_limit=250))
    [cut] = [stage.cut for stage in found.stages if stage.name == "rollouts"]
    assert cut is not None
    assert cut.started == len(found.rollouts) < cut.planned <= 12
    assert found.discrepancies() == ()


@pytest.mark.parametrize(
    ("strategy", "given", "said"),
    [
        (rtv, {"n": "some"}, "n='some' is not a whole number; give n >= 1 or 'auto'"),
        (rtv, {"n": "auto", "min_n": 0}, "min_n=0 is too small; give min_n >= 1"),
        (rtv, {"n": "auto", "wave": 0}, "wave=0 is too small; give wave >= 1"),
        (rollouts, {"n": "auto", "max_n": 3}, "min_n=4 is too large; give min_n <= 3"),
        (rollouts, {"check": "true"}, "give n='auto', or put take_evidence() after"),
        (rtv, {"wave": 2}, "wave applies to n='auto' only; give n=auto"),
        (rollouts, {"wave": 2}, "wave applies to n='auto' only; give n=auto"),
        (pdr_rtv, {"n": "auto", "top_k": 5}, "give top_k <= 4: the refinement context is taken"),
    ],
)
def test_wrong_values_are_refused(strategy: Any, given: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as refused:
        strategy(**given)
    assert said in str(refused.value)


@pytest.mark.parametrize("given", [{"check": "true"}, {"evidence": "cross"}])
def test_samples_of_their_own_execute_nothing_between_waves(given: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"executes results between waves.* with --solver instead"):
        scaled(task="inspect_tts/demo", strategy="rtv", strategy_args={"n": "auto", **given})


def test_slots_that_the_waves_did_not_need_are_free_for_the_next_iteration(tmp_path: Path) -> None:
    room: dict[str, Any] = {"max_rollouts": 4, "agent": acting(leaves("#good", RIGHT))}
    strategy = [
        rollouts(n="auto", min_n=2, wave=1, max_n=4, **room),
        tournament(votes=1),
        rollouts(n=4, context="select", top_k=1, **room),
        tournament(votes=1),
        adopt(),
    ]
    log = run(repository(), strategy, tmp_path, time_limit=60)
    found = pool(log)
    assert [len(found.population(t)) for t in (0, 1)] == [2, 4]
    assert found.adopted is not None
