"""Recompute every decision of a run from its records alone."""

from collections import Counter
from collections.abc import Sequence

from .lots import shuffled
from .records import Draw, Match, Rollout, Selection, Stage
from .refinement import refinement_contexts
from .tournament import decide, display_order, form_groups, votes_needed


def discrepancies(
    problem: str,
    *,
    stages: Sequence[Stage],
    rollouts: Sequence[Rollout],
    selections: Sequence[Selection],
    draws: Sequence[Draw],
) -> tuple[str, ...]:
    """Compare what was recorded with what the recorded seeds and votes lead to.

    Args:
        problem: `id/epoch`, as in the pool.
        stages: The stages that ran.
        rollouts: All rollouts.
        selections: All selections.
        draws: All lots.

    Returns:
        One sentence for each decision that does not follow: a lot, a group, a display order, a
        count, a winner, a survivor, a refinement context. Empty for a sound log.
    """
    found = [
        f"lot {lot.key}: recorded {lot.order}"
        for lot in draws
        if lot.order != shuffled(lot.options, seed=lot.seed, key=lot.key)
    ]
    for selection in selections:
        if selection.kind == "tournament":
            found += _tournament(problem, selection)
        elif selection.selected != _lot(problem, selection):
            found.append(f"selection {selection.id}: recorded {selection.selected}")
    for stage in stages:
        if stage.name == "rollouts" and stage.parameters["context"] is not None:
            found += _contexts(problem, stage, rollouts, selections)
    return tuple(found)


def _lot(problem: str, selection: Selection) -> tuple[str, ...]:
    key = f"{problem}/{selection.id}/random_selection"
    return shuffled(selection.population, seed=selection.seed, key=key)[: selection.keep]


def _tournament(problem: str, selection: Selection) -> list[str]:
    found: list[str] = []
    alive, byes = selection.population, Counter[str]()
    for round in selection.rounds:
        groups = form_groups(
            alive,
            byes=byes,
            group_size=selection.group_size or 2,
            keep=selection.keep,
            seed=selection.seed,
            key=f"{problem}/{selection.id}/round{round.number}/pairing",
        )
        if groups != tuple(match.group for match in round.matches):
            found.append(f"{selection.id} round {round.number}: groups should be {groups}")
        for match in round.matches:
            found += _match(f"{problem}/{selection.id}/{match.id}/tie", selection, match)
        byes.update(match.winner for match in round.matches if len(match.group) == 1)
        alive = tuple(match.winner for match in round.matches)
    if len(alive) > selection.keep or alive != selection.selected:
        found.append(f"selection {selection.id}: recorded {selection.selected}, left are {alive}")
    return found


def _match(key: str, selection: Selection, match: Match) -> list[str]:
    orders = [vote.order != display_order(match.group, vote.index) for vote in match.votes]
    found = [f"match {match.id}: display order of vote {i}" for i, bad in enumerate(orders) if bad]
    verdicts = [vote.verdict for vote in match.votes]
    asked = 0 if len(match.group) == 1 else selection.votes or 0
    unsettled = match.saved and votes_needed(match.group, verdicts, votes=asked)
    if unsettled or len(verdicts) + match.saved != asked:
        found.append(f"match {match.id}: {len(verdicts)} votes and {match.saved} saved of {asked}")
    outcome = decide(match.group, verdicts, seed=selection.seed, key=key)
    recorded = (match.winner, match.decided_by, match.tally, match.tied)
    if recorded != tuple(outcome):
        found.append(f"match {match.id}: recorded {recorded}, the votes give {tuple(outcome)}")
    return found


def _contexts(
    problem: str, stage: Stage, rollouts: Sequence[Rollout], selections: Sequence[Selection]
) -> list[str]:
    before = [r.id for r in rollouts if r.iteration == stage.iteration - 1]
    chosen = [s.selected for s in selections if s.iteration == stage.iteration - 1]
    expected = refinement_contexts(
        stage.parameters["context"],
        n=stage.parameters["n"],
        previous=before,
        selected=chosen[-1] if chosen else before,
        top_k=stage.parameters["top_k"],
        seed=stage.parameters["seed"],
        key=f"{problem}/t{stage.iteration}/context",
    )
    recorded = [r for r in rollouts if r.iteration == stage.iteration]
    return [
        f"rollout {rollout.id}: context should be {expected[rollout.index]}"
        for rollout in recorded
        if rollout.context != expected[rollout.index]
    ]
