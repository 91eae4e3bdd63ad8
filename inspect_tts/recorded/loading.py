"""Add rollouts that ran elsewhere to the pool, as if they had just ended."""

from collections.abc import Callable, Sequence
from typing import Any

import anyio
from inspect_ai.log import EvalLog
from inspect_ai.model import ModelOutput
from inspect_ai.solver import TaskState
from inspect_ai.util import span

from inspect_tts._inspect import at_eval_end, eval_spec, model_cache_scope
from inspect_tts.errors import UserError, gather
from inspect_tts.evidence.facts import answer_fingerprint, patch_files, patch_fingerprint
from inspect_tts.evidence.injection import injections
from inspect_tts.method.records import RECORDED, Facts, Patch, Rollout, Stage
from inspect_tts.method.refinement import rollout_id
from inspect_tts.models.roles import NO_MODEL, role_model
from inspect_tts.progress import followed, restart
from inspect_tts.rollout.job import problem_text, rollout_state
from inspect_tts.rollout.source import (
    Contexts,
    FinishedRollout,
    RolloutSource,
    SealedScore,
    strategy_state,
)
from inspect_tts.rollout.summary import Summarizing
from inspect_tts.stages.pool import pool_of
from inspect_tts.stages.rollouts import add_iteration

from .images import place_of
from .readers import load
from .records import Recorded, Source

SOURCES = "sources"
"""Key in a sample's metadata and in the stage's parameters: where the rollouts are recorded."""
GRADED = "graded"
"""Key in a sample's metadata: whether any rollout of any sample has a known score."""
ROLLOUTS = "rollouts"
"""Key in the metadata of a replay's sample: how many rollouts the first iteration has."""
SOURCE = "source"
"""Key in a sample's metadata once a rollout is chosen: where that rollout is recorded."""


def begin(resume: str, at_end: Callable[[EvalLog], None]) -> None:
    """Open the sample's saved results, and have `at_end` called when its eval ends."""
    strategy_state().open_saved(resume)
    at_eval_end(eval_spec(), "selections", at_end)


async def load_each(sources: Sequence[Source]) -> list[Recorded]:
    """Read rollouts in threads, without blocking the event loop."""
    return [await anyio.to_thread.run_sync(load, source) for source in sources]


async def add_recorded(
    source: "RecordedRollouts", parameters: dict[str, Any], carried: Sequence[str] = ()
) -> None:
    """Add an iteration of recorded rollouts to the pool, summarizing those without a summary."""
    pool = pool_of(source.state)
    number, summarizing = pool.iteration + 1, source.summarizing
    found = source.found[number]
    stage = Stage(
        name=RECORDED,
        iteration=number,
        parameters={
            "n": len(found),
            "keep_parents": bool(carried),
            **parameters,
            SOURCES: [source.model_dump() for source, _ in found],
        },
        prompts=(summarizing.prompt.record, summarizing.reask.record),
    )
    strategy_state().source = source
    if number == 0:
        restart(pool.problem)
    await add_iteration(pool, source, ((),) * len(found), stage, carried)


class RecordedRollouts(RolloutSource):
    """A source of recorded rollouts. Their scores stay sealed."""

    def __init__(
        self,
        state: TaskState,
        found: Sequence[Sequence[tuple[Source, Recorded]]],
        summarizing: Summarizing,
    ) -> None:
        self.state, self.summarizing = state, summarizing
        self.found = found
        """The rollouts of each iteration."""
        self.publish_scores = bool(state.metadata.get(GRADED))
        self.place = place_of(state)

    async def iteration(self, number: int, contexts: Contexts) -> list[FinishedRollout]:
        """Summarize the rollouts of an iteration that have no summary yet."""
        found = self.found[number]
        missing = sum(recorded.record is None for _, recorded in found)
        if str(role_model("summarizer")) == NO_MODEL and missing:
            raise UserError(
                f"there is no model to summarize {missing} rollouts: give --model, or --model-role "
                "summarizer=... and judge=..."
            )
        following = followed(pool_of(self.state).problem)
        following.meter("", strategy_state().budget)
        if missing or number == 0:
            following.begin("summaries", f"summaries {number}", missing, doing="summaries")
        async with span(f"iteration {number}", type="solver"):
            return await gather(
                [self._rollout(number, i, *each) for i, each in enumerate(found)],
            )

    async def _rollout(
        self, number: int, index: int, source: Source, recorded: Recorded
    ) -> FinishedRollout:
        """A rollout as it ended, but without a sandbox."""
        id, score = rollout_id(number, index), SealedScore(None, recorded.score_error)
        if recorded.scores is not None:
            score = score._replace(scores=dict(recorded.scores))
        state = rollout_state(self.state, id)
        state.metadata = {SOURCE: source.model_dump()}
        if recorded.messages:
            state.messages = list(recorded.messages)
            said = [message.text for message in state.messages if message.role == "assistant"]
            state.output = ModelOutput.from_content(recorded.model, (said or [""])[-1])
        record = recorded.record
        if record is None:
            async with span(f"rollout {id}", type="agent", id=id), span("summary", type="summary"):
                with model_cache_scope(state.epoch):
                    record = await self._record(number, index, recorded)
            following = followed(pool_of(self.state).problem)
            following.did()
            following.paid("summaries", record.summary.usage)
        return FinishedRollout(record, state, score=score)

    async def _record(self, number: int, index: int, recorded: Recorded) -> Rollout:
        id, problem, shared = rollout_id(number, index), problem_text(self.state), strategy_state()
        rollout = Rollout(
            id=id,
            iteration=number,
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
            summary=await self.summarizing.summary(
                role_model("summarizer"),
                key={"problem": problem, "rollout": id},
                problem=problem,
                messages=recorded.messages,
                saved=shared.saved,
                budget=shared.budget,
            ),
        )
        return rollout.model_copy(update={"injections": injections(rollout)})


def _patch(text: str | None) -> Patch | None:
    return None if text is None else Patch(size=len(text.encode("utf-8", "replace")), text=text)


def facts_of(recorded: Recorded) -> Facts:
    """The facts of a recorded rollout, which need no model and hold no score."""
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
