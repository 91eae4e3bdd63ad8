"""Ask the sandbox and the transcript for the facts of a rollout."""

from collections.abc import Collection, Iterable

from inspect_ai.event import Event, SandboxEvent, SpanBeginEvent
from inspect_ai.log import transcript
from inspect_ai.util import sandbox

from inspect_tts.core.facts import Workspace, last_commands, parse_workspace
from inspect_tts.core.records import CommandFact

_TIMEOUT = 60  # seconds; a workspace that takes longer is reported as unknown

# Prints the commit, the hash of the patch (an empty line if it cannot be told) and the numstat.
# The agent's own index and object store stay untouched: both are redirected to a temporary folder.
# - `cp -p`: git looks again into files as young as the index, so the copy must not be younger.
# - `diff-index` reads none of the settings for people, which an agent may have changed.
# - `diff-files`: what still differs behind `add` is inside a nested repository, so in no patch.
# - Of a binary file the `index` line stays, which has the hash of its content.
_READ = r"""
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
cd "$(git rev-parse --show-toplevel)" || exit 3
commit=$(git rev-parse --verify -q "$1") || exit 4
dir=$(git rev-parse --absolute-git-dir)
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/objects" && cp -p "$dir/index" "$tmp/index" 2>/dev/null
export GIT_INDEX_FILE="$tmp/index" GIT_OBJECT_DIRECTORY="$tmp/objects"
export GIT_ALTERNATE_OBJECT_DIRECTORIES="$dir/objects" GIT_OPTIONAL_LOCKS=0
git add -A || exit 5
unknown() { : >"$tmp/unknown"; }
patch=$(
  {
    git diff-index --cached -p -U0 --no-renames --full-index --irreversible-delete --no-color \
      --no-ext-diff --no-textconv --ignore-submodules=none --submodule=short --indent-heuristic \
      --ignore-space-at-eol --ignore-blank-lines "$commit" || unknown
  } | {
    LC_ALL=C sed -e '/^index /{h;d;}' -e '/^Binary files /{x;p;x;}' -e '/^\\/d' \
      -e 's/^\(@@ -[0-9,]*\) .*/\1/' -e 's/[[:space:]]*$//' || unknown
  } | git hash-object --stdin
)
git diff-files --quiet --ignore-submodules=none || unknown
[ -e "$tmp/unknown" ] && patch=
printf '%s\n' "$commit" "$patch"
git -c core.quotePath=false diff --cached --numstat --no-renames "$commit"
"""


async def read_workspace(commit: str = "HEAD") -> Workspace | None:
    """Read the git workspace in the default sandbox's working directory.

    The patch is hashed where it is, so its size does not matter.

    Args:
        commit: What to compare with.

    Returns:
        The workspace, None where there is none or it cannot be read.
    """
    try:
        result = await sandbox().exec(["sh", "-c", _READ, "sh", commit], timeout=_TIMEOUT)
    except Exception:  # a dead or odd sandbox has no facts to give, and that is not an error
        return None
    return parse_workspace(result.stdout) if result.success else None


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


def commands_outside(
    events: Iterable[Event], spans: Collection[str]
) -> list[tuple[str, int | None]]:
    """The commands run in a sandbox, as a finished sample's log has them.

    Args:
        events: Of the sample.
        spans: Names of spans whose commands are left out, with all inside of them. So are scorers.

    Returns:
        Command line and return code, oldest first.
    """
    inside, executed = set[str | None](), list[tuple[str, int | None]]()
    for event in events:
        if isinstance(event, SpanBeginEvent):
            left_out = event.name in spans or event.type == "scorer"
            if left_out or event.parent_id in inside:
                inside.add(event.id)
        elif isinstance(event, SandboxEvent) and event.span_id not in inside:
            executed += [(event.cmd, event.result)] if event.cmd is not None else []
    return executed
