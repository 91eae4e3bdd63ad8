"""Record a git workspace before an agent runs, and read the changes afterwards.

An agent may change everything that `git status` reads: index, settings, attributes, history, `git`
itself. So the harness has its own git directory outside the workspace, which holds only the tree to
compare with. It reads the bytes of each file, and runs programs at the paths that they had before
the agent ran.
"""

import re
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio

from inspect_tts.evidence.facts import Workspace, parse_workspace

from .inside import run_inside
from .read_scripts import COMPARE, ONCE, READ
from .scripts import OPEN

TOOLS = (
    *("awk", "base64", "cat", "cksum", "comm", "cp", "find", "git", "grep"),
    *("head", "ls", "rm", "sed", "sh", "sort", "tr", "wc"),
)
"""Programs that the scripts run after the agent, at the paths that they had before it ran."""

LARGE = "102400k"
"""A file of more than 100 MiB is not hashed: if it changed, the patch is too large to be kept."""
MOST_NEW = 20_000
"""The most files that a rollout adds; more are build output that no rule ignores."""

Tools = tuple[tuple[str, str], ...]
"""Programs and their paths."""

_PATH = re.compile(r"/[\w./+-]+")
_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True)
class Baseline:
    """A git workspace before an agent's first step."""

    top: str
    """Top folder of the workspace."""
    own: str
    """The harness's own folder."""
    commit: str
    tree: str
    """The tree to compare with: the files of the commit as checked out."""
    notes: str
    """A checksum of what the harness's folder holds."""
    tools: Tools
    """Paths of programs by name, as found before the agent ran."""
    local: bool
    """Whether the workspace is on this machine."""


async def open_baseline(*, local: bool) -> Baseline | None:
    """Record the git workspace in the default sandbox's working directory; None without one."""
    place = tempfile.gettempdir() if local else "/var/tmp"  # in the sandbox
    done = await run_inside(["sh", "-c", with_tools(OPEN), "sh", LARGE, place, *TOOLS])
    lines = done.stdout.splitlines() if done is not None and done.success else []
    if len(lines) != 5 + len(TOOLS):
        return None
    top, own, commit, tree, notes, *found = lines
    if not (_PATH.fullmatch(own) and _OBJECT.fullmatch(commit) and _OBJECT.fullmatch(tree)):
        return None
    tools = (each.partition("=")[::2] for each in found)
    known = tuple((name, path) for name, path in tools if _PATH.fullmatch(path))
    return Baseline(top, own, commit, tree, notes, known, local)


async def read_workspace(baseline: Baseline, *, patch_bytes: int | None = None) -> Workspace | None:
    """Read the changes since a baseline: with git, else by checksums, else from the repository.

    The patch is hashed in the sandbox, so its size does not matter.
    """
    one = baseline
    wanted = "" if patch_bytes is None else str(patch_bytes)

    async def by_git(attribute: str) -> Workspace | None:
        given = (one.top, one.own, one.commit, one.tree, one.notes, wanted, attribute)
        return await _read(READ, (*given, LARGE, str(MOST_NEW)), "/", one.commit, one.tools)

    compared = (one.top, one.own, one.commit, one.notes, LARGE)
    return (
        await _readable(by_git)
        or await _read(COMPARE, compared, "/", one.commit, one.tools)
        or await read_repository(
            one.commit, patch_bytes=patch_bytes or 0, folder=one.top, tools=one.tools
        )
    )


async def read_repository(
    commit: str, *, patch_bytes: int, folder: str, tools: Tools = ()
) -> Workspace | None:
    """Read the changes since a commit without a baseline."""

    async def by_git(attribute: str) -> Workspace | None:
        given = (commit, str(patch_bytes), attribute, LARGE, str(MOST_NEW))
        return await _read(ONCE, given, folder, commit, tools)

    return await _readable(by_git)


async def close_baseline(baseline: Baseline) -> None:
    """Remove the baseline, so that neither a snapshot nor the scorer sees it."""
    with anyio.CancelScope(shield=True):
        if baseline.local:
            await anyio.to_thread.run_sync(lambda: shutil.rmtree(baseline.own, ignore_errors=True))
        else:
            rm = dict(baseline.tools).get("rm", "rm")
            await run_inside([rm, "-rf", baseline.own], folder="/")


async def _readable(by_git: Callable[[str], Awaitable[Workspace | None]]) -> Workspace | None:
    """Read a patch as text; if it is not UTF-8, read each file as git's binary patch."""
    read = await by_git("!diff")
    if read is None or read.diff is None:
        return read
    try:
        read.diff.decode()
    except UnicodeDecodeError:
        return await by_git("-diff")
    return read


def with_tools(script: str, tools: Tools = ()) -> str:
    """A script, preceded by variables with the path of each program that it runs."""
    places = {**{name: name for name in TOOLS}, **dict(tools)}
    return "\n".join([*(f"{name}={path}" for name, path in places.items()), script])


async def _read(
    script: str, given: tuple[str, ...], folder: str, commit: str, tools: Tools
) -> Workspace | None:
    sh = dict(tools).get("sh", "sh")
    done = await run_inside([sh, "-c", with_tools(script, tools), "sh", *given], folder=folder)
    if done is None or not done.success:
        return None
    try:
        read = parse_workspace(done.stdout)
    except ValueError:  # printed by something other than our script
        return None
    return read if read.commit == commit else None
