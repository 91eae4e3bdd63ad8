"""Ask the sandbox and the transcript for the facts of a rollout."""

from inspect_ai.event import SandboxEvent, SpanBeginEvent
from inspect_ai.log import transcript
from inspect_ai.util import sandbox

from inspect_tts.core.facts import last_commands, parse_numstat
from inspect_tts.core.records import CommandFact, FileFact

_TIMEOUT = 60  # seconds; a workspace that takes longer is reported as unknown

# The agent's own index and object store stay untouched: both are redirected to a temporary folder.
_CHANGED = """
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
cd "$(git rev-parse --show-toplevel)" || exit 3
dir=$(git rev-parse --absolute-git-dir)
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/objects" && cp "$dir/index" "$tmp/index" 2>/dev/null
export GIT_INDEX_FILE="$tmp/index" GIT_OBJECT_DIRECTORY="$tmp/objects"
export GIT_ALTERNATE_OBJECT_DIRECTORIES="$dir/objects"
git add -A && git -c core.quotePath=false diff --cached --numstat --no-renames "$1"
"""


async def base_commit() -> str | None:
    """The commit of the git workspace in the default sandbox, None where there is none."""
    return await _run(["git", "-c", "safe.directory=*", "rev-parse", "--verify", "-q", "HEAD"])


async def files_changed(base: str | None) -> tuple[FileFact, ...] | None:
    """What differs from a commit in the default sandbox's git workspace, committed or not.

    Args:
        base: What `base_commit` gave before the first step.

    Returns:
        One fact a file; None where that cannot be told.
    """
    if base is None:
        return None
    output = await _run(["sh", "-c", _CHANGED, "sh", base])
    return None if output is None else parse_numstat(output)


def commands_run(span_id: str) -> tuple[CommandFact, ...]:
    """The last commands that an agent ran in a sandbox.

    Args:
        span_id: Id of the span that the agent ran in.

    Returns:
        The last of all commands logged inside that span, oldest first.
    """
    inside = {span_id}
    executed: list[tuple[str, int | None]] = []
    for event in transcript().events:
        if isinstance(event, SpanBeginEvent):
            if event.parent_id in inside:
                inside.add(event.id)
        elif isinstance(event, SandboxEvent) and event.span_id in inside and event.cmd is not None:
            executed.append((event.cmd, event.result))
    return last_commands(executed)


async def _run(command: list[str]) -> str | None:
    try:
        result = await sandbox().exec(command, timeout=_TIMEOUT)
    except Exception:  # a dead or odd sandbox has no facts to give, and that is not an error
        return None
    return result.stdout.strip("\n") if result.success else None
