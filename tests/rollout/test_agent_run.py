"""Where an agent finds its refinement context, whatever the problem's messages are."""

import re
from pathlib import Path

import pytest
from helpers import Script, say
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    ContentImage,
    ContentText,
)
from inspect_ai.scorer import includes
from inspect_ai.solver import chain, generate

from inspect_tts import rollouts

PIXEL = ContentImage(image="data:image/png;base64,AAAA")
SYSTEM = ChatMessageSystem(content="Be brief.")
CASES: dict[str, tuple[str | list[ChatMessage], list[str]]] = {
    "a text": ("Do it.", ["user: Do it.+"]),
    "with a picture": (
        [ChatMessageUser(content=[ContentText(text="Do it."), PIXEL])],
        ["user: Do it. image +"],
    ),
    "the last of several": (
        [
            ChatMessageUser(content="First."),
            ChatMessageAssistant(content="Yes?"),
            ChatMessageUser(content="Do it."),
        ],
        ["user: First.", "assistant: Yes?", "user: Do it.+"],
    ),
    "no user message": ([SYSTEM], ["system: Be brief.", "user: +"]),
}
"""A sample's input, and what an agent reads: `+` is the refinement context."""


def read(message: ChatMessage) -> str:
    """Show a message, with marks for a picture and for the refinement context."""
    parts = [message.content] if isinstance(message.content, str) else message.content
    texts = [
        part if isinstance(part, str) else part.text if isinstance(part, ContentText) else "image"
        for part in parts
    ]
    context = re.compile(r"\n*Others have attempted.*I did a0.*before you finish\.\n", re.DOTALL)
    return f"{message.role}: {' '.join(context.sub('+', text) for text in texts)}"


@pytest.mark.parametrize(("given", "expected"), CASES.values(), ids=CASES)
def test_the_context_stands_behind_the_last_user_message(
    given: str | list[ChatMessage], expected: list[str], tmp_path: Path
) -> None:
    script, agent = Script(act=lambda me, turn: say(f"I did {me}")), generate()
    [log] = eval(
        Task(dataset=[Sample(input=given, target="x")], scorer=includes()),
        solver=chain(rollouts(n=1, agent=agent), rollouts(n=1, agent=agent, context="select")),
        model=script.model(),
        display="none",
        log_dir=str(tmp_path),
    )
    assert log.status == "success", log.error
    _, refined = script.asked("agent")
    assert [read(message) for message in refined.messages] == expected
