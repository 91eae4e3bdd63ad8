"""The stage that runs checks on the results of rollouts, before anyone judges them."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import anyio
from inspect_ai.log import transcript
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import span

from inspect_tts._inspect import eval_spec, local_folders, outer_sample, sandbox_spec, setup_steps
from inspect_tts.arguments import takes
from inspect_tts.errors import UserError, gather, no_traceback
from inspect_tts.execution.classes import concluded
from inspect_tts.execution.recording import NO_GIT, recorded, results_of
from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.method.records import EXECUTION, Rollout, Stage
from inspect_tts.options.evidence import EvidenceOptions, named_checks
from inspect_tts.progress import followed
from inspect_tts.registry import is_stage
from inspect_tts.rollout.source import FinishedRollout, Place, strategy_state
from inspect_tts.stages.pool import pool_of
from inspect_tts.workspace.tree import TreeError

from .copies import CopySession, copies_of
from .session import Session
from .take import Author, Plan, take


@solver
@takes(EvidenceOptions)
def take_evidence(options: EvidenceOptions) -> Solver:
    """Run checks on the result of each currently selected rollout, in one further fresh sandbox.

    Judges of later selections, and rollouts with a later refinement context, read what the checks
    showed. Ties with `tie=evidence`, `dedupe_behavior` and the selection `behavior` depend on it.

    Returns:
        A solver that adds an `ExecutionEvidence` to the sample's `RolloutPool`.

    Raises:
        UserError: If an argument is out of range, there is nothing to run, or no rollouts have run.
    """
    if not options.takes_evidence:
        raise UserError(
            "take_evidence() has nothing to run; give check='COMMAND', or evidence='regression', "
            "'cross' or 'all'"
        )

    @no_traceback
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        pool, shared = pool_of(state), strategy_state()
        if not pool.selected:
            raise UserError("take_evidence() has no results; put rollouts() before it")
        rollouts = [pool.by_id(id) for id in pool.selected]
        found = await executed(state, generate, options, rollouts, shared.rollouts)
        between = (each.seconds for each in pool.waves if each.iteration == found.iteration)
        took = sum(between, found.seconds)
        found = found.model_copy(update={"seconds": took})
        stage = Stage(
            name=EXECUTION,
            iteration=pool.iteration,
            parameters=options.arguments(),
            seconds=took,
        )
        pool.stages = [*pool.stages, stage]
        pool.executions = [*pool.executions, found]
        return state

    return solve


async def executed(
    state: TaskState,
    generate: Generate,
    options: EvidenceOptions,
    rollouts: Sequence[Rollout],
    finished: Mapping[str, FinishedRollout],
) -> ExecutionEvidence:
    """Run checks on the results of rollouts, and show in the log what ran."""
    pool, shared, began = pool_of(state), strategy_state(), monotonic()
    place = shared.place or Place(outer_sample().sample, (*setup_steps(is_stage),))
    empty = ExecutionEvidence(
        iteration=max(pool.iteration, 0),  # between waves the pool has no iteration yet
        after_selections=len(pool.selections),
        population=tuple(rollout.id for rollout in rollouts),
    )
    followed(pool.problem).doing(f"evidence {empty.iteration}")
    async with span("evidence", type="evidence"), shared.spare_slot():
        work = _evidence(state, generate, options, place, empty, rollouts, finished)
        [found] = await gather([work])
        for check in found.checks:
            runs = [
                run.model_dump(mode="json", exclude={"passed"})
                for run in found.runs
                if run.check == check.id
            ]
            shown: dict[str, Any] = {
                "check": check.model_dump(mode="json", exclude={"files"}),
                "runs": runs,
            }
            transcript().info(shown, source="inspect_tts")
    return found.model_copy(update={"seconds": monotonic() - began})


async def _evidence(
    state: TaskState,
    generate: Generate,
    options: EvidenceOptions,
    place: Place,
    empty: ExecutionEvidence,
    rollouts: Sequence[Rollout],
    finished: Mapping[str, FinishedRollout],
) -> ExecutionEvidence:
    """Take the evidence in a separate async task, in which `sandbox()` is the fresh sandbox."""
    spec, active = eval_spec(), outer_sample()
    sandbox = await sandbox_spec(spec, active, place.sample)
    if sandbox is None:
        return empty.model_copy(update={"reason": "the task has no sandbox"})
    checks = named_checks(options.check)
    begun, patches = _begun(empty, rollouts, finished if checks else {})
    if begun.reason is not None:
        return begun
    plan = Plan(
        checks=checks,
        kind="none" if begun.copies else options.evidence,
        deadline=monotonic() + options.evidence_time,
        authors=partial(_authors, rollouts, finished),
    )
    given: dict[str, Any] = {
        "state": state,
        "generate": generate,
        "spec": spec,
        "sandbox": sandbox,
        "place": place,
        "saved": strategy_state().saved,
        "known": strategy_state().runs,
        "patches": patches,
        "seconds": min(options.evidence_time / 4, MOST_SECONDS),
    }
    session = CopySession(**given, finished=finished) if begun.copies else Session(**given)
    try:
        found = await take(session, plan, begun)
    except TreeError as error:
        found = begun.model_copy(update={"reason": str(error), "results": {}})
    finally:
        with anyio.CancelScope(shield=True):
            await session.close()
    found = found.model_copy(update={"sandboxes": session.opened})
    return recorded(concluded(found)) if found.reason is None else found


def _begun(
    empty: ExecutionEvidence, rollouts: Sequence[Rollout], copied: Mapping[str, FinishedRollout]
) -> tuple[ExecutionEvidence, dict[str, str]]:
    """Evidence that lists the results, and by tree the patch of each, or the key of its copy."""
    results, patches, unavailable = results_of(rollouts)
    if not copied or any(rollout.patch is not None for rollout in rollouts):
        return empty.model_copy(update={"results": results, "unavailable": unavailable}), patches
    copies, unavailable = copies_of(rollouts, copied)
    reason = None if copies else f"{NO_GIT}, and {next(iter(unavailable.values()))}"
    found = {"results": {id: id for id in copies}, "unavailable": unavailable, "reason": reason}
    return empty.model_copy(update={**found, "copies": True}), copies


MOST_SECONDS = 120.0
"""Time limit of a check, in seconds; a quarter of `evidence_time` if that is shorter."""


def _authors(rollouts: Sequence[Rollout], finished: Mapping[str, FinishedRollout]) -> list[Author]:
    found = list[Author]()
    for rollout in rollouts:
        result = finished.get(rollout.id)
        patch = rollout.patch.text if rollout.patch else None
        messages = result.state.messages if result else []
        folder = None
        if result and result.sandboxes and result.sandboxes.spec.type == "local":
            folder = str(Path(local_folders(result.sandboxes.environments)[0]).resolve())
        found.append(Author(rollout.id, messages, patch, folder))
    return found
