"""Check that the machine has room for the sandboxes that will be open at once.

`_inspect.reserve_slots` limits their number.
"""

import ipaddress
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
import yaml
from inspect_ai.util import ComposeConfig, SandboxEnvironmentSpec

from inspect_tts.errors import UserError

DEFAULT_POOLS: tuple[dict[str, Any], ...] = (
    *({"Base": f"172.{second}.0.0/16", "Size": 16} for second in range(17, 32)),
    {"Base": "192.168.0.0/16", "Size": 20},
)
"""Docker's address pools if the daemon's configuration names none."""

FILES_PER_ROLLOUT = 16
"""The most file descriptors of one rollout, for its commands and its model."""
FILES_BESIDE = 256
"""File descriptors of the rest of the process."""


def networks_possible(pools: Sequence[Mapping[str, Any]] | None) -> int:
    """The number of bridge networks for which docker has addresses."""
    counted = 0
    for pool in pools or DEFAULT_POOLS:
        counted += 2 ** max(0, pool["Size"] - ipaddress.ip_network(pool["Base"]).prefixlen)
    return counted


def needs_network(services: Mapping[str, Any]) -> bool:
    """Whether a compose project creates a network."""
    return any("network_mode" not in (service or {}) for service in services.values())


OF_STRATEGY = ("-S max_rollouts", "--max-samples")
"""Options that limit how many sandboxes are open at once; the first limits rollouts."""


def network_shortage(
    *, possible: int, used: int, needed: int, options: Sequence[str] = OF_STRATEGY
) -> str | None:
    """Say what to do if docker cannot create enough networks; None if it can."""
    free = max(0, possible - used)
    if free >= needed:
        return None
    return (
        f"docker has addresses for {free} more networks, but up to {needed} sandboxes at once "
        "need one each. Give the services `network_mode: none` if they need no network, add "
        "default-address-pools to docker's daemon.json (a base of /12 with size 24 has room for "
        f"4096), or lower {' and '.join(options)} to {free}{' together' * (len(options) > 1)}"
    )


def file_shortage(*, limit: int, rollouts: int, options: Sequence[str] = OF_STRATEGY) -> str | None:
    """Say what to do if the process may not open enough files; None if it may."""
    needed = FILES_BESIDE + FILES_PER_ROLLOUT * rollouts
    if limit >= needed:
        return None
    return (
        f"this process may open {limit} files, but {rollouts} rollouts at once need about "
        f"{needed}. Run `ulimit -n {needed}` first, or lower {options[0]} to "
        f"{max(1, (limit - FILES_BESIDE) // FILES_PER_ROLLOUT)}"
    )


async def check_capacity(
    sandbox: SandboxEnvironmentSpec | None, at_once: int, options: Sequence[str] = OF_STRATEGY
) -> None:
    """Raise `UserError` if the machine has no room for `at_once` sandboxes."""
    if sandbox is None:
        return
    limit = _raise_file_limit(at_once)
    if problem := file_shortage(limit=limit, rollouts=at_once, options=options):
        raise UserError(problem)
    if sandbox.type == "docker" and _has_network(sandbox.config):
        info = await _docker("info", "--format", "{{json .DefaultAddressPools}}")
        used = await _docker("network", "ls", "--quiet", "--filter", "driver=bridge")
        if info is None or used is None:
            return  # docker's own error will follow
        problem = network_shortage(
            possible=networks_possible(json.loads(info)),
            used=len(used.split()),
            needed=at_once,
            options=options,
        )
        if problem:
            raise UserError(problem)


def _raise_file_limit(at_once: int) -> int:
    if sys.platform == "win32":
        return 2**31  # Windows has no such limit
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_BESIDE + FILES_PER_ROLLOUT * at_once
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return 2**31 if soft == resource.RLIM_INFINITY else soft


def _has_network(config: object) -> bool:
    """Whether a sandbox creates a network; without a compose configuration, it does not."""
    if isinstance(config, ComposeConfig):
        services = config.model_dump(exclude_none=True).get("services", {})
        return needs_network(services)
    if isinstance(config, str) and Path(config).suffix in (".yaml", ".yml"):
        found = yaml.safe_load(Path(config).read_text(encoding="utf-8")) or {}
        return needs_network(found.get("services") or {})
    return False


async def _docker(*arguments: str) -> str | None:
    try:
        done = await anyio.run_process(["docker", *arguments], check=False)
    except OSError:
        return None
    return done.stdout.decode() if done.returncode == 0 else None
