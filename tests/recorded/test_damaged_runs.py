"""Runs of mini-SWE-agent and predictions whose files are damaged: no attempt is lost."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from recorded_files import (
    attempts,
    done,
    mini,
    place,
    prediction,
    run_report,
    told,
    write,
)

OTHER = "diff --git a/y b/y\n"
STOPPED = json.dumps(done())[:300]
MADE = prediction("p", patch="diff --git a/x b/x\n")
YES, NO = {"resolved": True}, {"resolved": False}
LOGS = "logs/run_evaluation/run1/m__x"
Right = list[tuple[str, Any, int]]
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
        "p/p.traj.json: damaged; its prediction in preds.json counts",
    ),
    "beside another's prediction": (
        {"p/p.traj.json": STOPPED, "preds.json": {"q": prediction("q")}, "p/preds/readme": ""},
        [("error", None, 0)],
        "1 damaged, counted",
    ),
    "two beside one prediction": (
        {"a/p/p.traj.json": STOPPED, "b/p/p.traj.json": "", "preds.json": {"p": MADE}},
        [("error", None, 0), ("completed", None, 1)],
        "damaged; its prediction",
    ),
    "one of two runs": (
        {
            "a/p/p.traj.json": STOPPED,
            "a/preds.json": {"p": MADE},
            "b/p/p.traj.json": done(OTHER),
            "b/preds.json": {"p": prediction("p", patch=OTHER)},
        },
        [("completed", None, 1), ("completed", None, 6)],
        "a/p/p.traj.json: damaged; its prediction",
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
        {"p/p.traj.json": done(), "preds.json": Path.mkdir},
        [("completed", None, 6)],
        "preds.json: not a regular file",
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
    assert "'p' occurs more than once" in told(tmp_path)
