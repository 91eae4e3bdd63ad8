"""One rollout: fresh sandbox, setup, agent under limits, facts, summary. Failure is data."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import anyio
from inspect_ai.log import EvalSpec
from inspect_ai.model import (
    ChatMessage,
    ChatMessageUser,
    ContentText,
    Model,
    ModelRefusalError,
)
from inspect_ai.solver import Generate, Solver, TaskState
from inspect_ai.util import LimitExceededError, SandboxEnvironmentSpec, span

from inspect_tts._inspect import (
    Ended,
    SandboxSet,
    TerminateSampleError,
    enter_rollout,
    fresh_state,
    grade,
    latest_state,
    open_sandboxes,
    real_sample,
    rollout_scope,
)
from inspect_tts.core.facts import (
    Workspace,
    answer_fingerprint,
    files_changed,
    workspace_fingerprint,
)
from inspect_tts.core.lots import lane
from inspect_tts.core.records import NO_SANDBOX, Facts, Rollout, Status
from inspect_tts.core.summary import steering
from inspect_tts.models import usage
from inspect_tts.prompts import Prompt
from inspect_tts.summarizer import summarize

from . import progress
from .crew import Attempt
from .facts import commands_run, read_workspace
from .problem import problem_text


@dataclass(frozen=True)
class Limits:
    """Limits of each rollout; None means none."""

    token_limit: int | None = None
    message_limit: int | None = None
    turn_limit: int | None = None
    time_limit: float | None = None
    cost_limit: float | None = None


@dataclass(frozen=True)
class Job:
    """All that the rollouts of one iteration have in common."""

    iteration: int
    state: TaskState
    generate: Generate
    spec: EvalSpec
    sandbox: SandboxEnvironmentSpec | None
    setup: list[Solver]
    agent: Callable[[], Solver]
    limits: Limits
    summarizer: Model
    summarizer_prompt: Prompt
    summarizer_reask: Prompt
    trajectory_tokens: int

    def id(self, index: int) -> str:
        """Id of a rollout of this iteration."""
        return f"t{self.iteration}-n{index:02d}"


async def run_rollout(job: Job, index: int, context: tuple[str, ...], refinement: str) -> Attempt:
    """Run one rollout in the current task, which becomes the rollout's.

    Args:
        job: What all rollouts of the iteration share.
        index: Of this one.
        context: Ids of the rollouts whose summaries it starts from.
        refinement: The refinement context as text, empty for none.

    Returns:
        The record, the final state and the open sandbox. A limit, an error, a refusal or a sandbox
        that would not start is in the record.

    Raises:
        LimitExceededError: If a limit of the sample was reached.
        TerminateSampleError: If the sample was told to end.
    """
    id, active = job.id(index), real_sample()
    state = fresh_state(
        job.state,
        active,
        lane=lane(job.state.epoch, id),
        message_limit=job.limits.message_limit,
        token_limit=job.limits.token_limit,
        cost_limit=job.limits.cost_limit,
    )
    standin = enter_rollout(state, active)
    sandboxes: SandboxSet | None = None
    before: Workspace | None = None
    ended, seconds, agent_span = Ended(), 0.0, f"{id}-agent"
    try:
        async with span(f"rollout {id}", type="agent", id=id):
            try:
                if job.sandbox is not None:
                    sandboxes = await open_sandboxes(job.sandbox, job.spec, active)
                    standin.sandbox_environments = sandboxes.environments
                for step in job.setup:
                    state = await step(state, job.generate)
                before = await read_workspace() if sandboxes else None
            except (LimitExceededError, TerminateSampleError):
                raise
            except Exception as error:
                ended = Ended(error=error)
            else:
                _refine(state, refinement)
                started = monotonic()
                scope = rollout_scope(
                    standin, state, turns=job.limits.turn_limit, seconds=job.limits.time_limit
                )
                async with scope as ended, span("agent", id=agent_span):
                    state = await job.agent()(state, job.generate)
                seconds = monotonic() - started
                state = latest_state(state) if ended.error or ended.limit else state
            rollout = await _record(job, index, context, state, ended, seconds, before, agent_span)
    except BaseException:
        if sandboxes is not None:
            with anyio.CancelScope(shield=True):
                await sandboxes.close()
        raise
    progress.done("rollouts")
    return Attempt(rollout, state, sandboxes)


async def grade_in_place(attempt: Attempt, job: Job) -> Rollout:
    """Run the task's scorers on a rollout that was not adopted; the score is sealed in its record.

    Args:
        attempt: The rollout, its sandbox still open.
        job: What it had in common with its siblings.

    Returns:
        The record with its scores, or with what the scorers raised.
    """
    if job.sandbox is not None and attempt.sandboxes is None:
        return attempt.rollout.model_copy(update={"score_error": NO_SANDBOX})
    state = attempt.state
    state._epoch, state.completed, state.scores = job.state.epoch, True, {}
    async with span(f"{attempt.rollout.id}-grade", type="grade"):
        try:
            scores = await grade(state)
        except (LimitExceededError, TerminateSampleError):
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"[:500]
            return attempt.rollout.model_copy(update={"score_error": reason})
    values = {name: score.value for name, score in scores.items()}
    return attempt.rollout.model_copy(update={"scores": values})


async def _record(
    job: Job,
    index: int,
    context: tuple[str, ...],
    state: TaskState,
    ended: Ended,
    seconds: float,
    before: Workspace | None,
    agent_span: str,
) -> Rollout:
    status, reason, limit = _status(ended, state)
    after = await read_workspace(before.commit) if before else None
    answer = state.output.completion
    facts = Facts(
        status=status,
        reason=reason,
        turns=ended.turns,
        last_commands=commands_run(agent_span),
        files_changed=files_changed(before, after),
        fingerprint=workspace_fingerprint(before, after, answer)
        if job.sandbox
        else answer_fingerprint(answer),
    )
    async with span("summary", type="summary"):
        summary = await summarize(
            job.summarizer,
            problem=problem_text(job.state),
            messages=state.messages,
            prompt=job.summarizer_prompt,
            reask_prompt=job.summarizer_reask,
            budget_tokens=job.trajectory_tokens,
        )
    progress.done("summaries")
    rollout = Rollout(
        id=job.id(index),
        iteration=job.iteration,
        index=index,
        status=status,
        reason=reason,
        limit=limit,
        context=context,
        model=str(state.model),
        turns=ended.turns,
        messages=len(state.messages),
        usage=usage(ended.usage),
        seconds=seconds,
        facts=facts,
        summary=summary,
    )
    return rollout.model_copy(update={"steering": steering(rollout)})


def _status(ended: Ended, state: TaskState) -> tuple[Status, str | None, str | None]:
    if ended.limit is not None:
        return "limit", ended.limit.message, ended.limit.type
    if isinstance(ended.error, ModelRefusalError):
        return "refused", str(ended.error)[:1000], None
    if ended.error is not None:
        return "error", f"{type(ended.error).__name__}: {ended.error}"[:1000], None
    if state.output.choices and state.output.stop_reason == "content_filter":
        return "refused", "the model refused to go on", None
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
