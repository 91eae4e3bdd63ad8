"""Ask the sandbox and the transcript for the facts of a rollout."""

from dataclasses import dataclass

from inspect_ai.event import SandboxEvent, SpanBeginEvent
from inspect_ai.log import transcript
from inspect_ai.util import sandbox

from inspect_tts.core.facts import last_commands, parse_numstat
from inspect_tts.core.records import CommandFact, FileFact

_TIMEOUT = 60  # seconds; a workspace that takes longer is reported as unknown

# The agent's own index and object store stay untouched: both are redirected to a temporary folder.
_CHANGES = """
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
cd "$(git rev-parse --show-toplevel)" || exit 3
commit=$(git rev-parse --verify -q "$1") || exit 4
dir=$(git rev-parse --absolute-git-dir)
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/objects" && cp "$dir/index" "$tmp/index" 2>/dev/null
export GIT_INDEX_FILE="$tmp/index" GIT_OBJECT_DIRECTORY="$tmp/objects"
export GIT_ALTERNATE_OBJECT_DIRECTORIES="$dir/objects"
echo "$commit"
git add -A && git -c core.quotePath=false diff --cached --numstat --no-renames "$commit"
"""


@dataclass(frozen=True)
class Workspace:
    """A git workspace: a commit, and what differs from it, committed or not."""

    commit: str
    changes: tuple[FileFact, ...]


async def read_workspace(commit: str = "HEAD") -> Workspace | None:
    """Read the git workspace in the default sandbox's working directory.

    Args:
        commit: What to compare with.

    Returns:
        The workspace, None where there is none or it cannot be read.
    """
    try:
        result = await sandbox().exec(["sh", "-c", _CHANGES, "sh", commit], timeout=_TIMEOUT)
    except Exception:  # a dead or odd sandbox has no facts to give, and that is not an error
        return None
    if not result.success:
        return None
    first, _, rest = result.stdout.partition("\n")
    return Workspace(first.strip(), parse_numstat(rest))


async def files_changed(before: Workspace | None) -> tuple[FileFact, ...] | None:
    """What a rollout changed in the default sandbox's git workspace, committed or not.

    Args:
        before: The workspace before the first step.

    Returns:
        One fact a file, None where that cannot be told.
    """
    after = None if before is None else await read_workspace(before.commit)
    if before is None or after is None:
        return None
    return tuple(fact for fact in after.changes if fact not in before.changes)


def commands_run(span_id: str) -> tuple[CommandFact, ...]:
    """The last commands that an agent ran in a sandbox.

    Args:
        span_id: Id of the span that the agent ran in.

    Returns:
        The last of all commands logged inside that span, oldest first; not those of scorers.
    """
    inside = {span_id}
    executed: list[tuple[str, int | None]] = []
    for event in transcript().events:
        if isinstance(event, SpanBeginEvent):
            if event.parent_id in inside and event.type != "scorer":
                inside.add(event.id)
        elif isinstance(event, SandboxEvent) and event.span_id in inside and event.cmd is not None:
            executed.append((event.cmd, event.result))
    return last_commands(executed)
