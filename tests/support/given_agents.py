"""Agents that tests give to a strategy: as an object, by name, and in a file."""

from inspect_ai.agent import Agent, AgentState, agent
from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessageUser, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver
from scripted import mark, pool, turn


@agent
def talker(text: str = "#talker") -> Agent:
    async def execute(state: AgentState) -> AgentState:
        state.messages.append(ChatMessageUser(content=text))
        state.output = await get_model().generate(state.messages)
        state.messages.append(state.output.message)
        return state

    return execute


@solver
def worker(text: str = "#worker") -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return await turn(state, text)

    return solve


IN_A_FILE = """
from inspect_ai.agent import Agent, AgentState, agent
from inspect_ai.model import ChatMessageUser, get_model

@agent
def filed(text: str = "#filed") -> Agent:
    async def execute(state: AgentState) -> AgentState:
        state.messages.append(ChatMessageUser(content=text))
        state.output = await get_model().generate(state.messages)
        state.messages.append(state.output.message)
        return state

    return execute
"""


def heard(log: EvalLog) -> list[str]:
    return [mark(rollout.summary.text) for rollout in pool(log).rollouts]
