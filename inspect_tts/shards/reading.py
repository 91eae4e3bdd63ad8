"""Read a shard set as one run, even while it is running."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path

from inspect_tts._inspect.command import shard_folders
from inspect_tts.errors import UserError

from .plan import SHARDS, ShardPlan
from .sets import ShardSet, shard_state

_SHOWN = 5


def is_set(path: str) -> bool:
    """Whether a path names a shard set."""
    return path.rstrip("/").endswith(SHARDS) and ("://" in path or Path(path).is_dir())


def current_logs(place: str) -> list[str]:
    """The newest readable log of each shard, in the order of shards."""
    found = ShardSet(place)
    attempts = shard_folders(found.place).attempts
    states = [shard_state(attempts[name]) for name in attempts]
    if logs := [state.log for state in states if state.log is not None]:
        return logs
    raise UserError(f"{place} has no log that can be read yet")


def set_of(log: str) -> str | None:
    """The shard set that a log belongs to; None if there is none."""
    folder = log.rpartition("/")[0].rpartition("/")[0]
    return folder if folder.endswith(SHARDS) else None


def missing_notes(
    finished: Iterable[tuple[str, int, Iterable[tuple[str | int, int]]]],
) -> list[str]:
    """Say what is missing in each shard set.

    Args:
        finished: For each log: its path, its number of epochs, and the ids and epochs of its
            finished samples.
    """
    done: dict[str, set[tuple[str, int]]] = defaultdict(set)
    epochs: dict[str, int] = {}
    for log, number, samples in finished:
        if (place := set_of(log)) is not None:
            done[place] |= {(str(id), epoch) for id, epoch in samples}
            epochs[place] = number
    notes = []
    for place, seen in sorted(done.items()):
        times = Counter(id for id, _ in seen)
        ids = {id for id in times if times[id] >= epochs[place]}
        notes += missing_of(place, ids)
    return notes


def missing_of(place: str, done: Collection[str]) -> list[str]:
    """Say what is missing in a shard set. A set without a plan, not made here, is skipped."""
    try:
        plan = ShardSet(place).plan()
    except UserError:
        return []
    note = missing_note(plan, done)
    return [f"{ShardSet(place).name}: {note}"] if note else []


def missing_note(plan: ShardPlan, done: Collection[str]) -> str:
    """Say which problems of a plan are missing, by shard; empty if none is. Pure."""
    parts = []
    for shard in plan.shards:
        if left := [str(id) for id in shard.ids if str(id) not in done]:
            names = ", ".join(left[:_SHOWN]) + (", ..." if len(left) > _SHOWN else "")
            parts.append(f"{len(left)} of shard {shard.number} ({names})")
    if not parts:
        return ""
    finished = sum(str(id) in done for id in plan.ids)
    return f"{finished} of {len(plan.ids)} problems are finished; missing: {'; '.join(parts)}"
