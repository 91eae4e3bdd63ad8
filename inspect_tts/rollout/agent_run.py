"""The state of a rollout from its start until its record is made."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from time import time
from typing import Literal

from inspect_ai.model import ChatMessage, ChatMessageUser, ContentText, ModelRefusalError
from inspect_ai.solver import TaskState

from inspect_tts._inspect import Ended, SandboxSet
from inspect_tts.agents.ending import agent_end
from inspect_tts.evidence.facts import PATCH_BYTES, Workspace
from inspect_tts.evidence.injection import injections
from inspect_tts.method.records import Facts, Patch, Rollout, Status, Summary, Usage
from inspect_tts.models.failures import from_model, read_failure
from inspect_tts.resume.snapshot import SandboxBaseline
from inspect_tts.text.trajectory import elide
from inspect_tts.workspace.baseline import Baseline

from .job import Assignment, Job, rollout_state
from .refinement import Refinement

OUTGREW = "the conversation outgrew the model's context"


@dataclass
class AgentRun:
    """A rollout in progress: its agent's state, and what was observed after the agent ended."""

    job: Job
    index: int
    refinement: Refinement
    state: TaskState
    sandboxes: SandboxSet | None = None
    key: str = ""
    """Key of its saved result."""
    ended: Ended = field(default_factory=Ended)
    reached_end: bool = False
    """Whether the agent ended, for whatever reason, before the sample was ended."""
    began: float = field(default_factory=time)
    baseline: Baseline | None = None
    """Baseline of the workspace, taken before the agent's first step."""
    workspace: Workspace | None = None
    """The workspace as it was read at that time."""
    before: SandboxBaseline = field(default_factory=SandboxBaseline)
    facts: Facts = field(default_factory=lambda: Facts(status="error"))
    limit: str | None = None
    fault: Literal["sandbox", "model", "agent"] | None = None
    """Where the error that ended it came from."""
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    patch: Patch | None = None
    leaks: tuple[str, ...] = ()
    no_copy: str | None = "a limit of the sample ended it"
    """Why the state of its sandbox is not saved; None if it is."""

    @classmethod
    def begin(cls, job: Job, index: int, refinement: Refinement) -> "AgentRun":
        """Prepare a rollout that has not made its first step."""
        id = job.id(index)
        state = rollout_state(job.state, id, job.limits, job.assignments[id].model)
        return cls(job, index, refinement, state)

    @property
    def assignment(self) -> Assignment:
        """The agent and the model that run it."""
        return self.job.assignments[self.id]

    @property
    def id(self) -> str:
        """Id of the rollout and of its span."""
        return self.job.id(self.index)

    @property
    def agent_span(self) -> str:
        """Id of the span that holds the agent's steps."""
        return f"{self.id}-agent"

    def status(self) -> tuple[Status, str | None, str | None]:
        """How the agent ended: status, reason, and the type of the limit if one ended it."""
        ended, output, end = self.ended, self.state.output, agent_end(self.state.store)
        if ended.limit is not None:
            return "limit", ended.limit.message, ended.limit.type
        if isinstance(ended.error, ModelRefusalError):
            return "refused", str(ended.error)[:1000], None
        if ended.error is not None:
            if not from_model(ended.error):
                return "error", f"{type(ended.error).__name__}: {ended.error}"[:1000], None
            failure = read_failure(ended.error)
            if failure.kind == "overflow":
                return "limit", f"{OUTGREW}: {failure.reason}", None
            return "error", failure.reason, None
        if output.choices and output.stop_reason == "content_filter":
            return "refused", "the model refused to go on", None
        if output.choices and output.stop_reason == "model_length":
            return "limit", OUTGREW, None
        if end is not None and end.status != "completed":
            return end.status, f"the agent ended with {end.exit_status}", None
        return "completed", None, None

    def record(self, summary: Summary) -> Rollout:
        """The record of the rollout once it is summarized."""
        end, status = agent_end(self.state.store), self.facts.status
        rollout = Rollout(
            id=self.id,
            iteration=self.job.iteration,
            index=self.index,
            status=status,
            reason=self.facts.reason,
            fault=self.fault if status == "error" else None,
            limit=self.limit,
            context=self.refinement.context,
            fence=self.refinement.fence,
            model=self.assignment.model_name or str(self.state.model),
            agent=self.assignment.agent_name,
            turns=self.facts.turns,
            messages=len(self.state.messages),
            usage=self.usage,
            seconds=self.seconds,
            exit_status=end.exit_status if end else None,
            submission=elide(end.submission, PATCH_BYTES) if end and end.submission else None,
            facts=self.facts,
            patch=self.patch,
            leaks=self.leaks,
            summary=summary,
        )
        return rollout.model_copy(update={"injections": injections(rollout)})

    def add_refinement(self) -> None:
        """Append the refinement context to the message that states the problem.

        Agents that build their prompt from the user message, or pass it to another program, then
        include the context.
        """
        text, messages = self.refinement.text, self.state.messages
        if not text:
            return
        users = [i for i, message in enumerate(messages) if message.role == "user"]
        if not users:
            messages.append(ChatMessageUser(content=text))
            return
        message: ChatMessage = messages[users[-1]]
        content = message.content
        whole = (
            f"{content}\n\n{text}"
            if isinstance(content, str)
            else [*content, ContentText(text=text)]
        )
        messages[users[-1]] = message.model_copy(update={"content": whole})


def shortest(seconds: Iterable[float | None]) -> float | None:
    """The shortest of several time limits; None if none is set."""
    return min((each for each in seconds if each is not None), default=None)
