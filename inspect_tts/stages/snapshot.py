"""Keep the state of a rollout's sandbox, and give it to a fresh one after the process was cut off.

docker: the files that differ from the image. local: the folder. Any other provider: the patch of
the git workspace. What none of these can hold, as a process left running, is said.
"""

import json
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import anyio
from inspect_ai.util import SandboxEnvironment

from inspect_tts._inspect import SandboxSet, local_folders
from inspect_tts.core.snapshot import (
    Changes,
    SnapshotError,
    left_running,
    parse_diff,
    parse_processes,
    to_delete,
    writable_mounts,
)

from .daemon import daemon_is_back

LARGEST = 256 * 2**20
"""Bytes of changed files in one container; more is not kept."""
_TIMEOUT = 120  # seconds

_PATCH = r"""
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
cd "$(git rev-parse --show-toplevel)" || exit 3
dir=$(git rev-parse --absolute-git-dir)
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
cp -p "$dir/index" "$tmp/index" 2>/dev/null
export GIT_INDEX_FILE="$tmp/index"
git add -A && git diff --cached --binary --full-index --no-color --no-ext-diff "$1" | base64
"""
_APPLY = r"""
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
cd "$(git rev-parse --show-toplevel)" || exit 3
base64 -d | git apply --binary --whitespace=nowarn --allow-empty -
"""
_TAR = "exec tar -C / --no-recursion -cf - -T -"
_HOSTS = "cat /etc/hosts /etc/resolv.conf 2>/dev/null | cksum"
_UNTAR = "exec tar -C / -xpf -"
_LIST = 'while IFS= read -r path; do ls -A "$path"; done'
_MOUNTS = "{{json .Mounts}}\n{{json .HostConfig.Tmpfs}}"
_DELETE = 'while IFS= read -r path; do rm -rf -- "$path"; done'


@dataclass
class Before:
    """A sandbox as it was before the first step."""

    containers: dict[str, str] = field(default_factory=dict)
    """Name of the container of each service."""
    processes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hosts: dict[str, bytes] = field(default_factory=dict)
    """Checksum of the files that docker mounts into it."""
    commit: str | None = None
    """Of the git workspace."""
    problem: str | None = None
    """Why it cannot be told what a rollout did."""


async def before_agent(sandboxes: SandboxSet, commit: str | None) -> Before:
    """Note what is needed to tell later what a rollout did.

    Args:
        sandboxes: The rollout's sandboxes, set up.
        commit: Of the git workspace, None without one.

    Returns:
        What was noted.
    """
    before = Before(commit=commit)
    if sandboxes.spec.type == "docker":
        try:
            before.containers = await _containers(sandboxes.environments)
            for service, name in before.containers.items():
                before.processes[service] = parse_processes(await _top(name))
                before.hosts[service] = await _inside(name, _HOSTS)
        except (SnapshotError, OSError) as error:
            before.problem = str(error)
    return before


async def take_snapshot(sandboxes: SandboxSet, before: Before) -> bytes:
    """Keep the state of a rollout's sandboxes.

    Args:
        sandboxes: The sandboxes, after the last step.
        before: What `before_agent` noted.

    Returns:
        An archive for `restore_snapshot`.

    Raises:
        SnapshotError: If the state cannot be kept; the message says why.
    """
    if before.problem is not None:
        raise SnapshotError(before.problem)
    parts: dict[str, bytes] = {}
    try:
        if sandboxes.spec.type == "docker":
            for service, name in before.containers.items():
                if await _inside(name, _HOSTS) != before.hosts[service]:
                    raise SnapshotError("it changed /etc/hosts or /etc/resolv.conf")
                parts |= await _container_parts(service, name, before.processes[service])
        elif sandboxes.spec.type == "local":
            [folder] = map(Path, local_folders(sandboxes.environments))
            parts = {"folder.tar": await anyio.to_thread.run_sync(_pack_folder, folder)}
        else:
            parts = {"patch": await _patch(sandboxes.environments, before.commit)}
    except (OSError, TimeoutError) as error:
        raise SnapshotError(f"{type(error).__name__}: {error}") from error
    archive = BytesIO()
    with ZipFile(archive, "w") as zipped:
        for name, data in parts.items():
            zipped.writestr(name, data)
    return archive.getvalue()


async def restore_snapshot(sandboxes: SandboxSet, snapshot: bytes) -> None:
    """Give fresh sandboxes the state that was kept.

    Args:
        sandboxes: Fresh sandboxes, set up like those whose state was kept.
        snapshot: What `take_snapshot` returned.

    Raises:
        SnapshotError: If that fails. The sandboxes are then in no known state.
    """
    with ZipFile(BytesIO(snapshot)) as zipped:
        parts = {name: zipped.read(name) for name in zipped.namelist()}
    if "folder.tar" in parts:
        [folder] = map(Path, local_folders(sandboxes.environments))
        await anyio.to_thread.run_sync(_fill_folder, folder, parts["folder.tar"])
    elif "patch" in parts:
        result = await sandboxes.environments["default"].exec(
            ["sh", "-c", _APPLY], input=parts["patch"], timeout=_TIMEOUT
        )
        if not result.success:
            raise SnapshotError(f"the patch does not apply: {result.stderr.strip()[-300:]}")
    else:
        for service, name in (await _containers(sandboxes.environments)).items():
            wanted = Changes(**json.loads(parts[f"{service}/changes.json"]))
            gone = to_delete(wanted, parse_diff(await _run(["docker", "diff", name])))
            if gone:
                await _inside(name, _DELETE, ("\n".join(gone) + "\n").encode())
            if files := parts[f"{service}/files.tar"]:  # tar refuses to read nothing
                await _inside(name, _UNTAR, files)


# --- containers


async def lost(sandboxes: SandboxSet) -> str | None:
    """Why sandboxes cannot be used any more.

    Args:
        sandboxes: Of a rollout.

    Returns:
        What docker says of a container that is gone; None while all are there, and for providers
        that cannot tell.
    """
    if sandboxes.spec.type != "docker":
        return None
    try:
        await _containers(sandboxes.environments)
    except (SnapshotError, OSError) as error:  # ConnectionError is one
        return str(error)
    return None


async def _containers(environments: Mapping[str, SandboxEnvironment]) -> dict[str, str]:
    """The containers by service; a docker daemon that is away for a moment is waited for."""
    try:
        return await _ask_for(environments)
    except RuntimeError as error:
        if not await daemon_is_back(error):
            raise SnapshotError(str(error)) from error
    try:
        return await _ask_for(environments)
    except RuntimeError as error:
        raise SnapshotError(str(error)) from error


async def _ask_for(environments: Mapping[str, SandboxEnvironment]) -> dict[str, str]:
    found: dict[str, str] = {}
    for service, environment in environments.items():
        connection = await environment.connection()
        if connection.container is None:
            raise SnapshotError(f"service {service} has no container")
        found[service] = connection.container
    return found


async def _container_parts(service: str, name: str, processes: tuple[str, ...]) -> dict[str, bytes]:
    running = left_running(processes, parse_processes(await _top(name)))
    if running:
        raise SnapshotError(f"it left {len(running)} processes running, among them {running[0]!r}")
    shown = await _run(["docker", "inspect", "-f", _MOUNTS, name])
    mounts, in_memory = map(json.loads, shown.splitlines())
    if elsewhere := writable_mounts(mounts):
        raise SnapshotError(f"it may have changed files in the volume at {elsewhere[0]}")
    if await _inside(name, _LIST, "".join(f"{path}\n" for path in in_memory or {}).encode()):
        raise SnapshotError(f"it has files in memory, in one of {', '.join(in_memory)}")
    changes = parse_diff(await _run(["docker", "diff", name]))
    listed = "".join(f".{path}\n" for path in changes.present).encode()
    files = await _inside(name, _TAR, listed) if listed else b""
    kept = {"present": changes.present, "absent": changes.absent}
    return {f"{service}/changes.json": json.dumps(kept).encode(), f"{service}/files.tar": files}


async def _top(name: str) -> str:
    return await _run(["docker", "top", name, "-eo", "pid,args"])


async def _run(command: list[str]) -> str:
    return (await _bytes(command)).decode(errors="surrogateescape")


async def _inside(name: str, script: str, input: bytes = b"") -> bytes:
    command = ["docker", "exec", "--interactive", "--user", "0", name, "sh", "-c", script]
    return await _bytes(command, input)


async def _bytes(command: list[str], input: bytes | None = None) -> bytes:
    with anyio.fail_after(_TIMEOUT):
        done = await anyio.run_process(command, input=input or b"", check=False)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()[-300:]
        raise SnapshotError(f"`{' '.join(command[:2])}` failed: {said}")
    if len(done.stdout) > LARGEST:
        raise SnapshotError(f"changed files exceed {LARGEST // 2**20} MiB")
    return done.stdout


# --- folders and patches


def _pack_folder(folder: Path) -> bytes:
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(folder, arcname=".")
    return packed.getvalue()


def _fill_folder(folder: Path, packed: bytes) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    with tarfile.open(fileobj=BytesIO(packed)) as tar:
        tar.extractall(folder, filter="fully_trusted")  # what this very provider's user wrote


async def _patch(environments: Mapping[str, SandboxEnvironment], commit: str | None) -> bytes:
    if commit is None:
        raise SnapshotError("it is not docker or local, and its workspace is no git repository")
    try:
        done = await environments["default"].exec(
            ["sh", "-c", _PATCH, "sh", commit], timeout=_TIMEOUT
        )
    except Exception as error:  # whatever the provider raises
        raise SnapshotError(f"{type(error).__name__}: {error}") from error
    if not done.success:
        raise SnapshotError(f"the workspace has no patch: {done.stderr.strip()[-300:]}")
    return done.stdout.encode()
