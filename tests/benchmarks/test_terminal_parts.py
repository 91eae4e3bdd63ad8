"""What is read of a Terminal-Bench task: ids, limits, memory, and which tasks are left out."""

from typing import Any

import pytest
from inspect_ai.dataset import Sample
from inspect_ai.util import ComposeConfig, ComposeService, SandboxEnvironmentSpec

from inspect_tts import UserError
from inspect_tts.benchmarks.terminal_bench.harbor import _finish, _kept, inspect_harbor
from inspect_tts.benchmarks.terminal_bench.task import terminal_bench

NAMES = ["regex-log", "regex-chess", "git-leak"]
KEPT: dict[str, tuple[list[str], list[str]]] = {
    "nothing": ([], NAMES),
    "a name": (["git-leak"], ["regex-log", "regex-chess"]),
    "a pattern": (["regex-*"], ["git-leak"]),
    "several": (["*-log", "git-lea?"], ["regex-chess"]),
}


@pytest.mark.parametrize(("exclude", "kept"), KEPT.values(), ids=KEPT)
def test_tasks_are_left_out_by_name_or_pattern(exclude: list[str], kept: list[str]) -> None:
    assert _kept(NAMES, exclude) == kept


LEFT = {
    "case": (["Regex-log"], "matches no task; did you mean regex-log"),
    "part of a name": (["regex"], "matches no task"),
    "nothing like it": (["zzz"], "there are 3, such as git-leak, regex-chess, regex-log"),
    "all": (["regex-*", "git-*"], "excludes all tasks"),
}


@pytest.mark.parametrize(("exclude", "told"), LEFT.values(), ids=LEFT)
def test_what_leaves_out_nothing_or_all_is_refused(exclude: list[str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        _kept(NAMES, exclude)


def sample(
    services: dict[str, ComposeService] | None, *, agent: float | None = 60, memory: int | None = 2
) -> Sample:
    config = {"agent": {"timeout_sec": agent}, "environment": {"memory_mb": memory}}
    metadata = {"harbor_config": config, "verifier_timeout_sec": 90.0, "kept": 1}
    spec = services and SandboxEnvironmentSpec("docker", ComposeConfig(services=services))
    return Sample(input="x", id="terminal-bench/the/one", metadata=metadata, sandbox=spec or None)


def service(**options: Any) -> ComposeService:
    return ComposeService(image="x", mem_limit="6g", **options)


def limits(made: Sample) -> dict[str, str | None]:
    assert made.sandbox is not None
    assert isinstance(made.sandbox.config, ComposeConfig)
    return {name: each.mem_limit for name, each in made.sandbox.config.services.items()}


def test_limits_of_agent_and_tests_are_multiplied_and_the_id_is_short() -> None:
    made = sample(None)
    before = made.metadata
    _finish(made, 1.5, None)
    assert made.id == "one"
    assert made.metadata is not before
    found = made.metadata or {}
    assert (found["agent_time_limit"], found["verifier_timeout_sec"]) == (90, 135)
    assert found["kept"] == 1


def test_an_agent_without_a_limit_gets_none() -> None:
    made = sample(None, agent=None)
    _finish(made, 1.5, None)
    assert "agent_time_limit" not in (made.metadata or {})


CHOSEN: dict[str, tuple[dict[str, dict[str, Any]], str]] = {
    "the only one": ({"any": {}}, "any"),
    "the first": ({"b": {}, "a": {}}, "b"),
    "by its name": ({"b": {}, "default": {}}, "default"),
    "main": ({"b": {}, "main": {}}, "main"),
    "default before main": ({"main": {}, "default": {}}, "default"),
    "marked": ({"default": {}, "b": {"x-default": True}}, "b"),
}


@pytest.mark.parametrize(("services", "limited"), CHOSEN.values(), ids=CHOSEN)
def test_the_memory_of_a_task_is_that_of_the_agents_service(
    services: dict[str, dict[str, Any]], limited: str
) -> None:
    made = sample({name: service(**options) for name, options in services.items()})
    _finish(made, 1, None)
    assert limits(made) == {name: "2m" if name == limited else "6g" for name in services}


@pytest.mark.parametrize(("memory", "override"), [(None, None), (2, 9000), (None, 9000)])
def test_memory_stays_if_none_is_declared_or_another_is_given(
    memory: int | None, override: int | None
) -> None:
    made = sample({"default": service()}, memory=memory)
    _finish(made, 1, override)
    assert limits(made) == {"default": "6g"}


@pytest.mark.parametrize("given", [0, -1, float("nan"), float("inf")])
def test_a_multiplier_is_a_number_above_zero(given: float) -> None:
    with pytest.raises(UserError, match=r"timeout_multiplier=.*: must be a number above 0"):
        terminal_bench(path="/nowhere", timeout_multiplier=given)


@pytest.mark.parametrize("python", [(3, 11), (3, 11, 9), (2, 7)])
def test_an_older_python_is_refused(python: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match=f"this is {'.'.join(map(str, python))}: create"):
        inspect_harbor(python)
