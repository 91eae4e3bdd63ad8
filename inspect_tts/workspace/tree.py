"""A tree on which results are put one after another; between them, its start state is restored.

Results are the patches of rollouts, and what runs on them is treated as hostile. Time and output
are limited inside the sandbox. The checksum that proves the start state is kept outside of it.
"""

import io
import re
import tarfile
import tempfile
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

from inspect_ai.util import ExecResult, LimitExceededError, sandbox

from inspect_tts._inspect import TerminateSampleError, no_sandbox_events
from inspect_tts.execution.records import UNTOUCHED
from inspect_tts.machine.orphans import register_folder

from .baseline import Baseline, close_baseline, open_baseline, read_workspace
from .tree_scripts import (
    APPLY,
    COPY,
    OPEN_TREE,
    RESTORE,
    RESTORE_CHANGED,
    RUN,
    RUN_HERE,
    SHOW,
    STATE,
)

OUTPUT_BYTES = 200_000
"""Bytes that are read of a command's output."""
MOST_TREE_BYTES = 4_000_000_000
NOT_RUN = "could not be run"
_SECONDS = 180
_PATCH_BYTES = 5_000_000
_PLACE = re.compile(r"/[^\n]+")
_REASONS = {
    3: "its workspace is no git repository",
    4: "its workspace is the root of the file system",
    5: f"its workspace is larger than {MOST_TREE_BYTES // 10**9} GB",
    6: "it lacks GNU's programs `stat`, `sha256sum` or `timeout`",
    7: "there is no room for a copy of its workspace",
}


class TreeError(Exception):
    """The tree cannot be used: nothing can be put on it, or it cannot be restored."""


class RawRun(NamedTuple):
    """How a command ended on a tree."""

    returncode: int | None
    seconds: float
    output: str = ""
    problem: str | None = None
    edited: tuple[str, ...] = ()
    report: str | None = None


@dataclass
class Tree:
    """The workspace of a fresh sandbox, in its start state or with a result on it."""

    top: str
    own: str
    """The harness's folder in the sandbox."""
    home: str
    """The folder where commands begin, relative to the workspace."""
    identity: str
    """Commit and git tree of the start state."""
    alone: bool
    """Whether all visible processes are the sandbox's own, as in a container."""
    content: str = ""
    """Checksum of the content of the start state."""
    state: str = ""
    """Checksum of the state that the tree should have now."""
    undo: bytes = b""
    """The patch that leads from the commit to the start state."""

    async def restore(self) -> None:
        """Restore the start state, and prove it; at first, restore only what has changed."""
        for script in (RESTORE_CHANGED, RESTORE):
            done = await _exec([*_SHELL, script, "sh", self.top, self.own], b"", _SECONDS)
            if done is not None and done.success:
                content, self.state = _states(done)
                if content == self.content:
                    return
        raise TreeError("the tree could not be brought back to its start")

    async def put(self, patch: str) -> str | None:
        """Put a result on the restored tree; return why it does not fit, None if it does."""
        steps = [("-R", self.undo)] if self.undo else []
        for way, data in [*steps, ("", patch.encode(errors="surrogateescape"))]:
            done = await _exec([*_SHELL, APPLY, "sh", self.top, self.own, way], data, _SECONDS)
            if done is None or done.returncode not in (0, 4):
                raise TreeError("a result could not be put on the tree")
            if not done.success:
                return f"its patch does not apply: {done.stderr.strip()[-200:]}"
            _, self.state = _states(done)
        return None

    @property
    def report(self) -> str:
        """The file to which a check writes the report of its tests."""
        return f"{self.own}/report.xml"

    async def run(
        self,
        command: str,
        *,
        folder: str,
        files: Mapping[str, str],
        seconds: float,
    ) -> tuple[RawRun, bool]:
        """Run a command with its files in place; also return whether it left the tree unchanged."""
        given = [self.top, self.own, folder, command, f"{seconds:.0f}", str(OUTPUT_BYTES)]
        given += [self.report, "yes" if self.alone else "no", *files]
        script, data = [*_SHELL, RUN, "sh", *given], _archive(files, self.top)
        run, state = await _timed(script, data, seconds, begin="/")
        return run, state == self.state and not run.edited

    async def standing(self, paths: Sequence[str]) -> set[str]:
        """Which of the paths, relative to the workspace, exist."""
        if not paths:
            return set()
        script = 'cd "$1" && shift && for f; do [ ! -e "$f" ] || printf "%s\\n" "$f"; done'
        done = await _exec([*_SHELL, script, "sh", self.top, *paths], b"", _SECONDS)
        if done is None or not done.success:
            raise TreeError("the tree could not be read")
        return set(done.stdout.split("\n")) & set(paths)

    @property
    def beside(self) -> str:
        """The folder for copies that are shown to an agent."""
        place, _, name = self.own.rpartition("/")
        return f"{place}/solutions-{name[-6:]}"

    async def copy(self, name: str) -> None:
        """Copy the tree with the result that is on it, to show it to an agent."""
        await self._show(COPY, name)

    async def show(self) -> None:
        """Show the start state to an agent; after that, no result can be put on the tree."""
        await self._show(SHOW, UNTOUCHED)

    async def _show(self, script: str, name: str) -> None:
        given = [self.top, self.own, self.beside, name]
        done = await _exec([*_SHELL, script, "sh", *given], b"", _SECONDS)
        if done is None or not done.success:
            raise TreeError("there is no room for copies of the results")

    async def close(self) -> None:
        """Remove the harness's folders, if closing the sandbox does not remove them."""
        folders = " ".join(map(_quoted, (self.own, self.beside)))
        await _exec([*_SHELL, f"rm -rf {folders}", "sh"], b"", _SECONDS)


async def run_here(command: str, *, seconds: float, alone: bool) -> tuple[RawRun, str]:
    """Run a command in the default sandbox's working directory; return its end and that folder."""
    given = [command, f"{seconds:.0f}", str(OUTPUT_BYTES), "yes" if alone else "no"]
    return await _timed([*_SHELL, RUN_HERE, "sh", *given], b"", seconds, begin=None)


async def _timed(
    script: list[str], data: bytes, seconds: float, *, begin: str | None
) -> tuple[RawRun, str]:
    """Run a script; return how its command ended, and the state that it prints."""
    began = monotonic()
    try:
        done = await _exec(script, data, int(seconds) + 30, begin=begin)
    except TimeoutError:
        return RawRun(None, monotonic() - began, problem=_late(seconds)), ""
    took = monotonic() - began
    read = None if done is None else _read(done, took)
    if read is None:
        return RawRun(None, took, problem=NOT_RUN), ""
    run, state = read
    if run.returncode in (124, 137) and took >= seconds:
        run = run._replace(returncode=None, problem=_late(seconds))
    return run, state


async def open_tree(provider: str) -> Tree:
    """Record the start state of the default sandbox's workspace."""
    local = provider == "local"
    place = tempfile.gettempdir() if local else "/var/tmp"  # in the sandbox
    most = str(MOST_TREE_BYTES // 1024)
    done = await _exec([*_SHELL, OPEN_TREE, "sh", most, place], b"", _SECONDS, begin=None)
    lines = done.stdout.splitlines() if done is not None and done.success else []
    if done is None or len(lines) != 3 or not all(map(_PLACE.fullmatch, lines)):
        code = -1 if done is None else done.returncode
        raise TreeError(_REASONS.get(code, "its workspace could not be read"))
    top, own, home = lines
    if local:
        register_folder(own)
        register_folder(Tree(top, own, home, "", alone=False).beside)
    baseline = await open_baseline(local=local)
    if baseline is None:
        raise TreeError("its workspace could not be read by git")
    if local:
        register_folder(baseline.own)
    try:
        undo = await _undo(baseline)
    finally:
        await close_baseline(baseline)
    inside = home.removeprefix(top).strip("/") if f"{home}/".startswith(f"{top}/") else ""
    identity, alone = f"{baseline.commit} {baseline.tree}", provider == "docker"
    tree = Tree(top, own, inside, identity, alone=alone, undo=undo)
    tree.content, tree.state = _states(await _run(STATE, top, own))
    copied, _ = _states(await _run(STATE, f"{own}/start", own))
    await _run(STATE, top, own)
    if not tree.content or copied != tree.content:
        raise TreeError("its workspace could not be copied")
    return tree


async def _undo(baseline: Baseline) -> bytes:
    """What differed from the commit at the start; the patches of rollouts contain it as well."""
    found = await read_workspace(baseline, patch_bytes=_PATCH_BYTES)
    if found is None or found.diff is None:
        raise TreeError("what differs from its commit at the start could not be read")
    return found.diff


_SHELL = ("sh", "-c")


async def _run(script: str, top: str, own: str) -> ExecResult[str]:
    done = await _exec([*_SHELL, script, "sh", top, own], b"", _SECONDS)
    if done is None or not done.success:
        raise TreeError("the tree could not be read")
    return done


async def _exec(
    command: list[str], data: bytes, seconds: int, *, begin: str | None = "/"
) -> ExecResult[str] | None:
    """Run a script of the harness; None if the sandbox fails."""
    here = sandbox()
    try:
        with no_sandbox_events(here):
            return await here.exec(
                command, input=data, cwd=begin, timeout=seconds, timeout_retry=False
            )
    except (LimitExceededError, TerminateSampleError, TimeoutError):
        raise
    except Exception:  # each provider raises its own errors
        return None


def _states(done: ExecResult[str]) -> tuple[str, str]:
    told = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())
    return told.get("content", ""), told.get("state", "")


def _read(done: ExecResult[str], took: float) -> tuple[RawRun, str] | None:
    lines = done.stdout.split("\n")
    if not done.success or len(lines) < 5:
        return None
    code, state, *encoded = lines
    try:
        edited, output, report = (b64decode(each, validate=True) for each in encoded[:3])
        number = int(code)
    except ValueError:
        return None
    names = tuple(edited.decode(errors="replace").splitlines())
    text = report.decode(errors="replace") if report else None
    return RawRun(number, took, output.decode(errors="replace"), None, names, text), state


def _archive(files: Mapping[str, str], top: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for path, text in files.items():
            place = path if path.startswith("/") else f"{top}/{path}"
            data = text.encode(errors="surrogateescape")
            entry = tarfile.TarInfo(place.strip("/"))
            entry.size, entry.mode, entry.mtime = len(data), 0o755, 1_000_000_000
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def _late(seconds: float) -> str:
    return f"did not end within {seconds:.0f} s"


def _quoted(path: str) -> str:
    return "'" + path.replace("'", "'\\''") + "'"
