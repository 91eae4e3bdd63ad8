"""bench/refinement.py: populations whose outcome is known, and the figures it is about."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import refinement
from pools import PAPER, Attempt, Problem
from refinement import Variant
from selection import Judge

KNOWS = Judge(1.0, shared=True)


def problem(passes: int) -> Problem:
    return Problem("p", tuple(Attempt(i < passes) for i in range(16)))


def outcome(
    variant: Variant, passes: int, rates: tuple[float, ...], key: str = "k"
) -> refinement.Run:
    return refinement.run(variant, problem(passes), rates, KNOWS, 1.0, key)


@pytest.mark.parametrize("variant", refinement.VARIANTS, ids=lambda variant: str(variant.name))
def test_what_always_passes_is_always_selected(variant: Variant) -> None:
    run = outcome(variant, 16, (99.9999,) * 5)
    assert (run.selected, run.select_k) == (True, 1.0)


def test_only_what_is_carried_over_survives_a_refinement_that_ruins_all() -> None:
    ruin = (1e-9,) * 5
    assert not outcome(Variant("plain"), 4, ruin).selected
    assert outcome(Variant("keep_parents", keep_parents=True), 4, ruin).selected
    assert outcome(Variant("rtv", refine=False), 4, ruin).selected


def test_cold_rollouts_keep_the_rate_of_the_problem() -> None:
    ruin = (1e-9,) * 5
    runs = [
        outcome(Variant("without_context", without_context=8), 8, ruin, key=str(i))
        for i in range(200)
    ]
    assert sum(run.iteration_1 for run in runs) / 200 == pytest.approx(0.25, abs=0.03)


def test_the_costs_are_those_of_the_paper_at_most() -> None:
    full, half = (outcome(Variant("v", n=n), 8, (50.0,) * 5) for n in (16, 8))
    assert (full.rollouts, half.rollouts) == (32, 16)
    assert half.calls < full.calls <= 216


@pytest.mark.bench
def test_a_row_compares_each_variant_with_the_paper_and_is_the_same_again() -> None:
    [paper] = [paper for paper in PAPER if paper.name == "paper_sonnet_tb"]
    rows = refinement.rows(paper, 1.0, 1)
    assert rows == refinement.rows(paper, 1.0, 1)
    assert [row["variant"] for row in rows] == [v.name for v in refinement.VARIANTS]
    assert rows[0]["gain"] == [0.0, 0.0, 0.0]
    assert rows[1]["iteration 1"] == pytest.approx(paper.pass_at_1, abs=0.1)
    assert all(row["gain"][1] <= row["gain"][0] <= row["gain"][2] for row in rows)
