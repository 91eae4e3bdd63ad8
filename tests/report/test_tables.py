"""The tables of a report: what each cell says, and what is left empty or unknown."""

from typing import Any

import pytest
from run_numbers import run_numbers, sure

from inspect_tts.report.numbers import RunNumbers
from inspect_tts.report.tables.formats import show
from inspect_tts.report.tables.tables import Table, list_tables, main_tables
from inspect_tts.statistics.intervals import Estimate
from inspect_tts.statistics.judge_quality import Bin, RoundAccuracy

SCORED: dict[str, Any] = {"selected": sure(0.5, 0.25, 0.75), "pass_1": sure(0.25)}


def table(title: str, *runs: RunNumbers) -> Table:
    return next(t for t in [*main_tables(runs), *list_tables(runs)] if t.title == title)


def rows(title: str, *runs: RunNumbers) -> list[dict[str, tuple[str, str]]]:
    """Text and remark of each cell, by heading."""
    found = table(title, *runs)
    return [
        {name: (c.text, c.remark) for name, c in zip(found.columns, row, strict=True)}
        for row in found.rows
    ]


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (None, "score", "-"),
        (0.1234, "score", "12.3"),
        (0.1234, "change", "+12.3"),
        (-0.1, "change", "-10.0"),
        (0.506, "share", "51"),
        (0.1234, "percent", "12.3%"),
        (0.1, "dollars", "$0.10"),
        (0.0999, "dollars", "$0.0999"),
        (9.94, "seconds", "9.9 s"),
        (10, "seconds", "10 s"),
        (999, "tokens", "999"),
        (1000, "tokens", "1.0k"),
        (999_949, "tokens", "999.9k"),
        (999_950, "tokens", "1.0M"),
        (2.5e6, "tokens", "2.5M"),
        (1e9, "tokens", "1.0G"),
        (7, "", "7"),
        (7.25, ".1f", "7.2"),
    ],
)
def test_a_value_in_its_format(value: Any, form: str, shown: str) -> None:
    assert show(value, form, percent=True) == shown


def test_scores_beyond_one_are_shown_as_they_are() -> None:
    assert show(12.3456, "score", percent=False) == "12.3"
    assert show(12.3456, "change", percent=False) == "+12.3"


def test_the_main_table_has_numbers_with_intervals_and_blanks() -> None:
    [row] = rows("Main table", run_numbers(scores=SCORED | {"oracle": None}))
    assert [row[name][0] for name in ("selected", "pass@1", "oracle", "headroom", "select-K")] == [
        *("50.0", "25.0", "-"),
        *("", ""),
    ]
    assert (row["selected"][1], row["pass@1"][1]) == ("25 to 75", "")
    assert row["problems"][0] == "10"


def test_iterations_are_in_the_order_of_their_numbers() -> None:
    later = {f"iteration_{number}": sure(0.5) for number in (10, 2, 1)}
    columns = table("Main table", run_numbers(scores=SCORED | later)).columns
    assert [each for each in columns if each.startswith("iter ")] == ["iter 1", "iter 2", "iter 10"]


@pytest.mark.parametrize(
    ("oracle", "shown"), [(sure(0.25), ("25.0", "")), (None, ("-", "-"))], ids=["known", "unknown"]
)
def test_there_is_no_headroom_where_the_oracle_is_pass_1(
    oracle: Estimate | None, shown: tuple[str, str]
) -> None:
    [row] = rows("Main table", run_numbers(scores=SCORED | {"oracle": oracle, "headroom": None}))
    assert (row["oracle"][0], row["headroom"][0]) == shown


def test_why_a_number_is_unknown_is_told() -> None:
    ungraded = run_numbers(scores=SCORED | {"oracle": None})
    assert table("Main table", ungraded).caption.endswith(
        "-: rollouts that it needs were not graded."
    )
    nothing = run_numbers(scores={"oracle": None}, samples=0)
    assert table("Main table", nothing).caption.endswith("-: no sample ended.")
    assert " -: " not in table("Main table", run_numbers(scores=SCORED)).caption


@pytest.mark.parametrize(
    ("settings", "strategies", "remarks"),
    [
        pytest.param(["n=4 votes=8", "n=4 votes=2"], [1, 1], ["votes=8", "votes=2"], id="differ"),
        pytest.param(["n=4", "n=4"], [1, 1], ["", ""], id="alike"),
        pytest.param(["n=4 votes=8", "n=4"], [1, 1], ["votes=8", ""], id="one has it not"),
        pytest.param(["n=4 votes=8", ""], [1, 0], ["", ""], id="a plain run has none"),
        pytest.param(["n=4", "n=8"], [1, 0], ["n=4", "n=8"], id="a plain run has another"),
    ],
)
def test_settings_stand_where_runs_of_a_task_differ(
    settings: list[str], strategies: list[int], remarks: list[str]
) -> None:
    runs = [
        run_numbers(settings=words, scores=SCORED if strategy else {"pass_1": sure(0.5)})
        for words, strategy in zip(settings, strategies, strict=True)
    ]
    assert [row["strategy"][1] for row in rows("Main table", *runs)] == remarks


def test_of_another_task_settings_do_not_count() -> None:
    runs = [run_numbers(settings=f"n={n}", task=f"t{n}", scores=SCORED) for n in (4, 8)]
    assert [row["strategy"] for row in rows("Main table", *runs)] == [("rtv", ""), ("rtv", "")]
    assert [row["task"][0] for row in rows("Main table", *runs)] == ["t4", "t8"]


def test_the_cost_of_a_problem() -> None:
    spent = {"tokens": sure(1500), "dollars": None, "seconds": sure(90)}
    made = run_numbers(per_problem=spent, rollouts=40)
    [row] = rows("Cost per problem", made)
    assert [cell for cell, _ in row.values()][1:] == ["1.5k", "-", "90 s", "4", ""]
    assert "the price of a model is unknown" in table("Cost per problem", made).caption


def test_baselines_stand_beside_what_was_selected() -> None:
    found = run_numbers(scores=SCORED, baselines={"agreement": sure(0.75), "fewest_turns": None})
    [row] = rows("Free baselines on the same rollouts", found)
    assert row["agreement"][0] == "75.0"
    assert row["fewest turns"][0] == "-"
    assert row["selected"][0] == "50.0"
    nothing = run_numbers(scores=SCORED, baselines={"agreement": None})
    assert "Free baselines on the same rollouts" not in [t.title for t in main_tables([nothing])]


def test_lists_have_a_row_for_each_entry() -> None:
    judge = (RoundAccuracy(0, 0, 1, 8, 4, 3, 0.75, 0.5, None),)
    calibration = (Bin(0.5, 0.625, 4, 0.55, 0.5),)
    made = run_numbers(judge=judge, calibration=calibration, pass_at_k={2: sure(0.5, 0.25, 0.75)})
    assert [row["accuracy"][0] for row in rows("Judge accuracy", made)] == ["75.0%"]
    assert [row["votes right"][0] for row in rows("Judge accuracy", made)] == ["-"]
    [row] = rows("Calibration of vote margins", made)
    assert row["winner's share of votes"][0] == "50.0% to 62.5%"
    [row] = rows("pass@k of iteration 0", made)
    assert (row["k"][0], row["interval"][0]) == ("pass@2", "25.0 to 75.0")
    assert list_tables([run_numbers()]) == []
