"""Compare candidates without asking a judge. Nothing here reads a score."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from .parameters import Waves
from .records import Rollout, Selection


def failed(rollout: Rollout) -> bool:
    """Whether a rollout did not end by itself."""
    return rollout.status != "completed"


def eligible(rollouts: Sequence[Rollout], *, leak_guard: bool) -> tuple[str, ...]:
    """Ids of the rollouts that may be selected or shown in a refinement context."""
    everybody = tuple(rollout.id for rollout in rollouts)
    clean = tuple(rollout.id for rollout in rollouts if not rollout.leaks)
    return (clean or everybody) if leak_guard else everybody


def tie_break_key(rollout: Rollout) -> tuple[float, ...]:
    """A key to decide ties: ended by itself, share of last commands that succeeded, fewer turns."""
    codes = [fact.returncode for fact in rollout.facts.last_commands]
    worked = sum(code == 0 for code in codes) / len(codes) if codes else 0.0
    return (float(not failed(rollout)), worked, -float(rollout.turns))


def identical(candidates: Sequence[Rollout]) -> tuple[tuple[str, ...], ...]:
    """Classes of duplicates: candidates with the same patch, or the same answer."""
    classes: dict[str, list[str]] = {}
    for rollout in candidates:
        classes.setdefault(rollout.facts.fingerprint or rollout.id, []).append(rollout.id)
    return tuple(tuple(members) for members in classes.values())


Classes = Sequence[Sequence[str]]
"""Ids of rollouts that behave alike when executed, class by class."""


def next_wave(waves: Waves, rollouts: Sequence[Rollout], classes: Classes = ()) -> int:
    """How many rollouts of iteration 0 to run next; 0 once enough agree.

    Enough means more than half of all, and at least as many as the first wave has. Rollouts agree
    if they ended by themselves and left the same non-empty patch or the same answer, or are in the
    same class.
    """
    prints = Counter(
        rollout.facts.fingerprint
        for rollout in rollouts
        if rollout.facts.fingerprint and not failed(rollout)
        if rollout.patch is None or rollout.patch.text != ""
    )
    ended = {rollout.id for rollout in rollouts if not failed(rollout)}
    alike = [len(ended.intersection(members)) for members in classes]
    agreed = max([0, *prints.values(), *alike])
    if agreed >= waves.least and 2 * agreed > len(rollouts):
        return 0
    return min(waves.wave if rollouts else waves.least, waves.most - len(rollouts))


def waves_run(
    waves: Waves, rollouts: Sequence[Rollout], classes: Mapping[int, Classes] = MappingProxyType({})
) -> int:
    """How many rollouts the waves run, given the rollouts and, by number of rollouts, classes."""
    count = 0
    while count <= len(rollouts) and (
        more := next_wave(waves, rollouts[:count], classes.get(count, ()))
    ):
        count += more
    return count


def add_duplicates(ranking: Sequence[str], classes: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Append the duplicates to a ranking that holds only the first of each class."""
    others = {members[0]: members[1:] for members in classes}
    return (*ranking, *(name for head in ranking for name in others[head]))


def agreed(selection: Selection, rollouts: Sequence[Rollout]) -> bool:
    """Whether all selected rollouts are duplicates and no vote disagreed."""
    prints = {rollout.id: rollout.facts.fingerprint or rollout.id for rollout in rollouts}
    matches = [match for round in selection.rounds for match in round.matches]
    cast = [(vote.verdict, match.winner) for match in matches for vote in match.votes]
    unanimous = all(
        verdict is None or prints[verdict] == prints[winner] for verdict, winner in cast
    )
    return (
        len(selection.selected) >= 2
        and len({prints[id] for id in selection.selected}) == 1
        and unanimous
    )


def diverse(ranking: Sequence[Rollout], keep: int) -> tuple[str, ...]:
    """Select the best with summaries that are not near-duplicates; fill up in ranking order."""
    chosen: list[Rollout] = []
    for rollout in ranking:
        if not any(_alike(rollout, other) for other in chosen):
            chosen.append(rollout)
    chosen = chosen[:keep]
    chosen += [rollout for rollout in ranking if rollout not in chosen][: keep - len(chosen)]
    return tuple(rollout.id for rollout in ranking if rollout in chosen)


def _alike(one: Rollout, other: Rollout) -> bool:
    prints = one.facts.fingerprint, other.facts.fingerprint
    if None not in prints and prints[0] == prints[1]:
        return True
    a, b = _triples(one.summary.text), _triples(other.summary.text)
    return 10 * len(a & b) >= 8 * len(a | b)


def _triples(text: str) -> frozenset[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return frozenset(tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2)))
