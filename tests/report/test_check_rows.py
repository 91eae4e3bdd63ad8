"""The rows of `checks_df`, from records."""

from outcome_cases import EXECUTED

from inspect_tts.execution.records import UNTOUCHED
from inspect_tts.report.tables.evidence import check_rows


def test_each_check_has_a_row_for_each_result() -> None:
    rows = {row["rollout"]: row for row in check_rows([EXECUTED])}
    assert {id: (row["returncode"], row["attribution"]) for id, row in rows.items()} == {
        UNTOUCHED: (1, None),
        "a": (0, "fixed"),
        "b": (0, "fixed"),
        "c": (2, "still failing"),
        "d": (1, None),
    }
    assert rows["d"]["behavior"] == UNTOUCHED
    assert all(row["separates"] and row["dropped"] is None for row in rows.values())


def test_a_check_that_did_not_run_on_a_result_has_no_row() -> None:
    runs = tuple(run for run in EXECUTED.runs if run.tree != "c")
    rows = check_rows([EXECUTED.model_copy(update={"runs": runs})])
    assert [row["rollout"] for row in rows] == [UNTOUCHED, "a", "b", "d"]
