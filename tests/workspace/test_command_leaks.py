"""Which commands of a rollout count, and which of them reach for the solution."""

import asyncio
from datetime import UTC, datetime

import pytest
from inspect_ai.event import Event, InfoEvent, SandboxEvent, SpanBeginEvent
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageUser
from inspect_ai.tool import ToolCall

from inspect_tts.agents.terminus.screen import SOURCE
from inspect_tts.workspace.commands import commands_outside, find_leaks

CLONE = "git clone https://github.com/acme/thing"


def leaks(*lines: str, said: tuple[ChatMessage, ...] = (), repo: object = None) -> tuple[str, ...]:
    executed = [(line, 0) for line in lines]
    return asyncio.run(find_leaks(executed, said, repo=repo, commit=None, began=0))


def called(name: str, value: object) -> ChatMessage:
    call = ToolCall(id="1", function="tool", arguments={name: value})
    return ChatMessageAssistant(content="", tool_calls=[call])


@pytest.mark.parametrize("name", ["command", "cmd", "input"])
def test_commands_in_calls_of_tools_count_as_well(name: str) -> None:
    assert leaks(said=(called(name, CLONE),)) == leaks(CLONE) != ()


def test_what_is_no_command_of_the_agent_is_no_leak() -> None:
    assert leaks("ls", said=(ChatMessageUser(content=CLONE), called("command", [CLONE]))) == ()
    assert leaks(said=(called("note", CLONE),)) == ()


def test_the_project_of_the_repository_is_not_installed_anew() -> None:
    line = "pip install thing"
    assert leaks(line, repo="acme/thing") != ()
    assert leaks(line, repo="acme/other") == ()
    assert leaks(line, repo=None) == ()


def begin(id: str, parent: str | None = None, type: str | None = None) -> Event:
    return SpanBeginEvent(id=id, name=f"{id}s", parent_id=parent, type=type, span_id=id)


def ran(command: str, span: str, code: int = 0) -> Event:
    return SandboxEvent(
        action="exec",
        cmd=command,
        result=code,
        span_id=span,
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_commands_outside_of_some_spans_are_those_of_the_agent() -> None:
    events = [
        begin("root"),
        ran("ls", "root", 2),
        begin("setup", "root"),
        ran("make", "setup"),
        begin("inner", "setup"),
        ran("make all", "inner"),
        begin("graded", "root", "scorer"),
        ran("pytest", "graded"),
        begin("agent", "root", "agent"),
        ran("pwd", "agent"),
        ran(f"sh /tmp/{SOURCE}", "agent"),
        InfoEvent(source="other", data={"keystrokes": "x"}, span_id="agent"),
    ]
    assert commands_outside(events, ["setups"]) == [("ls", 2), ("pwd", 0)]
