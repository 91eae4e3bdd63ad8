"""Whose report: outcomes of SWE-bench's harness are believed for the run that they name."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from recorded_files import PATCH, TEXT_BASED, mini, prediction, run_report, write
from scripted import run as evaluate

from inspect_tts.cli import main
from inspect_tts.recorded.problems import collect
from inspect_tts.recorded.readers import load
from inspect_tts.recorded.solvers import select_recorded
from inspect_tts.recorded.tasks import recorded

OTHER = PATCH.replace("+c", "+d")


def outcomes(path: Path) -> dict[str, bool | None]:
    """What each attempt at `p` got, by its place."""
    [problem] = [p for p in collect([str(path)]).problems if p.name == "p"]
    loaded = {source.path: load(source).scores for source in problem.sources}
    return {
        str(Path(place).relative_to(path)): None if scores is None else bool(scores["resolved"])
        for place, scores in loaded.items()
    }


def attempt(patch: str = PATCH, model: str = "m/x", status: str = "Submitted") -> dict[str, Any]:
    config = {"config": {"model": {"model_name": model}}}
    return mini(TEXT_BASED, submission=patch, exit_status=status, **config)


def two_runs(path: Path, second: str = OTHER) -> Path:
    write(path / "run1" / "p" / "p.traj.json", attempt())
    write(path / "run2" / "p" / "p.traj.json", attempt(second))
    return path


FIRST, SECOND = "run1/p/p.traj.json", "run2/p/p.traj.json"
RESOLVED = {"p": {"resolved": True}}
LOGS = "logs/run_evaluation"
RUNS: dict[str, tuple[dict[str, Any], dict[str, bool | None]]] = {
    "each its own": (
        {"m__x.run1.json": run_report(), "m__x.run2.json": run_report("p")},
        {FIRST: False, SECOND: True},
    ),
    "one of them": ({"m__x.run1.json": run_report("p")}, {FIRST: True, SECOND: None}),
    "one of them, by its logs": (
        {f"{LOGS}/run1/m__x/p/report.json": RESOLVED},
        {FIRST: True, SECOND: None},
    ),
    "by the patch that was graded": (
        {f"{LOGS}/r/m__x/p/report.json": RESOLVED, f"{LOGS}/r/m__x/p/patch.diff": OTHER},
        {FIRST: None, SECOND: True},
    ),
    "another model's": ({"m__y.run1.json": run_report("p")}, {FIRST: None, SECOND: None}),
    "a model's whose name goes on": (
        {"m__x.5.run1.json": run_report("p"), "m__x.run1.json": run_report()},
        {FIRST: False, SECOND: None},
    ),
    "nobody's": ({"m__x.eval.json": run_report("p")}, {FIRST: None, SECOND: None}),
    "named without a model": (
        {"set__test__run2.json": run_report("p")},
        {FIRST: None, SECOND: True},
    ),
    "in the run's folder": ({"run2/m__x.any.json": run_report("p")}, {FIRST: None, SECOND: True}),
    "broken": (
        {"m__x.run1.json": "{", "m__x.run2.json": {"resolved_ids": 7, "submitted_ids": ["p"]}},
        {FIRST: None, SECOND: False},
    ),
}


@pytest.mark.parametrize(("files", "right"), RUNS.values(), ids=RUNS)
def test_a_report_is_believed_for_the_run_it_names(
    files: dict[str, Any], right: dict[str, bool | None], tmp_path: Path
) -> None:
    for name, content in files.items():
        write(tmp_path / name, content)
    assert outcomes(two_runs(tmp_path)) == right


@pytest.mark.parametrize(
    ("reports", "right"),
    [
        ({"m__x.1.eval": run_report("p"), "m__x.eval": run_report()}, {FIRST: False, SECOND: True}),
        ({"m__x.1.eval": run_report("p")}, {FIRST: None, SECOND: True}),
        ({"m__x.eval": run_report("p")}, {FIRST: True, SECOND: None}),
    ],
    ids=["both", "the longer name's", "the shorter name's"],
)
def test_a_report_is_the_model_s_whose_whole_name_it_has(
    reports: dict[str, Any], right: dict[str, bool | None], tmp_path: Path
) -> None:
    for name, content in reports.items():
        write(tmp_path / f"{name}.json", content)
    write(tmp_path / FIRST, attempt())
    write(tmp_path / SECOND, attempt(OTHER, model="m/x.1"))
    assert outcomes(tmp_path) == right


def test_an_empty_patch_in_a_graded_run_is_not_resolved(tmp_path: Path) -> None:
    write(tmp_path / f"{LOGS}/run1/m__x/p/report.json", RESOLVED)
    write(tmp_path / f"{LOGS}/run2/m__x/q/report.json", {"q": {"resolved": True}})
    assert outcomes(two_runs(tmp_path, second="")) == {FIRST: True, SECOND: False}


@pytest.mark.parametrize("list_name", ["unresolved_ids", "empty_patch_ids", "error_ids"])
def test_what_a_report_lists_without_resolving_it_is_not_resolved(
    list_name: str, tmp_path: Path
) -> None:
    write(tmp_path / "m__x.run1.json", {"resolved_ids": [], list_name: ["p"]})
    assert outcomes(two_runs(tmp_path)) == {FIRST: False, SECOND: None}


def test_a_report_that_does_not_know_the_problem_tells_nothing(tmp_path: Path) -> None:
    write(tmp_path / "m__x.run1.json", run_report("q", submitted=("q",)))
    assert outcomes(two_runs(tmp_path)) == {FIRST: None, SECOND: None}


def test_a_run_called_by_the_predictions_grades_their_trajectories(tmp_path: Path) -> None:
    write(tmp_path / "p" / "p.traj.json", attempt())
    write(tmp_path / "preds.json", [prediction("p")])
    write(tmp_path / "m__x.preds.json", run_report("p"))
    assert outcomes(tmp_path) == {"p/p.traj.json": True}


def test_predictions_that_another_run_names_do_not_share_its_report(tmp_path: Path) -> None:
    write(tmp_path / "preds_a.json", [prediction("p")])
    write(tmp_path / "preds_b.json", [prediction("p", patch=OTHER)])
    write(tmp_path / "m__x.preds_a.json", run_report("p"))
    assert collect([str(tmp_path)], strict=True).malformed == ()
    assert outcomes(tmp_path) == {"preds_a.json": True, "preds_b.json": None}


def test_a_run_with_the_same_patch_does_not_share_the_report_of_its_neighbor(
    tmp_path: Path,
) -> None:
    for run in ("run1", "run2"):
        write(tmp_path / "all" / run / "preds.json", [prediction("p")])
    write(tmp_path / "m__x.run1.json", run_report("p"))
    assert outcomes(tmp_path) == {"all/run1/preds.json": True, "all/run2/preds.json": None}


def test_a_report_that_names_no_run_is_for_the_one_that_has_none_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "preds.json", [prediction("p")])
    write(tmp_path / "preds_b.json", [prediction("p", patch=OTHER)])
    write(tmp_path / "m__x.preds_b.json", run_report())
    write(tmp_path / "m__x.final.json", run_report("p"))
    assert outcomes(tmp_path) == {"preds.json": True, "preds_b.json": False}


def test_a_report_that_is_graded_again_is_read_again(tmp_path: Path) -> None:
    write(tmp_path / "m__x.run1.json", run_report("p"))
    assert outcomes(two_runs(tmp_path))[FIRST] is True
    write(tmp_path / "m__x.run1.json", run_report())
    assert outcomes(tmp_path)[FIRST] is False


def test_an_id_leads_out_of_no_folder(tmp_path: Path) -> None:
    write(tmp_path / "secret" / "report.json", {"../../../../secret": {"resolved": True}})
    write(tmp_path / LOGS / "run" / "m__x" / "p" / "report.json", RESOLVED)
    path = write(tmp_path / "preds.json", [prediction("../../../../secret")])
    [problem] = collect([str(path)]).problems
    assert load(problem.sources[0]).scores is None


def test_nobody_is_told_to_grade_what_has_ended(tmp_path: Path) -> None:
    two_runs(tmp_path / "runs")
    write(tmp_path / "runs" / "m__x.run1.json", run_report("p"))
    task = recorded(str(tmp_path / "runs"), output="")
    log = evaluate(task, select_recorded(selection="agreement"), tmp_path / "logs")
    told = CliRunner().invoke(main, ["report", "--no-html", log.location]).output
    assert "1 of 2 rollouts were not graded" in told, told
    assert "score_rollouts" not in told
