"""Trials of Harbor whose tasks have several steps: one rollout, asked for all of them."""

from pathlib import Path
from typing import Any

import pytest
from recorded_files import atif, write

from inspect_tts.recorded.problems import collect
from inspect_tts.recorded.readers import load
from inspect_tts.recorded.records import Recorded

CANARY = "CANARY-the-expected-answer-is-42"
REWARD = {"rewards": {"reward": 1.0}}
AGENT = {"started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:05:00Z"}
VERIFIER = {"started_at": "2026-01-01T00:05:10Z", "finished_at": "2026-01-01T00:06:00Z"}
LATER = "2026-01-01T00:06:00.1Z"


def said(*names: str) -> list[dict[str, Any]]:
    return [
        step
        for name in names
        for step in (
            {"source": "user", "message": f"Do {name}."},
            {"source": "agent", "message": name},
        )
    ]


def trial(
    root: Path, trajectories: dict[str, list[Any]], name: str = "long__a1", **more: Any
) -> None:
    given: dict[str, Any] = {"task_name": "long", "started_at": "2026-01-01T00:00:00Z"}
    given["step_results"] = [{"step_name": step} for step in trajectories]
    write(root / name / "result.json", given | {"verifier_result": REWARD} | more)
    for step, steps in trajectories.items():
        used = {"total_prompt_tokens": 10 * len(steps), "total_completion_tokens": 1}
        file = root / name / "steps" / step / "agent" / "trajectory.json"
        write(file, atif(steps=steps, final_metrics=used))
        write(
            root / name / "steps" / step / "verifier" / "trajectory.json", atif(steps=said(CANARY))
        )


def only(path: Path) -> Recorded:
    [problem] = collect([str(path)]).problems
    [source] = problem.sources
    return load(source)


def test_the_steps_of_a_trial_are_one_rollout(tmp_path: Path) -> None:
    trial(tmp_path, {"second": said("second"), "first": said("first")})
    found = only(tmp_path)
    assert [m.text for m in found.messages] == ["Do second.", "second", "Do first.", "first"]
    assert (found.problem, found.scores) == ("long", {"reward": 1.0})
    assert found.text == "Do second.\n\nDo first."


@pytest.mark.parametrize(
    ("two", "used"), [(("two",), 110 + 20), (("one", "two"), 40)], ids=["anew", "resumed"]
)
def test_steps_add_up_to_what_harbor_counted(
    two: tuple[str, ...], used: int, tmp_path: Path
) -> None:
    steps = [
        {"step_name": "one", "agent_result": {"n_input_tokens": 110}},
        {"step_name": "two", "agent_result": {"n_input_tokens": 5}},
    ]
    trial(tmp_path, {"one": said("one"), "two": said(*two)}, step_results=steps)
    assert only(tmp_path).usage.input_tokens == used


def test_the_problem_is_that_of_the_attempt_that_got_furthest(tmp_path: Path) -> None:
    trial(tmp_path, {"one": said("one")})
    trial(tmp_path, {"one": said("one"), "two": said("two")}, "long__b2")
    trial(tmp_path, {"one": said("one")}, "long__c3")
    [problem] = collect([str(tmp_path)]).problems
    assert problem.text == "Do one.\n\nDo two."


def test_an_agent_that_resumes_did_what_it_repeats_once(tmp_path: Path) -> None:
    trial(tmp_path, {"one": said("one"), "two": said("one", "two")})
    found = only(tmp_path)
    assert [m.text for m in found.messages] == ["Do one.", "one", "Do two.", "two"]
    assert (found.text, found.turns) == ("Do one.\n\nDo two.", 2)
    assert found.usage.input_tokens == 40


@pytest.mark.parametrize(
    ("last", "status"),
    [
        ({"agent_execution": AGENT, "verifier": VERIFIER}, "completed"),
        ({"agent_execution": AGENT}, "error"),
        ({}, "error"),
    ],
    ids=["while grading", "while the agent ran", "before it ran"],
)
def test_an_exception_of_the_trial_was_raised_in_its_last_step(
    last: dict[str, Any], status: str, tmp_path: Path
) -> None:
    raised = {"exception_type": "CancelledError", "exception_message": "", "occurred_at": LATER}
    steps = [{"step_name": "one", "verifier_result": REWARD}, {"step_name": "two", **last}]
    trajectories = {"one": said("one"), "two": said("two")}
    more: dict[str, Any] = {"verifier_result": None, "exception_info": raised}
    trial(tmp_path, trajectories, step_results=steps, **more)
    assert only(tmp_path).status == status
