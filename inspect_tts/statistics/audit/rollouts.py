"""Recompute which rollouts ran, and from which contexts they started."""

from collections.abc import Sequence

from inspect_tts.execution.classes import agreeing
from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.method.candidates import eligible, waves_run
from inspect_tts.method.records import Rollout, Selection, Stage
from inspect_tts.method.refinement import context_key, refinement_contexts, rollout_id
from inspect_tts.text.fences import is_possible_fence


def check_rollouts(
    stages: Sequence[Stage], rollouts: Sequence[Rollout], waves: Sequence[ExecutionEvidence] = ()
) -> list[str]:
    """Compare the recorded rollouts with those that should have run."""
    found = []
    for stage in stages:
        if stage.name == "rollouts":
            ids = [r.id for r in rollouts if r.iteration == stage.iteration]
            n = stage.cut.started if stage.cut else _planned(stage, rollouts, waves)
            wanted = [rollout_id(stage.iteration, i) for i in range(n)]
            found += [f"rollout {id} is not recorded" for id in wanted if id not in ids]
            found += [f"rollout {id} is recorded but did not run" for id in ids if id not in wanted]
    return found


def _planned(
    stage: Stage, rollouts: Sequence[Rollout], executed: Sequence[ExecutionEvidence] = ()
) -> int:
    """How many rollouts a stage should have run if no limit cut it."""
    first, waves = [r for r in rollouts if not r.iteration], stage.rollouts.waves
    if waves and stage.iteration == 0:
        classes = {len(each.population): agreeing(each) for each in executed}
        return waves_run(waves, first, classes)
    return len(first) if waves else stage.rollouts.most_rollouts


def check_contexts(
    problem: str, stage: Stage, rollouts: Sequence[Rollout], selections: Sequence[Selection]
) -> list[str]:
    """Compare the contexts of rollouts with those that follow from selections and draws."""
    before = [r.id for r in rollouts if r.iteration == stage.iteration - 1]
    recorded = [r for r in rollouts if r.iteration == stage.iteration]
    given = stage.rollouts
    n = len(before) if given.context == "single" and stage.cut else _planned(stage, rollouts)
    if given.context is None or not before or (given.context == "single" and len(before) != n):
        return [f"iteration {stage.iteration}: its contexts need rollouts that are not recorded"]
    chosen = [s.selected for s in selections if s.iteration == stage.iteration - 1]
    earlier = [r for r in rollouts if r.iteration == stage.iteration - 1]
    allowed = eligible(earlier, leak_guard=given.leak_guard)
    expected = refinement_contexts(
        given.context,
        n=n,
        previous=before,
        selected=chosen[-1] if chosen else allowed,
        top_k=given.top_k,
        seed=given.seed,
        key=f"{problem}/t{stage.iteration}/context",
        without_context=given.without_context,
        excluded=set(before) - set(allowed),
    )
    found = [
        f"rollout {rollout.id}: context should be {expected[rollout.index]}"
        for rollout in recorded
        if rollout.index < n and rollout.context != expected[rollout.index]
    ]
    told = {rollout.id: rollout.summary.text for rollout in rollouts}
    return found + [
        f"rollout {rollout.id}: wrong fence of its context"
        for rollout in recorded
        if rollout.fence is not None
        and not is_possible_fence(
            rollout.fence,
            [told[id] for id in rollout.context],
            seed=given.seed,
            key=context_key(rollout.iteration, rollout.context),
        )
    ]
