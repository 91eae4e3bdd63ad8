"""What a search names: damage, copies perhaps, links, and what it may not read."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from recorded_files import atif, attempts, done, place, prediction, run_report, told, write

from inspect_tts.recorded.problems import collect
from inspect_tts.recorded.readers import load
from inspect_tts.recorded.records import DAMAGED

OTHER = "diff --git a/y b/y\n"
STOPPED = json.dumps(done())[:300]
MADE = prediction("p", patch="diff --git a/x b/x\n")
YES, NO = {"resolved": True}, {"resolved": False}
LOGS = "logs/run_evaluation/run1/m__x"
CUT = json.dumps(atif())[:200]
RAISED = {"exception_type": "AgentTimeoutError", "exception_message": "after 900 s"}
CONFIG = {"task": {"path": "tasks/build"}, "trial_name": "build__a1"}


def result(**changes: Any) -> dict[str, Any]:
    given = {"task_name": "build", "trial_name": "build__a1", "finished_at": "2026-01-01T00:09:00Z"}
    return {**given, "verifier_result": {"rewards": {"reward": 1.0}}, **changes}


WON = {"reward": 1.0}
TRACE, RESULT = "build__a1/agent/trajectory.json", "build__a1/result.json"


def test_reasons_are_named_and_tell_no_judge_of_a_grading(tmp_path: Path) -> None:
    place(tmp_path, {RESULT: result(exception_info=["hidden test"]), TRACE: CUT})
    place(tmp_path, {"p/p.traj.json": done(None), "q/preds.json": [prediction("q", patch=None)]})
    found = {p.name: load(p.sources[0]).reason for p in collect([str(tmp_path)]).problems}
    assert found == {
        "build": "the record of how it ended cannot be read",
        "p": "Submitted: info.submission is null",
        "q": "it handed in no patch: model_patch is null",
    }
    write(tmp_path / "p" / "p.traj.json", json.dumps(done())[:300])
    [again] = [p for p in collect([str(tmp_path)]).problems if p.name == "p"]
    assert load(again.sources[0]).reason == DAMAGED


def test_strict_stops_at_what_is_damaged(tmp_path: Path) -> None:
    place(tmp_path, {RESULT: result(), TRACE: CUT})
    with pytest.raises(Exception, match="1 damaged, counted with what can be read"):
        collect([str(tmp_path)], strict=True)


ALIKE: dict[str, tuple[dict[str, Any], bool]] = {
    "trajectories": ({"a/p/p.traj.json": done(), "b/p/p.traj.json": done()}, True),
    "files of ATIF": ({"a/p.atif.json": atif(), "b/p.atif.json": atif()}, True),
    "other patches": ({"a/p/p.traj.json": done(), "b/p/p.traj.json": done(OTHER)}, False),
    "other problems": ({"a/p/p.traj.json": done(), "b/q/q.traj.json": done()}, False),
    "predictions": ({"a/preds.json": [MADE], "b/preds.json": [MADE]}, False),
    "trials": (
        {
            RESULT: result(),
            TRACE: atif(),
            "build__b2/result.json": result(trial_name="build__b2"),
            "build__b2/agent/trajectory.json": atif(),
        },
        False,
    ),
}


@pytest.mark.parametrize(("files", "alike"), ALIKE.values(), ids=ALIKE)
def test_trajectories_that_nothing_tells_apart_count_and_are_named(
    files: dict[str, Any], alike: bool, tmp_path: Path
) -> None:
    place(tmp_path, files)
    assert collect([str(tmp_path)]).attempts == 2
    assert ("2 attempts at p have identical trajectories" in told(tmp_path)) == alike


def test_what_was_graded_without_an_attempt_is_named(tmp_path: Path) -> None:
    graded = {f"{LOGS}/{name}/report.json": {name: YES} for name in ("p", "q", "r")}
    place(tmp_path, {"preds.json": {"p": MADE}, **graded})
    assert attempts(tmp_path) == {"p": [("completed", YES, 1)]}
    assert f"{LOGS}: graded 2 problems without any attempt here, such as q" in told(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("m__x.run1.json", json.dumps(run_report("p"))[:-8], "JSONDecodeError"),
        (
            "m__x.run1.json",
            {"total_instances": 1, "resolved_ids": {"p": 1}},
            "resolved_ids is not a list",
        ),
        (f"{LOGS}/p/report.json", '{"p": {"resolved": tr', "JSONDecodeError"),
        (f"{LOGS}/p/report.json", {"p": {"resolved": "yes"}}, "p.resolved is missing or"),
        (f"{LOGS}/p/report.json", {"q": {"resolved": True}}, "p.resolved is missing or"),
    ],
    ids=["cut off", "of another shape", "of a problem", "an odd outcome", "of another problem"],
)
def test_a_damaged_report_is_named(name: str, content: Any, why: str, tmp_path: Path) -> None:
    place(tmp_path, {"preds.json": {"p": MADE}, name: content, "other.json": '{"cut": [1, '})
    assert attempts(tmp_path) == {"p": [("completed", None, 1)]}
    said = told(tmp_path)
    assert f"{name}: a report that cannot be read, so its outcomes are unknown: {why}" in said
    assert "other.json" not in said


def test_a_report_of_sb_cli_is_found_in_its_folder(tmp_path: Path) -> None:
    report = "sb-cli-reports/swe-bench_verified__test__preds.json"
    place(tmp_path, {"preds.json": {"p": MADE}, report: run_report("p")})
    assert attempts(tmp_path) == {"p": [("completed", YES, 1)]}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can stop being root")
def test_what_may_not_be_read_is_named() -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        locked = {"a/x.traj.json": done(), "a/x.json": {}, "shut/p.traj.json": done()}
        place(root, {"p/p.traj.json": done(), "preds.json": [MADE], RESULT: result(), **locked})
        place(root, {TRACE: atif()})
        for path in (root, *root.rglob("*")):
            path.chmod(0o755)
        for name in ("a/x.traj.json", "a/x.json", "shut", "preds.json", TRACE):
            (root / name).chmod(0)
        os.seteuid(65534)
        try:
            found, said = attempts(root), told(root)
        finally:
            os.seteuid(0)
    assert found == {"p": [("completed", None, 6)], "build": [("error", WON, 0)]}
    for name in ("a/x.traj.json", "preds.json", TRACE):
        assert f"{name}: PermissionError" in said
    assert "a/x.json: cannot be read: Permission denied" in said
    assert "shut: cannot be searched: Permission denied" in said


def test_links_to_runs_elsewhere_are_named_and_loops_never_end_a_search(tmp_path: Path) -> None:
    place(tmp_path / "elsewhere", {"p/p.traj.json": done()})
    place(tmp_path / "runs", {"a/p/p.traj.json": done(OTHER)})
    (tmp_path / "runs" / "b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "runs" / "a" / "again").symlink_to(tmp_path / "runs")
    (tmp_path / "runs" / "a" / "image_build_dir").symlink_to(tmp_path / "elsewhere")
    collection = collect([str(tmp_path / "runs")])
    assert collection.attempts == 1
    assert collection.left_out == (
        (str(tmp_path / "runs" / "b"), "a link to a folder elsewhere, which is not searched"),
    )
    assert collect([str(tmp_path / "runs"), str(tmp_path / "runs" / "b")]).attempts == 2
