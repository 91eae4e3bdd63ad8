"""Save the state of a rollout's sandbox, and restore it in a fresh one.

For docker, the state is the files that differ from the image; for local, the folder; for other
providers, the patch of the git workspace. Anything that these cannot hold, such as a running
process, raises a `SnapshotError`.
"""

import json
import shutil
import tarfile
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import anyio
from inspect_ai.util import LimitExceededError, SandboxEnvironment

from inspect_tts._inspect import SandboxSet, TerminateSampleError, local_folders
from inspect_tts.machine.docker_wait import retry_after_outage
from inspect_tts.workspace.baseline import Baseline, read_workspace

from .packing import LARGEST, output_of, pack_folder
from .snapshot_format import (
    Changes,
    SnapshotError,
    left_running,
    parse_diff,
    parse_processes,
    to_delete,
    writable_mounts,
)

_LARGEST_PATCH = 6_000_000
"""The most bytes of a patch; in base64, it fits into the output that Inspect allows an `exec`."""
_TIMEOUT = 120  # seconds

_APPLY = r"""
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
cd "$(git rev-parse --show-toplevel)" || exit 3
base64 -d | git apply --binary --whitespace=nowarn --allow-empty -
"""
_FAILED = "the archive could not be made"
_TAR = f"{{ tar -C / --no-recursion -cf - -T - || echo {_FAILED}; }} | head -c {LARGEST + 1}"
_HOSTS = "cat /etc/hosts /etc/resolv.conf 2>/dev/null | cksum"
_UNTAR = "exec tar -C / -xpf -"
_LIST = 'while IFS= read -r path; do ls -A "$path"; done'
_MOUNTS = "{{json .Mounts}}\n{{json .HostConfig.Tmpfs}}"
_DELETE = 'while IFS= read -r path; do rm -rf -- "$path"; done'


@dataclass
class SandboxBaseline:
    """What is known about a sandbox before the agent's first step."""

    containers: dict[str, str] = field(default_factory=dict)
    """Container name by service."""
    processes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hosts: dict[str, bytes] = field(default_factory=dict)
    """By service, the checksum of the files that docker mounts into the container."""
    baseline: Baseline | None = None
    """The git workspace, if its patch is all that can be saved."""
    problem: str | None = None
    """Why the rollout's changes cannot be determined."""


async def sandbox_baseline(sandboxes: SandboxSet, baseline: Baseline | None) -> SandboxBaseline:
    """Record what is needed later to determine a rollout's changes."""
    if sandboxes.spec.type not in ("docker", "local"):
        return SandboxBaseline(baseline=baseline)
    before = SandboxBaseline()
    if sandboxes.spec.type == "docker":
        try:
            with _as_snapshot_error():
                before.containers = await _containers(sandboxes.environments)
                for service, name in before.containers.items():
                    before.processes[service] = await _processes(name)
                    before.hosts[service] = await _inside(name, _HOSTS)
        except SnapshotError as error:
            before.problem = str(error)
    return before


async def take_snapshot(sandboxes: SandboxSet, before: SandboxBaseline) -> bytes:
    """Save the state of a rollout's sandboxes."""
    if before.problem is not None:
        raise SnapshotError(before.problem)
    parts: dict[str, bytes] = {}
    with _as_snapshot_error():
        if sandboxes.spec.type == "docker":
            for service, name in before.containers.items():
                if await _inside(name, _HOSTS) != before.hosts[service]:
                    raise SnapshotError("/etc/hosts or /etc/resolv.conf has changed")
                parts |= await _container_parts(service, name, before.processes[service])
        elif sandboxes.spec.type == "local":
            [folder] = map(Path, local_folders(sandboxes.environments))
            parts = {"folder.tar": await anyio.to_thread.run_sync(pack_folder, folder)}
        else:
            parts = {"patch": await _patch(before.baseline)}
    archive = BytesIO()
    with ZipFile(archive, "w") as zipped:
        for name, data in parts.items():
            zipped.writestr(name, data)
    return archive.getvalue()


async def restore_snapshot(sandboxes: SandboxSet, snapshot: bytes, *, trusted: bool) -> None:
    """Put fresh sandboxes into the saved state."""
    with ZipFile(BytesIO(snapshot)) as zipped:
        if sum(each.file_size for each in zipped.infolist()) > 8 * LARGEST:
            raise SnapshotError("it is not a snapshot: it holds more than is ever saved")
        parts = {name: zipped.read(name) for name in zipped.namelist()}
    if "folder.tar" in parts:
        [folder] = map(Path, local_folders(sandboxes.environments))
        await anyio.to_thread.run_sync(_fill_folder, folder, parts["folder.tar"], trusted)
    elif "patch" in parts:
        result = await sandboxes.environments["default"].exec(
            ["sh", "-c", _APPLY], input=parts["patch"], timeout=_TIMEOUT
        )
        if not result.success:
            raise SnapshotError(f"the patch does not apply: {result.stderr.strip()[-300:]}")
    else:
        for service, name in (await _containers(sandboxes.environments)).items():
            wanted = Changes(**json.loads(parts[f"{service}/changes.json"]))
            gone = to_delete(wanted, parse_diff(await _docker("diff", name)))
            if gone:
                await _inside(name, _DELETE, _paths(gone))
            if files := parts[f"{service}/files.tar"]:  # tar fails on empty input
                await _inside(name, _UNTAR, files)


# --- containers


async def missing_container(sandboxes: SandboxSet) -> str | None:
    """Why a rollout's containers cannot be used; None if they can."""
    if sandboxes.spec.type != "docker":
        return None
    try:
        await _containers(sandboxes.environments)
    except (LimitExceededError, TerminateSampleError):
        raise
    except Exception as error:  # each provider raises its own errors
        return str(error)
    return None


async def _containers(environments: Mapping[str, SandboxEnvironment]) -> dict[str, str]:
    """Container name by service."""

    async def ask() -> dict[str, str]:
        found: dict[str, str] = {}
        for service, environment in environments.items():
            connection = await environment.connection()
            if connection.container is None:
                raise SnapshotError(f"service {service} has no container")
            found[service] = connection.container
        return found

    return await retry_after_outage(ask)


async def _container_parts(service: str, name: str, processes: tuple[str, ...]) -> dict[str, bytes]:
    running = left_running(processes, await _processes(name))
    if running:
        raise SnapshotError(f"{len(running)} processes are still running, such as {running[0]!r}")
    shown = await _docker("inspect", "-f", _MOUNTS, name)
    mounts, in_memory = map(json.loads, shown.splitlines())
    if mounted := writable_mounts(mounts):
        raise SnapshotError(f"the volume at {mounted[0]} may have changed")
    if in_memory and await _inside(name, _LIST, _paths(in_memory)):
        raise SnapshotError(f"there are files in memory, in one of {', '.join(in_memory)}")
    changes = parse_diff(await _docker("diff", name))
    listed = _paths(f".{path}" for path in changes.present)
    files = await _inside(name, _TAR, listed) if listed else b""
    if files.endswith(f"{_FAILED}\n".encode()):
        raise SnapshotError(_FAILED)
    kept = {"present": changes.present, "absent": changes.absent}
    return {f"{service}/changes.json": json.dumps(kept).encode(), f"{service}/files.tar": files}


async def _processes(name: str) -> tuple[str, ...]:
    return parse_processes(await _docker("top", name, "-eo", "pid,args"))


async def _docker(*arguments: str) -> str:
    output = await output_of(["docker", *arguments], b"", seconds=_TIMEOUT)
    return output.decode(errors="surrogateescape")


async def _inside(name: str, script: str, input: bytes = b"") -> bytes:
    command = ["docker", "exec", "--interactive", "--user", "0", name, "sh", "-c", script]
    return await output_of(command, input, seconds=_TIMEOUT)


def _paths(names: Iterable[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode(errors="surrogateescape")


@contextmanager
def _as_snapshot_error() -> Iterator[None]:
    """Turn whatever a provider raises into a `SnapshotError`, except what ends a rollout."""
    try:
        yield
    except (SnapshotError, LimitExceededError, TerminateSampleError):
        raise
    except Exception as error:
        raise SnapshotError(f"{type(error).__name__}: {error}") from error


# --- folders and patches


def _fill_folder(folder: Path, packed: bytes, trusted: bool) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    with tarfile.open(fileobj=BytesIO(packed)) as tar:
        tar.extractall(folder, filter="fully_trusted" if trusted else "data")


async def _patch(baseline: Baseline | None) -> bytes:
    if baseline is None:
        raise SnapshotError(
            "the provider is not docker or local, and the workspace is not a git repository"
        )
    read = await read_workspace(baseline, patch_bytes=_LARGEST_PATCH)
    if read is None or read.diff is None:
        raise SnapshotError("the workspace has no patch that can be saved")
    return b64encode(read.diff)
