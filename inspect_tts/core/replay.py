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
    adopted: str | None,
) -> tuple[str, ...]:
    """Compare what was recorded with what the recorded seeds and votes lead to.

    Args:
        problem: `id/epoch`, as in the pool.
        stages: The stages that ran.
        rollouts: All rollouts.
        selections: All selections.
        draws: All lots.
        adopted: The rollout that was handed over, None before.

    Returns:
        One sentence for each thing that does not follow: a missing rollout, a lot, a population, a
        group, a display order, a count, a winner, a survivor, a refinement context, the adopted.
        Empty for a sound log.
    """
    found = [
        f"lot {lot.key}: recorded {lot.order}"
        for lot in draws
        if lot.order != shuffled(lot.options, seed=lot.seed, key=lot.key)
    ]
    found += _rollouts(stages, rollouts) + _lots(problem, selections, draws)
    alive: dict[int, tuple[str, ...]] = {}
    for selection in selections:
        everybody = tuple(r.id for r in rollouts if r.iteration == selection.iteration)
        if selection.population != alive.get(selection.iteration, everybody):
            found.append(f"selection {selection.id}: population is not what was selected before")
            continue
        alive[selection.iteration] = selection.selected
        if selection.kind == "tournament":
            found += _tournament(problem, selection)
        elif selection.selected != _lot(problem, selection):
            found.append(f"selection {selection.id}: recorded {selection.selected}")
    for stage in stages:
        if stage.name == "rollouts" and stage.parameters["context"] is not None:
            found += _contexts(problem, stage, rollouts, selections)
    last = max((r.iteration for r in rollouts), default=0)
    left = alive.get(last, tuple(r.id for r in rollouts if r.iteration == last))
    if adopted is not None and (adopted,) != left:
        found.append(f"adopted {adopted}: selected are {left}")
    return tuple(found)


def _rollouts(stages: Sequence[Stage], rollouts: Sequence[Rollout]) -> list[str]:
    found = []
    for stage in stages:
        if stage.name == "rollouts":
            ids = [r.id for r in rollouts if r.iteration == stage.iteration]
            wanted = [f"t{stage.iteration}-n{i:02d}" for i in range(stage.parameters["n"])]
            found += [f"rollout {id} is not recorded" for id in wanted if id not in ids]
            found += [f"rollout {id} is recorded and did not run" for id in ids if id not in wanted]
    return found


def _lots(problem: str, selections: Sequence[Selection], draws: Sequence[Draw]) -> list[str]:
    needed = []
    for selection in selections:
        key = f"{problem}/{selection.id}"
        if selection.kind == "random_selection":
            needed.append(f"{key}/random_selection")
        for round in selection.rounds:
            needed.append(f"{key}/round{round.number}/pairing")
            ties = [match.id for match in round.matches if match.decided_by == "lot"]
            needed += [f"{key}/{id}/tie" for id in ties]
    keys = {draw.key for draw in draws}
    return [f"lot {key} is not among the draws" for key in needed if key not in keys]


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
    recorded = [r for r in rollouts if r.iteration == stage.iteration]
    if not before or (stage.parameters["context"] == "single" and len(before) != len(recorded)):
        return [f"iteration {stage.iteration}: its contexts need rollouts that are not recorded"]
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
    return [
        f"rollout {rollout.id}: context should be {expected[rollout.index]}"
        for rollout in recorded
        if rollout.context != expected[rollout.index]
    ]
