"""Start sandboxes so that the next run can remove them if this process is killed.

Each process keeps a register of its sandboxes; compose projects are noted before they start. If the
process of a register is dead, the sandboxes in the register are orphans.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from atexit import register as at_exit
from collections.abc import Collection, Mapping, Sequence
from functools import cache, partial
from logging import getLogger
from pathlib import Path
from secrets import token_hex
from threading import Lock

import anyio
import platformdirs
from filelock import FileLock, Timeout
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, EvalSpec
from inspect_ai.util import SandboxEnvironment, SandboxEnvironmentSpec, concurrency
from pydantic import ValidationError

from inspect_tts._inspect import (
    SandboxSet,
    at_eval_end,
    local_folders,
    open_sandboxes,
    outer_sample,
    watch_projects,
)

from .docker_wait import retry_after_outage
from .registers import SandboxRegister, built_for

logger = getLogger(__name__)

STARTS_AT_ONCE = max(4, 2 * (os.cpu_count() or 1))
"""Sandboxes that the process starts at once: as many as Inspect makes docker calls by default."""
_PROJECT = "com.docker.compose.project"
_TIMEOUT = 60  # seconds


def registers() -> Path:
    """The folder of this user's registers."""
    return platformdirs.user_state_path("inspect_tts") / "processes"


class _OwnRegister:
    """The register of this process.

    The process holds a lock on a file beside the register. It is alive for as long as nobody else
    can lock that file. Process ids and clocks play no part.
    """

    def __init__(self) -> None:
        self.now = SandboxRegister(host=socket.gethostname())
        self.file = registers() / f"{os.getpid()}-{token_hex(3)}.json"
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self._alive = FileLock(self.file.with_suffix(".lock"))
        self._alive.acquire(blocking=False)
        self._down: set[str] = set()
        self._writing = Lock()
        self._write(self.now)
        at_exit(self._ends)

    def started(self, project: str) -> None:
        """Note a compose project that is about to start."""
        with self._writing:
            self._write(self.now.with_project(project))

    def down(self, project: str) -> None:
        """Note that docker was told to remove a project, which may have failed."""
        self._down.add(project)

    def folder(self, name: str) -> None:
        """Note a temporary folder."""
        with self._writing:
            self._write(self.now.with_folder(name))

    def check(self) -> None:
        """Remove what is left of projects that docker was told to remove, and forget them."""
        gone = frozenset(self._down)
        if gone and _remove_projects(gone):
            with self._writing:
                self._write(self.now.without_projects(gone))
            self._down -= gone

    def _write(self, register: SandboxRegister) -> None:
        self.now = register
        unfinished = self.file.with_suffix(".part")
        unfinished.write_text(register.model_dump_json(), encoding="utf-8")
        unfinished.replace(self.file)

    def _ends(self) -> None:
        self.check()
        if not self.now.projects:  # else the next run removes them
            _forget(self.file)


_own = cache(_OwnRegister)


async def open_sandbox(
    sandbox: SandboxEnvironmentSpec, spec: EvalSpec, sample: Sample | None = None
) -> SandboxSet:
    """Start the sandboxes of a rollout, a few at a time in the whole process.

    A docker engine that has to start all sandboxes at once starts each of them late. If the daemon
    does not answer, for example while it restarts, this waits for it.
    """
    sandboxes: SandboxSet | None = None
    try:
        async with concurrency("sandbox starts", STARTS_AT_ONCE):
            start = partial(open_sandboxes, sandbox, spec, outer_sample(), sample)
            docker = sandbox.type == "docker"
            sandboxes = await (retry_after_outage(start) if docker else start())
    except BaseException:
        if sandboxes is not None:  # cancelled after the start, before the slot was released
            with anyio.CancelScope(shield=True):
                await sandboxes.close()
        raise
    register_folders(sandbox, spec, sandboxes.environments)
    return sandboxes


def register_folders(
    sandbox: SandboxEnvironmentSpec | None,
    spec: EvalSpec,
    environments: Mapping[str, SandboxEnvironment],
) -> None:
    """Note the folders of `local` sandboxes."""
    if sandbox is not None and sandbox.type == "local" and _cleans_up(spec):
        for folder in local_folders(environments):
            _own().folder(folder)


def register_folder(name: str) -> None:
    """Note a folder of the harness on this machine."""
    _own().folder(name)


def register_projects(spec: EvalSpec) -> None:
    """From now on, keep each compose project in the register from before its start to its end."""
    if _cleans_up(spec):
        watch_projects(
            started=lambda project: _own().started(project),
            down=lambda project: _own().down(project),
        )
        at_eval_end(spec, "own projects", lambda log: _check_own())


def _check_own() -> None:
    if _own.cache_info().currsize:
        _own().check()


def _cleans_up(spec: EvalSpec) -> bool:
    return spec.config.sandbox_cleanup is not False


async def remove_orphans(spec: EvalSpec) -> None:
    """Remove the sandboxes that this user's killed processes left on this machine.

    It removes them now, and again when the eval has ended: docker may finish a start after the
    process that asked for it has died.
    """
    dead = [file for file in registers().glob("*.json") if _is_dead(file)]
    if not dead:
        return
    await anyio.to_thread.run_sync(_remove, dead)

    def remove_again(log: EvalLog) -> None:
        if _remove(dead):
            for file in dead:
                _forget(file)

    at_eval_end(spec, "orphans", remove_again)


def _read(file: Path) -> SandboxRegister | None:
    try:
        return SandboxRegister.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None


def _is_dead(file: Path) -> bool:
    register = _read(file)
    if register is None or register.host != socket.gethostname():
        return False
    lock = FileLock(file.with_suffix(".lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    lock.release()
    return True


def _forget(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.with_suffix(".lock").unlink(missing_ok=True)


def _remove(files: list[Path]) -> bool:
    found = [register for file in files if (register := _read(file)) is not None]
    temp = Path(tempfile.gettempdir()).resolve()
    for register in found:
        for name in register.folders:
            if Path(name).resolve().parent == temp:
                shutil.rmtree(name, ignore_errors=True)
    return _remove_projects({project for register in found for project in register.projects})


def _remove_projects(ours: Collection[str]) -> bool:
    """Remove compose projects; return whether docker could be asked."""
    if not ours:
        return True
    try:
        _remove_all("container", _of_projects("ID", ours, "ps", "--all"), "--force", "--volumes")
        _remove_all("network", _of_projects("ID", ours, "network", "ls"))
        _remove_all("volume", _of_projects("Name", ours, "volume", "ls"))
        images = _listed("image", "ls", "--format", "{{.Repository}}")
        _remove_all("image", built_for(images, ours))
    except (OSError, subprocess.SubprocessError) as error:
        logger.warning(f"docker could not remove leftover sandboxes: {error}")
        return False
    return True


def _of_projects(name: str, ours: Collection[str], *listing: str) -> list[str]:
    shown = f'{{{{.{name}}}}}\t{{{{.Label "{_PROJECT}"}}}}'
    lines = _listed(*listing, "--filter", f"label={_PROJECT}", "--format", shown)
    pairs = [line.split("\t", 1) for line in lines if "\t" in line]
    return [name for name, project in pairs if project in ours]


def _listed(*arguments: str) -> list[str]:
    return _docker(*arguments, check=True).splitlines()


def _remove_all(kind: str, names: Sequence[str], *options: str) -> None:
    if names:
        logger.info(f"removing {len(names)} {kind}s left behind by processes that ended")
        _docker(kind, "rm", *options, *names, check=False)


def _docker(*arguments: str, check: bool) -> str:
    command = ["docker", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=check)
    return done.stdout
