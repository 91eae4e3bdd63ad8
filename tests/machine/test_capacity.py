"""Room on a machine, by hand."""

import asyncio
import resource
from typing import Any

import pytest
from inspect_ai.util import SandboxEnvironmentSpec

from inspect_tts.errors import UserError
from inspect_tts.machine.capacity import (
    check_capacity,
    file_shortage,
    needs_network,
    network_shortage,
    networks_possible,
)


@pytest.mark.parametrize(
    ("pools", "expected"),
    [
        (None, 31),
        ([], 31),
        ([{"Base": "172.20.0.0/14", "Size": 24}], 1024),
        ([{"Base": "10.0.0.0/16", "Size": 16}, {"Base": "10.1.0.0/16", "Size": 18}], 5),
    ],
)
def test_networks_that_docker_can_make(pools: list[dict[str, Any]] | None, expected: int) -> None:
    assert networks_possible(pools) == expected


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ({"default": {"network_mode": "none"}}, False),
        ({"default": {"image": "x"}}, True),
        ({"default": {"network_mode": "none"}, "db": {"image": "x"}}, True),
        ({"default": None}, True),
        ({}, False),
    ],
)
def test_projects_that_make_a_network(services: dict[str, Any], expected: bool) -> None:
    assert needs_network(services) is expected


def test_room_for_networks() -> None:
    assert network_shortage(possible=31, used=15, needed=16) is None
    said = network_shortage(possible=31, used=16, needed=16) or ""
    assert "addresses for 15 more networks" in said
    assert "network_mode: none" in said
    assert "--max-samples to 15 together" in said
    assert "for 0 more" in (network_shortage(possible=31, used=40, needed=1) or "")


def test_room_for_files() -> None:
    assert file_shortage(limit=1024, rollouts=48) is None
    said = file_shortage(limit=1024, rollouts=49) or ""
    assert "ulimit -n 1040" in said
    assert "max_rollouts to 48" in said
    assert "max_rollouts to 1" in (file_shortage(limit=10, rollouts=3) or "")


@pytest.mark.parametrize(
    ("soft", "hard", "raised"),
    [(256, 4096, [(416, 4096)]), (256, -1, [(416, -1)]), (416, 4096, []), (-1, -1, [])],
)
def test_the_limit_of_files_is_raised_as_far_as_rollouts_need(
    soft: int, hard: int, raised: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = list[tuple[int, int]]()
    monkeypatch.setattr(resource, "getrlimit", lambda which: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda which, limits: found.append(limits))
    asyncio.run(check_capacity(SandboxEnvironmentSpec(type="local"), 10))
    assert found == raised


def test_files_that_the_machine_does_not_allow_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (256, 400))
    monkeypatch.setattr(resource, "setrlimit", lambda which, limits: None)
    with pytest.raises(UserError, match="may open 400 files, but 10 rollouts"):
        asyncio.run(check_capacity(SandboxEnvironmentSpec(type="local"), 10))
