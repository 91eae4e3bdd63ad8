"""Refinement ends where the candidates agree and nobody voted against a winner."""

from math import isnan
from pathlib import Path

from scripted import acting, calls, pool, prefer, problem, run, says

from inspect_tts import RolloutPool, pdr_rtv

SAME = acting(says("#good"))


def names(found: RolloutPool) -> list[tuple[str, int]]:
    return [(stage.name, stage.iteration) for stage in found.stages]


def test_what_all_agree_on_is_adopted_and_nothing_more_is_paid(tmp_path: Path) -> None:
    strategy = pdr_rtv(n=4, top_k=2, votes=3, dedupe=True, stop_on_consensus=True, agent=SAME)
    log = run(problem(), strategy, tmp_path)
    found = pool(log)
    assert names(found) == [
        ("rollouts", 0),
        ("tournament", 0),
        ("stop", 0),
        ("tournament", 0),
        ("adopt", 0),
    ]
    assert len(found.rollouts) == 4
    assert calls(log, "judge") == []
    assert (found.adopted,) == found.selections[-1].selected
    assert found.adopted in found.selections[0].selected
    assert found.discrepancies() == ()


def test_votes_between_equals_are_no_dissent(tmp_path: Path) -> None:
    strategy = pdr_rtv(n=4, top_k=2, votes=3, stop_on_consensus=True, agent=SAME)
    log = run(problem(), strategy, tmp_path)  # votes for whoever is shown first
    found = pool(log)
    flips = [m.order_flip_rate for s in found.selections for r in s.rounds for m in r.matches]
    assert any(flips)
    assert len(found.rollouts) == 4
    assert found.discrepancies() == ()


def test_whoever_differs_is_refined(tmp_path: Path) -> None:
    crowd = acting(says("#good"), says("#good"), says("#good"), says("#else"))
    strategy = pdr_rtv(n=4, top_k=4, votes=3, stop_on_consensus=True, agent=crowd)
    found = pool(run(problem(), strategy, tmp_path))
    assert [len(found.population(t)) for t in (0, 1)] == [4, 4]
    assert found.discrepancies() == ()


def test_without_the_option_all_are_refined(tmp_path: Path) -> None:
    strategy = pdr_rtv(n=4, top_k=2, votes=3, dedupe=True, agent=SAME)
    found = pool(run(problem(), strategy, tmp_path))
    assert len(found.rollouts) == 8


def test_it_may_stop_after_a_later_iteration(tmp_path: Path) -> None:
    crowd = acting(says("#a"), says("#b"), says("#good"), says("#good"))
    strategy = pdr_rtv(n=2, top_k=2, votes=1, iterations=4, stop_on_consensus=True, agent=crowd)
    found = pool(run(problem(), strategy, tmp_path))
    assert len(found.rollouts) == 4
    assert ("stop", 1) in names(found)
    assert found.by_id(found.adopted or "").iteration == 1
    assert found.discrepancies() == ()


def test_a_stop_without_agreement_is_named(tmp_path: Path) -> None:
    strategy = pdr_rtv(n=2, top_k=2, votes=1, stop_on_consensus=True, agent=SAME)
    found = pool(run(problem(), strategy, tmp_path))
    first = found.rollouts[0]
    other = first.facts.model_copy(update={"fingerprint": "answer:else"})
    found.rollouts = [first.model_copy(update={"facts": other}), *found.rollouts[1:]]
    assert "iteration 0: stopped without a consensus" in found.discrepancies()


def test_a_mean_over_problems_leaves_out_what_a_stopped_one_did_not_run(tmp_path: Path) -> None:
    # p0 agrees after iteration 0, p1 does not and is refined
    crowd = acting(*(says(text) for text in ("#good", "#good", "#bad", "#good", "#bad", "#bad")))
    strategy = pdr_rtv(
        n=2,
        top_k=2,
        votes=1,
        stop_on_consensus=True,
        score_rollouts=True,
        max_rollouts=1,
        agent=crowd,
    )
    log = run(problem(2), strategy, tmp_path, judge=prefer("#good"), max_samples=1)
    values = [(sample.scores or {})["inspect_tts/rollouts"].value for sample in log.samples or []]
    stopped, refined = (value for value in values if isinstance(value, dict))
    assert stopped.keys() == refined.keys()
    assert isnan(stopped["iteration_1"])
    assert (stopped["select_k"], stopped["selected"], stopped["oracle"]) == (1, 1, 1)
    assert (refined["select_k"], refined["iteration_1"]) == (0.5, 0)
    scores = {
        s.name: s.metrics["mean"].value
        for s in (log.results.scores if log.results else [])
        if "mean" in s.metrics
    }
    assert (scores["select_k"], scores["iteration_1"]) == (0.75, 0)
