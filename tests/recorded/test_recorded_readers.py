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


def read_one(format: str, path: Path) -> Recorded:
    [found] = READERS[format].read(path)
    assert isinstance(found, Recorded)
    return found


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


def test_mini_swe_agents_usage_and_cost_are_read(tmp_path: Path) -> None:
    stats = {"instance_cost": 0.25, "api_calls": 9}
    content = mini(RESPONSES, model_stats=stats) | {"instance_id": "named"}
    found = read_one("mini-swe-agent", write(tmp_path / "p.traj.json", content))
    assert (found.problem, found.turns) == ("named", 9)
    usage = found.usage
    assert (usage.input_tokens, usage.cache_read_tokens, usage.output_tokens) == (40, 60, 7)
    assert (usage.total_tokens, usage.cost) == (107, 0.25)


def test_a_cost_of_nothing_for_tokens_is_unknown(tmp_path: Path) -> None:
    content = mini(RESPONSES, model_stats={"instance_cost": 0.0, "api_calls": 9})
    used = read_one("mini-swe-agent", write(tmp_path / "p.traj.json", content)).usage
    assert (used.total_tokens, used.cost) == (107, None), "cost_tracking: ignore_errors"


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


COUNTED = {"n_input_tokens": 50, "n_cache_tokens": 20, "n_output_tokens": 5, "cost_usd": 0.5}


@pytest.mark.parametrize(
    ("counted", "used"),
    [
        (None, (6, 4, 3, None)),
        (COUNTED, (30, 20, 5, 0.5)),  # subagents wrote trajectories of their own
        ({"n_input_tokens": 5, "cost_usd": 0.5}, (6, 4, 3, 0.5)),
        ({"cost_usd": 0.5}, (6, 4, 3, 0.5)),
        ({}, (6, 4, 3, None)),
    ],
    ids=["not counted", "more", "fewer", "only the cost", "empty"],
)
def test_what_harbor_counted_completes_the_usage(
    counted: dict[str, float] | None, used: tuple[float | None, ...], tmp_path: Path
) -> None:
    found = read_one("atif", trial(tmp_path, agent_result=counted)).usage
    parts = (found.input_tokens, found.cache_read_tokens, found.output_tokens, found.cost)
    assert parts == used


def test_a_trial_without_a_trajectory_has_the_usage_that_harbor_counted(tmp_path: Path) -> None:
    trial(tmp_path, agent_result=COUNTED).unlink()
    found = read_one("atif", tmp_path / "build-it__a1" / "result.json")
    assert (found.usage.total_tokens, found.usage.cost) == (55, 0.5)


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


@pytest.mark.parametrize(
    ("first", "last", "read"),
    [
        (None, None, 13),
        ({"total_prompt_tokens": 12}, {"total_prompt_tokens": 90}, 90),  # as Terminus: all so far
        ({"total_prompt_tokens": 10}, {"total_prompt_tokens": 3}, 13),
    ],
    ids=["steps alone", "totals of the run", "totals of each file"],
)
def test_the_tokens_of_a_continued_trajectory_are_all(
    first: dict[str, int] | None, last: dict[str, int] | None, read: int, tmp_path: Path
) -> None:
    steps = [{"source": "agent", "message": "More.", "metrics": {"prompt_tokens": 3}}]
    write(tmp_path / "cont-1.json", atif(steps=steps, final_metrics=last))
    given = atif(continued_trajectory_ref="cont-1.json", final_metrics=first)
    used = read_one("atif", write(tmp_path / "trajectory.json", given)).usage
    assert used.input_tokens + used.cache_read_tokens == read


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


@pytest.mark.parametrize(
    ("counted", "used"),
    [
        ({"n_input_tokens": 5, "cost_cents": None}, (13, None)),
        ({"n_input_tokens": 20, "n_output_tokens": 2, "cost_cents": 50}, (22, 0.5)),
    ],
)
def test_a_row_has_the_usage_that_is_counted_in_it(
    counted: dict[str, float | None], used: tuple[int, float | None], tmp_path: Path
) -> None:
    line = json.dumps(row("a", 1, "2026-01", **counted))
    found = read_one("rows", write(tmp_path / "pool.jsonl", line)).usage
    assert (found.total_tokens, found.cost) == used


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
