"""Files of other people's rollouts, written as those programs write them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inspect_tts.recorded import READERS, Recorded
from inspect_tts.recorded.problems import collect
from inspect_tts.recorded.readers import load

PATCH = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1,2 @@\n-a\n+b\n+c\n"


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return path


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


def row(task: str, reward: float | None, started: str, **changes: Any) -> dict[str, Any]:
    given = {"task_name": task, "reward": reward, "started_at": started}
    return {**given, "trajectory": atif(), **changes}


def prediction(id: str, model: str = "m/x", patch: str | None = PATCH) -> dict[str, Any]:
    return {"instance_id": id, "model_name_or_path": model, "model_patch": patch}


def run_report(*resolved: str, submitted: tuple[str, ...] = ("p", "q")) -> dict[str, Any]:
    return {"resolved_ids": list(resolved), "submitted_ids": list(submitted)}


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


def done(patch: str | None = "diff --git a/x b/x\n", **info: Any) -> dict[str, Any]:
    """A trajectory of mini-SWE-agent that hands in a patch."""
    return mini(TEXT_BASED, submission=patch, config={"model": {"model_name": "m/x"}}, **info)


def read_one(format: str, path: Path) -> Recorded:
    """The only rollout of a file."""
    [found] = READERS[format].read(path)
    assert isinstance(found, Recorded)
    return found
