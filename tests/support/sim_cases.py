"""Trajectories by hand, as the simulated summarizer and judge read them."""

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
)
from inspect_ai.tool import ToolCall, ToolInfo

from inspect_tts.prompts import load_prompt
from inspect_tts.sim.config import SimConfig
from inspect_tts.sim.playbook import Edit
from inspect_tts.sim.respond import respond
from inspect_tts.sim.summarizer import summarize_text
from inspect_tts.text.fences import fenced
from inspect_tts.text.summary import SummaryContent
from inspect_tts.text.trajectory import render_trajectory

REACT = [ToolInfo(name=name, description=name) for name in ("bash", "submit")]
FENCE = "bcdfghjkmnpq"
PROBLEM = "# Sums are off\n\n`add.py` must add. It\nmust not print.\n"
EDIT = Edit(file="add.py", old="return a - b", new='return a + b  # "fixed"')
BAD_EDIT = Edit(file="add.py", old="return a - b", new="return a * b")
TEST = "python3 test_visible.py"
CHECK = "python3 - <<'EOF'\nfrom add import add\nassert add(2, -5) == -3\nEOF"
PASS, FAIL = (
    "PASS test_add\n1 passed, 0 failed",
    "FAIL test_add (AssertionError: )\n0 passed, 1 failed",
)
TRACEBACK = 'Traceback (most recent call last):\n  File "<stdin>", line 2\nAssertionError'


def trajectory(*turns: tuple[str, str, str], closing: str = "All done.") -> str:
    messages: list[ChatMessage] = [ChatMessageUser(content=PROBLEM)]
    for number, (thought, command, response) in enumerate(turns):
        call = ToolCall(id=str(number), function="bash", arguments={"command": command})
        messages.append(ChatMessageAssistant(content=thought, tool_calls=[call]))
        messages.append(ChatMessageTool(content=response, tool_call_id=str(number)))
    if closing:
        messages.append(ChatMessageAssistant(content=closing))
    return render_trajectory(messages, budget_tokens=8000)


def summarizer_prompt(text: str) -> str:
    shown = fenced(FENCE, "trajectory", text)
    return load_prompt("summarizer").format(
        problem=PROBLEM, trajectory=shown, schema="{}", fence=FENCE
    )


def summary(*turns: tuple[str, str, str], closing: str = "All done.") -> SummaryContent:
    return summarize_text(summarizer_prompt(trajectory(*turns, closing=closing)))


LOOK = ("Let me look.", "cat add.py", "def add(a, b):\n    return a - b")
REPRODUCE = ("First the test.", TEST, FAIL)
SOLVED = (
    LOOK,
    REPRODUCE,
    ("I think minus is the cause.", EDIT.command(), ""),
    ("Test.", TEST, PASS),
)
CHECKED = (*SOLVED, ("More cases.", CHECK, ""))
DOUBTFUL = (*SOLVED, ("More cases.", CHECK, TRACEBACK))
UNTESTED = SOLVED[:3]
FAILED = (LOOK, REPRODUCE, ("Times?", BAD_EDIT.command(), ""), ("Test.", TEST, FAIL))
GAVE_UP = (LOOK, REPRODUCE)
LADDER = {
    "checked": CHECKED,
    "solved": SOLVED,
    "untested": UNTESTED,
    "failed": FAILED,
    "gave up": GAVE_UP,
}


def ask(config: SimConfig, prompt: str, scope: int, *later: str) -> str:
    messages: list[ChatMessage] = [ChatMessageUser(content=prompt)]
    for text in later:
        messages += [ChatMessageAssistant(content="..."), ChatMessageUser(content=text)]
    reply = respond(config, [], messages, [], scope)
    assert reply.calls == ()
    return reply.text
