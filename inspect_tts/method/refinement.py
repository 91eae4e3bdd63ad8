"""Parallel-Distill-Refine (paper, section 1): which summaries a new rollout starts from."""

from collections.abc import Collection, Sequence
from typing import Literal

from .seeding import seeded_shuffle

Context = Literal["select", "random", "single"]
"""How the refinement context is chosen: by a selection, by a random draw for each rollout, or from
the rollout with the same index in the previous iteration."""


def rollout_id(iteration: int, index: int) -> str:
    """Id of a rollout, for example `t0-n07`."""
    return f"t{iteration}-n{index:02d}"


def rollout_place(id: str) -> tuple[int, int]:
    """Iteration and index of a rollout, from its id: the inverse of `rollout_id`."""
    iteration, _, index = id.removeprefix("t").partition("-n")
    return int(iteration), int(index)


def context_key(iteration: int, context: Sequence[str]) -> str:
    """The key of a refinement context's fence; rollouts that share the context share it."""
    return f"t{iteration}/{' '.join(context)}"


def refinement_contexts(
    context: Context,
    *,
    n: int,
    previous: Sequence[str],
    selected: Sequence[str],
    top_k: int,
    seed: int,
    key: str,
    without_context: int = 0,
    excluded: Collection[str] = (),
) -> tuple[tuple[str, ...], ...]:
    """Choose the summaries that each of the n new rollouts starts from."""
    warm = n - without_context
    if not previous:
        raise ValueError("a refinement context needs an earlier iteration; run rollouts first")
    if context == "select":
        if not selected:
            raise ValueError("context='select' needs a selection, for example tournament(keep=4)")
        return (tuple(selected),) * warm + ((),) * without_context
    if context == "single":
        if len(previous) != n:
            raise ValueError(
                f"context='single' needs one predecessor for each rollout: n={n}, but the previous "
                f"iteration has {len(previous)}"
            )
        own = [() if name in excluded else (name,) for name in previous[:warm]]
        return (*own, *[()] * without_context)
    options = [name for name in previous if name not in excluded]
    drawn = [seeded_shuffle(options, seed=seed, key=f"{key}/{i}")[:top_k] for i in range(warm)]
    return (*drawn, *[()] * without_context)
