"""Recompute every decision of a run from its records alone."""

from collections.abc import Mapping, Sequence

from inspect_tts.execution.classes import (
    class_labels,
    concluded,
    latest,
    same_behaviour,
    worth,
)
from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.method.candidates import (
    add_duplicates,
    agreed,
    diverse,
    eligible,
    evidence,
    identical,
)
from inspect_tts.method.records import STOP, Draw, Match, Rollout, Selection, Stage, mean_grade
from inspect_tts.method.refinement import context_key, refinement_contexts
from inspect_tts.method.seeding import seeded_shuffle
from inspect_tts.method.selection_specs import SELECTIONS, begin_selection
from inspect_tts.method.selections import Candidates
from inspect_tts.method.tournament import (
    decide,
    display_order,
    judges_key,
    order_flip_rate,
    turns_of,
    unasked,
    vote_key,
    votes_needed,
)
from inspect_tts.text.fences import is_possible_fence

from .slots import slot_discrepancies


def discrepancies(
    problem: str,
    *,
    stages: Sequence[Stage],
    rollouts: Sequence[Rollout],
    selections: Sequence[Selection],
    draws: Sequence[Draw],
    adopted: str | None,
    executions: Sequence[ExecutionEvidence] = (),
) -> tuple[str, ...]:
    """Compare what was recorded with what the recorded seeds and votes lead to."""
    found = [
        f"draw {draw.key}: recorded {draw.order}"
        for draw in draws
        if draw.order != seeded_shuffle(draw.options, seed=draw.seed, key=draw.key)
    ]
    found += _rollouts(stages, rollouts) + slot_discrepancies(problem, stages, rollouts, draws)
    found += [
        f"evidence on iteration {each.iteration}: classes or attributions do not follow from runs"
        for each in executions
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
            found += _contexts(problem, stage, rollouts, selections)
    for stage in stages:
        if stage.name == STOP and stage.cut is None:
            before = [s for s in selections if s.iteration == stage.iteration]
            if not before or not agreed(before[0], rollouts):
                found.append(f"iteration {stage.iteration}: stopped, though nothing was agreed")
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
    """Who may be selected once an iteration has run: its rollouts, and who was carried over."""
    carried: tuple[str, ...] = ()
    guard = False
    for stage in stages:
        if stage.adds_rollouts and stage.iteration == iteration:
            carried = alive.get(iteration - 1, ()) if stage.rollouts.keep_parents else ()
            guard = stage.rollouts.leak_guard
    new = [r for r in rollouts if r.iteration == iteration]
    return (*eligible(new, leak_guard=guard), *carried)


def _rollouts(stages: Sequence[Stage], rollouts: Sequence[Rollout]) -> list[str]:
    found = []
    for stage in stages:
        if stage.name == "rollouts":
            ids = [r.id for r in rollouts if r.iteration == stage.iteration]
            n = stage.cut.started if stage.cut else stage.rollouts.n
            wanted = [f"t{stage.iteration}-n{i:02d}" for i in range(n)]
            found += [f"rollout {id} is not recorded" for id in wanted if id not in ids]
            found += [f"rollout {id} is recorded and did not run" for id in ids if id not in wanted]
    return found


def _selection(
    problem: str,
    selection: Selection,
    rollouts: Sequence[Rollout],
    draws: Sequence[Draw],
    execution: ExecutionEvidence | None,
) -> list[str]:
    """Play a selection again with the recorded matches."""
    everybody = {r.id: r for r in rollouts if r.id in selection.population}
    candidates = [everybody[id] for id in selection.population]
    classes = identical(candidates) if selection.classes else ()
    if selection.classes_by == "behavior":
        classes = same_behaviour(execution, selection.population)
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
    field.behaviour = class_labels(execution) if execution else {}
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
            for match in matches:
                key = f"{field.key}/{match.id}/tie"
                found += _match(key, selection, match, everybody, execution)
                dealt = judges_key(f"{field.key}/{match.id}")
                if selection.judges and match.votes and dealt not in keys:
                    found.append(f"draw {dealt} is not among the draws")
                if match.decided_by == "random" and key not in keys:
                    found.append(f"draw {key} is not among the draws")
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
    return found + [f"draw {key} is not among the draws" for key in missing]


def _match(
    key: str,
    selection: Selection,
    match: Match,
    rollouts: Mapping[str, Rollout],
    execution: ExecutionEvidence | None,
) -> list[str]:
    found = _dealing(key.removesuffix("/tie"), selection, match)
    found += _fences(key.removesuffix(f"/{match.id}/tie"), selection.seed, match, rollouts)
    rules = SELECTIONS[selection.kind]
    grades = rules.answer == "grade"
    verdicts = [vote.verdict for vote in match.votes]
    asked = 0 if len(match.group) == 1 and not grades else selection.votes
    unsettled = match.skipped_votes and (
        not rules.can_stop_early or votes_needed(match.group, verdicts, votes=asked - match.cut)
    )
    if unsettled or len(verdicts) + match.skipped_votes + match.cut != asked:
        counts = f"{len(verdicts)} votes, {match.skipped_votes} saved and {match.cut} cut"
        found.append(f"match {match.id}: {counts} of {asked}")
    told = {id: (*worth(execution, id), *evidence(rollouts[id])) for id in match.group}
    by_evidence = selection.tie == "evidence" or unasked(match.cut, asked - match.cut)
    outcome = decide(
        match.group,
        verdicts,
        seed=selection.seed,
        key=key,
        evidence=told if by_evidence else None,
    )
    expected = (
        *outcome._replace(decided_by="grade" if grades else outcome.decided_by),
        mean_grade(match.votes),
        order_flip_rate([vote.order for vote in match.votes], verdicts),
    )
    recorded = (
        match.winner,
        match.decided_by,
        match.tally,
        match.tied,
        match.grade,
        match.order_flip_rate,
    )
    if recorded != expected:
        found.append(f"match {match.id}: recorded {recorded}, the votes give {expected}")
    return found


def _dealing(key: str, selection: Selection, match: Match) -> list[str]:
    """Votes that were dealt to another judge, or in another order, than the seed gives."""
    turns = turns_of(selection.judges, seed=selection.seed, key=key) or (None,)
    found = [
        f"match {match.id}: display order of vote {vote.index}"
        for vote in match.votes
        if vote.order != display_order(match.group, vote.index, len(turns))
    ]
    return found + [
        f"match {match.id}: judge of vote {vote.index}"
        for vote in match.votes
        if vote.judge != turns[vote.index % len(turns)]
    ]


def _fences(key: str, seed: int, match: Match, rollouts: Mapping[str, Rollout]) -> list[str]:
    """Votes whose prompt was fenced by another word than the seed gives."""
    return [
        f"match {match.id}: the fence of vote {vote.index}"
        for vote in match.votes
        if vote.fence is not None
        and not vote.reused
        and not is_possible_fence(
            vote.fence,
            [rollouts[id].summary.text for id in vote.order],
            seed=seed,
            key=vote_key(key, match.id, vote.order),
        )
    ]


def _contexts(
    problem: str, stage: Stage, rollouts: Sequence[Rollout], selections: Sequence[Selection]
) -> list[str]:
    before = [r.id for r in rollouts if r.iteration == stage.iteration - 1]
    recorded = [r for r in rollouts if r.iteration == stage.iteration]
    given = stage.rollouts
    n = len(before) if given.context == "single" and stage.cut else given.n
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
        if rollout.context != expected[rollout.index]
    ]
    told = {rollout.id: rollout.summary.text for rollout in rollouts}
    return found + [
        f"rollout {rollout.id}: the fence of its context"
        for rollout in recorded
        if rollout.fence is not None
        and not is_possible_fence(
            rollout.fence,
            [told[id] for id in rollout.context],
            seed=given.seed,
            key=context_key(rollout.iteration, rollout.context),
        )
    ]
