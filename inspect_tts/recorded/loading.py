"""Put rollouts that ran elsewhere into the pool, as if they had just ended."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
from inspect_ai.log import EvalLog
from inspect_ai.model import Model, ModelOutput
from inspect_ai.solver import TaskState
from inspect_ai.util import span

from inspect_tts import progress
from inspect_tts._inspect import (
    at_eval_end,
    eval_spec,
    fresh_state,
    model_cache_scope,
    outer_sample,
)
from inspect_tts.errors import UserError
from inspect_tts.evidence.facts import answer_fingerprint, patch_files, patch_fingerprint
from inspect_tts.evidence.injection import injections
from inspect_tts.method.records import RECORDED, Facts, Patch, Rollout, Stage, Summary
from inspect_tts.method.refinement import rollout_id
from inspect_tts.method.seeding import cache_scope
from inspect_tts.models.identity import model_identity
from inspect_tts.models.roles import NO_MODEL, role_model
from inspect_tts.models.summarizer import summarize
from inspect_tts.prompts import Prompt
from inspect_tts.resume.format import cache_key
from inspect_tts.resume.log_repair import note_run
from inspect_tts.resume.saved_results import SavedResults, open_store
from inspect_tts.rollout.cache_keys import trajectory_hash
from inspect_tts.rollout.context import problem_text
from inspect_tts.rollout.lifecycle import (
    FinishedRollout,
    RolloutTask,
    SealedScore,
    no_sandbox,
    rollout_tasks,
)
from inspect_tts.stages.pool import pool_of

from .readers import load
from .records import Recorded, Source

SOURCES = "sources"
"""Where rollouts are: key of the samples' metadata, and argument in the stage's record."""
GRADED = "graded"
"""Key of the samples' metadata: whether a score of any rollout of any sample is known."""
SOURCE = "source"
"""Key of the metadata that the chosen rollout leaves in its sample."""


@dataclass(frozen=True)
class Summarizing:
    """How rollouts are summarised that have no summary yet."""

    prompt: Prompt
    reask: Prompt
    trajectory_tokens: int


def begin(units: str, at_end: Callable[[EvalLog], None]) -> None:
    """Open the sample's store of units, and have its eval write what was chosen when it ends."""
    spec, active = eval_spec(), outer_sample()
    note_run(spec.eval_id, active.sample.id or 0, active.epoch)
    at_eval_end(spec, "selections", at_end)
    rollout_tasks().units = SavedResults(open_store(units, spec, active.log_location))


async def load_each(sources: Sequence[Source]) -> list[Recorded]:
    """Read rollouts without holding up what else runs."""
    return [await anyio.to_thread.run_sync(load, source) for source in sources]


async def add_recorded(
    state: TaskState,
    found: Sequence[tuple[Source, Recorded]],
    summarizing: Summarizing,
    parameters: dict[str, Any],
    carried: Sequence[str] = (),
) -> None:
    """Add an iteration of recorded rollouts, summarised, to the pool. Their scores stay sealed."""
    pool, crew = pool_of(state), rollout_tasks()
    iteration = pool.iteration + 1
    summarizer, bare = role_model("summarizer"), [r for _, r in found if r.record is None]
    if str(summarizer) == NO_MODEL and bare:
        raise UserError(
            f"there is no model to summarise {len(bare)} rollouts: give --model, or --model-role "
            "summarizer=... and judge=..."
        )
    job = _Job(state, iteration, summarizer, summarizing)
    owners = [
        RolloutTask(
            job.id(index),
            slot=nullcontext(),
            attempt=partial(_attempt, job, index, source, recorded),
            grade=partial(attach_scores, recorded),
            hold=False,
        )
        for index, (source, recorded) in enumerate(found)
    ]
    crew.publishes = crew.publishes or bool(state.metadata.get(GRADED))
    progress.plan("summaries", len(bare))
    async with span(f"iteration {iteration}", type="iteration"):
        await crew.attend(owners)
    records = [owner.result.rollout for owner in owners if owner.result]
    prompts = (summarizing.prompt.record, summarizing.reask.record)
    parameters = {
        "n": len(found),
        "keep_parents": bool(carried),
        **parameters,
        SOURCES: [source.model_dump() for source, _ in found],
    }
    stage = Stage(name=RECORDED, iteration=iteration, parameters=parameters, prompts=prompts)
    pool.stages = [*pool.stages, stage]
    pool.rollouts = [*pool.rollouts, *records]
    pool.selected = [*(record.id for record in records), *carried]


@dataclass(frozen=True)
class _Job:
    state: TaskState
    iteration: int
    summarizer: Model
    summarizing: Summarizing

    def id(self, index: int) -> str:
        return rollout_id(self.iteration, index)


async def _attempt(job: _Job, index: int, source: Source, recorded: Recorded) -> FinishedRollout:
    """What a rollout left behind, its sandbox excepted."""
    id = job.id(index)
    own = cache_scope(job.state.epoch, id)
    state = fresh_state(
        job.state,
        outer_sample(),
        cache_scope=own,
        message_limit=None,
        token_limit=None,
        cost_limit=None,
    )
    state.metadata = {SOURCE: source.model_dump()}
    if recorded.messages:
        state.messages = list(recorded.messages)
        said = [message.text for message in state.messages if message.role == "assistant"]
        state.output = ModelOutput.from_content(recorded.model, (said or [""])[-1])
    if recorded.record is not None:
        return FinishedRollout(recorded.record, state, None, str(source), no_sandbox)
    async with span(f"rollout {id}", type="agent", id=id), span("summary", type="summary"):
        with model_cache_scope(own):
            rollout = await _summarised(job, index, recorded)
    progress.done("summaries")
    return FinishedRollout(rollout, state, None, str(source), no_sandbox)


async def _summary(job: _Job, index: int, recorded: Recorded) -> Summary:
    """Summarise a rollout, or take over what an interrupted run had summarised."""
    given, units, problem = job.summarizing, rollout_tasks().units, problem_text(job.state)
    key = cache_key(
        "summary",
        {
            "problem": problem,
            "rollout": job.id(index),
            "trajectory": trajectory_hash(list(recorded.messages)),
            "summarizer": model_identity(job.summarizer),
            "prompts": [given.prompt.template, given.reask.template],
            "trajectory_tokens": given.trajectory_tokens,
        },
    )
    summary = await units.get("summary", key, Summary)
    if summary is None:
        summary = await summarize(
            job.summarizer,
            problem=problem,
            messages=recorded.messages,
            prompt=given.prompt,
            reask_prompt=given.reask,
            budget_tokens=given.trajectory_tokens,
        )
        if summary.status not in ("failed", "empty"):
            await units.put("summary", key, summary)
    return summary


async def _summarised(job: _Job, index: int, recorded: Recorded) -> Rollout:
    rollout = Rollout(
        id=job.id(index),
        iteration=job.iteration,
        index=index,
        status=recorded.status,
        reason=recorded.reason,
        limit=recorded.limit,
        model=recorded.model,
        turns=recorded.turns,
        messages=len(recorded.messages),
        usage=recorded.usage,
        seconds=recorded.seconds,
        facts=facts_of(recorded),
        patch=_patch(recorded.patch),
        summary=await _summary(job, index, recorded),
    )
    return rollout.model_copy(update={"injections": injections(rollout)})


def _patch(text: str | None) -> Patch | None:
    return None if text is None else Patch(size=len(text.encode("utf-8", "replace")), text=text)


def facts_of(recorded: Recorded) -> Facts:
    """What is known of a recorded rollout without asking a model. Never a score."""
    fingerprint = None
    if recorded.patch is not None:
        fingerprint = patch_fingerprint(recorded.patch)
    elif recorded.answer is not None:
        fingerprint = answer_fingerprint(recorded.answer)
    return Facts(
        status=recorded.status,
        reason=recorded.reason,
        turns=recorded.turns,
        last_commands=recorded.commands,
        files_changed=None if recorded.patch is None else patch_files(recorded.patch),
        fingerprint=fingerprint,
    )


async def attach_scores(recorded: Recorded, attempt: FinishedRollout) -> SealedScore:
    """Grade a rollout that was not chosen by the score it came with."""
    scores = None if recorded.scores is None else dict(recorded.scores)
    return SealedScore(scores, recorded.score_error)
