"""Attempts whose files are damaged: each counts once with what can be read, and is named."""

import gzip
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from recorded_files import TEXT_BASED, atif, mini, prediction, run_report, write

from inspect_tts.recorded.problems import collect
from inspect_tts.recorded.readers import load
from inspect_tts.recorded.records import DAMAGED

PLACED = Callable[[Path], object]
"""Makes what stands at a path and is no ordinary file."""
FOLDER: PLACED = Path.mkdir
PIPE: PLACED = os.mkfifo


def loop(path: Path) -> None:
    path.symlink_to(path)


def nowhere(path: Path) -> None:
    path.symlink_to("gone")


def place(root: Path, files: Mapping[str, Any]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(path)
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            write(path, content)


def attempts(root: Path) -> dict[str, list[tuple[str, Any, int]]]:
    """End, scores and number of messages of each attempt, by problem."""
    collection = collect([str(root)])
    return {
        problem.name: [
            (r.status, dict(r.scores) if r.scores else None, len(r.messages))
            for r in map(load, problem.sources)
        ]
        for problem in collection.problems
    }


def told(root: Path) -> str:
    """What the user is told, the places without the folder."""
    return collect([str(root)]).warning().replace(f"{root}/", "")


CUT = json.dumps(atif())[:200]
RAISED = {"exception_type": "AgentTimeoutError", "exception_message": "after 900 s"}
CONFIG = {"task": {"path": "tasks/build"}, "trial_name": "build__a1"}


def result(**changes: Any) -> dict[str, Any]:
    given = {"task_name": "build", "trial_name": "build__a1", "finished_at": "2026-01-01T00:09:00Z"}
    return {**given, "verifier_result": {"rewards": {"reward": 1.0}}, **changes}


WON, LOST = {"reward": 1.0}, {"reward": 0.0}
TRACE, RESULT = "build__a1/agent/trajectory.json", "build__a1/result.json"
SETTINGS = "build__a1/config.json"
Right = list[tuple[str, Any, int]]
TRIALS: dict[str, tuple[dict[str, Any], Right, str]] = {
    "a trajectory that was cut": (
        {RESULT: result(), TRACE: CUT},
        [("error", WON, 0)],
        "JSONDecode",
    ),
    "an empty one": ({RESULT: result(), TRACE: ""}, [("error", WON, 0)], "JSONDecodeError"),
    "one that is no text": (
        {RESULT: result(), TRACE: b"\xff\xfe"},
        [("error", WON, 0)],
        "UnicodeD",
    ),
    "one without steps": (
        {RESULT: result(), TRACE: atif(steps=[])},
        [("error", WON, 0)],
        "ValidationError: steps",
    ),
    "one of brackets": ({RESULT: result(), TRACE: "[" * 99999}, [("error", WON, 0)], "Recursion"),
    "a list": ({RESULT: result(), TRACE: []}, [("error", WON, 0)], "holds a JSON list"),
    "a number of 5,000 digits": (
        {RESULT: result(), TRACE: json.dumps(atif()).replace("10,", "9" * 5000 + ",")},
        [("error", WON, 0)],
        "5000 digits",
    ),
    "a broken continuation": (
        {
            RESULT: result(),
            TRACE: atif(continued_trajectory_ref="more.json"),
            "build__a1/agent/more.json": "{",
        },
        [("error", WON, 0)],
        "continued_trajectory_ref: more.json",
    ),
    "a folder": ({RESULT: result(), TRACE: FOLDER}, [("error", WON, 0)], "no regular file"),
    "a loop of links": ({RESULT: result(), TRACE: loop}, [("error", WON, 0)], "no regular file"),
    "a link to nothing": (
        {RESULT: result(), TRACE: nowhere},
        [("error", WON, 0)],
        "no regular file",
    ),
    "a pipe": ({RESULT: result(), TRACE: PIPE}, [("error", WON, 0)], "no regular file"),
    "after a limit": (
        {RESULT: result(exception_info=RAISED), TRACE: CUT},
        [("limit", WON, 0)],
        "JSONDecodeError",
    ),
    "not graded": (
        {RESULT: result(verifier_result=None), TRACE: CUT},
        [("error", None, 0)],
        "JSON",
    ),
    "a step of two": (
        {
            RESULT: result(),
            "build__a1/steps/one/agent/trajectory.json": atif(),
            "build__a1/steps/two/agent/trajectory.json": CUT,
        },
        [("error", WON, 4)],
        "JSONDecodeError",
    ),
    "a result that was cut": (
        {RESULT: json.dumps(result())[:60], SETTINGS: CONFIG, TRACE: atif()},
        [("error", None, 4)],
        "result.json: JSONDecodeError",
    ),
    "an empty result": (
        {RESULT: "", SETTINGS: CONFIG, TRACE: atif()},
        [("error", None, 4)],
        "result.j",
    ),
    "a result that is a folder": (
        {RESULT: FOLDER, SETTINGS: CONFIG, TRACE: atif()},
        [("error", None, 4)],
        "no regular file",
    ),
    "result and trajectory": (
        {RESULT: "{", SETTINGS: CONFIG, TRACE: CUT},
        [("error", None, 0)],
        "result.json: JSONDecodeError",
    ),
    "result and settings": (
        {RESULT: "{", SETTINGS: "{", TRACE: atif()},
        [("error", None, 4)],
        "result.json: JSONDecodeError",
    ),
    "all": ({RESULT: "{", SETTINGS: "{", TRACE: CUT}, [("error", None, 0)], "result.json: JSON"),
    "a result alone": (
        {RESULT: "{", SETTINGS: CONFIG},
        [("error", None, 0)],
        "result.json: JSONDecodeError",
    ),
    "a result beside a verifier": (
        {RESULT: "{", "build__a1/verifier/test-stdout.txt": "x"},
        [("error", None, 0)],
        "result.json: JSONDecodeError",
    ),
    "settings alone": ({SETTINGS: "{", TRACE: atif()}, [("error", None, 4)], "config.json: JSON"),
    "a task's name": (
        {RESULT: result(task_name=7), SETTINGS: CONFIG, TRACE: atif()},
        [("completed", WON, 4)],
        "result.json: ValidationError: task_name",
    ),
    "a task's name without settings": (
        {RESULT: result(task_name=None), TRACE: atif()},
        [("completed", WON, 4)],
        "",
    ),
    "a reward that is none": (
        {RESULT: result(verifier_result={"rewards": {"reward": "high"}}), TRACE: atif()},
        [("completed", None, 4)],
        "verifier_result.rewards.reward",
    ),
    "a reward that is no number": (
        {
            RESULT: json.dumps(result(verifier_result={"rewards": {"reward": float("nan")}})),
            TRACE: atif(),
        },
        [("completed", None, 4)],
        "verifier_result.rewards.reward",
    ),
    "a reward without end": (
        {RESULT: result(verifier_result={"rewards": {"reward": 10**400}}), TRACE: atif()},
        [("completed", None, 4)],
        "verifier_result.rewards.reward",
    ),
    "an exception that is none": (
        {RESULT: result(exception_info=["x"]), TRACE: atif()},
        [("error", WON, 4)],
        "exception_info",
    ),
    "a time that is none": (
        {RESULT: result(started_at="yesterday"), TRACE: atif()},
        [("completed", WON, 4)],
        "started_at",
    ),
    "a job's result": (
        {"result.json": "{", "config.json": {"job_name": "j"}, RESULT: result(), TRACE: atif()},
        [("completed", WON, 4)],
        "",
    ),
    "a copy of a job that was cut": (
        {
            "job/" + RESULT: result(id="0c5e"),
            "job/" + TRACE: atif(),
            "copy/" + RESULT: result(id="0c5e"),
            "copy/" + TRACE: CUT,
        },
        [("completed", WON, 4)],
        "the same attempt as in job/build__a1",
    ),
    "two trials of one name": (
        {
            "job1/" + RESULT: result(id="a"),
            "job1/" + TRACE: CUT,
            "job2/" + RESULT: result(id="b"),
            "job2/" + TRACE: atif(),
        },
        [("error", WON, 0), ("completed", WON, 4)],
        "JSONDecodeError",
    ),
}


@pytest.mark.parametrize(("files", "right", "why"), TRIALS.values(), ids=TRIALS)
def test_a_damaged_trial_is_an_attempt(
    files: dict[str, Any], right: Right, why: str, tmp_path: Path
) -> None:
    place(tmp_path, files)
    assert attempts(tmp_path) == {"build": right}
    assert why in told(tmp_path)
    if len(right) == 1 and why and "same attempt" not in why:
        assert "damaged, counted with what can be read:" in told(tmp_path)


def done(patch: str | None = "diff --git a/x b/x\n", **info: Any) -> dict[str, Any]:
    return mini(TEXT_BASED, submission=patch, config={"model": {"model_name": "m/x"}}, **info)


OTHER = "diff --git a/y b/y\n"
STOPPED = json.dumps(done())[:300]
MADE = prediction("p", patch="diff --git a/x b/x\n")
YES, NO = {"resolved": True}, {"resolved": False}
LOGS = "logs/run_evaluation/run1/m__x"
RUNS: dict[str, tuple[dict[str, Any], Right, str]] = {
    "cut, alone": ({"p/p.traj.json": STOPPED}, [("error", None, 0)], "1 damaged, counted"),
    "empty": ({"p/p.traj.json": ""}, [("error", None, 0)], "JSONDecodeError"),
    "a packed one that was cut": (
        {"p/p.traj.json.gz": gzip.compress(json.dumps(done()).encode())[:99]},
        [("error", None, 0)],
        "EOFError",
    ),
    "a packed one that was changed": (
        {"p/p.traj.json.gz": gzip.compress(os.urandom(2000))[:500] + bytes(999)},
        [("error", None, 0)],
        "1 damaged, counted",
    ),
    "a message": ({"p/p.traj.json": mini([7])}, [("error", None, 0)], "messages.0"),
    "messages": (
        {"p/p.traj.json": {"info": {}, "messages": None}},
        [("error", None, 0)],
        "messages",
    ),
    "beside its prediction": (
        {"p/p.traj.json": STOPPED, "preds.json": {"p": MADE}},
        [("completed", None, 1)],
        "p/p.traj.json: damaged, its prediction in preds.json counts",
    ),
    "beside another's prediction": (
        {"p/p.traj.json": STOPPED, "preds.json": {"q": prediction("q")}, "p/preds/readme": ""},
        [("error", None, 0)],
        "1 damaged, counted",
    ),
    "two beside one prediction": (
        {"a/p/p.traj.json": STOPPED, "b/p/p.traj.json": "", "preds.json": {"p": MADE}},
        [("error", None, 0), ("completed", None, 1)],
        "damaged, its prediction",
    ),
    "one of two runs": (
        {
            "a/p/p.traj.json": STOPPED,
            "a/preds.json": {"p": MADE},
            "b/p/p.traj.json": done(OTHER),
            "b/preds.json": {"p": prediction("p", patch=OTHER)},
        },
        [("completed", None, 1), ("completed", None, 6)],
        "a/p/p.traj.json: damaged, its prediction",
    ),
    "with a report of its run": (
        {"run1/p/p.traj.json": STOPPED, "m__x.run1.json": run_report("p")},
        [("error", YES, 0)],
        "JSONDecodeError",
    ),
    "with a report and a prediction": (
        {
            "run1/p/p.traj.json": STOPPED,
            "run1/preds.json": {"p": MADE},
            "m__x.run1.json": run_report("p"),
        },
        [("completed", YES, 1)],
        "its prediction in preds.json counts",
    ),
    "in a graded run, without a folder of its name": (
        {
            "run1/p.traj.json": STOPPED,
            f"{LOGS}/p/report.json": {"p": {"resolved": False}},
            f"{LOGS}/p/patch.diff": OTHER,
        },
        [("error", NO, 0)],
        "JSONDecodeError",
    ),
    "with a report that could be another's": (
        {"a/p/p.traj.json": STOPPED, "b/p/p.traj.json": done(), "m__x.eval.json": run_report("p")},
        [("error", None, 0), ("completed", None, 6)],
        "JSONDecodeError",
    ),
    "a grading that was killed": (
        {"run1/p/p.traj.json": done(), f"{LOGS}/p/report.json": ""},
        [("completed", None, 6)],
        "",
    ),
    "a grading that failed": (
        {
            "run1/p/p.traj.json": done(),
            f"{LOGS}/p/report.json": "",
            "m__x.run1.json": {"resolved_ids": [], "error_ids": ["p"]},
        },
        [("completed", NO, 6)],
        "",
    ),
    "predictions that were cut": (
        {"p/p.traj.json": done(), "preds.json": json.dumps({"p": MADE})[:50]},
        [("completed", None, 6)],
        "1 malformed, skipped:\n  preds.json",
    ),
    "packed predictions that were changed": (
        {
            "p/p.traj.json": done(),
            "preds.json.gz": gzip.compress(os.urandom(999))[:500] + bytes(99),
        },
        [("completed", None, 6)],
        "preds.json.gz",
    ),
    "predictions that are a folder": (
        {"p/p.traj.json": done(), "preds.json": FOLDER},
        [("completed", None, 6)],
        "preds.json: no regular file",
    ),
    "nothing submitted": (
        {"p/p.traj.json": done(None)},
        [("error", None, 6)],
        "",
    ),
    "interrupted": (
        {
            "p/p.traj.json": done(None, exit_status=None),
            "preds.json": {"p": prediction("p", patch=None)},
        },
        [("error", None, 6)],
        "the patches of the trajectories beside it",
    ),
    "a limit without a patch": (
        {"p/p.traj.json": done(None, exit_status="LimitsExceeded")},
        [("limit", None, 6)],
        "",
    ),
    "a prediction of null": (
        {"preds.json": [prediction("p", patch=None)]},
        [("error", None, 1)],
        "",
    ),
    "a prediction of null, graded": (
        {
            "preds.json": [prediction("p", patch=None)],
            "m__x.run1.json": {
                "resolved_ids": [],
                "empty_patch_ids": ["p"],
                "submitted_ids": ["p"],
            },
        },
        [("error", NO, 1)],
        "",
    ),
    "an empty prediction": (
        {"preds.json": [prediction("p", patch="")]},
        [("completed", None, 1)],
        "",
    ),
    "predictions whose last line was cut": (
        {"all_preds.jsonl": json.dumps(MADE) + "\n" + json.dumps(prediction("q"))[:40]},
        [("completed", None, 1)],
        "all_preds.jsonl#line 2",
    ),
}


@pytest.mark.parametrize(("files", "right", "why"), RUNS.values(), ids=RUNS)
def test_a_damaged_run_keeps_its_attempts(
    files: dict[str, Any], right: Right, why: str, tmp_path: Path
) -> None:
    place(tmp_path, files)
    found = attempts(tmp_path)
    found.pop("q", None)
    assert {name: sorted(each, key=str) for name, each in found.items()} == {
        "p": sorted(right, key=str)
    }
    assert why in told(tmp_path)


def test_a_problem_that_is_predicted_twice_in_an_object_is_not_lost_silently(
    tmp_path: Path,
) -> None:
    once = f'"p": {json.dumps(MADE)}'
    write(tmp_path / "preds.json", "{" + f"{once}, {once}" + "}")
    write(tmp_path / "p" / "p.traj.json", done(OTHER))
    assert len(attempts(tmp_path)["p"]) == 1
    assert "'p' is there more than once" in told(tmp_path)


def test_reasons_are_named_and_tell_no_judge_of_a_grading(tmp_path: Path) -> None:
    place(tmp_path, {RESULT: result(exception_info=["hidden test"]), TRACE: CUT})
    place(tmp_path, {"p/p.traj.json": done(None), "q/preds.json": [prediction("q", patch=None)]})
    found = {p.name: load(p.sources[0]).reason for p in collect([str(tmp_path)]).problems}
    assert found == {
        "build": "the record of how it ended cannot be read",
        "p": "Submitted: info.submission is null",
        "q": "it handed in no patch: model_patch is null",
    }
    write(tmp_path / "p" / "p.traj.json", STOPPED)
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
    assert f"{LOGS}: graded 2 problems without any attempt here, as q" in told(tmp_path)


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
