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
from inspect_tts.method.records import STOP, Draw, Match, Rollout, Selection, Stage
from inspect_tts.method.seeding import seeded_shuffle
from inspect_tts.method.selection_specs import SELECTIONS, begin_selection
from inspect_tts.method.selections import Candidates
from inspect_tts.method.tournament import (
    decide,
    display_order,
    order_flip_rate,
    unasked,
    vote_key,
)
from inspect_tts.method.voting.auto import further_votes
from inspect_tts.text.fences import is_possible_fence

from .audit_rollouts import check_contexts, check_rollouts


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
    found += check_rollouts(stages, rollouts)
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
            found += check_contexts(problem, stage, rollouts, selections)
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
                found += _match(key, selection, match, judged, everybody, execution)
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
    judged: int,
    rollouts: Mapping[str, Rollout],
    execution: ExecutionEvidence | None,
) -> list[str]:
    orders = [vote.order != display_order(match.group, vote.index) for vote in match.votes]
    found = [f"match {match.id}: display order of vote {i}" for i, bad in enumerate(orders) if bad]
    found += _fences(key.removesuffix(f"/{match.id}/tie"), selection.seed, match, rollouts)
    rules = SELECTIONS[selection.kind]
    grades = rules.answer == "grade"
    verdicts = [vote.verdict for vote in match.votes]
    asked = 0 if len(match.group) == 1 and not grades else selection.votes
    stops = asked and (match.skipped_votes or selection.auto)
    if (stops and not _settled(match, selection, judged, verdicts)) or len(
        verdicts
    ) + match.skipped_votes + match.cut != asked:
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
    given = [vote.grade for vote in match.votes if vote.grade is not None]
    expected = (
        *outcome._replace(decided_by="grade" if grades else outcome.decided_by),
        sum(given) / len(given) if given else None,
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


def _settled(
    match: Match, selection: Selection, judged: int, verdicts: Sequence[str | None]
) -> bool:
    """Whether the votes settle their match; with a sequential test, all but the last do not."""
    rules, auto = SELECTIONS[selection.kind], selection.auto
    counts = range(len(verdicts) + 1) if auto else [len(verdicts)]
    *before, end = (
        further_votes(
            match.group,
            verdicts[:count],
            votes=selection.votes - match.cut,
            early_stop=rules.can_stop_early,
            auto=auto,
            matches=judged,
        )
        for count in counts
    )
    return not end and all(before)


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
