"""Run mini-SWE-agent's synchronous loop in a thread beside the event loop."""

import math
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import anyio
from anyio import from_thread, to_thread
from inspect_ai.agent import Agent, AgentState, agent
from inspect_ai.model import ChatMessage, GenerateConfig, Model, ModelOutput, get_model
from inspect_ai.tool import ToolInfo
from inspect_ai.util import sandbox, store_as
from pydantic import Field

from inspect_tts.agents.ending import AgentEnd
from inspect_tts.arguments import Options, takes
from inspect_tts.errors import UserError
from inspect_tts.method.records import Status

if TYPE_CHECKING:
    from .model import InspectModel

T = TypeVar("T")

Variant = Literal["tools", "text"]
PUBLISHED: dict[Variant, str] = {"tools": "swebench", "text": "swebench_backticks"}
_STATUS: dict[str, Status] = {
    "Submitted": "completed",
    "LimitsExceeded": "limit",
    "TimeExceeded": "limit",
}
_MODEL_OPTIONS = ("temperature", "top_p", "max_tokens", "parallel_tool_calls")
_SYSTEM = re.compile(r"\{\{\s*(system|node|release|version|machine)\b")


@dataclass(frozen=True)
class Setup:
    """The configuration of one agent."""

    agent: dict[str, Any]
    environment: dict[str, Any]
    model: dict[str, Any]
    tools: bool


class MiniSweAgentOptions(Options):
    """Arguments of `mini_swe_agent`."""

    variant: Variant = "tools"
    """`tools` (commands are tool calls; configuration `swebench`) or `text` (one fenced block in
    each answer; `swebench_backticks`)."""
    config: str | None = None
    """Another configuration of the package, or the path of a YAML file."""
    cwd: str | None = None
    """Folder in the sandbox to work in; default that of the configuration, `/testbed`. With `.` the
    sandbox's own working directory. Given, commands do without `BASH_ENV`, which the configuration
    sets for the images of SWE-bench."""
    timeout: int | None = Field(default=None, ge=1)
    """Seconds after which a single command is stopped."""
    step_limit: int | None = Field(default=None, ge=0)
    """Model calls after which it ends, 0 for none."""
    cost_limit: float | None = Field(default=None, ge=0)
    """Dollars after which it ends, 0 for none. It counts where Inspect has a price."""


@agent
@takes(MiniSweAgentOptions)
def mini_swe_agent(options: MiniSweAgentOptions) -> Agent:
    """The agent of the package `mini-swe-agent`, with its published SWE-bench configuration.

    The package provides the loop, prompts, observations, limits (250 steps, 3 dollars, 60 seconds
    per command) and the way to submit. Inspect provides the model and the sandbox, counts tokens
    and cost, applies its own limits, and writes the log. Nothing is installed in the sandbox. The
    agent needs the extra `swe`.

    Returns:
        The agent.

    Raises:
        UserError: If the package is missing, or an argument is out of range.
    """
    setup = _setup(options)

    async def execute(state: AgentState) -> AgentState:
        return await _run(state, setup, get_model())

    return execute


def _setup(options: MiniSweAgentOptions) -> Setup:
    from .package import agent_settings, load_config  # imported only when the agent is used

    sections = load_config(options.config or PUBLISHED[options.variant])
    environment, cwd = sections["environment"], options.cwd
    agent = agent_settings(sections["agent"])
    agent |= _given(step_limit=options.step_limit, cost_limit=options.cost_limit)
    environment |= _given(cwd="" if cwd == "." else cwd, timeout=options.timeout)
    if cwd is not None:
        # the profile activates the environment of SWE-bench's images; elsewhere, it may start
        # more shells, each of which would read it again
        env = environment.get("env", {})
        environment["env"] = {key: value for key, value in env.items() if key != "BASH_ENV"}
    return Setup(agent, environment, sections["model"], options.variant == "tools")


def _given(**options: object) -> dict[str, Any]:
    return {key: value for key, value in options.items() if value is not None}


async def _run(state: AgentState, setup: Setup, asked: Model) -> AgentState:
    from .environment import SandboxEnvironment
    from .model import InspectModel
    from .package import DefaultAgent

    task = "\n\n".join(message.text for message in state.messages if message.role == "user")
    await _check_folder(setup.environment.get("cwd"))
    options = setup.model.get("model_kwargs", {})
    settings = GenerateConfig(**{key: options[key] for key in _MODEL_OPTIONS if key in options})

    async def generate(messages: list[ChatMessage], tools: list[ToolInfo]) -> ModelOutput:
        state.messages = list(messages)
        return await asked.generate(messages, tools=tools, config=settings)

    def ask(messages: list[ChatMessage], tools: list[ToolInfo]) -> ModelOutput:
        return _on_the_loop(partial(generate, messages, tools))

    def run(cmd: list[str], **options: Any) -> Any:
        return _on_the_loop(partial(sandbox().exec, cmd, timeout_retry=False, **options))

    model = InspectModel(str(asked), setup.model, tools=setup.tools, generate=ask)
    environment = SandboxEnvironment(setup.environment, run, await _uname(setup))
    loop = DefaultAgent(model, environment, **setup.agent)
    try:
        await _in_a_thread(partial(loop.run, task))
    finally:
        model.follow(loop.messages)
        state.messages = list(model.trajectory)
        _end(state, model, loop.messages)
    return state


def _end(state: AgentState, model: "InspectModel", messages: list[dict[str, Any]]) -> None:
    """Record how the agent ended, and make the submission its answer."""
    if model.output is not None:
        state.output = model.output
    if not messages or messages[-1]["role"] != "exit":
        return  # Inspect stopped the agent
    word, submission = (messages[-1]["extra"][key] for key in ("exit_status", "submission"))
    said = store_as(AgentEnd)
    said.exit_status, said.submission = word, submission
    said.status = _STATUS.get(word, "error")
    if submission and model.output is not None:
        state.output = model.output.model_copy(deep=True)
        state.output.completion = submission


async def _check_folder(cwd: str | None) -> None:
    if cwd and not (await sandbox().exec(["test", "-d", cwd])).success:
        raise UserError(
            f"the sandbox has no folder {cwd!r} for mini-SWE-agent to work in; give "
            'agent_args=\'{"cwd": "."}\' for the sandbox\'s working directory, or another folder'
        )


async def _uname(setup: Setup) -> dict[str, str]:
    """What `uname` says in the sandbox; asked only if a template shows it."""
    from .environment import UNAME

    if not any(_SYSTEM.search(str(value)) for value in setup.agent.values()):
        return {}
    said = await sandbox().exec(["sh", "-c", "for f in s n r v m; do uname -$f; done"])
    return dict(zip(UNAME, said.stdout.splitlines(), strict=False))


async def _in_a_thread(work: Callable[[], object]) -> None:
    """Run the loop in a thread of its own, and let nothing outlive this task.

    The shared thread pool's limit does not apply, since the thread mostly waits. It has this task's
    context, and its calls on the event loop are cancelled with this task.
    """
    try:
        await to_thread.run_sync(work, limiter=anyio.CapacityLimiter(math.inf))
    except CancelledError:
        await anyio.lowlevel.checkpoint()  # if this task was cancelled, raise its own error
        raise


def _on_the_loop(call: Callable[[], Awaitable[T]]) -> T:
    """Await a call on the event loop, from the agent's thread."""

    async def awaiting() -> T:
        # cancelling a scope while the thread worked would not reach this new task
        if anyio.current_effective_deadline() == -math.inf:
            raise CancelledError
        return await call()

    return from_thread.run(awaiting)
