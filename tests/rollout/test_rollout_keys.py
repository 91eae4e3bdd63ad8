"""Keys of saved rollouts, of what they left and of their grades, inside of a sample."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import EvalSpec
from inspect_ai.model import ChatMessageUser, ModelOutput
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver
from inspect_ai.util import LimitExceededError, SandboxEnvironmentSpec
from scripted import model, problem, reply, run
from test_saved_keys import installs

from inspect_tts import rollouts
from inspect_tts._inspect import Ended, outer_sample
from inspect_tts.method.records import Facts
from inspect_tts.options import RolloutsOptions
from inspect_tts.rollout.agent_run import OUTGREW, AgentRun
from inspect_tts.rollout.job import Job, check_settings
from inspect_tts.rollout.refinement import Refinement
from inspect_tts.rollout.saved_keys import grade_key, left_key, rollout_key

Found = dict[str, Any]


USUAL = check_settings(RolloutsOptions(n=2, agent=generate()))
LIMITED = check_settings(RolloutsOptions(n=2, agent=generate(), token_limit=7))


def within(tmp_path: Path, body: Callable[[TaskState, Generate], Found]) -> Found:
    """What a function finds out inside of a sample."""
    found: Found = {}

    @solver
    def looks() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            found.update(body(state, generate))
            return state

        return solve

    rollouts(n=2, agent=generate())  # from now on, evals are followed
    log = run(problem(), looks(), tmp_path)
    assert log.status == "success", log.error
    return found


def begin(state: TaskState, generate: Generate, index: int = 0, /, **changes: Any) -> AgentRun:
    """A rollout that has not begun, of a job with changes."""
    settings = changes.pop("settings", USUAL)
    job = Job.begin(settings, state, generate, iteration=0, sandbox=None, setup=(), problem="p0/1")
    return AgentRun.begin(replace(job, **changes), index, Refinement())


def other_state(state: TaskState, **changes: Any) -> TaskState:
    made = TaskState(state.model, state.sample_id, changes.get("epoch", 1), state.input, [])
    made.message_limit = changes.get("message_limit")
    return made


def spec_with(spec: EvalSpec, **changes: Any) -> EvalSpec:
    return spec.model_copy(update=changes)


def test_a_rollout_is_known_again_only_if_all_is_the_same(tmp_path: Path) -> None:
    def keys(state: TaskState, generate: Generate) -> Found:
        usual = begin(state, generate)
        job, spec = usual.job, usual.job.spec
        critic = {"critic": model(lambda m, c: reply("x"), "critic")}
        assigned = job.assignments["t0-n00"]
        jobs: dict[str, Found] = {
            "epoch": {"state": other_state(state, epoch=2)},
            "messages of the sample": {"state": other_state(state, message_limit=7)},
            "limits": {"settings": LIMITED},
            "setup": {"setup": (installs("a"),)},
            "sandbox": {"sandbox": SandboxEnvironmentSpec("local")},
            "arguments of the model": {"spec": spec_with(spec, model_args={"a": 1})},
            "another role": {"spec": spec_with(spec, model_roles={"critic": {"model": "a/b"}})},
            "task": {"spec": spec_with(spec, task="other")},
            "version": {"spec": spec_with(spec, task_version=7)},
            "agent": {"assignments": {"t0-n00": replace(assigned, identity=["other"])}},
            "model": {"assignments": {"t0-n00": replace(assigned, model=critic["critic"])}},
        }
        found: Found = {
            name: rollout_key(begin(state, generate, **each)) for name, each in jobs.items()
        }
        found["index"] = rollout_key(begin(state, generate, 1))
        found["context"] = rollout_key(replace(usual, refinement=Refinement(("t0-n01",), "I did")))
        judged = spec_with(spec, model_roles={"judge": {"model": "a/b"}})
        found["same"] = {rollout_key(begin(state, generate, spec=judged)), rollout_key(usual)}
        return found

    found = within(tmp_path, keys)
    [same] = found.pop("same")  # who judges does not matter
    assert len({same, *found.values()}) == len(found) + 1, found


def test_a_grade_is_that_of_what_was_left_to_these_scorers(tmp_path: Path) -> None:
    def keys(state: TaskState, generate: Generate) -> Found:
        usual = begin(state, generate)
        usual.key, usual.facts = "a", Facts(status="completed", fingerprint="1")
        more = [*usual.state.messages, ChatMessageUser(content="And this?")]
        longer = replace(usual, state=other_state(state))
        longer.state.messages = more
        scored = spec_with(usual.job.spec, scorers=[{"name": "another"}])
        changed = {
            "rollout": replace(usual, key="b"),
            "trajectory": longer,
            "fingerprint": replace(usual, facts=Facts(status="completed", fingerprint="2")),
            "scorers": replace(usual, job=replace(usual.job, spec=scored)),
        }
        found = {name: grade_key(each) for name, each in {"usual": usual, **changed}.items()}
        sample = outer_sample().sample
        sample.target = "another target"
        found["target"] = grade_key(usual)
        left = [left_key(usual), left_key(changed["rollout"]), left_key(longer)]
        return {"grades": found, "left": left}

    found = within(tmp_path, keys)
    assert len({*found["grades"].values()}) == len(found["grades"]) == 6
    assert len({*found["left"]}) == 3


def output(stop_reason: Any) -> ModelOutput:
    return ModelOutput.from_content("m", "text", stop_reason=stop_reason)


@pytest.mark.parametrize(
    ("ended", "given", "expected"),
    [
        ({}, "stop", ("completed", None, None)),
        ({}, "content_filter", ("refused", "the model refused to go on", None)),
        ({}, "model_length", ("limit", OUTGREW, None)),
        (
            {"limit": LimitExceededError("token", value=9, limit=5, message="Too many.")},
            "model_length",
            ("limit", "Too many.", "token"),
        ),
        ({"error": ValueError("a" * 2000)}, "stop", ("error", f"ValueError: {'a' * 988}", None)),
    ],
)
def test_how_an_agent_ended(
    ended: Found, given: str, expected: tuple[object, ...], tmp_path: Path
) -> None:
    def status(state: TaskState, generate: Generate) -> Found:
        agent_run = begin(state, generate)
        agent_run.ended, agent_run.state.output = Ended(**ended), output(given)
        return {"status": agent_run.status()}

    assert within(tmp_path, status)["status"] == expected
