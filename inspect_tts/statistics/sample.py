"""Numbers from graded rollouts. They are computed after all decisions and influence none."""

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
    """The columns of the paper's main table for one problem. An unknown number is absent."""
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
    """The number of votes of a strategy on one problem, and its cost if all prices are known."""
    rounds = [each for selection in selections for each in selection.rounds]
    matches = [match for each in rounds for match in each.matches]
    votes = [vote for match in matches for vote in match.votes]
    usages = [vote.usage for vote in votes]
    usages += [match.investigation.usage for match in matches if match.investigation]
    usages += [usage for r in rollouts for usage in (r.usage, r.summary.usage)]
    spending: dict[str, float] = {"votes": len(votes)}
    costs = [usage.cost for usage in usages if usage.total_tokens]
    if None not in costs:
        spending["cost"] = round(sum(cost or 0.0 for cost in costs), 4)
    return spending


def explanation(
    rollouts: Sequence[Rollout],
    selections: Sequence[Selection],
    adopted: str,
    spending: Mapping[str, float],
) -> str:
    """Say in one line which rollout was adopted, how it won, and what that cost."""
    won = _won(selections[-1], adopted) if selections else []
    votes, cost = int(spending["votes"]), spending.get("cost")
    counts = [_count(len(rollouts), "rollout"), _count(votes, "vote")]
    price = [] if cost is None else [f"${cost:.2f}"]
    return ", ".join([f"adopted {adopted}", *won, *counts, *price])


def _won(selection: Selection, adopted: str) -> list[str]:
    """How a rollout was selected: the last match it won, or the kind of selection."""
    matches = [m for r in selection.rounds for m in r.matches if adopted in m.group]
    if len(selection.population) == 1:
        return ["the only candidate"]
    if selection.kind != "tournament":
        return [f"selected by {selection.kind}"]
    votes = [m for m in matches if len(m.group) > 1 and m.winner == adopted]
    if not votes:
        return []
    final = votes[-1]
    others = sorted((final.tally.get(id, 0) for id in final.group if id != adopted), reverse=True)
    tally = ":".join(map(str, [final.tally.get(adopted, 0), *others]))
    how = {
        "random": "drawn at random after",
        "evidence": "decided by evidence after",
        "investigation": "decided by an investigation after",
    }
    return [f"{how.get(final.decided_by, 'won')} {tally} in the final"]


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
