"""Ask the sandbox and the transcript for the facts of a rollout."""

from collections.abc import Collection, Iterable, Sequence

from inspect_ai.event import Event, InfoEvent, SandboxEvent, SpanBeginEvent
from inspect_ai.log import transcript
from inspect_ai.model import ChatMessage
from inspect_ai.util import sandbox

from inspect_tts.core.facts import Workspace, parse_workspace, shell_command
from inspect_tts.core.leaks import leaks, revisions
from inspect_tts.core.terminal import SOURCE, typed_commands

_COMMAND_NAMES = ("command", "cmd", "input")
_MOST_NAMES = 200
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
[ -n "$2" ] || exit 0
echo "* $3" >"$tmp/attributes"
git -c core.quotePath=true -c core.attributesFile="$tmp/attributes" diff-index --cached -p \
  --binary --full-index --no-renames --no-color --no-ext-diff --no-textconv \
  --ignore-submodules=none --submodule=short "$commit" >"$tmp/patch" || exit 0
size=$(($(wc -c <"$tmp/patch")))
printf '\n%s\n' "$size"
[ "$size" -gt "$2" ] || base64 <"$tmp/patch"
"""


# Prints which names are commits that the start commit does not have among its ancestors, and that
# are older than the rollout, so none of its own.
_LATER = r"""
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
start=$1 began=$2 && shift 2
for name; do
  commit=$(git rev-parse --verify -q "$name^{commit}") || continue
  git merge-base --is-ancestor "$commit" "$start" && continue
  [ "$(git log -1 --format=%ct "$commit")" -lt "$began" ] && printf '%s\n' "$name"
done
exit 0
"""


async def read_workspace(
    commit: str = "HEAD", *, patch_bytes: int | None = None, folder: str | None = None
) -> Workspace | None:
    """Read the git workspace in the default sandbox's working directory.

    The patch is hashed where it is, so its size does not matter for that.

    Args:
        commit: What to compare with.
        patch_bytes: Read the patch itself, too, if it has no more bytes.
        folder: In the workspace, if it is not the working directory.

    Returns:
        The workspace, None where there is none or it cannot be read.
    """
    read = await _read(commit, patch_bytes, "", folder)
    if read is None or read.diff is None or _is_text(read.diff):
        return read
    # a file in another encoding: once more, with each file as git's binary patch, which is ASCII
    return await _read(commit, patch_bytes, "-diff", folder)


async def _read(
    commit: str, patch_bytes: int | None, attribute: str, folder: str | None
) -> Workspace | None:
    wanted = "" if patch_bytes is None else str(patch_bytes)
    script = ["sh", "-c", _READ, "sh", commit, wanted, attribute]
    try:
        result = await sandbox().exec(script, cwd=folder, timeout=_TIMEOUT)
    except Exception:  # a dead or odd sandbox has no facts to give, and that is not an error
        return None
    return parse_workspace(result.stdout) if result.success else None


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def commands_run(span_id: str) -> list[tuple[str, int | None]]:
    """The commands that an agent ran in a sandbox.

    Args:
        span_id: Id of the span that the agent ran in.

    Returns:
        Command line and return code of all that were logged inside that span, oldest first; not
        those of scorers.
    """
    inside = {span_id}
    executed: list[tuple[str, int | None]] = []
    for event in transcript().events:
        if isinstance(event, SpanBeginEvent):
            if event.parent_id in inside and event.type != "scorer":
                inside.add(event.id)
        elif event.span_id in inside:
            executed += _executed(event)
    return executed


async def find_leaks(
    executed: Sequence[tuple[str, int | None]],
    messages: Sequence[ChatMessage],
    *,
    repo: object,
    before: Workspace | None,
    began: float,
) -> tuple[str, ...]:
    """Find commands that reach for the reference solution.

    Args:
        executed: What ran in the sandbox.
        messages: The trajectory. Commands of an agent inside the sandbox stand only there, in its
            tool calls.
        repo: `owner/name` that the problem is about, if that is known.
        before: The workspace before the first step.
        began: When that was, in seconds of the clock.

    Returns:
        As `inspect_tts.core.leaks`; also reads of commits that are later history.
    """
    commands = [shell_command(line) for line, _ in executed]
    for message in messages:
        for call in (message.tool_calls or []) if message.role == "assistant" else []:
            commands += [v for v in map(call.arguments.get, _COMMAND_NAMES) if isinstance(v, str)]
    projects = [repo.rpartition("/")[2]] if isinstance(repo, str) else []
    found = leaks(commands, projects)
    named = revisions(commands)
    if before is not None and named:
        later = await _later(before.commit, named, int(began))
        found += tuple(f"reads later history: {name}" for name in later)
    return found


async def _later(commit: str, names: Sequence[str], began: int) -> list[str]:
    script = ["sh", "-c", _LATER, "sh", commit, str(began), *names[:_MOST_NAMES]]
    try:
        result = await sandbox().exec(script, timeout=_TIMEOUT)
    except Exception:  # a dead or odd sandbox has nothing to tell, and that is not an error
        return []
    return result.stdout.splitlines() if result.success else []


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
        elif event.span_id not in inside:
            executed += _executed(event)
    return executed


def _executed(event: Event) -> list[tuple[str, int | None]]:
    if isinstance(event, SandboxEvent) and event.cmd and not event.cmd.endswith(SOURCE):
        return [(event.cmd, event.result)]
    if isinstance(event, InfoEvent) and event.source == SOURCE:
        return list(typed_commands(event.data))  # what went through Terminus' own script
    return []
