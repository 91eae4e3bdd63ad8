"""What a problem cost: what Inspect counted in its sample, and what a retry took over."""

from datetime import datetime

from inspect_ai.log import EvalSample

from inspect_tts.method.records import Usage
from inspect_tts.models.roles import usage
from inspect_tts.scaled.records import ScaledSelection
from inspect_tts.stages.pool import RolloutPool
from inspect_tts.statistics.outcomes import recorded_usage


def spent(sample: EvalSample, pool: RolloutPool) -> tuple[Usage, float | None]:
    """Usage and wall time of a problem, also where its rollouts were samples of their own."""
    if "ScaledSelection:contexts" not in sample.store:
        return _with_taken_over(counted(sample), pool), sample.total_time
    others = sample.store_as(ScaledSelection)
    times = [datetime.fromisoformat(t) for t in (others.began, sample.completed_at) if t]
    seconds = (times[1] - times[0]).total_seconds() if len(times) == 2 else None
    return _with_taken_over(counted(sample) + others.elsewhere, pool), seconds


def counted(sample: EvalSample) -> Usage:
    """What Inspect counted in a sample: every call of a model in it, also those of scorers."""
    return sum(map(usage, sample.model_usage.values()), Usage())


def _with_taken_over(here: Usage, pool: RolloutPool) -> Usage:
    """With what saved results had used, which was paid for in an earlier log."""
    if pool.taken_over_usage is not None:
        return here + pool.taken_over_usage
    if not pool.taken_over:
        return here
    # an older log of a retry tells how many results it took over, but not what they had used
    rollouts = pool.rollouts if "rollout" in pool.taken_over else ()
    recorded = recorded_usage(rollouts, pool.rollouts, pool.selections)
    return max(here, recorded, key=lambda each: each.total_tokens)
