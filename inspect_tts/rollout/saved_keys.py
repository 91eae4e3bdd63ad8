"""Keys of saved rollouts, grades, checks and investigations.

Each key covers everything that influences its result.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from inspect_ai.dataset import Sample
from inspect_ai.log import EvalSpec
from inspect_ai.model import get_model
from inspect_ai.util import SandboxEnvironmentSpec

from inspect_tts._inspect import component_spec, outer_sample
from inspect_tts.execution.records import Check
from inspect_tts.models.identity import model_identity
from inspect_tts.models.roles import ROLES
from inspect_tts.resume.format import saved_key
from inspect_tts.text.writable import plain

from .agent_run import AgentRun
from .source import Place
from .summary import trajectory_hash


def rollout_key(run: AgentRun) -> str:
    """Key of a rollout: problem, sandbox, agent, models, limits, refinement context."""
    job = run.job
    sample, spec = outer_sample().sample, job.spec
    others = {role: made for role, made in (spec.model_roles or {}).items() if role not in ROLES}
    return saved_key(
        "rollout",
        {
            "task": [spec.task, spec.task_version],
            "problem": _problem(sample),
            "epoch": job.state.epoch,
            "sandbox": _sandbox(job.sandbox),
            "setup": [component_spec(step) for step in job.setup],
            "agent": run.assignment.identity,
            "limits": {**job.limits.arguments(), "sample_messages": job.state.message_limit},
            "model": model_identity(run.assignment.model or get_model()),
            "model_args": plain(spec.model_args),
            "roles": plain(others),
            "rollout": run.id,
            "refinement": run.refinement.text,
        },
    )


def left_key(run: AgentRun) -> str:
    """Key of what a rollout left in its sandbox.

    The trajectory alone is not enough: the same one in another epoch may leave other files.
    """
    return f"{run.key} {trajectory_hash(run.state.messages)}"


def grade_key(run: AgentRun) -> str:
    """Key of the grading of a rollout."""
    parts = {
        "rollout": run.key,
        "trajectory": trajectory_hash(run.state.messages),
        "fingerprint": run.facts.fingerprint,
        "target": outer_sample().sample.target,
        "scorers": plain(run.job.spec.scorers),
    }
    return saved_key("grade", parts)


def check_key(
    spec: EvalSpec,
    sandbox: SandboxEnvironmentSpec,
    place: Place,
    check: Check,
    *,
    patch: str,
    repeat: int,
    seconds: float,
) -> str:
    """Key of a check on a result: the check, the result, the sandbox, and the time limit."""
    parts = {
        "problem": _problem(place.sample),
        "sandbox": _sandbox(sandbox),
        "setup": [component_spec(step) for step in place.setup],
        "check": check.model_dump(include={"command", "folder", "files", "junit", "origin"}),
        "result": sha256(patch.encode(errors="surrogatepass")).hexdigest(),
        "repeat": repeat,
        "seconds": seconds,
    }
    return saved_key("check", parts)


def investigation_key(
    spec: EvalSpec,
    sandbox: SandboxEnvironmentSpec,
    place: Place,
    *,
    patches: Sequence[str],
    asked: Mapping[str, object],
) -> str:
    """Key of an investigation: the results, the sandbox, and what the agent is asked."""
    parts = {
        "task": [spec.task, spec.task_version],
        "problem": _problem(place.sample),
        "sandbox": _sandbox(sandbox),
        "setup": [component_spec(step) for step in place.setup],
        "results": [sha256(patch.encode(errors="surrogatepass")).hexdigest() for patch in patches],
        **asked,
    }
    return saved_key("investigation", parts)


def _problem(sample: Sample) -> Any:
    """A sample without its target, its sandbox, and the message ids, which differ by process."""
    known = sample.model_dump(exclude={"target", "sandbox"})
    if isinstance(sample.input, list):
        known["input"] = [message.model_dump(exclude={"id"}) for message in sample.input]
    return plain(known)


def _sandbox(sandbox: SandboxEnvironmentSpec | None) -> list[object]:
    if sandbox is None:
        return []
    config: object = sandbox.config
    if isinstance(config, str):
        file = Path(config)
        config = [file.name, sha256(file.read_bytes()).hexdigest()] if file.is_file() else config
    return [sandbox.type, plain(config)]
