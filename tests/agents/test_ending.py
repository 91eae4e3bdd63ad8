"""The agent for tasks without one, and how agents tell how they ended."""

from pathlib import Path
from typing import Any

import pytest
from helpers import Script, eval_one, shell, submit
from inspect_ai import Task
from inspect_ai.agent import as_solver
from inspect_ai.dataset import Sample
from inspect_ai.util import Store

from inspect_tts.agents.bash import bash_agent
from inspect_tts.agents.ending import AgentEnd, agent_end


def test_an_agent_that_has_told_nothing_has_no_end_of_its_own() -> None:
    store = Store()
    store.set("AgentEndless:status", "error")
    assert agent_end(store) is None


@pytest.mark.parametrize(
    "told", [{"exit_status": "Submitted"}, {"submission": "x"}, {"status": "limit"}]
)
def test_what_an_agent_has_told_is_read_with_defaults(told: dict[str, Any]) -> None:
    store = Store()
    written = AgentEnd(store=store)
    for name, value in told.items():
        setattr(written, name, value)
    end = agent_end(store)
    assert end is not None
    found = {"exit_status": end.exit_status, "submission": end.submission, "status": end.status}
    assert found == {"exit_status": None, "submission": None, "status": "completed", **told}


@pytest.mark.parametrize("prompt", [None, "Be quick."])
def test_the_bash_agent_has_a_prompt_and_stops_slow_commands(
    prompt: str | None, tmp_path: Path
) -> None:
    script = Script(lambda me, turn: shell("sleep 20") if turn == 0 else submit("a0"))
    task = Task(dataset=[Sample(input="Go.", target="a0")], sandbox="local")
    sample = eval_one(task, as_solver(bash_agent(prompt, timeout=1)), script, tmp_path).sample
    first = script.calls[0].messages[0].text
    assert ("Be quick." in first) is (prompt is not None)
    assert ("Explore it first" in first) is (prompt is None)
    errors = [m.error and m.error.type for m in sample.messages if m.role == "tool"]
    assert errors[0] == "timeout"
