"""One rollout: fresh sandbox, setup, agent under limits, facts, summary. Failure is data."""

from functools import partial
from time import monotonic, time

import anyio
from inspect_ai.model import ChatMessage, ChatMessageUser, ContentText, ModelRefusalError
from inspect_ai.solver import TaskState
from inspect_ai.util import LimitExceededError, span

from inspect_tts._inspect import (
    Ended,
    RolloutSample,
    TerminateSampleError,
    enter_rollout,
    fresh_state,
    grade,
    is_budget,
    latest_state,
    real_sample,
    rollout_scope,
)
from inspect_tts.agents.ending import AgentEnd, agent_end
from inspect_tts.core.facts import (
    PATCH_BYTES,
    Workspace,
    answer_fingerprint,
    files_changed,
    last_commands,
    patch_record,
    workspace_fingerprint,
)
from inspect_tts.core.lots import lane
from inspect_tts.core.records import AGENT_TIME_LIMIT, NO_SANDBOX, Facts, Rollout, Status, Summary
from inspect_tts.core.summary import steering
from inspect_tts.core.transcript import elide
from inspect_tts.core.units import Grade
from inspect_tts.models import usage
from inspect_tts.summarizer import summarize

from . import progress
from .crew import Attempt
from .facts import commands_run, find_leaks, read_workspace
from .identity import grade_key, rollout_key, summary_key
from .job import Job
from .leftovers import open_registered
from .problem import problem_text
from .resume import Played, keep, reopen, take_over
from .snapshot import Before, before_agent, lost


async def run_rollout(job: Job, index: int, context: tuple[str, ...], refinement: str) -> Attempt:
    """Run one rollout in the current task, which becomes the rollout's, or take it over.

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
    key = rollout_key(job, index, refinement)
    played: Played | None = None
    try:
        async with span(f"rollout {id}", type="agent", id=id):
            played = await take_over(job, key, state, standin)
            if played is not None:
                job.budget.take_over(played.usage)
            else:
                played = Played(key, state)
                await _play(job, id, refinement, played, standin)
            summary = await _summary(job, played)
    except BaseException:
        if played is not None and played.sandboxes is not None:
            with anyio.CancelScope(shield=True):
                await played.sandboxes.close()
        raise
    progress.done("rollouts")
    end = agent_end(played.state.store)
    rollout = Rollout(
        id=id,
        iteration=job.iteration,
        index=index,
        status=played.facts.status,
        reason=played.facts.reason,
        limit=played.limit,
        context=context,
        model=str(state.model),
        turns=played.facts.turns,
        messages=len(played.state.messages),
        usage=played.usage,
        seconds=played.seconds,
        exit_status=end.exit_status if end else None,
        submission=elide(end.submission, PATCH_BYTES) if end and end.submission else None,
        facts=played.facts,
        patch=played.patch,
        leaks=played.leaks,
        summary=summary,
    )
    rollout = rollout.model_copy(update={"steering": steering(rollout)})
    return Attempt(rollout, played.state, played.sandboxes, key, partial(reopen, job, key))


async def _play(job: Job, id: str, refinement: str, played: Played, standin: RolloutSample) -> None:
    """Fresh sandbox, setup, agent, facts; then keep it, if there is something to keep."""
    state, agent_span, ended = played.state, f"{id}-agent", Ended()
    workspace: Workspace | None = None
    before, began = Before(), time()
    try:
        if job.sandbox is not None:
            played.sandboxes = await open_registered(job.sandbox, job.spec)
            standin.sandbox_environments = played.sandboxes.environments
        for step in job.setup:
            state = await step(state, job.generate)
        if played.sandboxes:
            workspace = await read_workspace()
            if job.units.kept and job.hold:
                commit = workspace.commit if workspace else None
                before = await before_agent(played.sandboxes, commit)
    except (LimitExceededError, TerminateSampleError):
        raise
    except Exception as error:
        ended = Ended(error=error)
    else:
        _refine(state, refinement)
        own = state.metadata.get(AGENT_TIME_LIMIT)  # of the task, for this problem
        began, started = time(), monotonic()
        scope = rollout_scope(
            standin,
            state,
            turns=job.limits.turn_limit,
            seconds=_shortest(job.limits.time_limit, own),
        )
        async with scope as ended, span("agent", id=agent_span):
            state = await job.agent()(state, job.generate)
        played.seconds = monotonic() - started
        state = latest_state(state) if ended.error or ended.limit else state
        if played.sandboxes and (reason := await lost(played.sandboxes)):
            ended.error = ended.error or RuntimeError(f"its sandbox was lost: {reason}")
    played.state, played.usage = state, usage(ended.usage)
    status, reason, played.limit = _status(ended, agent_end(state.store), state)
    after = await read_workspace(workspace.commit, patch_bytes=PATCH_BYTES) if workspace else None
    answer, executed = state.output.completion, commands_run(agent_span)
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
    played.leaks = await find_leaks(
        executed, state.messages, repo=repo, before=workspace, began=began
    )
    if ended.limit is None or not is_budget(ended.limit):  # under another it would go on
        await keep(job, played, before)


async def _summary(job: Job, played: Played) -> Summary:
    """Summarise a rollout, or take its summary over."""
    key = summary_key(job, played.key, played.state.messages)
    async with span("summary", type="summary"):
        summary = await job.units.get("summary", key, Summary)
        if summary is not None:
            job.budget.take_over(summary.usage)
        else:
            summary = await summarize(
                job.summarizer,
                problem=problem_text(job.state),
                messages=played.state.messages,
                prompt=job.summarizer_prompt,
                reask_prompt=job.summarizer_reask,
                budget_tokens=job.trajectory_tokens,
            )
            if summary.status not in ("failed", "empty"):
                await job.units.put("summary", key, summary)
    progress.done("summaries")
    return summary


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
    fingerprint = attempt.rollout.facts.fingerprint
    key = grade_key(job.spec, attempt.key, state.messages, fingerprint)
    known = await job.units.get("grade", key, Grade)
    if known is not None:
        return attempt.rollout.model_copy(update={"scores": known.scores})
    state._epoch, state.completed, state.scores = job.state.epoch, True, {}
    id = attempt.rollout.id
    async with span(f"grade {id}", type="agent", id=f"{id}-grade"):  # which the viewer folds
        try:
            scores = await grade(state)
        except TerminateSampleError:
            raise
        except Exception as error:
            if isinstance(error, LimitExceededError) and not is_budget(error):
                raise
            reason = f"{type(error).__name__}: {error}"[:500]
            return attempt.rollout.model_copy(update={"score_error": reason})
    values = {name: score.value for name, score in scores.items()}
    await job.units.put("grade", key, Grade.model_validate({"scores": values}))
    return attempt.rollout.model_copy(update={"scores": values})


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
        return "error", f"{type(ended.error).__name__}: {ended.error}"[:1000], None
    if state.output.choices and state.output.stop_reason == "content_filter":
        return "refused", "the model refused to go on", None
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
