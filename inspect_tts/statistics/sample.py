"""Numbers from graded rollouts. They are computed after every decision and feed none."""

from collections.abc import Mapping, Sequence

from inspect_tts.method.records import Rollout, Selection


def sample_numbers(
    scores: Mapping[str, float],
    rollouts: Sequence[Rollout],
    selections: Sequence[Selection],
    adopted: str,
    *,
    stopped: bool = False,
) -> dict[str, float]:
    """The paper's columns for one problem."""
    populations = [
        [r.id for r in rollouts if r.iteration == t]
        for t in range(1 + max((r.iteration for r in rollouts), default=-1))
    ]
    groups = {f"iteration_{t}": ids for t, ids in enumerate(populations)}
    last = len(populations) - 1
    contexts = selections[:-1] if stopped else [s for s in selections if s.iteration < last]
    if contexts:
        groups["select_k"] = list(contexts[-1].selected)
    groups["selected"] = [adopted]
    numbers = {
        name: sum(scores[id] for id in ids) / len(ids)
        for name, ids in groups.items()
        if ids and all(id in scores for id in ids)
    }
    could_be = {id for s in selections if s.iteration == last for id in s.population}
    could_be = could_be or set(*populations[-1:])
    if could_be and all(id in scores for id in could_be):
        numbers["oracle"] = max(scores[id] for id in could_be)
    return numbers


def sample_spending(
    rollouts: Sequence[Rollout], selections: Sequence[Selection]
) -> dict[str, float]:
    """What a strategy asked for on one problem."""
    rounds = [each for selection in selections for each in selection.rounds]
    votes = [vote for each in rounds for match in each.matches for vote in match.votes]
    usages = [vote.usage for vote in votes]
    usages += [usage for r in rollouts for usage in (r.usage, r.summary.usage)]
    spending: dict[str, float] = {"votes": len(votes)}
    costs = [usage.cost for usage in usages if usage.total_tokens]
    if None not in costs:
        spending["cost"] = round(sum(cost or 0.0 for cost in costs), 4)
    return spending
