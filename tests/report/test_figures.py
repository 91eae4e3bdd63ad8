"""What the figures of a report draw: the numbers of its tables, and nothing where there is none."""

from typing import Any

import pytest
from run_numbers import run_numbers

pytest.importorskip("plotly")
from inspect_tts.report.page.figures import figures
from inspect_tts.statistics.intervals import Estimate
from inspect_tts.statistics.judge_quality import Bin, RoundAccuracy
from inspect_tts.statistics.measures import ByContext, Refinement, Turns
from inspect_tts.statistics.spending import Phase

SURE = Estimate(0.25, 0.125, 0.5, 10)
CHOSEN = Estimate(0.5, None, None, 1)


def drawn(*runs: dict[str, Any]) -> dict[str, Any]:
    """Figures by id."""
    made = [run_numbers(**run) for run in runs]
    return {found["id"]: found for found in figures(made)}


def traces(id: str, *runs: dict[str, Any]) -> list[dict[str, Any]]:
    return list(drawn(*runs)[id]["plot"]["data"])


def test_where_there_are_no_numbers_nothing_is_drawn() -> None:
    assert drawn({}) == {}


def test_passing_rollouts_by_iteration() -> None:
    one, two = traces("passes-0", {"pass_counts": {0: (4, 3, 3), 1: (), 2: (1, 0, 9)}})
    assert (one["name"], one["x"], one["y"]) == ("iteration 0", [0, 1, 2], [4, 3, 3])
    assert (two["name"], two["y"]) == ("iteration 2", [1, 0, 9])


def test_passes_before_and_after_refinement() -> None:
    change = Refinement.__new__(Refinement, *range(len(Refinement._fields)))
    change = change._replace(gained=1, lost=2, matrix=((3, 0), (1, 6)))
    found = drawn({"refinement": {"0-1": change}})["transitions-0"]
    [heat] = found["plot"]["data"]
    assert heat["z"] == [[3, None], [1, 6]]
    assert heat["text"] == [["3", ""], ["1", "6"]], "a zero is no number of problems to show"
    assert "1 problem newly solved, 2 no longer" in found["text"]


def test_refined_scores_by_context() -> None:
    entries = (ByContext(0, 2, 1, 4, 0.25), ByContext(2, 2, 3, 12, 0.75))
    [bar] = traces("context-0", {"by_context": {1: entries}})
    assert (bar["x"], bar["y"]) == (["0 of 2", "2 of 2"], [25, 75])
    assert bar["text"] == ["1 problem", "3 problems"]


def test_a_round_in_which_nothing_could_be_decided_is_not_drawn() -> None:
    known = RoundAccuracy(0, 0, 1, 8, 4, 3, 0.75, 0.5, 0.6)
    empty = RoundAccuracy(0, 0, 2, 4, 0, 0, None, None, None)
    judge, chance = traces("judge-0", {"judge": (known, empty)})
    assert (judge["x"], judge["y"], judge["text"]) == (["t0 round 1"], [75], ["3/4"])
    assert (chance["x"], chance["y"]) == (["t0 round 1"], [50])
    assert "judge-0" not in drawn({"judge": (empty,)})


def test_calibration_of_margins() -> None:
    points, ideal = traces("calibration-0", {"calibration": (Bin(0.5, 0.6, 4, 0.55, 0.5),)})
    assert (points["x"], points["y"], points["text"]) == ([55.00000000000001], [50], ["4 matches"])
    assert points["marker"]["size"] == [10]
    assert ideal["x"] == ideal["y"] == [0, 100]


def test_turns_by_outcome() -> None:
    turns = (
        Turns(0, "failed", 2, 7.5, 9),
        Turns(1, "failed", 1, 3, 3),
        Turns(0, "passed", 1, 5, 5),
    )
    passed, failed = traces("turns-0", {"turns": turns})
    assert (passed["name"], passed["x"], passed["y"]) == ("passed", ["iteration 0"], [5])
    assert (failed["x"], failed["y"]) == (["iteration 0", "iteration 1"], [7.5, 3])
    assert failed["text"] == ["2 rollouts", "1 rollout"]


def phase(name: str, tokens: float, dollars: float | None = None) -> Phase:
    return Phase(name, 0, tokens, 2 * tokens, 3 * tokens, 6 * tokens, dollars, None, None)


def test_spending_is_in_dollars_where_all_prices_are_known() -> None:
    phases = (phase("rollouts", 10, 1.5), phase("votes", 1, 0.5))
    [dollars] = traces("phases-0", {"phases": phases})
    assert dollars["x"] == [1.5, 0.5]
    tokens = traces("phases-0", {"phases": (*phases[:1], phase("votes", 1))})
    assert [(each["name"], each["x"]) for each in tokens] == [
        ("input", [10, 1]),
        ("cached input", [20, 2]),
        ("output", [30, 3]),
    ]
    assert "phases-0" not in drawn({"phases": phases[:1]}), "a single phase is no comparison"


def test_cost_against_score() -> None:
    run = {
        "scores": {"pass_1": SURE, "selected": CHOSEN},
        "per_problem": {"tokens": Estimate(300, 0, 0, 9), "dollars": Estimate(3, 0, 0, 9)},
        "phases": (phase("rollouts", 10, 2.0), phase("votes", 1, 1.0)),
        "turns": (Turns(0, "passed", 40, 5, 5),),
    }
    [points] = traces("cost-all", run)
    assert points["x"] == [0.5, 3], "2 dollars, 10 samples, 40 rollouts"
    assert points["y"] == [25, 50]
    assert points["error_y"]["array"] == [25, 0]
    assert points["error_y"]["arrayminus"] == [12.5, 0]
    unpriced = run | {"per_problem": {"tokens": Estimate(300, 0, 0, 9), "dollars": None}}
    [_, points] = traces("cost-all", run, unpriced)
    assert points["x"] == [60 * 10 / 40, 300], "tokens for all, if one has no price"


def test_scores_round_by_round() -> None:
    rounds = (("t0", 0.25, 4, 10), ("t0 round 1", 0.5, 2, 9))
    [line] = traces("rounds-all", {"rounds": rounds}, {"rounds": rounds[:1]})
    assert (line["x"], line["y"]) == (["t0", "t0 round 1"], [25, 50])
    assert line["customdata"] == [[4, 10], [2, 9]]


def test_scores_above_one_are_no_shares() -> None:
    run = {"scores": {"pass_1": Estimate(12, None, None, 1)}, "rounds": (("t0", 12, 2, 1),) * 2}
    [line] = traces("rounds-all", run)
    assert line["y"] == [12, 12]
