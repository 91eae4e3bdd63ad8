"""Sandboxes that a killed process left behind are removed by the next run.

Each process keeps a register of what it runs, where docker is concerned before it is started. A
register whose process is gone names leftovers.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from atexit import register as at_exit
from collections.abc import Mapping, Sequence
from functools import cache, partial
from logging import getLogger
from pathlib import Path
from secrets import token_hex

import anyio
import platformdirs
import psutil
from inspect_ai.log import EvalLog, EvalSpec
from inspect_ai.util import SandboxEnvironment, SandboxEnvironmentSpec, concurrency
from pydantic import ValidationError

from inspect_tts._inspect import (
    SandboxSet,
    at_eval_end,
    local_folders,
    open_sandboxes,
    real_sample,
    watch_projects,
)
from inspect_tts.core.leftovers import Register, built_for

from .daemon import daemon_is_back

logger = getLogger(__name__)

STARTS_AT_ONCE = max(4, 2 * (os.cpu_count() or 1))
"""Sandboxes that the process starts at once, as many as Inspect's docker calls by default."""
_PROJECT = "com.docker.compose.project"
_TIMEOUT = 60  # seconds


def registers() -> Path:
    """The folder of all registers of this user."""
    return platformdirs.user_state_path("inspect_tts") / "processes"


class _Own:
    """The register of this process."""

    def __init__(self) -> None:
        created = psutil.Process().create_time()
        self.now = Register(host=socket.gethostname(), pid=os.getpid(), created=created)
        self.file = registers() / f"{self.now.pid}-{token_hex(3)}.json"
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.write(self.now)
        at_exit(lambda: self.file.unlink(missing_ok=True))

    def write(self, register: Register) -> None:
        self.now = register
        unfinished = self.file.with_suffix(".part")
        unfinished.write_text(register.model_dump_json(), encoding="utf-8")
        unfinished.replace(self.file)


_own = cache(_Own)


async def open_registered(sandbox: SandboxEnvironmentSpec, spec: EvalSpec) -> SandboxSet:
    """Start the sandboxes of a rollout, such that a later run finds them if this one is killed.

    Some at once in the whole process, so that rollouts ramp up: an engine that is asked for all of
    them in the same moment starts each of them late. A docker daemon that is away, as while it is
    restarted, is waited for.

    Args:
        sandbox: What to start.
        spec: The running eval.

    Returns:
        The set, see `open_sandboxes`.

    Raises:
        Exception: Whatever the provider raises.
    """
    async with concurrency("sandbox starts", STARTS_AT_ONCE):
        start = partial(open_sandboxes, sandbox, spec, real_sample())
        try:
            sandboxes = await start()
        except Exception as error:
            if sandbox.type != "docker" or not await daemon_is_back(error):
                raise
            sandboxes = await start()
    register_folders(sandbox, spec, sandboxes.environments)
    return sandboxes


def register_folders(
    sandbox: SandboxEnvironmentSpec | None,
    spec: EvalSpec,
    environments: Mapping[str, SandboxEnvironment],
) -> None:
    """Note the folders of `local` sandboxes; those of other providers are none of ours.

    Args:
        sandbox: What was started, None for nothing.
        spec: The running eval.
        environments: The environments.
    """
    if sandbox is not None and sandbox.type == "local" and _cleans_up(spec):
        for folder in local_folders(environments):
            _own().write(_own().now.with_folder(folder))


def register_projects(spec: EvalSpec) -> None:
    """Note from now on each compose project before it is started, and forget it once it is down.

    Args:
        spec: The eval that begins.
    """
    if _cleans_up(spec):
        watch_projects(
            started=lambda name: _own().write(_own().now.with_project(name)),
            down=lambda name: _own().write(_own().now.without_project(name)),
        )


def _cleans_up(spec: EvalSpec) -> bool:
    return spec.config.sandbox_cleanup is not False


async def remove_leftovers(spec: EvalSpec) -> None:
    """Remove what killed processes of this user left on this machine.

    Once now, and once more when the eval has ended: what such a process had asked docker for may
    appear after its death.

    Args:
        spec: The running eval.
    """
    dead = [file for file in registers().glob("*.json") if _is_dead(file)]
    if not dead:
        return
    await anyio.to_thread.run_sync(_remove, dead)

    def again(log: EvalLog) -> None:
        _remove(dead)
        for file in dead:
            file.unlink(missing_ok=True)

    at_eval_end(spec, "leftovers", again)


def _read(file: Path) -> Register | None:
    try:
        return Register.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None


def _is_dead(file: Path) -> bool:
    register = _read(file)
    if register is None or register.host != socket.gethostname():
        return False
    try:
        created = psutil.Process(register.pid).create_time()
    except psutil.NoSuchProcess:
        return True
    return bool(abs(created - register.created) > 1)


def _remove(files: list[Path]) -> None:
    found = [register for file in files if (register := _read(file)) is not None]
    for register in found:
        for name in register.folders:
            if Path(name).parent == Path(tempfile.gettempdir()):
                shutil.rmtree(name, ignore_errors=True)
    if shutil.which("docker") is None:
        return
    ours = {project for register in found for project in register.projects}
    kinds = {"container": ["ps", "--all"], "network": ["network", "ls"], "volume": ["volume", "ls"]}
    for kind, listing in kinds.items():
        name = "ID" if kind != "volume" else "Name"
        shown = f'{{{{.{name}}}}}\t{{{{.Label "{_PROJECT}"}}}}'
        lines = _docker(*listing, "--filter", f"label={_PROJECT}", "--format", shown).splitlines()
        by_id = dict(line.split("\t", 1) for line in lines if "\t" in line)
        force = ["--force", "--volumes"] if kind == "container" else []
        _remove_all([kind, "rm", *force], [id for id, project in by_id.items() if project in ours])
    images = _docker("image", "ls", "--format", "{{.Repository}}").splitlines()
    _remove_all(["image", "rm"], built_for(images, ours))


def _remove_all(command: list[str], names: Sequence[str]) -> None:
    if names:
        logger.info(f"removing {len(names)} {command[0]}s that a killed process left behind")
        _docker(*command, *names)


def _docker(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["docker", *arguments], capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        logger.warning(f"leftovers of a killed process could not be looked for: {error}")
        return ""
    return done.stdout
