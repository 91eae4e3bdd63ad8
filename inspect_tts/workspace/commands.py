"""Find an agent's commands in the transcript, and the leaks among them."""

from collections.abc import Collection, Iterable, Iterator, Sequence

import anyio
from inspect_ai.event import Event, InfoEvent, SandboxEvent, SpanBeginEvent
from inspect_ai.log import transcript
from inspect_ai.model import ChatMessage

from inspect_tts.agents.terminus.screen import SOURCE, typed_commands
from inspect_tts.evidence.facts import shell_command
from inspect_tts.evidence.leaks import leaks, revisions

from .inside import run_inside

_COMMAND_NAMES = ("command", "cmd", "input")
_MOST_NAMES = 200

# Prints the names of commits that are not ancestors of the start commit and are older than the
# rollout, so that it cannot have made them.
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


def events_within(span_id: str) -> Iterator[Event]:
    """The events so far in a span of the running sample and in its inner spans, except scorers'."""
    inside = {span_id}
    for event in transcript().events:
        if isinstance(event, SpanBeginEvent):
            if event.parent_id in inside and event.type != "scorer":
                inside.add(event.id)
        elif event.span_id in inside:
            yield event


def commands_run(events: Iterable[Event]) -> list[tuple[str, int | None]]:
    """The commands that an agent ran in a sandbox, with return codes."""
    return [command for event in events for command in _executed(event)]


async def find_leaks(
    executed: Sequence[tuple[str, int | None]],
    messages: Sequence[ChatMessage],
    *,
    repo: object,
    commit: str | None,
    began: float,
) -> tuple[str, ...]:
    """Find commands that reach for the reference solution."""
    commands = [shell_command(line) for line, _ in executed]
    for message in messages:
        for call in (message.tool_calls or []) if message.role == "assistant" else []:
            commands += [v for v in map(call.arguments.get, _COMMAND_NAMES) if isinstance(v, str)]
    projects = [repo.rpartition("/")[2]] if isinstance(repo, str) else []
    # in a thread: megabytes of odd commands take seconds, and other rollouts must continue
    found = await anyio.to_thread.run_sync(leaks, commands, projects)
    named = await anyio.to_thread.run_sync(revisions, commands)
    if commit is not None and named:
        later = await _later(commit, named, int(began))
        found += tuple(f"reads later history: {name}" for name in later)
    return found


async def _later(commit: str, names: Sequence[str], began: int) -> list[str]:
    asked = names[:_MOST_NAMES]
    script = ["sh", "-c", _LATER, "sh", commit, str(began), *asked]
    result = await run_inside(script)
    told = set(result.stdout.splitlines()) if result and result.success else set()
    return [name for name in asked if name in told]


def commands_outside(
    events: Iterable[Event], spans: Collection[str]
) -> list[tuple[str, int | None]]:
    """The commands in a finished sample's log, except those inside the spans of some names."""
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
        return list(typed_commands(event.data))  # typed through Terminus's own script
    return []
