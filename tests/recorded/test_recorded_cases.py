"""Small inputs in the layouts of real tools, with what is right of each: see their README."""

from pathlib import Path
from typing import Any

import pytest
from benchmark_data import DATA
from click.testing import CliRunner

from inspect_tts.cli import main
from inspect_tts.recorded.problems import Collection, collect
from inspect_tts.recorded.readers import load
from inspect_tts.recorded.records import Recorded

CASES = DATA / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"no inputs in {CASES}")


def read(case: str) -> tuple[Collection, dict[str, list[Recorded]]]:
    collection = collect([str(CASES / case)])
    found = {p.name: [load(source) for source in p.sources] for p in collection.problems}
    return collection, found


Ends = dict[str, list[tuple[str, Any]]]
RIGHT: dict[str, Ends] = {
    "r1": {"acme__widget-101": [("completed", {"resolved": True}), ("limit", {"resolved": False})]},
    "r2": {"acme__widget-101": [("completed", {"resolved": True}), ("completed", None)]},
    "h1": {
        "regex-log": [
            ("completed", {"reward": 1.0}),
            *[("limit", {"reward": 0.0})] * 3,
            ("error", {"reward": 0.0}),
            *[("error", None)] * 6,
            *[("completed", None)] * 2,
        ]
    },
    "h2": {
        name: [("error", None)]
        for name in ("django__django-11001", "django__django-12003", "psf__requests-2000")
    },
    "h6": {"book-flight": [("completed", {"reward": 1.0})]},
    "h7": {"sort": [("completed", {"reward": 1.0})]},
    "h12": {
        "regex-log": [
            ("completed", {"reward": 1.0}),
            ("completed", {"reward": 0.0}),
            *[("error", None)] * 2,
        ]
    },
    "h13": {
        "book-flight": [("completed", {"reward": 0.0})],
        "fix-parser": [("completed", {"reward": 1.0})] * 2,
    },
    "p2": {f"acme__widget-10{n}": [("completed", None)] for n in (1, 2)},
    "ipy": {"acme__widget-101": [("completed", None)]},
    "mini_v1": {
        "acme__widget-101": [("completed", None), *[("error", None)] * 2, ("limit", None)],
    },
    "inspect/flaky3": {
        "a": [("completed", {"match": "C"})] * 2,
        "b": [("completed", {"match": "I"})] * 2,
    },
    "v1": {
        "a": [("error", None), ("completed", {"match": "C"})],
        "b": [("completed", {"match": "I"})],
    },
}


@pytest.mark.parametrize(("case", "right"), RIGHT.items(), ids=RIGHT)
def test_every_attempt_counts_once_with_its_end_and_outcome(case: str, right: Ends) -> None:
    collection, found = read(case)
    assert collection.malformed == ()
    ends = {name: [(r.status, r.scores) for r in rollouts] for name, rollouts in found.items()}
    assert ends == right


LEFT_OUT = {
    "h6": "not the agent's own trajectory",
    "h7": "the same attempt as in",
    "p2": "preds_eval.json: a copy of preds.json",
    "ipy": "a checkpoint made by an editor",
    "mini_v1": "the patches of the trajectories beside it",
    "inspect/flaky3": "the same attempt as in",
    "v1": "invalidated: wrong image",
}


@pytest.mark.parametrize(("case", "why"), LEFT_OUT.items(), ids=LEFT_OUT)
def test_what_is_left_out_is_told(case: str, why: str) -> None:
    words = ["select", str(CASES / case), "--dry-run"]
    problems = CASES / case / "problems.jsonl"
    words += ["--problems", str(problems)] if problems.exists() else []
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert why in done.output


def test_the_text_of_a_task_is_its_own() -> None:
    _, found = read("h13")
    assert {r.text for r in found["fix-parser"]} == {"TASK-TEXT: fix the parser in /app."}


def test_an_exception_of_the_agent_is_named_and_one_of_grading_is_not() -> None:
    _, found = read("h1")
    reasons = [(r.reason or "").partition(":")[0] for r in found["regex-log"]]
    assert reasons[1:5] == [
        "AgentTimeoutError",
        "ContextLengthExceededError",
        "OutputLengthExceededError",
        "RateLimitError",
    ]
    assert reasons[11:] == ["", ""]


def test_the_text_of_an_error_is_no_patch() -> None:
    _, found = read("mini_v1")
    assert ["diff" in (r.patch or "") for r in found["acme__widget-101"]] == [True] + [False] * 3
    assert not any(r.patch for r in found["acme__widget-101"][1:])


@pytest.mark.parametrize("run", ["run1", "run2"])
def test_a_prediction_without_a_patch_is_malformed(run: str) -> None:
    path = CASES / "p1" / run / "output.jsonl"
    words = ["select", str(path), "--format", "swe-bench", "--dry-run"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code != 0
    assert "model_patch: Field required" in done.output


def test_the_patch_of_a_log_is_read_whatever_its_prefixes() -> None:
    _, found = read("inspect/predlog")
    assert (found["acme__w-1"][0].patch or "").startswith("diff --git i/x.py w/x.py")


def test_a_report_is_no_predictions(tmp_path: Path) -> None:
    words = ["select", str(CASES / "r2"), "--strict", "--dry-run"]
    words += ["--problems", str(CASES / "r2" / "problems.jsonl")]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert "2 rollouts of 1 problems" in done.output
