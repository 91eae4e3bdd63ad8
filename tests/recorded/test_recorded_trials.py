"""Trials of Harbor: one rollout each, with its own task, end and grade."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from recorded_files import TEXT_BASED, atif, mini, prediction, row, trial, write
from recorded_files import place as write_files
from scripted import echo, model

from inspect_tts.method.records import NOT_GRADED
from inspect_tts.recorded import recorded, select_recorded
from inspect_tts.recorded.problems import Collection, collect, dataset
from inspect_tts.recorded.readers import load
from inspect_tts.recorded.records import Recorded

AT = "2026-01-01T01:00:00Z"
CANARY = "CANARY-the-expected-answer-is-42"


def ran(text: str = "Build it.", done: str = "Done.", **changes: Any) -> dict[str, Any]:
    steps = [{"source": "user", "message": text}, {"source": "agent", "message": done}]
    return atif(steps=steps, **changes)


def rollouts(path: Path) -> dict[str, list[Recorded]]:
    collection = collect([str(path)])
    return {p.name: [load(source) for source in p.sources] for p in collection.problems}


def only(path: Path) -> Recorded:
    [[found]] = rollouts(path).values()
    return found


OTHERS = (
    "verifier/trajectory.json",
    "user-agent/trajectory.json",
    "artifacts/trajectory.json",
    "artifacts/logs/agent/trajectory.json",
    "artifacts/job/inner__x1/agent/trajectory.json",
    "agent/sub/trajectory.json",
    "other/trajectory.json",
    "artifacts/app/x.atif.json",
)


@pytest.mark.parametrize("place", OTHERS)
def test_nothing_but_the_agents_own_trajectory_is_a_rollout(place: str, tmp_path: Path) -> None:
    trial(tmp_path)
    folder = tmp_path / "build-it__a1"
    write(folder / place, ran(CANARY, CANARY))
    write(folder / "artifacts/job/inner__x1/result.json", {"task_name": "inner"})
    collection = collect([str(tmp_path)])
    assert collection.attempts == 1
    assert (str(folder / place), "not the agent's own trajectory") in collection.left_out
    assert CANARY not in repr(only(tmp_path))


@pytest.mark.parametrize(
    ("place", "content"),
    [
        ("artifacts/predictions.json", [prediction("build-it")]),
        ("agent/output/preds.json", [prediction("build-it")]),
        ("verifier/build-it.traj.json", mini(TEXT_BASED)),
        ("steps/one/verifier/checks.jsonl.gz", gzip.compress(json.dumps(row("x", 1, AT)).encode())),
        ("user-agent/log.json", {"version": 2, "status": "success", "eval": {}}),
    ],
    ids=["predictions", "of the agent", "mini-SWE-agent", "rows", "a log"],
)
def test_files_of_other_formats_in_a_trial_are_no_rollouts(
    place: str, content: Any, tmp_path: Path
) -> None:
    trial(tmp_path)
    write_files(tmp_path / "build-it__a1", {place: content})
    collection = collect([str(tmp_path)], strict=True)
    assert collection.attempts == 1
    assert [at for at, _ in collection.left_out] == [str(tmp_path / "build-it__a1" / place)]


def test_no_word_of_verifier_user_or_artifacts_reaches_a_model(tmp_path: Path) -> None:
    for number in (1, 2):
        trial(tmp_path / "job", f"build-it__a{number}")
        for place in OTHERS:
            write(tmp_path / "job" / f"build-it__a{number}" / place, ran(CANARY, CANARY))
    [log] = inspect_eval(
        recorded(paths=str(tmp_path / "job")),
        solver=select_recorded(votes=2),
        model=model(echo),
        log_dir=str(tmp_path / "logs"),
        display="none",
    )
    assert log.status == "success", log.error
    assert "Build it." in (log.samples or [])[0].model_dump_json()
    assert CANARY not in log.model_dump_json()


def test_grades_may_be_known_of_some_problems_only(tmp_path: Path) -> None:
    trial(tmp_path / "job", "build-it__a1")
    trial(
        tmp_path / "job", "test-it__a1", task_name="test-it", verifier_result=None, finished_at=AT
    )
    [log] = inspect_eval(
        recorded(paths=str(tmp_path / "job")),
        solver=select_recorded(votes=2),
        model=model(echo),
        log_dir=str(tmp_path / "logs"),
        display="none",
    )
    assert log.status == "success", log.error


@pytest.mark.parametrize(
    ("folder", "problem"),
    [
        ("django__django-11001__AbCdEf1", "django__django-11001"),
        ("django__django-11001", "django__django-11001"),
        ("fix__the__bug__xYz1234", "fix__the__bug"),
        ("plain", "plain"),
    ],
)
def test_a_folder_without_files_of_a_trial_is_named_from_the_right(
    folder: str, problem: str, tmp_path: Path
) -> None:
    write(tmp_path / "steps" / folder / "agent" / "trajectory.json", ran())
    assert list(rollouts(tmp_path)) == [problem]


def test_a_trial_that_was_killed_knows_its_whole_name_from_its_config(tmp_path: Path) -> None:
    name = "a-task-with-a-very-long-name-that-harbor-cuts"
    folder = tmp_path / f"{name[:32]}__AbCdEf1"
    config = {"task": {"path": f"tasks/{name}"}, "trial_name": folder.name}
    write(folder / "config.json", config)
    write(folder / "agent" / "trajectory.json", ran())
    found = only(tmp_path)
    assert (found.problem, found.status) == (name, "error")
    assert "has no result" in (found.reason or "")


@pytest.mark.parametrize("git", [None, "https://host/tasks.git"], ids=["local", "of a repository"])
def test_a_trial_that_was_killed_has_the_name_that_others_of_its_job_tell(
    git: str | None, tmp_path: Path
) -> None:
    task = {"path": "tasks/build-it", **({"git_url": git} if git else {})}
    trial(tmp_path, task_name="acme/build-it", task_id=task)
    config = {"trial_name": "build-it__b2", "task": task}
    write(tmp_path / "build-it__b2" / "config.json", config)
    write(tmp_path / "damaged__c3" / "result.json", {"task_name": "x", "task_id": "none"})
    found = rollouts(tmp_path)
    assert [each.status for each in found["acme/build-it"]] == ["completed", "error"]


def test_trials_that_never_got_to_a_trajectory_are_attempts(tmp_path: Path) -> None:
    trial(tmp_path, "build-it__a1")
    raised = {"exception_type": "AgentSetupTimeoutError", "exception_message": "after 360 s"}
    failed = {"task_name": "build-it", "started_at": "2026-01-02T00:00:00Z"}
    write(tmp_path / "build-it__b2" / "result.json", failed | {"exception_info": raised})
    config = {"task": {"path": "tasks/build-it"}, "trial_name": "build-it__c3"}
    write(tmp_path / "build-it__c3" / "config.json", config)
    write(tmp_path / "result.json", {"n_total_trials": 3})
    write(tmp_path / "config.json", {"job_name": "j"})
    found = rollouts(tmp_path)["build-it"]
    assert [r.status for r in found] == ["completed", "error", "error"]
    assert [r.score_error for r in found] == [None, NOT_GRADED, None]
    assert collect([str(tmp_path)]).left_out == ()


def test_a_problem_of_which_nothing_is_left_is_still_a_problem(tmp_path: Path) -> None:
    raised = {"exception_type": "SandboxBuildFailedError", "exception_message": "no room"}
    for name in ("a__x1", "a__x2"):
        write(tmp_path / name / "result.json", {"task_name": "a", "exception_info": raised})
    collection = collect([str(tmp_path)])
    assert collection.attempts == 2
    [sample] = dataset(collection, {})
    assert "do not tell what the task is" in str(sample.input)


AGENT = {"started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:05:00Z"}
VERIFIER = {"started_at": "2026-01-01T00:05:10Z", "finished_at": "2026-01-01T00:06:00Z"}
BEFORE, AFTER = "2026-01-01T00:05:00Z", "2026-01-01T00:05:30Z"
ENDS = [
    ("ContextLengthExceededError", BEFORE, VERIFIER, ("limit", "token")),
    ("AgentTimeoutError", BEFORE, VERIFIER, ("limit", "time")),
    ("AgentSafetyRefusalError", BEFORE, VERIFIER, ("refused", None)),
    ("RateLimitError", BEFORE, VERIFIER, ("error", None)),
    ("CancelledError", BEFORE, None, ("error", None)),
    ("VerifierBackendMissingError", BEFORE, None, ("error", None)),
    ("AgentReportUnreadableError", AFTER, VERIFIER, ("completed", None)),
    ("RuntimeError", AFTER, VERIFIER, ("completed", None)),
    ("VerifierTimeoutError", AFTER, VERIFIER, ("completed", None)),
    ("RuntimeError", "2026-01-01T00:05:30", VERIFIER, ("completed", None)),
]


@pytest.mark.parametrize(("name", "at", "verifier", "end"), ENDS)
def test_how_a_trial_ended_follows_from_when_it_was_raised(
    name: str, at: str, verifier: Any, end: tuple[str, str | None], tmp_path: Path
) -> None:
    info = {"exception_type": name, "exception_message": CANARY, "occurred_at": at}
    graded = None if verifier is None else {"rewards": {"reward": 0.0}}
    given = {"agent_execution": AGENT, "verifier": verifier, "verifier_result": graded}
    trial(tmp_path, exception_info=info, **given)
    found = only(tmp_path)
    assert (found.status, found.limit) == end
    assert (found.reason or "").startswith(name) == (end[0] != "completed")
    assert (CANARY in repr(found)) == (end[0] != "completed")


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize(
    "told",
    [{"source": "#"}, {"path": "#/build-it"}, {"path": "x/build-it", "git_url": "#"}],
    ids=str,
)
def test_two_datasets_with_a_task_of_one_name_are_two_problems(
    told: dict[str, str], killed: bool, tmp_path: Path
) -> None:
    for number, name in enumerate(("one", "one", "two")):
        task = {key: value.replace("#", name) for key, value in told.items()}
        folder = tmp_path / f"build-it__a{number}"
        if killed:
            write(folder / "config.json", {"trial_name": folder.name, "task": task})
        else:
            trial(tmp_path, folder.name, source=task.get("source"), task_id=task)
    found = {name: len(each) for name, each in rollouts(tmp_path).items()}
    assert found == {"one/build-it": 2, "two/build-it": 1}


def regraded(tmp_path: Path, reward: float | None = 1.0) -> Collection:
    raised = {"exception_type": "AgentTimeoutError", "occurred_at": BEFORE}
    first: dict[str, Any] = {"verifier": VERIFIER, "agent_execution": AGENT}
    first |= {"verifier_result": {"rewards": {"reward": 0.0}}, "exception_info": raised}
    trial(tmp_path / "job", **first)
    again: dict[str, Any] = {"config": {"source_trial": {"path": "jobs/job/build-it__a1"}}}
    again |= {"verifier_result": None if reward is None else {"rewards": {"reward": reward}}}
    again |= {"started_at": "2026-02-01T00:00:00Z", "agent_execution": None}
    trial(tmp_path / "later", **again)
    return collect([str(tmp_path)])


def test_a_regraded_trial_counts_once_with_the_newer_grade_and_the_agents_end(
    tmp_path: Path,
) -> None:
    collection = regraded(tmp_path)
    [(left, why)] = collection.left_out
    assert "/job/" in left
    assert "the same attempt" in why
    found = only(tmp_path)
    assert found.scores == {"reward": 1.0}
    assert (found.status, found.seconds) == ("limit", 300.0)


def test_a_grading_that_failed_does_not_replace_one(tmp_path: Path) -> None:
    assert regraded(tmp_path, reward=None).attempts == 1
    assert only(tmp_path).scores == {"reward": 0.0}


def test_a_copied_job_counts_once_and_trials_that_read_alike_each(tmp_path: Path) -> None:
    for job in ("job", "backup"):
        for name in ("build-it__a1", "build-it__a2"):
            trial(tmp_path / job, name)
    assert collect([str(tmp_path)]).attempts == 2


PREAMBLES = {
    "Codex": ["<environment_context>\n<cwd>/app</cwd>\n</environment_context>", "Fix it."],
    "Codex, in one message": ["<environment_context>x</environment_context>\n\nFix it."],
    "AGENTS.md": [
        "# AGENTS.md instructions for /app\n\n<INSTRUCTIONS>\nBe kind.\n</INSTRUCTIONS>",
        "Fix it.",
    ],
    "after the task": ["Fix it.", "<environment_context>x</environment_context>"],
    "Claude Code": ["<system-reminder>\nno\n</system-reminder>\nFix it."],
    "Terminus": [
        "You are an AI assistant tasked with solving command-line tasks in a Linux environment.\n\n"
        "Format your response as JSON.\n\nTask Description:\nFix it.\n\n"
        "Current terminal state:\nroot@b:/app#"
    ],
    "Gemini": ["This is the Gemini CLI. We are setting up the context.", "Fix it."],
}


@pytest.mark.parametrize("said", PREAMBLES.values(), ids=PREAMBLES)
def test_a_preamble_is_not_the_task(said: list[str], tmp_path: Path) -> None:
    steps = [{"source": "user", "message": text} for text in said]
    steps += [{"source": "agent", "message": "Done."}, {"source": "user", "message": "More?"}]
    write(tmp_path / "p.atif.json", atif(steps=steps))
    assert only(tmp_path).text == "Fix it."


def test_a_task_in_tags_stays_whole(tmp_path: Path) -> None:
    text = "<task>Fix it.</task>\n<environment_context>is what the parser mangles"
    write(tmp_path / "p.atif.json", ran(text))
    assert only(tmp_path).text == text
