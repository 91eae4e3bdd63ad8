"""Trials whose files are damaged: each counts once with what can be read, and is named."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from recorded_files import atif, attempts, place, told

PLACED = Callable[[Path], object]
"""Makes what stands at a path and is no ordinary file."""
FOLDER: PLACED = Path.mkdir
PIPE: PLACED = os.mkfifo


def loop(path: Path) -> None:
    path.symlink_to(path)


def nowhere(path: Path) -> None:
    path.symlink_to("gone")


CUT = json.dumps(atif())[:200]
RAISED = {"exception_type": "AgentTimeoutError", "exception_message": "after 900 s"}
CONFIG = {"task": {"path": "tasks/build"}, "trial_name": "build__a1"}


def result(**changes: Any) -> dict[str, Any]:
    given = {"task_name": "build", "trial_name": "build__a1", "finished_at": "2026-01-01T00:09:00Z"}
    return {**given, "verifier_result": {"rewards": {"reward": 1.0}}, **changes}


WON = {"reward": 1.0}
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
    "a folder": ({RESULT: result(), TRACE: FOLDER}, [("error", WON, 0)], "not a regular file"),
    "a loop of links": ({RESULT: result(), TRACE: loop}, [("error", WON, 0)], "not a regular file"),
    "a link to nothing": (
        {RESULT: result(), TRACE: nowhere},
        [("error", WON, 0)],
        "not a regular file",
    ),
    "a pipe": ({RESULT: result(), TRACE: PIPE}, [("error", WON, 0)], "not a regular file"),
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
        "not a regular file",
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
    "broken settings of a project above": (
        {
            "config.json": "// no",
            "agent/x.py": "",
            f"runs/{RESULT}": result(),
            f"runs/{TRACE}": atif(),
        },
        [("completed", WON, 4)],
        "",
    ),
    "broken settings above, in steps": (
        {"config.json": "// no", f"steps/{RESULT}": result(), f"steps/{TRACE}": atif()},
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
