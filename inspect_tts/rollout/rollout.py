"""The life of a rollout, from start to end.

Slot, sandbox, setup, agent, observation, summary. Then the sandbox is held for selections, graded
and closed. Failures go into the rollout's record. Raised are only the sample's own limits, its
termination by the user, and the error of a model that cannot be called at all.
"""

from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from logging import getLogger
from time import monotonic, time

import anyio
from inspect_ai.scorer import Value
from inspect_ai.util import LimitExceededError, span
from pydantic import TypeAdapter

from inspect_tts import progress
from inspect_tts._inspect import (
    Ended,
    RolloutSampleView,
    SandboxSet,
    TerminateSampleError,
    acting_model,
    grade,
    is_budget,
    isolate_rollout,
    latest_state,
    outer_sample,
    own_scorer_names,
    rollout_scope,
)
from inspect_tts.evidence.facts import (
    PATCH_BYTES,
    answer_fingerprint,
    files_changed,
    last_commands,
    patch_record,
    workspace_fingerprint,
)
from inspect_tts.machine.orphans import open_sandbox, register_folder
from inspect_tts.method.records import AGENT_TIME_LIMIT, NO_SANDBOX, Facts, Summary
from inspect_tts.models.failures import from_model, raise_configuration
from inspect_tts.models.messages import mend_events, mend_messages, mend_output, mend_store
from inspect_tts.models.roles import usage
from inspect_tts.resume.format import Grade
from inspect_tts.resume.snapshot import missing_container, sandbox_baseline
from inspect_tts.text.writable import plain
from inspect_tts.workspace.baseline import close_baseline, open_baseline, read_workspace
from inspect_tts.workspace.commands import commands_run, events_within, find_leaks

from .agent_run import AgentRun, shortest
from .job import Job, problem_text
from .refinement import Refinement
from .saved import load_rollout, reopen, save_rollout
from .saved_keys import grade_key, left_key, rollout_key
from .source import FinishedRollout, SealedScore

logger = getLogger(__name__)

_VALUE: TypeAdapter[Value] = TypeAdapter(Value)


class LiveRollout:
    """A rollout in an async task of its own, which both opens and closes its sandbox."""

    def __init__(
        self,
        job: Job,
        index: int,
        refinement: Refinement,
        slot: AbstractAsyncContextManager[object],
    ) -> None:
        self.job, self.index, self.refinement, self._slot = job, index, refinement, slot
        self.started, self.ended = anyio.Event(), anyio.Event()
        self.finished: FinishedRollout | None = None
        """None until the rollout has ended; stays None if the budget did not admit it."""

    async def live(self) -> None:
        """Run the whole rollout in the sample's task group, because it outlives the stage."""
        job = self.job
        async with AsyncExitStack() as slot:
            await slot.enter_async_context(self._slot)
            self.started.set()
            if not await job.budget.admit(job.id(self.index), self.index):
                self.ended.set()
                return
            run = AgentRun.begin(job, self.index, self.refinement)
            try:
                self.finished = rollout = await run_rollout(run)
                if not job.hold:
                    await _close(run.sandboxes)
                    await slot.aclose()
                self.ended.set()
                await rollout.slot_freed.wait()
                if not rollout.released.is_set():
                    await slot.aclose()
                await rollout.released.wait()
                if job.settings.options.score_rollouts and not rollout.adopted:
                    rollout.score = await grade_in_place(run)
            finally:
                await _close(self.finished.sandboxes if self.finished else run.sandboxes)
        rollout.closed.set()


async def _close(sandboxes: SandboxSet | None) -> None:
    if sandboxes is not None:
        with anyio.CancelScope(shield=True):
            await sandboxes.close()


async def run_rollout(run: AgentRun) -> FinishedRollout:
    """Run a rollout from its sandbox to its summary, or take over what an earlier run saved."""
    job, used, outcome = run.job, None, None
    following = progress.followed(job.problem)
    following.start(run.id)
    sample_view = isolate_rollout(run.state, outer_sample())
    run.key = rollout_key(run)
    try:
        async with span(f"rollout {run.id}", type="agent", id=run.id):
            if taken_over := await load_rollout(run, sample_view):
                job.budget.take_over(run.usage)
            else:
                await _run_and_save(run, sample_view)
            summary = await summarize_rollout(run)
        used = run.usage + summary.usage
        failed = run.facts.status == "error"
        outcome = progress.Outcome(failed, taken_over, run.usage, summary.usage)
    finally:
        following.end(run.id, outcome)
        with anyio.CancelScope(shield=True):  # else a rollout that has just ended could be lost
            await job.budget.end(run.id, used)
    return FinishedRollout(
        run.record(summary),
        run.state,
        sandboxes=run.sandboxes,
        reopen=partial(reopen, job, run.key),
        no_copy=run.no_copy,
        left=left_key(run),
    )


async def _run_and_save(run: AgentRun, sample_view: RolloutSampleView) -> None:
    try:
        await run_agent(run, sample_view)
        await observe(run)
        if run.before.baseline is None:  # else a snapshot would include it
            await _forget_baseline(run)
        limit = run.ended.limit
        if limit is None or not is_budget(limit):  # a larger budget would let it continue
            await save_rollout(run)
    finally:
        await _forget_baseline(run)


async def _forget_baseline(run: AgentRun) -> None:
    if run.baseline is not None:
        await close_baseline(run.baseline)
        run.baseline = None


async def run_agent(run: AgentRun, sample_view: RolloutSampleView) -> None:
    """Open a sandbox unless there is one, run the setup, then the agent under its limits."""
    job, state = run.job, run.state
    try:
        if job.sandbox is not None and run.sandboxes is None:
            run.sandboxes = await open_sandbox(job.sandbox, job.spec)
        if run.sandboxes is not None:
            sample_view.sandbox_environments = run.sandboxes.environments
        for step in job.setup:
            state = await step(state, job.generate)
        if run.sandboxes is not None:
            await _note_workspace(run, run.sandboxes)
    except (LimitExceededError, TerminateSampleError):
        raise
    except Exception as error:
        run.ended, run.reached_end, run.state = Ended(error=error), True, state
        run.fault = "sandbox"
        return
    run.state = state
    run.add_refinement()
    own = state.metadata.get(AGENT_TIME_LIMIT)  # the task's limit for this problem
    seconds = shortest([job.limits.time_limit, own])
    run.began, started = time(), monotonic()
    scope = rollout_scope(sample_view, state, turns=job.limits.turn_limit, seconds=seconds)
    try:
        async with scope as run.ended, span("agent", id=run.agent_span):
            with acting_model(run.assignment.model, job.generate) as generate:
                run.state = state = await run.assignment.agent()(state, generate)
        run.reached_end = True
        if run.ended.error is not None:
            named = f"the agent's model {run.state.model}"
            raise_configuration(run.ended.error, named, answered=run.ended.turns > 0)
    finally:
        run.seconds = monotonic() - started
        if not run.reached_end or run.ended.error or run.ended.limit:
            run.state = latest_state(state)


async def _note_workspace(run: AgentRun, sandboxes: SandboxSet) -> None:
    run.baseline = await open_baseline(local=sandboxes.spec.type == "local")
    if run.baseline is not None:
        if run.baseline.local:
            register_folder(run.baseline.own)
        run.workspace = await read_workspace(run.baseline, patch_bytes=PATCH_BYTES)
    if run.job.saved.kept and run.job.hold:
        run.before = await sandbox_baseline(sandboxes, run.baseline)


async def observe(run: AgentRun) -> None:
    """Record what the agent left behind, while its sandbox is still open."""
    try:
        await _observe(run)
    except (LimitExceededError, TerminateSampleError):
        raise
    except Exception as error:  # an agent may leave anything behind: caught only here
        reason = f"what it left could not be read: {type(error).__name__}: {error}"
        logger.warning(f"rollout {run.id}: {reason[:500]}")
        run.facts = Facts(status="error", reason=reason[:1000], turns=run.ended.turns)


async def _observe(run: AgentRun) -> None:
    state, ended, workspace = run.state, run.ended, run.workspace
    mend_events(events_within(run.id))
    mend_messages(state.messages)
    mend_output(state.output)
    mend_store(state.store)
    if run.sandboxes and run.reached_end and (why := await missing_container(run.sandboxes)):
        ended.error = ended.error or RuntimeError(f"its sandbox was lost: {why}")
        run.fault = "sandbox"
    run.usage = usage(ended.usage)
    if ended.error is not None and run.fault is None:
        run.fault = "model" if from_model(ended.error) else "agent"
    status, reason, run.limit = run.status()
    after = None
    if run.baseline is not None and workspace is not None:
        after = await read_workspace(run.baseline, patch_bytes=PATCH_BYTES)
    answer, executed = state.output.completion, commands_run(events_within(run.agent_span))
    run.facts = Facts(
        status=status,
        reason=reason,
        turns=ended.turns,
        last_commands=last_commands(executed),
        files_changed=files_changed(workspace, after),
        fingerprint=workspace_fingerprint(workspace, after, answer)
        if run.job.sandbox
        else answer_fingerprint(answer),
    )
    run.patch = patch_record(workspace, after)
    repo = state.metadata.get("repo")
    commit = run.baseline.commit if run.baseline else None
    run.leaks = await find_leaks(
        executed, state.messages, repo=repo, commit=commit, began=run.began
    )


async def summarize_rollout(run: AgentRun) -> Summary:
    """Summarize a rollout, or take over its saved summary."""
    async with span("summary", type="summary"):
        return await run.job.settings.summarizing.summary(
            run.job.summarizer,
            key={"rollout": run.key},
            problem=problem_text(run.job.state),
            messages=run.state.messages,
            saved=run.job.saved,
            budget=run.job.budget,
        )


async def grade_in_place(run: AgentRun) -> SealedScore:
    """Grade a rollout that was not adopted, with the task's scorers."""
    job, state = run.job, run.state
    if job.sandbox is not None and run.sandboxes is None:
        return SealedScore(score_error=NO_SANDBOX)
    key = grade_key(run)
    known = await job.saved.get("grade", key, Grade, _check_grade)
    if known is not None:
        return SealedScore(known.scores)
    state._epoch, state.completed, state.scores = job.state.epoch, True, {}
    async with span(f"grade {run.id}", type="agent", id=f"{run.id}-grade"):  # folded in the viewer
        try:
            scores = await grade(state)
        except TerminateSampleError:
            raise
        except Exception as error:
            if isinstance(error, LimitExceededError) and not is_budget(error):
                raise
            return SealedScore(score_error=f"{type(error).__name__}: {error}"[:500])
    values = {name: plain(score.value) for name, score in scores.items()}
    if values:
        await job.saved.put("grade", key, Grade.model_validate({"scores": values}))
    return SealedScore(values)


def _check_grade(grade: Grade) -> None:
    if not grade.scores or (unknown := sorted({*grade.scores} - {*own_scorer_names()})):
        raise ValueError(f"no scorer of the task gives {unknown if grade.scores else 'no score'}")
    for value in grade.scores.values():
        _VALUE.validate_python(value)
