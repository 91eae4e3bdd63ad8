"""Which files make up a container's state, and how a fresh container gets them. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_HOLDS_NOTHING = re.compile(
    r"""-?(?:/\S*/)?(?:ba|da|z)?sh(?:\s+-[il]+)?  # a shell that waits for input
    |(?:/\S*/)?tmux(?:\s.*|:.*)?               # the terminal around it
    |/var/tmp/\.da7be258e003d428/.*            # Inspect's own tools
    |.*inspect-sandbox-tools.*""",
    re.VERBOSE,
)


_DOCKERS_OWN = re.compile(
    r"/(?:\.dockerenv|etc/host(?:s|name)|etc/resolv\.conf|.*/docker-init|(?:dev|proc|sys)(?:/.*)?)"
)
"""Files that docker itself puts into each container."""


class SnapshotError(Exception):
    """The state of a sandbox cannot be saved or restored; the message says why."""


@dataclass(frozen=True)
class Changes:
    """How a container's files differ from its image."""

    present: tuple[str, ...]
    """Paths that were added or changed, folders before their contents."""
    absent: tuple[str, ...]
    """Paths that were deleted."""


def parse_diff(output: str) -> Changes:
    """Read the output of `docker diff`."""
    present: list[str] = []
    absent: list[str] = []
    for line in output.splitlines():
        kind, _, path = line.partition(" ")
        if kind not in ("A", "C", "D") or not path.startswith("/"):
            raise SnapshotError(f"a changed file has a name that cannot be saved: {line!r}")
        if not _DOCKERS_OWN.fullmatch(path):
            (absent if kind == "D" else present).append(path)
    return Changes(tuple(sorted(present)), tuple(sorted(absent)))


def to_delete(wanted: Changes, fresh: Changes) -> tuple[str, ...]:
    """Paths to delete in a fresh container before the saved files are put there."""
    extra = set(fresh.present) - set(wanted.present)
    gone = sorted({*wanted.absent, *extra})
    outermost: list[str] = []
    for path in gone:
        if not outermost or not path.startswith(f"{outermost[-1]}/"):
            outermost.append(path)
    return tuple(outermost)


def parse_processes(output: str) -> tuple[str, ...]:
    """Read the output of `docker top CONTAINER -eo pid,args`."""
    commands = (line.split(None, 1) for line in output.splitlines()[1:])
    running = (words[1].strip() for words in commands if len(words) == 2)
    return tuple(command for command in running if "<defunct>" not in command)


def left_running(before: Sequence[str], after: Sequence[str]) -> tuple[str, ...]:
    """Processes that a rollout left running, which no archive can hold."""
    started = (Counter(after) - Counter(before)).elements()
    return tuple(command for command in started if not _HOLDS_NOTHING.fullmatch(command))


def writable_mounts(mounts: Iterable[dict[str, object]]) -> tuple[str, ...]:
    """Mount points where a container can write outside of its own layer."""
    return tuple(str(mount.get("Destination")) for mount in mounts if mount.get("RW", True))
