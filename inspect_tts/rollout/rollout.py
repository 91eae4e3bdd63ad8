"""One rollout: fresh sandbox, setup, agent under limits, facts, summary. Failure is data."""

from functools import partial
from logging import getLogger

import anyio
from inspect_ai.util import LimitExceededError, span

from inspect_tts import progress
from inspect_tts._inspect import (
    RolloutSampleView,
    TerminateSampleError,
    fresh_state,
    grade,
    is_budget,
    isolate_rollout,
    outer_sample,
)
from inspect_tts.agents.ending import agent_end
from inspect_tts.evidence.facts import PATCH_BYTES
from inspect_tts.evidence.injection import injections
from inspect_tts.method.records import NO_SANDBOX, Facts, Rollout, Summary
from inspect_tts.method.seeding import cache_scope
from inspect_tts.models.summarizer import summarize
from inspect_tts.resume.format import Grade
from inspect_tts.text.transcript import elide
from inspect_tts.text.writable import plain
from inspect_tts.workspace.baseline import close_baseline

from .agent_run import Play, observe, run_agent
from .cache_keys import grade_key, rollout_key, summary_key
from .context import Job, problem_text
from .lifecycle import FinishedRollout, SealedScore
from .saved import Played, keep, reopen, take_over

logger = getLogger(__name__)


async def run_rollout(
    job: Job, index: int, context: tuple[str, ...], refinement: str
) -> FinishedRollout:
    """Run one rollout in the current task, which becomes the rollout's, or take it over."""
    id, active = job.id(index), outer_sample()
    state = fresh_state(
        job.state,
        active,
        cache_scope=cache_scope(job.state.epoch, id),
        message_limit=job.limits.message_limit,
        token_limit=job.limits.token_limit,
        cost_limit=job.limits.cost_limit,
    )
    sample_view = isolate_rollout(state, active)
    key = rollout_key(job, index, refinement)
    played: Played | None = None
    try:
        async with span(f"rollout {id}", type="agent", id=id):
            played = await take_over(job, key, state, sample_view)
            if played is not None:
                job.budget.take_over(played.usage)
            else:
                played = Played(key, state)
                await _play_and_keep(job, id, refinement, played, sample_view)
            summary = await summarise(job, played)
    except BaseException:
        if played is not None and played.sandboxes is not None:
            with anyio.CancelScope(shield=True):
                await played.sandboxes.close()
        raise
    progress.done("rollouts")
    rollout = record_of(job, index, context, played, summary)
    return FinishedRollout(rollout, played.state, played.sandboxes, key, partial(reopen, job, key))


def record_of(
    job: Job, index: int, context: tuple[str, ...], played: Played, summary: Summary
) -> Rollout:
    """The record of a rollout that has ended and is summarised."""
    id, end = job.id(index), agent_end(played.state.store)
    rollout = Rollout(
        id=id,
        iteration=job.iteration,
        index=index,
        status=played.facts.status,
        reason=played.facts.reason,
        fault=played.fault if played.facts.status == "error" else None,
        limit=played.limit,
        context=context,
        model=str(played.state.model),
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
    return rollout.model_copy(update={"injections": injections(rollout)})


async def _play_and_keep(
    job: Job, id: str, refinement: str, played: Played, sample_view: RolloutSampleView
) -> None:
    """Fresh sandbox, setup, agent, facts; then keep it, if there is something to keep."""
    play = Play(played)
    try:
        await run_agent(job, id, refinement, play, sample_view)
        try:
            await observe(job, id, play)
        except (LimitExceededError, TerminateSampleError):
            raise
        except Exception as error:  # the one boundary: whatever an agent left behind
            reason = f"what it left could not be read: {type(error).__name__}: {error}"
            logger.warning(f"rollout {id}: {reason[:500]}")
            played.facts = Facts(status="error", reason=reason[:1000], turns=play.ended.turns)
        if play.before.baseline is None:  # else a snapshot would hold it
            await _close(play)
        limit = play.ended.limit
        if limit is None or not is_budget(limit):  # under another budget it would go on
            await keep(job, played, play.before)
    finally:
        await _close(play)


async def _close(play: Play) -> None:
    if play.baseline is not None:
        await close_baseline(play.baseline)
        play.baseline = None


async def summarise(job: Job, played: Played) -> Summary:
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


async def grade_in_place(attempt: FinishedRollout, job: Job) -> SealedScore:
    """Grade a rollout that was not adopted by the task's scorers."""
    if job.sandbox is not None and attempt.sandboxes is None:
        return SealedScore(score_error=NO_SANDBOX)
    state = attempt.state
    fingerprint = attempt.rollout.facts.fingerprint
    key = grade_key(job.spec, attempt.key, state.messages, fingerprint)
    known = await job.units.get("grade", key, Grade)
    if known is not None:
        return SealedScore(known.scores)
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
            return SealedScore(score_error=reason)
    values = {name: plain(score.value) for name, score in scores.items()}
    await job.units.put("grade", key, Grade.model_validate({"scores": values}))
    return SealedScore(values)
