"""Recompute every decision of a run from its records alone."""

from collections.abc import Mapping, Sequence

from inspect_tts.execution.classes import (
    class_labels,
    concluded,
    latest,
    same_behavior,
)
from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.method.candidates import (
    add_duplicates,
    agreed,
    diverse,
    eligible,
    identical,
)
from inspect_tts.method.records import STOP, Draw, Match, Rollout, Selection, Stage
from inspect_tts.method.seeding import seeded_shuffle
from inspect_tts.method.selection_specs import begin_selection
from inspect_tts.method.selections import Candidates
from inspect_tts.method.tournament import judges_key
from inspect_tts.statistics.assignments import assignment_discrepancies

from .matches import match_discrepancies
from .rollouts import check_contexts, check_rollouts


def discrepancies(
    problem: str,
    *,
    stages: Sequence[Stage],
    rollouts: Sequence[Rollout],
    selections: Sequence[Selection],
    draws: Sequence[Draw],
    adopted: str | None,
    executions: Sequence[ExecutionEvidence] = (),
    waves: Sequence[ExecutionEvidence] = (),
) -> tuple[str, ...]:
    """Compare every recorded decision with the one that follows from recorded seeds and votes.

    Returns a sentence for each difference.
    """
    found = [
        f"draw {draw.key}: recorded {draw.order}"
        for draw in draws
        if draw.order != seeded_shuffle(draw.options, seed=draw.seed, key=draw.key)
    ]
    found += check_rollouts(stages, rollouts, waves)
    found += assignment_discrepancies(problem, stages, rollouts, draws)
    found += [
        f"evidence on iteration {each.iteration}: classes or attributions do not follow from runs"
        for each in (*waves, *executions)
        if each.reason is None and concluded(each) != each
    ]
    alive: dict[int, tuple[str, ...]] = {}
    for number, selection in enumerate(selections):
        everybody = _everybody(selection.iteration, stages, rollouts, alive)
        if selection.population != alive.get(selection.iteration, everybody):
            found.append(f"selection {selection.id}: population is not what was selected before")
            continue
        alive[selection.iteration] = selection.selected
        execution = latest(executions, selection.iteration, number)
        found += _selection(problem, selection, rollouts, draws, execution)
    for stage in stages:
        if stage.name == "rollouts" and stage.rollouts.context is not None:
            found += check_contexts(problem, stage, rollouts, selections)
    for stage in stages:
        if stage.name == STOP and stage.cut is None:
            before = [s for s in selections if s.iteration == stage.iteration]
            if not before or not agreed(before[0], rollouts):
                found.append(f"iteration {stage.iteration}: stopped without a consensus")
    last = max((r.iteration for r in rollouts), default=0)
    left = alive.get(last, _everybody(last, stages, rollouts, alive))
    if adopted is not None and (adopted,) != left:
        found.append(f"adopted {adopted}: selected are {left}")
    return tuple(found)


def _everybody(
    iteration: int,
    stages: Sequence[Stage],
    rollouts: Sequence[Rollout],
    alive: Mapping[int, tuple[str, ...]],
) -> tuple[str, ...]:
    """The rollouts that may be selected after an iteration: its own, and those carried over."""
    carried: tuple[str, ...] = ()
    guard = False
    for stage in stages:
        if stage.adds_rollouts and stage.iteration == iteration:
            carried = alive.get(iteration - 1, ()) if stage.rollouts.keep_parents else ()
            guard = stage.rollouts.leak_guard
    new = [r for r in rollouts if r.iteration == iteration]
    return (*eligible(new, leak_guard=guard), *carried)


def _selection(
    problem: str,
    selection: Selection,
    rollouts: Sequence[Rollout],
    draws: Sequence[Draw],
    execution: ExecutionEvidence | None,
) -> list[str]:
    """Repeat a selection with the recorded matches."""
    everybody = {r.id: r for r in rollouts if r.id in selection.population}
    candidates = [everybody[id] for id in selection.population]
    classes = identical(candidates) if selection.classes else ()
    if selection.classes_by == "behavior":
        classes = same_behavior(execution, selection.population)
    if classes != selection.classes:
        return [f"selection {selection.id}: classes of identical candidates should be {classes}"]
    firsts = [members[0] for members in classes] or selection.population
    field = Candidates(
        [everybody[id] for id in firsts],
        keep=selection.keep,
        group_size=selection.group_size,
        seed=selection.seed,
        key=f"{problem}/{selection.id}",
    )
    field.behavior = class_labels(execution) if execution else {}
    field.by_strength = selection.ranked_by == "strength"
    running = begin_selection(selection.kind, field)
    found, matches = list[str](), tuple[Match, ...]()
    keys = {draw.key for draw in draws}
    try:
        groups = next(running)
        for round in selection.rounds:
            matches = round.matches
            if groups != tuple(match.group for match in matches):
                return [
                    *found,
                    f"{selection.id} round {round.number}: groups should be {groups}",
                ]
            judged = sum(len(group) > 1 for group in groups)
            for match in matches:
                key = f"{field.key}/{match.id}/tie"
                found += match_discrepancies(key, selection, match, judged, everybody, execution)
                dealt = judges_key(field.key, match.id, grades=match.decided_by == "grade")
                if selection.judges and match.votes and dealt not in keys:
                    found.append(f"draw {dealt} is not recorded")
                if match.decided_by == "random" and key not in keys:
                    found.append(f"draw {key} is not recorded")
            groups = running.send(matches)
        found.append(f"selection {selection.id}: the next round, {groups}, is not recorded")
    except StopIteration as end:
        ranking = add_duplicates(end.value, classes) if classes else end.value
        unplayed = selection.rounds and matches is not selection.rounds[-1].matches
        if selection.diverse:
            selected = diverse([everybody[id] for id in ranking], selection.keep)
        else:
            selected = ranking[: selection.keep]
        if unplayed or (selection.ranking, selection.selected) != (ranking, selected):
            found.append(f"selection {selection.id}: recorded {selection.ranking}, not {ranking}")
    missing = [draw.key for draw in field.draws if draw.key not in keys]
    return found + [f"draw {key} is not recorded" for key in missing]
