"""What is asked of docker before a run, and when a start is tried again."""

import asyncio
import json
from pathlib import Path

import anyio
import pytest
import yaml
from inspect_ai.util import ComposeConfig, SandboxEnvironmentSpec
from inspect_ai.util import ComposeService as Service

from inspect_tts.errors import UserError
from inspect_tts.machine.capacity import OF_STRATEGY, check_capacity
from inspect_tts.machine.docker_wait import retry_after_outage

POOLS = [{"Base": "10.0.0.0/16", "Size": 18}]
"""Room for four networks."""


def docker(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """Put a program `docker` into the path; its calls are in the file that is returned."""
    place = folder / "bin"
    place.mkdir()
    (place / "docker").write_text(f'#!/bin/sh\necho "$@" >> {place}/told\n{script}')
    (place / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(place), prepend=":")
    return place / "told"


def engine(used: int) -> str:
    networks = "".join(f"echo n{i};" for i in range(used)) or "true"
    return f"case $1 in info) echo '{json.dumps(POOLS)}' ;; network) {networks} ;; esac"


def refused(config: object, at_once: int, options: tuple[str, ...] = OF_STRATEGY) -> str:
    spec = SandboxEnvironmentSpec("docker", config)  # type: ignore[arg-type]
    try:
        asyncio.run(check_capacity(spec, at_once, options))
    except UserError as error:
        return str(error)
    return ""


WITH = {"services": {"default": {"image": "x"}}}
WITHOUT = {"services": {"default": {"image": "x", "network_mode": "none"}}}


@pytest.mark.parametrize("name", ["compose.yaml", "compose.yml"])
def test_networks_that_a_compose_file_needs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = docker(tmp_path, monkeypatch, engine(used=2))
    file = tmp_path / name
    for content, needs in (
        (WITH, True),
        (WITHOUT, False),
        ({"services": None}, False),
        (None, False),
    ):
        file.write_text(yaml.safe_dump(content) if content else "")
        assert refused(str(file), 2) == ""
        assert bool(refused(str(file), 3)) == needs
        assert told.exists() == needs, "docker is asked only if a network is needed"
        told.unlink(missing_ok=True)


def test_networks_that_other_configurations_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(tmp_path, monkeypatch, engine(used=2))
    config = ComposeConfig(services={"default": Service(image="x")})
    assert "addresses for 2 more networks, but up to 3 sandboxes" in refused(config, 3)
    quiet = ComposeConfig(services={"default": Service(image="x", network_mode="none")})
    assert refused(quiet, 3) == ""
    assert refused(None, 3) == ""
    assert refused(str(tmp_path / "Dockerfile"), 3) == ""


def test_a_refusal_names_the_options_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(tmp_path, monkeypatch, engine(used=2))
    config = ComposeConfig(services={"default": Service(image="x")})
    assert refused(config, 3).endswith("lower -S max_rollouts and --max-samples to 2 together")
    assert refused(config, 3, ("--max-samples",)).endswith("lower --max-samples to 2")
    assert "lower --max-samples to " in refused(config, 10**9, ("--max-samples",))


def test_only_docker_is_asked_and_its_own_error_may_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = docker(tmp_path, monkeypatch, "exit 1")
    config = ComposeConfig(services={"default": Service(image="x")})
    assert refused(config, 3) == ""
    assert told.exists()
    told.unlink()
    asyncio.run(check_capacity(SandboxEnvironmentSpec("other", config), 3))
    asyncio.run(check_capacity(None, 10**9))
    assert not told.exists()
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert refused(config, 3) == ""


def tried(*errors: str) -> tuple[int, str]:
    """How often a start is tried that fails with these errors and then works, and how it ends."""
    left, starts = [*errors], 0

    async def start() -> str:
        nonlocal starts
        starts += 1
        if left:
            raise RuntimeError(left.pop(0))
        return "started"

    try:
        return (anyio.run(retry_after_outage, start), starts)[::-1]
    except RuntimeError as error:
        return starts, str(error)


AWAY = [
    "Cannot connect to the Docker daemon",
    "error during connect: EOF",
    "Is the docker daemon up",
]


@pytest.mark.parametrize("error", AWAY)
def test_an_error_of_an_absent_daemon_is_tried_again(
    error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = docker(tmp_path, monkeypatch, "exit 0")
    assert tried(error) == (2, "started")
    assert tried("no such image") == (1, "no such image")
    assert tried() == (1, "started")
    assert told.read_text().split("\n") == ["version", "version", ""]


def test_after_an_outage_any_error_is_tried_again_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = tmp_path / "once"
    docker(tmp_path, monkeypatch, f"[ -e {once} ] || {{ touch {once}; exit 1; }}")
    assert tried("no such container") == (2, "started")
    assert tried("no such container") == (1, "no such container")
