"""Investigate the close matches of a selection, one after another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import anyio
from inspect_ai.model import GenerateConfig
from inspect_ai.solver import Generate, TaskState
from inspect_ai.util import SandboxEnvironmentSpec

from inspect_tts._inspect import eval_spec, is_budget, outer_sample, sandbox_spec
from inspect_tts.errors import gather
from inspect_tts.execution.classes import evidence_label
from inspect_tts.execution.recording import results_of
from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.execution.shown import checks_text
from inspect_tts.method.parameters import INVESTIGATOR
from inspect_tts.method.recorded_votes import RecordedVotes
from inspect_tts.method.records import Investigation, Rollout
from inspect_tts.method.tournament import display_order, vote_key
from inspect_tts.method.voting.saved_answers import check_investigation
from inspect_tts.models.identity import model_identity
from inspect_tts.models.judge import Question
from inspect_tts.models.roles import role_model
from inspect_tts.options import SelectOptions
from inspect_tts.progress import Problem
from inspect_tts.prompts import Prompt
from inspect_tts.resume.saved_results import SavedResults
from inspect_tts.rollout.budget import Budget
from inspect_tts.rollout.saved_keys import investigation_key
from inspect_tts.rollout.source import Place, strategy_state
from inspect_tts.stages.evidence.fresh import FreshSandbox, open_fresh
from inspect_tts.workspace.tree import TreeError

from .agent import run_agent


@dataclass(frozen=True)
class Investigator:
    """What all investigations of a selection share."""

    state: TaskState
    generate: Generate
    options: SelectOptions
    prompts: tuple[Prompt, Prompt]
    """The investigator's prompt, and the prompt of its re-ask."""
    key: str
    """Names the selection among all draws of the strategy."""
    problem: str
    texts: Mapping[str, str] | None
    """By rollout id, what the investigator reads instead of the summary."""
    execution: ExecutionEvidence | None
    place: Place
    saved: SavedResults
    budget: Budget
    following: Problem
    recorded: RecordedVotes | None
    """Votes and investigations of an earlier run; if given, no investigation runs here."""
    one: anyio.Lock = field(default_factory=anyio.Lock)
    """Held while an investigation runs, so that there is one sandbox at a time."""

    async def investigate(
        self, match: str, group: Sequence[Rollout], *, cut: bool
    ) -> Investigation:
        """Investigate a close match, or record why it cannot be investigated."""
        order = display_order([rollout.id for rollout in group], 0)
        if self.recorded is not None:
            known = self.recorded.take_investigation(order)
            return known or _not_run(order, "a replay runs nothing, and none is recorded")
        if cut:
            return _not_run(order, "the sample's limit left no room for all votes")
        results, patches, unavailable = results_of(group)
        if unavailable:
            id, why = next(iter(unavailable.items()))
            return _not_run(order, f"the result of {id} cannot be put on the tree: {why}")
        if len({*results.values()}) == 1:
            return _not_run(order, "both results are the same")
        sandbox = await sandbox_spec(eval_spec(), outer_sample(), self.place.sample)
        if sandbox is None:
            return _not_run(order, "the task has no sandbox")
        trees = [patches.get(results[id], "") for id in order]
        asked = _Asked(self, match, self._question(match, group), trees, sandbox)
        key = asked.saved_key()
        fits = partial(check_investigation, order=order)
        known = await self.saved.get("investigation", key, Investigation, fits)
        if known is not None:
            self.budget.take_over(known.usage)
            return known.model_copy(update={"reused": True})
        async with self.one:
            dollars = self.budget.dollars_left(self.options.investigation_cost)
            if dollars is None:
                return _not_run(order, "the sample's limit left no room for it")
            self.following.doing("investigation")
            async with strategy_state().spare_slot():
                [(found, final)] = await gather([asked.run(dollars)])
        if final:
            await self.saved.put("investigation", key, found)
        return found

    def _question(self, match: str, group: Sequence[Rollout]) -> Question:
        order = display_order([rollout.id for rollout in group], 0)
        by_id = {rollout.id: rollout for rollout in group}
        return Question(
            model=role_model(INVESTIGATOR),
            problem=self.problem,
            shown=[by_id[id] for id in order],
            prompt=self.prompts[0],
            reask_prompt=self.prompts[1],
            config=GenerateConfig(),
            seed=self.options.seed,
            key=f"{vote_key(self.key, match, order)}/investigation",
            texts=self.texts,
            checks=checks_text(self.execution, order, "Solution"),
        )


@dataclass(frozen=True)
class _Asked:
    """One investigation."""

    by: Investigator
    match: str
    question: Question
    trees: Sequence[str]
    """The patch of each result, as shown."""
    sandbox: SandboxEnvironmentSpec

    def saved_key(self) -> str:
        """Key of the saved investigation: covers all that the agent can see, and its limits."""
        options, places = self.by.options, {"folder": "", "workspace": ""}
        return investigation_key(
            eval_spec(),
            self.sandbox,
            self.by.place,
            patches=self.trees,
            asked={
                "match": f"{self.by.key}/{self.match}",
                "prompt": self.question.text(turns=options.investigation_turns, **places),
                "reask": self.question.reask_prompt.template,
                "investigator": model_identity(self.question.model),
                "cost": options.investigation_cost,
                "checks": evidence_label(self.by.execution),
            },
        )

    async def run(self, dollars: float) -> tuple[Investigation, bool]:
        """Investigate in a fresh sandbox; also return whether a retry would end the same way."""
        by, order = self.by, tuple(rollout.id for rollout in self.question.shown)
        turns = by.options.investigation_turns
        fresh: FreshSandbox | None = None
        try:
            fresh = await open_fresh(
                by.state,
                by.generate,
                eval_spec(),
                self.sandbox,
                by.place,
                purpose=f"investigation {self.match}",
                cost_limit=dollars,
            )
            if reason := await self._lay_out(fresh):
                return _not_run(order, reason), True
            found, ended = await run_agent(
                fresh, by.generate, self.question, id=self.match, turns=turns
            )
        except (TreeError, TimeoutError) as error:
            return _not_run(order, str(error)), False
        finally:
            if fresh is not None:
                with anyio.CancelScope(shield=True):
                    await fresh.close()
        less = dollars < by.options.investigation_cost
        bounded = ended.limit is not None and (less or is_budget(ended.limit))
        return found, found.ended != "error" and not bounded

    async def _lay_out(self, fresh: FreshSandbox) -> str | None:
        """Put a copy of each result beside the untouched tree; return why one does not fit."""
        for number, patch in enumerate(self.trees, 1):
            if patch and (reason := await fresh.tree.put(patch)) is not None:
                id = self.question.shown[number - 1].id
                return f"the result of {id} cannot be put on the tree: {reason}"
            await fresh.tree.copy(f"solution_{number}")
            await fresh.tree.restore()
        await fresh.tree.show()
        return None


def _not_run(order: Sequence[str], reason: str) -> Investigation:
    return Investigation(order=tuple(order), ended="not run", reason=reason[:500])
