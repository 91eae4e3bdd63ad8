"""Rollouts that reached for the reference solution, and what is selected and shown without them."""

from pathlib import Path

import pytest
from inspect_ai.model import ChatMessageAssistant, ChatMessageTool
from inspect_ai.solver import TaskState
from inspect_ai.tool import ToolCall
from scripted import acting, pool, prefer, problem, run, says

from inspect_tts import pdr_rtv


async def reaches(state: TaskState) -> TaskState:
    """Ask GitHub, then answer as if nothing had happened."""
    call = ToolCall(id="1", function="bash", arguments={"command": "gh pr diff 7"})
    state.messages.append(ChatMessageAssistant(content="", tool_calls=[call]))
    state.messages.append(ChatMessageTool(content="not found", tool_call_id="1"))
    return await says("#leak", "done")(state)


@pytest.mark.parametrize("guard", [True, False])
def test_a_rollout_that_asked_github_is_not_selected_if_it_is_guarded_against(
    guard: bool, tmp_path: Path
) -> None:
    agent = acting(reaches, says("#r1", "done"), says("#r2", "done"), reaches, *[says("#r3")] * 3)
    strategy = pdr_rtv(n=3, votes=1, top_k=1, leak_guard=guard, agent=agent)
    found = pool(run(problem(), strategy, tmp_path, judge=prefer("#leak")))
    leaked = {rollout.id for rollout in found.rollouts if rollout.leaks}
    assert len(leaked) == 2
    for iteration, selection in enumerate(found.selections):
        own = {rollout.id for rollout in found.population(iteration)}
        assert set(selection.population) == (own - leaked if guard else own)
    shown = {id for rollout in found.population(1) for id in rollout.context}
    assert bool(shown & leaked) == (found.adopted in leaked) == (not guard)
    assert found.discrepancies() == ()
