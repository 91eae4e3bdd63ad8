"""What each reader makes of its format, and what happens to files that are not of it."""

import gzip
import json
import lzma
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.model import ChatMessage

from inspect_tts import UserError
from inspect_tts.core.transcript import steps
from inspect_tts.recorded import READERS, Malformed, Reader, Recorded, Source
from inspect_tts.recorded.loading import facts_of
from inspect_tts.recorded.problems import collect, dataset, problem_texts
from inspect_tts.recorded.readers import load

PATCH = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1,2 @@\n-a\n+b\n+c\n"


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return path


def read_one(format: str, path: Path) -> Recorded:
    [found] = READERS[format].read(path)
    assert isinstance(found, Recorded)
    return found


def told(messages: list[ChatMessage] | Any) -> list[tuple[str, str]]:
    """Action and observation of each step, as the summarizer reads them."""
    return [(step.action, step.observation) for step in steps(messages)]


# --- mini-SWE-agent


def mini(messages: Sequence[Any], **info: Any) -> dict[str, Any]:
    given = {"exit_status": "Submitted", "submission": PATCH, **info}
    return {"info": given, "messages": messages, "trajectory_format": "mini-swe-agent-1.1"}


ASKED: list[dict[str, Any]] = [
    {"role": "system", "content": "You are."},
    {"role": "user", "content": "Fix it."},
]
TEXT_BASED = [
    *ASKED,
    {"role": "assistant", "content": "THOUGHT: look\n\n```bash\nls -R\n```"},
    {"role": "user", "content": "<returncode>2</returncode>\n<output>\nno\n</output>"},
    {"role": "assistant", "content": "```bash\nsubmit\n```"},
    {"role": "user", "content": PATCH},
]
TOOL_CALLS = [
    *ASKED,
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "c1", "function": {"name": "bash", "arguments": '{"command": "ls -R"}'}}
        ],
        "extra": {"actions": [{"command": "ls -R", "tool_call_id": "c1"}], "cost": 0.5},
    },
    {"role": "tool", "tool_call_id": "c1", "content": "no", "extra": {"returncode": 2}},
    {"role": "exit", "content": PATCH, "extra": {"exit_status": "Submitted"}},
]
RESPONSES = [
    *ASKED,
    {
        "object": "response",
        "output": [
            {"type": "message", "content": [{"type": "output_text", "text": "look"}]},
            {
                "type": "function_call",
                "call_id": "c1",
                "name": "bash",
                "arguments": '{"command": "ls -R"}',
            },
        ],
        "usage": {
            "input_tokens": 100,
            "output_tokens": 7,
            "input_tokens_details": {"cached_tokens": 60},
        },
        "extra": {"actions": [{"command": "ls -R"}]},
    },
    {
        "type": "function_call_output",
        "call_id": "c1",
        "output": "no",
        "extra": {"returncode": 2},
    },
]


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


def atif(**changes: Any) -> dict[str, Any]:
    call = {"tool_call_id": "c1", "function_name": "bash", "arguments": {"command": "make"}}
    steps = [
        {"step_id": 1, "source": "user", "message": "Build it."},
        {
            "step_id": 2,
            "source": "agent",
            "message": "I build.",
            "tool_calls": [call],
            "observation": {"results": [{"source_call_id": "c1", "content": "built"}]},
            "metrics": {"prompt_tokens": 10, "completion_tokens": 3, "cached_tokens": 4},
        },
        {"step_id": 3, "source": "agent", "message": [{"type": "text", "text": "Done."}]},
    ]
    agent = {"name": "terminus-2", "version": "1", "model_name": "m/x"}
    return {"schema_version": "ATIF-v1.6", "agent": agent, "steps": steps, **changes}


def trial(root: Path, name: str = "build-it__a1", **result: Any) -> Path:
    given = {
        "task_name": "build-it",
        "trial_name": name,
        "started_at": "2026-01-01T00:00:00Z",
        "verifier_result": {"rewards": {"style": 0.5, "reward": 1.0}},
        "agent_execution": {
            "started_at": "2026-01-01T00:00:00Z",
            "finished_at": "2026-01-01T00:01:30Z",
        },
        **result,
    }
    write(root / name / "result.json", given)
    return write(root / name / "agent" / "trajectory.json", atif())


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


def row(task: str, reward: float | None, started: str, **changes: Any) -> dict[str, Any]:
    given = {"task_name": task, "reward": reward, "started_at": started}
    return {**given, "trajectory": atif(), **changes}


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


def prediction(id: str, model: str = "m/x", patch: str | None = PATCH) -> dict[str, Any]:
    return {"instance_id": id, "model_name_or_path": model, "model_patch": patch}


def run_report(*resolved: str, submitted: tuple[str, ...] = ("p", "q")) -> dict[str, Any]:
    return {"resolved_ids": list(resolved), "submitted_ids": list(submitted)}


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


# --- files together


def test_files_of_a_folder_are_told_apart_by_name(tmp_path: Path) -> None:
    for run in ("run1", "run2"):
        write(tmp_path / run / "p" / "p.traj.json", mini(TEXT_BASED))
        write(tmp_path / run / "preds.json", [prediction("p")])
        write(tmp_path / run / "notes.txt", "nothing")
    collection = collect([str(tmp_path)], "mini-swe-agent")
    assert [(p.name, len(p.attempts)) for p in collection.problems] == [("p", 2)]
    assert [s.path for s in collection.problems[0].sources] == sorted(
        str(path) for path in tmp_path.rglob("*.traj.json")
    )
    assert collect([str(tmp_path)]).attempts == 4, "the predictions as well"


BROKEN: dict[str, tuple[str, str, Any, str]] = {
    "no JSON": ("mini-swe-agent", "a.traj.json", "{", "JSONDecodeError"),
    "a list": ("mini-swe-agent", "a.traj.json", [], "ValueError"),
    "no messages": ("mini-swe-agent", "a.traj.json", mini([]), "ValidationError"),
    "an unknown role": (
        "mini-swe-agent",
        "a.traj.json",
        mini([{"role": "wizard", "content": ""}]),
        "wizard",
    ),
    "a call that is none": (
        "mini-swe-agent",
        "a.traj.json",
        mini([{"role": "assistant", "content": "", "tool_calls": ["x"]}]),
        "AttributeError",
    ),
    "no steps": ("atif", "trajectory.json", atif(steps=[]), "ValidationError"),
    "no ATIF": ("atif", "trajectory.json", {"messages": []}, "ValidationError"),
    "no log": ("inspect", "a.eval", "PK", ""),
    "a number": ("swe-bench", "preds.json", "7", "neither a list"),
}


@pytest.mark.parametrize(("format", "name", "content", "why"), BROKEN.values(), ids=BROKEN)
def test_a_malformed_file_is_named_and_skipped_or_stops_with_strict(
    format: str, name: str, content: Any, why: str, tmp_path: Path
) -> None:
    write(tmp_path / "bad" / name, content)
    write(tmp_path / "good" / "pool.jsonl", row("a", 1, "2026"))
    good = str(tmp_path / "good" / "pool.jsonl")
    with pytest.raises(UserError, match="nothing could be read"):
        collect([str(tmp_path / "bad")], format)
    with pytest.raises(UserError, match="1 malformed") as raised:
        collect([str(tmp_path / "bad")], format, strict=True)
    assert name in str(raised.value)
    assert why in str(raised.value)
    assert collect([good], "rows", strict=True).malformed == ()


def test_malformed_lines_are_counted_and_the_others_are_read(tmp_path: Path) -> None:
    lines = [json.dumps(row("a", 1, "2026")), "{", json.dumps({"task_name": "a"})]
    collection = collect([str(write(tmp_path / "pool.jsonl", "\n".join(lines)))], "rows")
    assert collection.attempts == 1
    assert [str(source).rpartition("#")[2] for source, _ in collection.malformed] == [
        "line 2",
        "line 3",
    ]
    assert collection.warning().startswith("2 malformed, skipped:")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "pool.jsonl", json.dumps(row("a", 1, "2026")))
    assert collect([str(path)], "rows").attempts == 1
    write(path, "\n".join([json.dumps(row("a", 1, "2026"))] * 3))
    assert collect([str(path)], "rows").attempts == 3


MISTAKES: dict[str, tuple[list[str], str | None, str]] = {
    "absent": (["nowhere"], None, "nowhere does not exist"),
    "an empty folder": (["."], None, "holds no recorded rollouts"),
    "an unknown format": (["."], "swe-agent", "choose one of inspect, mini-swe-agent, atif"),
}


@pytest.mark.parametrize(("paths", "format", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_says_what_is_allowed(
    paths: list[str], format: str | None, told: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=told):
        collect(paths, format)


def test_predictions_need_the_texts_of_their_problems(tmp_path: Path) -> None:
    path = write(tmp_path / "preds.json", [prediction("p"), prediction("q")])
    collection = collect([str(path)])
    with pytest.raises(UserError, match=r"text of 2 problems .*'p'.*--problems"):
        dataset(collection, {})
    rows = [{"instance_id": id, "problem_statement": f"Fix {id}."} for id in "pq"]
    texts = problem_texts(str(write(tmp_path / "data.json", rows)))
    samples = dataset(collection, texts)
    assert [(s.id, s.input, s.target) for s in samples] == [
        ("p", "Fix p.", ""),
        ("q", "Fix q.", ""),
    ]


def test_a_source_that_is_gone_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "p.traj.json", mini(TEXT_BASED))
    source = Source(format="mini-swe-agent", path=str(path))
    assert load(source).problem == "p"
    path.unlink()
    with pytest.raises(UserError, match="cannot be read any more"):
        load(source)


class WordReader:
    """A format of one's own: each line `problem: text` is a rollout that says the text."""

    name = "words"
    patterns = ("*.words",)

    def read(self, path: Path, part: str | None = None) -> Iterator[Recorded | Malformed]:
        for line in path.read_text(encoding="utf-8").splitlines():
            problem, _, text = line.partition(": ")
            yield Recorded(problem=problem, text=text, messages=(), part=text)


def test_another_format_is_one_small_class(tmp_path: Path, monkeypatch: Any) -> None:
    reader: Reader = WordReader()
    monkeypatch.setitem(READERS, reader.name, reader)
    write(tmp_path / "a.words", "p: one\np: two")
    collection = collect([str(tmp_path)], "words")
    assert [load(source).text for source in collection.problems[0].sources] == ["one", "two"]
