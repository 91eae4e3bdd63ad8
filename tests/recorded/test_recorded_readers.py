"""What each reader makes of its format."""

import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.model import ChatMessage
from recorded_files import (
    PATCH,
    RESPONSES,
    TEXT_BASED,
    TOOL_CALLS,
    atif,
    mini,
    prediction,
    read_one,
    row,
    run_report,
    trial,
    write,
)

from inspect_tts.recorded import READERS, Recorded
from inspect_tts.recorded.loading import facts_of
from inspect_tts.recorded.problems import collect
from inspect_tts.recorded.readers import load
from inspect_tts.recorded.readers.swe_bench import is_patch
from inspect_tts.text.trajectory import steps


def told(messages: list[ChatMessage] | Any) -> list[tuple[str, str]]:
    """Action and observation of each step, as the summarizer reads them."""
    return [(step.action, step.observation) for step in steps(messages)]


# --- mini-SWE-agent


@pytest.mark.parametrize(
    "messages", [TEXT_BASED, TOOL_CALLS, RESPONSES], ids=["text", "tool calls", "Responses API"]
)
def test_mini_swe_agent_in_each_of_its_dialects(
    messages: list[dict[str, Any]], tmp_path: Path
) -> None:
    found = read_one("mini-swe-agent", write(tmp_path / "p-1.traj.json", mini(messages)))
    assert (found.problem, found.text, found.status) == ("p-1", "Fix it.", "completed")
    action, observation = told(found.messages)[0]
    assert "ls -R" in action
    assert "no" in observation
    facts = facts_of(found)
    assert [(f.command, f.returncode) for f in facts.last_commands] == [("ls -R", 2)]
    assert facts.files_changed is not None
    assert [(f.path, f.added, f.deleted) for f in facts.files_changed] == [("x.py", 2, 1)]
    assert facts.fingerprint is not None
    assert facts.fingerprint.startswith("patch:")


@pytest.mark.parametrize(
    ("exit_status", "status", "limit"),
    [
        ("Submitted", "completed", None),
        ("LimitsExceeded", "limit", "turn"),
        ("TimeExceeded", "limit", "time"),
        ("RuntimeError", "error", None),
        (None, "error", None),
    ],
)
def test_mini_swe_agents_exit_status_is_how_it_ended(
    exit_status: str | None, status: str, limit: str | None, tmp_path: Path
) -> None:
    content = mini(TEXT_BASED, exit_status=exit_status)
    found = read_one("mini-swe-agent", write(tmp_path / "p.traj.json", content))
    assert (found.status, found.limit) == (status, limit)


# --- ATIF


def test_a_harbor_trial_is_a_rollout(tmp_path: Path) -> None:
    found = read_one("atif", trial(tmp_path))
    assert (found.problem, found.text, found.model) == ("build-it", "Build it.", "m/x")
    assert told(found.messages) == [("I build.\nbash> make", "built"), ("Done.", "")]
    assert (found.turns, found.seconds, found.usage.total_tokens) == (2, 90.0, 13)
    assert list((found.scores or {}).items()) == [("reward", 1.0), ("style", 0.5)]
    assert facts_of(found).fingerprint is None, "what it left behind is not recorded"


def test_a_trial_that_ran_out_of_time_ended_at_a_limit(tmp_path: Path) -> None:
    raised = {"exception_type": "AgentTimeoutError", "exception_message": "after 900 s"}
    path = trial(tmp_path, exception_info=raised, verifier_result=None)
    found = read_one("atif", path)
    assert (found.status, found.limit) == ("limit", "time")
    assert found.reason == "AgentTimeoutError: after 900 s"
    assert found.scores is None


def test_a_trajectory_continued_in_another_file_is_one(tmp_path: Path) -> None:
    copied = {"step_id": 1, "source": "agent", "message": "I build.", "is_copied_context": True}
    more = {"step_id": 2, "source": "agent", "message": "More."}
    write(tmp_path / "cont-1.json", atif(steps=[copied, more]))
    first = atif(continued_trajectory_ref="cont-1.json")
    found = read_one("atif", write(tmp_path / "t__1" / ".." / "trajectory.json", first))
    assert [action for action, _ in told(found.messages)] == [
        "I build.\nbash> make",
        "Done.",
        "More.",
    ]


# --- JSON lines


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.xz", ".jsonl.gz"])
def test_rows_are_rollouts_in_the_order_they_started(suffix: str, tmp_path: Path) -> None:
    rows = [row("a", 0, "2026-02"), row("b", None, "2026-03"), row("a", 1, "2026-01")]
    path = tmp_path / f"pool{suffix}"
    openers: dict[str, Any] = {".jsonl": open, ".jsonl.xz": lzma.open, ".jsonl.gz": gzip.open}
    with openers[suffix](path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(each) + "\n" for each in rows)
    collection = collect([str(path)], "rows")
    found = {p.name: [load(source).scores for source in p.sources] for p in collection.problems}
    assert found == {"a": [{"reward": 1.0}, {"reward": 0.0}], "b": [None]}


# --- SWE-bench


LAYOUTS: dict[str, Any] = {
    "a list": ("preds.json", [prediction("p"), prediction("q", patch=None)]),
    "by problem": ("preds.json", {"p": prediction("p"), "q": prediction("q", patch=None)}),
    "JSON lines": (
        "all_preds.jsonl",
        "\n".join(json.dumps(prediction(*each)) for each in [("p",), ("q", "m/x", "")]),
    ),
}


@pytest.mark.parametrize(("name", "content"), LAYOUTS.values(), ids=LAYOUTS)
def test_predictions_are_rollouts_without_a_trajectory(
    name: str, content: Any, tmp_path: Path
) -> None:
    found = list(READERS["swe-bench"].read(write(tmp_path / name, content)))
    assert all(isinstance(each, Recorded) for each in found)
    first, second = (each for each in found if isinstance(each, Recorded))
    assert (first.problem, first.text, first.patch) == ("p", None, PATCH)
    assert PATCH.strip() in told(first.messages)[0][0]
    assert facts_of(second).fingerprint == "patch:none"
    assert first.scores is None, "there is no report"


REPORTS: dict[str, dict[str, Any]] = {
    "a run report beside": {"m__x.run.json": run_report("p")},
    "results of a submission": {"results/results.json": {"resolved": ["p"]}},
    "reports of the harness": {
        "logs/run_evaluation/run/m__x/p/report.json": {"p": {"resolved": True}},
        "logs/run_evaluation/run/m__x/q/report.json": {"q": {"resolved": False}},
    },
    "reports of a submission": {
        "logs/p/report.json": {"p": {"resolved": True}},
        "logs/q/report.json": {"q": {"resolved": False}},
    },
}


@pytest.mark.parametrize("files", REPORTS.values(), ids=REPORTS)
def test_reports_are_the_sealed_scores_of_predictions(
    files: dict[str, Any], tmp_path: Path
) -> None:
    path = write(tmp_path / "preds.json", [prediction("p"), prediction("q")])
    for name, content in files.items():
        write(tmp_path / name, content)
    found = [r.scores for r in READERS["swe-bench"].read(path) if isinstance(r, Recorded)]
    assert found == [{"resolved": True}, {"resolved": False}]


def test_each_of_several_predictions_has_the_report_that_is_called_like_it(tmp_path: Path) -> None:
    for run, solved in (("preds_1", ["p"]), ("preds_2", [])):
        write(tmp_path / f"{run}.json", [prediction("p")])
        write(tmp_path / f"m__x.{run}.json", run_report(*solved))
    found = [read_one("swe-bench", tmp_path / f"preds_{i}.json").scores for i in (1, 2)]
    assert found == [{"resolved": True}, {"resolved": False}]


def test_a_report_that_could_be_of_several_predictions_is_not_used(tmp_path: Path) -> None:
    path = write(tmp_path / "preds.json", [prediction("p")])
    write(tmp_path / "m__x.one.json", run_report("p"))
    write(tmp_path / "m__x.two.json", run_report())
    assert read_one("swe-bench", path).scores is None


def test_a_mini_swe_agent_run_is_graded_by_the_report_above_it(tmp_path: Path) -> None:
    write(tmp_path / "m__x.run.json", run_report("p"))
    path = write(tmp_path / "p" / "p.traj.json", mini(TEXT_BASED))
    assert read_one("mini-swe-agent", path).scores == {"resolved": True}


@pytest.mark.parametrize(
    ("text", "patch"),
    [
        ("Error: docker failed\n--- Traceback ---\n", False),
        ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", True),
        ("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", True),
    ],
)
def test_the_text_of_an_error_is_no_patch(text: str, patch: bool) -> None:
    assert is_patch(text) is patch
