"""Ask the machine, before the first rollout, whether it has room for all that will run at once."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import anyio
import yaml
from inspect_ai.util import ComposeConfig, SandboxEnvironmentSpec

from inspect_tts.core.capacity import (
    FILES_BESIDE,
    FILES_PER_ROLLOUT,
    OF_STRATEGY,
    file_shortage,
    needs_network,
    network_shortage,
    networks_possible,
)
from inspect_tts.errors import UserError


async def check_capacity(
    sandbox: SandboxEnvironmentSpec | None, at_once: int, options: Sequence[str] = OF_STRATEGY
) -> None:
    """Refuse to begin what the machine has no room for.

    Args:
        sandbox: What each rollout starts, None for nothing.
        at_once: Rollouts at once.
        options: Which the user would lower.

    Raises:
        UserError: If docker cannot make so many networks, or the process may not open so many
            files even after its limit was raised as far as it may be.
    """
    if sandbox is None:
        return
    limit = _raise_file_limit(at_once)
    if problem := file_shortage(limit=limit, rollouts=at_once, options=options):
        raise UserError(problem)
    if sandbox.type == "docker" and _has_network(sandbox.config):
        info = await _docker("info", "--format", "{{json .DefaultAddressPools}}")
        used = await _docker("network", "ls", "--quiet", "--filter", "driver=bridge")
        if info is None or used is None:
            return  # docker itself will say what is wrong
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
        return 2**31  # it has no such limit
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_BESIDE + FILES_PER_ROLLOUT * at_once
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return 2**31 if soft == resource.RLIM_INFINITY else soft


def _has_network(config: object) -> bool:
    """Whether a sandbox makes a network; without a compose file, Inspect gives it none."""
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
