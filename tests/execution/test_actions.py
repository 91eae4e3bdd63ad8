"""What of an agent's messages counts as something that it wrote or ran."""

import pytest
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageTool, ChatMessageUser
from inspect_ai.tool import ToolCall

from inspect_tts.execution.actions import Action, Edit, Script, Write, actions


def called(function: str, said: str = "", **arguments: object) -> ChatMessage:
    call = ToolCall(id="1", function=function, arguments=arguments)
    return ChatMessageAssistant(content=said, tool_calls=[call])


def block(language: str) -> ChatMessage:
    return ChatMessageAssistant(content=f"I try:\n```{language}\nmake\n```\n")


MADE = Script("make\n")
PYTHON = Script("python3 - <<'END_OF_CODE'\nf()\nEND_OF_CODE\n")
MESSAGES: dict[str, tuple[ChatMessage, list[Action]]] = {
    "a command": (called("bash", command="make"), [Script("make")]),
    "cmd": (called("bash", cmd="make"), [Script("make")]),
    "input": (called("bash", input="make"), [Script("make")]),
    "script": (called("bash", script="make"), [Script("make")]),
    "a command that is no text": (called("bash", command=["make"]), []),
    "code of Python": (called("python", code="f()"), [PYTHON]),
    "code of an interpreter": (called("run_python_code", code="f()"), [PYTHON]),
    "code of another language": (called("run_sql", code="drop table a"), []),
    "path": (called("write", path="a", content="1"), [Write("a", "1")]),
    "file_path": (called("write", file_path="a", contents="1"), [Write("a", "1")]),
    "filename": (called("write", filename="a", text="1"), [Write("a", "1")]),
    "file": (called("write", file="a", file_text="1"), [Write("a", "1")]),
    "a file that is emptied": (called("write", path="a", content=""), [Write("a", "")]),
    "old_str": (called("edit", path="a", old_str="1", new_str="2"), [Edit("a", "1", "2")]),
    "old_string": (called("edit", path="a", old_string="1", new_string="2"), [Edit("a", "1", "2")]),
    "a text that is removed": (called("edit", path="a", old_str="1"), [Edit("a", "1", "")]),
    "a file that is viewed": (called("editor", command="view", path="a"), []),
    "a block of bash": (block("bash"), [MADE]),
    "a block of sh": (block("sh"), [MADE]),
    "a block of shell": (block("shell"), [MADE]),
    "a block of mini-SWE-agent": (block("mswea_bash_command"), [MADE]),
    "a block of another language": (block("python"), []),
    "a block without a language": (block(""), []),
    "a block beside a call": (called("bash", block("bash").text, command="ls"), [Script("ls")]),
    "a block of the user": (ChatMessageUser(content=block("bash").text), []),
    "a block in an output": (ChatMessageTool(content=block("bash").text), []),
}


@pytest.mark.parametrize(("message", "found"), MESSAGES.values(), ids=MESSAGES)
def test_what_an_agent_did(message: ChatMessage, found: list[Action]) -> None:
    assert [*actions([message])] == found


def test_actions_are_in_the_order_of_the_messages() -> None:
    both = ChatMessageAssistant(content="```sh\na\n```\nand\n```bash\nb\n```")
    assert [*actions([called("bash", command="first"), both])] == [
        Script("first"),
        Script("a\n"),
        Script("b\n"),
    ]


def test_of_endless_texts_two_million_characters_are_read() -> None:
    most = 2_000_000
    assert [*actions([called("bash", command="x" * (most + 1))])] == [Script("x" * most)]
    endless = ChatMessageAssistant(content=f"{'x' * most}\n{block('sh').text}")
    assert [*actions([endless])] == []
