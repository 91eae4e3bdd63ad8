"""Limits of what runs at once in the process: which of several applies."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import pytest
from inspect_ai.log import EvalConfig
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import SandboxEnvironmentSpec
from scripted import problem, run

from inspect_tts._inspect import default_sandboxes, reserve_slots, widen_throttles


def reserved(limits: Sequence[tuple[int, bool]]) -> list[int]:
    """How many slots there are after each of these limits, each with whether it may grow."""

    async def reserve() -> list[int]:
        name, found = f"slots {os.getpid()} {uuid4().hex}", list[int]()
        for limit, grow in limits:
            async with reserve_slots(name, limit, grow=grow) as slots:
                found.append(slots)
        return found

    return anyio.run(reserve)


@pytest.mark.parametrize(
    ("limits", "slots"),
    [
        ([(3, False), (5, False), (2, False), (4, False)], [3, 3, 2, 2]),
        ([(3, True), (5, True), (2, True)], [3, 5, 5]),
        ([(5, True), (3, False), (9, True)], [5, 3, 3]),
        ([(3, False), (9, True), (2, False)], [3, 3, 2]),
    ],
    ids=["the smallest given", "the largest default", "given after a default", "given before one"],
)
def test_a_given_limit_is_never_exceeded(limits: list[tuple[int, bool]], slots: list[int]) -> None:
    assert reserved(limits) == slots


def test_groups_take_their_slots_one_after_the_other() -> None:
    name, held = f"slots {uuid4().hex}", list[str]()

    async def take(who: str) -> None:
        async with reserve_slots(name, 2, grow=True):
            held.append(f"{who} begins")
            await anyio.lowlevel.checkpoint()
            held.append(f"{who} ends")

    async def both() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(take, "one")
            group.start_soon(take, "other")

    anyio.run(both)
    assert [each.split()[1] for each in held] == ["begins", "ends"] * 2


@pytest.mark.parametrize(
    ("kind", "options", "environment", "subprocesses", "docker"),
    [
        (None, {}, None, 1, 1),
        ("local", {}, None, 30, 1),
        ("docker", {}, None, 30, 30),
        ("docker", {"max_subprocesses": 2}, None, 1, 30),
        ("docker", {}, "3", 30, 1),
    ],
    ids=["no sandbox", "local", "docker", "subprocesses given", "docker calls given"],
)
def test_throttles_are_widened_unless_the_user_has_set_them(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str | None,
    options: dict[str, Any],
    environment: str | None,
    subprocesses: int,
    docker: int,
) -> None:
    monkeypatch.delenv("INSPECT_DOCKER_CLI_CONCURRENCY", raising=False)
    if environment is not None:
        monkeypatch.setenv("INSPECT_DOCKER_CLI_CONCURRENCY", environment)
    spec = run(problem(), None, tmp_path / "spec").eval
    spec.config = EvalConfig(**options)
    found: list[int] = []

    @solver
    def widening() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            await widen_throttles(spec, kind, 30)
            for name in ("subprocesses", "docker-cli"):
                async with reserve_slots(name, 1, grow=True) as slots:
                    found.append(slots)
            return state

        return solve

    run(problem(), widening(), tmp_path / "widened", max_subprocesses=1)
    assert found == [subprocesses, docker]


def test_the_users_limit_of_sandboxes_comes_before_the_providers(tmp_path: Path) -> None:
    spec = run(problem(), None, tmp_path).eval
    docker, local = SandboxEnvironmentSpec("docker"), SandboxEnvironmentSpec("local")
    assert default_sandboxes(spec, None, 7) == default_sandboxes(spec, local, 7) == 7
    assert default_sandboxes(spec, docker, 7) == 2 * (os.cpu_count() or 1)
    spec.config = EvalConfig(max_sandboxes=3)
    assert [default_sandboxes(spec, each, 7) for each in (None, docker, local)] == [3] * 3
