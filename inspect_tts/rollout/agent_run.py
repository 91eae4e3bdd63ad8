"""Run an agent under the limits of its rollout, and see what it left behind. Failure is data."""

from dataclasses import dataclass, field
from time import monotonic, time

from inspect_ai.log import transcript
from inspect_ai.model import ChatMessage, ChatMessageUser, ContentText, ModelRefusalError
from inspect_ai.solver import TaskState
from inspect_ai.util import LimitExceededError, span

from inspect_tts._inspect import (
    Ended,
    RolloutSampleView,
    TerminateSampleError,
    latest_state,
    rollout_scope,
)
from inspect_tts.agents.ending import AgentEnd, agent_end
from inspect_tts.evidence.facts import (
    PATCH_BYTES,
    Workspace,
    answer_fingerprint,
    files_changed,
    last_commands,
    patch_record,
    workspace_fingerprint,
)
from inspect_tts.machine.orphans import open_sandbox, register_folder
from inspect_tts.method.records import AGENT_TIME_LIMIT, Facts, Status
from inspect_tts.models.failures import from_model, raise_configuration, read_failure
from inspect_tts.models.messages import mend_events, mend_messages, mend_output
from inspect_tts.models.roles import usage
from inspect_tts.resume.snapshot import SandboxBaseline, missing_container, sandbox_baseline
from inspect_tts.workspace.baseline import Baseline, open_baseline, read_workspace
from inspect_tts.workspace.commands import commands_run, find_leaks

from .context import Job
from .saved import Played

OUTGREW = "the conversation outgrew the model's context"


@dataclass
class Play:
    """An agent at work, and how its work ended."""

    played: Played
    ended: Ended = field(default_factory=Ended)
    baseline: Baseline | None = None
    """What the workspace was before the agent's first step."""
    workspace: Workspace | None = None
    """As it was read then."""
    before: SandboxBaseline = field(default_factory=SandboxBaseline)
    began: float = field(default_factory=time)
    reached_end: bool = False
    """Whether the agent ended, in whatever way, before something ended the sample."""


async def run_agent(
    job: Job, id: str, refinement: str, play: Play, sample_view: RolloutSampleView
) -> None:
    """Setup and agent, in a fresh sandbox or in the one that `play` has already."""
    played, state = play.played, play.played.state
    try:
        if job.sandbox is not None and played.sandboxes is None:
            played.sandboxes = await open_sandbox(job.sandbox, job.spec)
        if played.sandboxes is not None:
            sample_view.sandbox_environments = played.sandboxes.environments
        for step in job.setup:
            state = await step(state, job.generate)
        if played.sandboxes:
            play.baseline = await open_baseline(local=played.sandboxes.spec.type == "local")
            if play.baseline is not None:
                if play.baseline.local:
                    register_folder(play.baseline.own)
                play.workspace = await read_workspace(play.baseline)
            if job.units.kept and job.hold:
                play.before = await sandbox_baseline(played.sandboxes, play.baseline)
    except (LimitExceededError, TerminateSampleError):
        raise
    except Exception as error:
        play.ended, play.reached_end, played.state = Ended(error=error), True, state
        played.fault = "sandbox"
        return
    _refine(state, refinement)
    own = state.metadata.get(AGENT_TIME_LIMIT)  # of the task, for this problem
    play.began, started = time(), monotonic()
    scope = rollout_scope(
        sample_view,
        state,
        turns=job.limits.turn_limit,
        seconds=_shortest(job.limits.time_limit, own),
    )
    try:
        async with scope as play.ended, span("agent", id=_agent_span(id)):
            state = await job.agent()(state, job.generate)
            played.state = state
        play.reached_end = True
        if play.ended.error is not None:
            raise_configuration(play.ended.error, f"the agent's model {played.state.model}")
    finally:
        played.seconds = monotonic() - started
        if not play.reached_end or play.ended.error or play.ended.limit:
            played.state = latest_state(state)


async def observe(job: Job, id: str, play: Play) -> None:
    """See what an agent that has ended left behind, while its sandbox is still there."""
    played, ended, workspace = play.played, play.ended, play.workspace
    state = played.state
    mend_events(transcript().events)
    mend_messages(state.messages)
    mend_output(state.output)
    if (
        played.sandboxes
        and play.reached_end
        and (reason := await missing_container(played.sandboxes))
    ):
        ended.error = ended.error or RuntimeError(f"its sandbox was lost: {reason}")
        played.fault = "sandbox"
    played.usage = usage(ended.usage)
    if ended.error is not None and played.fault is None:
        played.fault = "model" if from_model(ended.error) else "agent"
    status, reason, played.limit = _status(ended, agent_end(state.store), state)
    after = None
    if play.baseline is not None and workspace is not None:
        after = await read_workspace(play.baseline, patch_bytes=PATCH_BYTES)
    answer, executed = state.output.completion, commands_run(_agent_span(id))
    played.facts = Facts(
        status=status,
        reason=reason,
        turns=ended.turns,
        last_commands=last_commands(executed),
        files_changed=files_changed(workspace, after),
        fingerprint=workspace_fingerprint(workspace, after, answer)
        if job.sandbox
        else answer_fingerprint(answer),
    )
    played.patch = patch_record(workspace, after)
    repo = state.metadata.get("repo")
    commit = play.baseline.commit if play.baseline else None
    played.leaks = await find_leaks(
        executed, state.messages, repo=repo, commit=commit, began=play.began
    )


def _agent_span(id: str) -> str:
    return f"{id}-agent"


def _shortest(*seconds: float | None) -> float | None:
    return min((each for each in seconds if each is not None), default=None)


def _status(
    ended: Ended, end: AgentEnd | None, state: TaskState
) -> tuple[Status, str | None, str | None]:
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
    if state.output.choices and state.output.stop_reason == "content_filter":
        return "refused", "the model refused to go on", None
    if state.output.choices and state.output.stop_reason == "model_length":
        return "limit", OUTGREW, None
    if end is not None and end.status != "completed":
        return end.status, f"the agent ended with {end.exit_status}", None
    return "completed", None, None


def _refine(state: TaskState, refinement: str) -> None:
    """Put the refinement context behind the problem, in the same message.

    Agents that build their prompt from the user message, or give it to another program, keep it.
    """
    if not refinement:
        return
    users = [i for i, message in enumerate(state.messages) if message.role == "user"]
    if not users:
        state.messages.append(ChatMessageUser(content=refinement))
        return
    message: ChatMessage = state.messages[users[-1]]
    content = message.content
    state.messages[users[-1]] = message.model_copy(
        update={
            "content": f"{content}\n\n{refinement}"
            if isinstance(content, str)
            else [*content, ContentText(text=refinement)]
        }
    )
