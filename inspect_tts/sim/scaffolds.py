"""How the simulated agent writes actions in the scaffolds that it knows, and reads them back.

The scaffolds are Inspect's `react` with a tool `bash`, mini-SWE-agent (both variants) and Terminus.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from inspect_ai.tool import ToolCall, ToolInfo

from inspect_tts.agents.terminus.screen import parse_turn

_FENCE = "mswea_bash_command"
_PATCH = "patch.txt"
_END = "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
_FENCED = re.compile(rf"```{_FENCE}\n(.*?)```", re.DOTALL)
_CALL = re.compile(r"^(bash|submit)> ", re.MULTILINE)
_SECONDS = 600  # time limit of a command in Terminus


@dataclass(frozen=True)
class Reply:
    """An answer of the model."""

    text: str
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True)
class Scaffold:
    """A format in which an agent gives shell commands."""

    name: Literal["react", "tools", "text", "terminus"]
    """`tools` and `text` are mini-SWE-agent's variants."""
    patch: bool = False
    """Whether mini-SWE-agent submits a patch file, which it must write before the end."""

    @property
    def drops_malformed(self) -> bool:
        """Whether an unreadable message is removed from the conversation."""
        return self.name in ("tools", "text")

    @property
    def prepare(self) -> str | None:
        """A command that must have run before the end."""
        return f"git diff > {_PATCH}" if self.patch else None

    def command(self, thought: str, command: str) -> Reply:
        """Run a shell command."""
        if self.name == "text":
            return Reply(f"THOUGHT: {thought}\n\n```{_FENCE}\n{command}\n```")
        if self.name == "terminus":
            keys = {"keystrokes": f"{command}\n", "is_blocking": True, "timeout_sec": _SECONDS}
            return _turn(thought, [keys])
        return Reply(thought, (_call("bash", command=command),))

    def malformed(self, thought: str, command: str) -> Reply:
        """Try to run a shell command, in a form that the scaffold cannot read."""
        if self.name == "text":
            return Reply(f"THOUGHT: {thought}\n\n{command}")
        if self.name == "terminus":
            text = self.command(thought, command).text
            return Reply(text[: len(text) * 2 // 3])
        broken = f'{{"command": "{command[:40]}'
        error = (
            f"Error parsing the following tool call arguments:\n\n{broken}\n\nUnterminated string"
        )
        return Reply(thought, (_call("bash", error),))

    def finish(self, answer: str) -> Reply:
        """End the rollout."""
        if self.name == "react":
            return Reply("", (_call("submit", answer=answer),))
        if self.name == "terminus":
            return _turn(answer, [], complete=True)
        return self.command(
            answer, f"echo {_END} && cat {_PATCH}" if self.patch else f"echo {_END}"
        )


def _call(function: str, error: str | None = None, **arguments: str) -> ToolCall:
    return ToolCall(id="", function=function, arguments=dict(arguments), parse_error=error)


def _turn(thought: str, commands: Sequence[dict[str, object]], *, complete: bool = False) -> Reply:
    turn = {
        "state_analysis": "The terminal shows what came before.",
        "explanation": thought,
        "commands": commands,
        "is_task_complete": complete,
    }
    return Reply(json.dumps(turn, indent=2))


def find_scaffold(prompt: str, tools: Sequence[ToolInfo]) -> Scaffold | None:
    """Recognize the scaffold of a conversation."""
    names = {tool.name for tool in tools}
    patch = _PATCH in prompt
    if {"bash", "submit"} <= names:
        return Scaffold("react")
    if "bash" in names and _END in prompt:
        return Scaffold("tools", patch)
    if f"```{_FENCE}" in prompt and _END in prompt:
        return Scaffold("text", patch)
    if '"keystrokes"' in prompt and '"is_task_complete"' in prompt:
        return Scaffold("terminus")
    return None


def read_action(action: str) -> tuple[list[str], str]:
    """Read the commands and the thought of a step in a transcript; submitting is no command."""
    if action.startswith("{"):
        try:
            turn = parse_turn(action)
        except ValueError:
            return [], action
        return [command.keystrokes.strip() for command in turn.commands], turn.explanation
    fenced = [match[1].strip() for match in _FENCED.finditer(action)]
    if fenced:
        thought = _FENCED.sub("", action).replace("THOUGHT:", "").strip()
        return [command for command in fenced if _END not in command], thought
    thought, *calls = _CALL.split(action)
    said = [thought.strip()]
    commands = []
    for tool, text in zip(calls[::2], calls[1::2], strict=True):
        if tool == "submit":
            said.append(text.strip())
        elif _END not in text:
            commands.append(text.strip())
    return commands, "\n".join(said).strip()
