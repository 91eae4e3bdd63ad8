"""A scripted model that plays every role, and small means to run real evals and real sandboxes."""

import re
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from inspect import isawaitable
from pathlib import Path
from typing import Any, Literal

from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    Model,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.solver import Solver
from inspect_ai.tool import ToolChoice, ToolInfo

from inspect_tts import RolloutPool
from inspect_tts.text.summary import SummaryContent

IMAGE = "tts/base:bookworm"
TOKENS = ModelUsage(input_tokens=10, output_tokens=5, total_tokens=15)

Role = Literal["agent", "summarizer", "judge"]
Act = Callable[[str, int], ModelOutput | Awaitable[ModelOutput]]
"""From who the agent is (`a0`, `a1`, ...) and how many turns it had, to its next output."""
Ask = Callable[[str], ModelOutput | str]
"""From a prompt to an answer."""


# --- outputs of an agent


def shell(command: str) -> ModelOutput:
    """Run a command with Inspect's `bash` tool."""
    return ModelOutput.for_tool_call("mockllm", "bash", {"command": command})


def submit(answer: str = "done") -> ModelOutput:
    """End a `react` agent."""
    return ModelOutput.for_tool_call("mockllm", "submit", {"answer": answer})


def say(text: str) -> ModelOutput:
    """Answer with text only."""
    return ModelOutput.from_content("mockllm", text)


def shell_then_submit(*commands: str) -> Act:
    """Run commands, `{me}` in them replaced by who the agent is, one a turn; then submit that."""

    def act(me: str, turn: int) -> ModelOutput:
        if turn < len(commands):
            return shell(commands[turn].replace("{me}", me))
        return submit(me)

    return act


# --- the other roles


def summary_of(prompt: str) -> str:
    """Write a valid summary: who acted (`I am a0.`), and the end of what it did."""
    trajectory = prompt.partition("<trajectory>")[2].partition("</trajectory>")[0].strip()
    who = re.search(r"I am \w+\.", trajectory)
    content = SummaryContent(
        requirements=[], strategy=who[0] if who else "unknown", final_state=trajectory[-600:]
    )
    return content.model_dump_json()


def prefer(*markers: str) -> Ask:
    """Judge for the shown solution with the earliest of these markers, else for the first shown."""

    def judge(prompt: str) -> str:
        shown = re.findall(r"<solution_(\d+)>(.*?)</solution_\1>", prompt, re.DOTALL)
        for marker in markers:
            for number, text in shown:
                if marker in text:
                    return f"It shows {marker!r}.\n\nFinal verdict: Solution {number}"
        return "No marker.\n\nFinal verdict: Solution 1"

    return judge


@dataclass(frozen=True)
class Call:
    """One call of the model."""

    role: Role
    messages: tuple[ChatMessage, ...]

    @property
    def text(self) -> str:
        """All that the model was sent, tool calls included."""
        return "\n".join(message.model_dump_json() for message in self.messages)


@dataclass
class Script:
    """A model that plays agent, summarizer and judge, each by a function.

    An agent learns who it is at its first turn (`a0`, `a1`, ... in the order they begin), says so
    in each of its messages (`I am a0.`) and so knows it again at the next turn.
    """

    act: Act = field(default_factory=shell_then_submit)
    judge: Ask = field(default_factory=prefer)
    summarize: Ask = summary_of
    calls: list[Call] = field(default_factory=list)
    agents: int = 0

    def model(self) -> Model:
        """The model, for `eval(model=...)` or `model_roles=...`."""
        return get_model("mockllm/model", custom_outputs=self.answer, memoize=False)

    def asked(self, role: Role) -> list[Call]:
        """All calls of one role."""
        return [call for call in self.calls if call.role == role]

    async def answer(
        self,
        messages: list[ChatMessage],
        tools: list[ToolInfo],
        choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Answer by role, which the first user message tells."""
        prompt = next((m.text for m in messages if m.role == "user"), "")
        if "<trajectory>" in prompt:
            self.calls.append(Call("summarizer", tuple(messages)))
            answer = self.summarize(prompt)
        elif "<solution_1>" in prompt:
            self.calls.append(Call("judge", tuple(messages)))
            answer = self.judge(prompt)
        else:
            self.calls.append(Call("agent", tuple(messages)))
            return await self._act(messages)
        return _paid(say(answer) if isinstance(answer, str) else answer)

    async def _act(self, messages: list[ChatMessage]) -> ModelOutput:
        own = [m.text for m in messages if isinstance(m, ChatMessageAssistant)]
        known = re.search(r"I am (\w+)\.", "\n".join(own))
        if known is None:
            me, self.agents = f"a{self.agents}", self.agents + 1
        else:
            me = known[1]
        acted = self.act(me, len(own))
        output = await acted if isawaitable(acted) else acted
        if output.choices:
            output.message.content = f"I am {me}. {output.message.text}".strip()
            output.completion = output.message.text
        return _paid(output)


def _paid(output: ModelOutput) -> ModelOutput:
    output.usage = output.usage or TOKENS  # else Inspect counts tokens, which needs the network
    return output


# --- evals


@dataclass(frozen=True)
class Outcome:
    """What an eval of one sample left in its log."""

    log: EvalLog
    sample: EvalSample
    pool: RolloutPool

    def score(self, name: str) -> Any:
        """The value of one of the sample's scores."""
        return (self.sample.scores or {})[name].value

    def who(self, rollout: str) -> str:
        """Who acted in a rollout, by its summary: `a0`, `a1`, ..."""
        found = re.search(r"I am (\w+)\.", self.pool.by_id(rollout).summary.text)
        assert found is not None
        return found[1]


def run_eval(
    task: Task, solver: Solver | None, model: Model | Script, log_dir: Path, **options: Any
) -> EvalLog:
    """Run a task quietly; the log may be of a failure."""
    model = model.model() if isinstance(model, Script) else model
    options = {"log_realtime": False, **options}  # nobody watches meanwhile
    [log] = inspect_eval(
        task, solver=solver, model=model, display="none", log_dir=str(log_dir), **options
    )
    return log


def eval_one(
    task: Task, solver: Solver | None, model: Model | Script, log_dir: Path, **options: Any
) -> Outcome:
    """Run a task of one sample, which must succeed."""
    log = run_eval(task, solver, model, log_dir, **options)
    assert log.samples is not None, log.error
    [sample] = log.samples
    assert log.status == "success", sample.error.traceback if sample.error else log.error
    return Outcome(log, sample, sample.store_as(RolloutPool))


# --- docker


@cache
def docker_missing() -> str | None:
    """Why tests with docker cannot run here, None if they can."""
    try:
        found = _docker("image", "inspect", IMAGE, "--format", "{{.Id}}")
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"docker cannot be run: {error}"
    return None if found.returncode == 0 else f"docker: {found.stderr.strip()}"


def compose_file(
    folder: Path, services: Sequence[str] = ("default",), *, network: str = "network_mode: none"
) -> str:
    """Write a compose file of services, by default without network."""
    lines = ["services:"]
    for service in services:
        lines += [
            f"  {service}:",
            f"    image: {IMAGE}",
            "    x-local: true",
            "    init: true",
            "    command: tail -f /dev/null",
            f"    {network}",
            "    working_dir: /work",
        ]
    path = folder / "compose.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def containers(task_name: str) -> list[str]:
    """Names of all containers, running or not, that Inspect made for a task of this name.

    Args:
        task_name: At most 12 characters, lower case, as it stands in the project's name.
    """
    found = _docker("ps", "--all", "--format", "{{.Names}}", "--filter", _named(task_name))
    assert found.returncode == 0, found.stderr
    return found.stdout.split()


def _named(task_name: str) -> str:
    return f"name=inspect-{task_name}-i"


def remove_containers(task_name: str) -> None:
    """Remove what an eval that had to be killed left behind."""
    for kind, names in (("container", containers), ("network", networks)):
        if docker_missing() is None and (found := names(task_name)):
            _docker(kind, "rm", "--force", *found)


def processes(container: str) -> str:
    """The command lines of all processes in a container, empty if it is gone."""
    return _docker("top", container).stdout


def networks(task_name: str) -> list[str]:
    """Names of all networks that Inspect made for a task of this name."""
    found = _docker("network", "ls", "--format", "{{.Name}}", "--filter", _named(task_name))
    assert found.returncode == 0, found.stderr
    return found.stdout.split()


def images(task_name: str) -> list[str]:
    """Names of all images that were built for a task of this name."""
    named = f"reference=inspect-{task_name}-i*"
    found = _docker("image", "ls", "--format", "{{.Repository}}", "--filter", named)
    assert found.returncode == 0, found.stderr
    return found.stdout.split()


def _docker(*args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["docker", *args], capture_output=True, text=True, timeout=30, check=False
    )
