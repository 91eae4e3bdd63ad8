"""Strengths of a pool: computed, ranked by, replayed, recomputed, in dataframe and report."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai import eval as inspect_eval
from scripted import acting, model, pool, prefer, problem, run, says

from inspect_tts import UserError, rollouts_df, rtv
from inspect_tts.cli import main
from inspect_tts.recorded import replay, replay_recorded

BEST = prefer("#r2", *(f"#r{i}" for i in range(8)))


@pytest.mark.parametrize("kind", ["swiss", "pivot"])
def test_a_selection_by_strength(kind: str, tmp_path: Path) -> None:
    given: dict[str, Any] = {"n": 5, "votes": 2, "selection": kind, "ranked_by": "strength"}
    strategy = rtv(**given, score_rollouts=True, agent=acting(*(says(f"#r{i}") for i in range(5))))
    task = problem()
    task.dataset[0].target = "#r2"
    log = run(task, strategy, tmp_path, judge=BEST)
    found = pool(log)
    assert found.selections[0].ranked_by == "strength"
    assert found.discrepancies() == ()
    told = found.strengths()
    assert told[0].rollout == found.adopted
    assert sum(each.best for each in told) == pytest.approx(1)
    [again] = inspect_eval(
        replay(log=log.location),
        solver=replay_recorded(),
        model=model(BEST, "judge"),
        log_dir=str(tmp_path / "again"),
        display="none",
    )
    assert pool(again).selections[0].ranking == found.selections[0].ranking
    assert pool(again).discrepancies() == ()
    shown = CliRunner().invoke(main, ["report", log.location, "--json"], catch_exceptions=False)
    [entry] = json.loads(shown.stdout)["runs"][0]["strengths"]
    assert (entry["selections"], entry["passed"], entry["chance"]) == (1, 1.0, 0.2)
    assert entry["mass"] == entry["best"] == told[0].best
    frame = rollouts_df(log.location)
    by = {each.rollout: each for each in told}
    for row in frame.to_dict("records"):
        assert (row["p_best"], row["strength_low"]) == (
            by[row["rollout"]].best,
            by[row["rollout"]].low,
        )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ranked_by": "elo"}, "ranked_by='elo' is not known; choose one of 'votes', 'strength'"),
        ({"ranked_by": "strength"}, "leave it out with selection='tournament'"),
    ],
)
def test_wrong_values_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as refused:
        rtv(**given)
    assert said in str(refused.value)
