"""A small repository, and agents that leave results on it and try them out."""

from collections.abc import Sequence
from typing import Any

from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessageAssistant
from inspect_ai.solver import TaskState
from inspect_ai.tool import ToolCall
from inspect_ai.util import sandbox
from scripted import Act, calls, last_words, says

from inspect_tts.text.fences import blocks

REPOSITORY = """#!/bin/bash
git init -q . && git config user.name a && git config user.email a@b
cat > sums.py <<'END'
def add(a, b):
    return a - b
END
mkdir tests && cat > tests/test_sums.py <<'END'
import sys
sys.path.insert(0, ".")
from sums import add
assert add(0, 0) == 0
assert add(3, 0) == 3
print("tests passed")
END
git add -A && git commit -qm start
"""
RIGHT = "def add(a, b):\n    return a + b\n"
ALSO_RIGHT = "def add(a, b):\n    # the sum\n    return b + a\n"
WRONG = "def add(a, b):\n    return a * b\n"
TRY = "from sums import add\nprint('sum', add(2, 5))\n"


def repository(
    setup: str = REPOSITORY, sandbox: Any = "local", count: int = 1, **options: Any
) -> Task:
    samples = [
        Sample(id=f"p{i}", input="Make add add.", target="#good", setup=setup) for i in range(count)
    ]
    return Task(dataset=samples, scorer=last_words(), sandbox=sandbox, **options)


def leaves(mark: str, source: str | None, *scripts: str, also: Sequence[str] = ()) -> Act:
    """Run scripts in its sandbox, each a tool call, then leave a source; `also` run, unseen."""

    async def act(state: TaskState) -> TaskState:
        if source is not None:
            await sandbox().write_file("sums.py", source)
        for number, script in enumerate(scripts):
            call = ToolCall(id=f"{mark}{number}", function="bash", arguments={"command": script})
            state.messages.append(ChatMessageAssistant(content="", tool_calls=[call]))
            await sandbox().exec(["sh", "-c", script])
        for script in also:
            await sandbox().exec(["sh", "-c", script])
        return await says(mark, "done")(state)

    return act


def tries(name: str = "try_it.py", text: str = TRY) -> str:
    """Write a script, run it, and remove it, as agents do."""
    return f"cat > {name} <<'END'\n{text}END\npython3 {name}; rm {name}"


def checks_shown(log: EvalLog, role: str = "judge") -> list[str]:
    """The blocks of checks in all prompts for a role."""
    asked = [block for call in calls(log, role) for block in blocks(call.input[0].text)]
    return [block.text for block in asked if block.tag == "checks"]
