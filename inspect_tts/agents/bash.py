"""An agent for tasks that have none of their own."""

from inspect_ai.agent import Agent, agent, react
from inspect_ai.tool import bash

_PROMPT = """\
You work in a sandbox with a shell. Explore it first, make the smallest change that really solves
the problem, and check the final state yourself with commands whose output you read. Then call
submit() with a short account of what you did."""


@agent
def bash_agent(prompt: str | None = None, timeout: int = 180) -> Agent:
    """Inspect's `react` agent with one tool, a bash shell in the default sandbox.

    Args:
        prompt: Replaces the default instructions.
        timeout: Seconds after which a single command is stopped.

    Returns:
        The agent.
    """
    return react(prompt=prompt or _PROMPT, tools=[bash(timeout=timeout)])
