"""Recompute a match from its record: its judges, display orders, number of votes and winner."""

from collections.abc import Mapping, Sequence

from inspect_tts.execution.classes import worth
from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.method.candidates import tie_break_key
from inspect_tts.method.records import Match, Rollout, Selection, mean_grade
from inspect_tts.method.selection_specs import SELECTIONS
from inspect_tts.method.tournament import (
    decide,
    display_order,
    judges_key,
    order_flip_rate,
    turns_of,
    unasked,
    vote_key,
)
from inspect_tts.method.voting.close_matches import investigated, is_close, open_lead
from inspect_tts.method.voting.early_stopping import further_votes
from inspect_tts.text.fences import is_possible_fence


def match_discrepancies(
    key: str,
    selection: Selection,
    match: Match,
    judged: int,
    rollouts: Mapping[str, Rollout],
    execution: ExecutionEvidence | None,
) -> list[str]:
    """Compare a match, one of `judged` in its round, with the result of its votes."""
    found = _dealing(key.removesuffix("/tie"), selection, match)
    found += _fences(key.removesuffix(f"/{match.id}/tie"), selection.seed, match, rollouts)
    rules = SELECTIONS[selection.kind]
    grades = rules.answer == "grade"
    verdicts = [vote.verdict for vote in match.votes]
    asked = 0 if len(match.group) == 1 and not grades else selection.votes
    stops = asked and (match.skipped_votes or selection.auto)
    unsettled = stops and not _settled(match, selection, judged, verdicts)
    if unsettled or len(verdicts) + match.skipped_votes + match.cut != asked:
        counts = f"{len(verdicts)} votes, {match.skipped_votes} saved and {match.cut} cut"
        found.append(f"match {match.id}: {counts} of {asked}")
    told = {id: (*worth(execution, id), *tie_break_key(rollouts[id])) for id in match.group}
    by_evidence = selection.tie == "evidence" or unasked(match.cut, asked - match.cut)
    outcome = decide(
        match.group,
        verdicts,
        seed=selection.seed,
        key=key,
        evidence=told if by_evidence else None,
    )
    found += _investigation(key.removesuffix("/tie"), selection, match, rollouts)
    try:
        outcome = investigated(outcome, match.investigation)
    except ValueError as error:
        found.append(f"match {match.id}: {error}")
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


def _settled(
    match: Match, selection: Selection, judged: int, verdicts: Sequence[str | None]
) -> bool:
    """Whether the votes settle the match and, with a sequential test, fewer votes do not."""
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
            open_lead=open_lead(selection.close),
        )
        for count in counts
    )
    return not end and all(before)


def _dealing(key: str, selection: Selection, match: Match) -> list[str]:
    """Find votes whose judge or display order is not the one that the seed gives."""
    grades = SELECTIONS[selection.kind].answer == "grade"
    dealt = judges_key(key.removesuffix(f"/{match.id}"), match.id, grades=grades)
    turns = turns_of(selection.judges, seed=selection.seed, key=dealt) or (None,)
    found = [
        f"match {match.id}: wrong display order of vote {vote.index}"
        for vote in match.votes
        if vote.order != display_order(match.group, vote.index, len(turns))
    ]
    return found + [
        f"match {match.id}: wrong judge of vote {vote.index}"
        for vote in match.votes
        if vote.judge != turns[vote.index % len(turns)]
    ]


def _investigation(
    key: str, selection: Selection, match: Match, rollouts: Mapping[str, Rollout]
) -> list[str]:
    """Find an investigation that is missing, unexpected, or inconsistent with its match."""
    looked = match.investigation
    wanted = selection.close == "investigate" and len(match.group) > 1 and is_close(match.tally)
    if (looked is not None) != wanted:
        return [f"match {match.id}: {'no' if wanted else 'an'} investigation is recorded"]
    if looked is None:
        return []
    order = display_order(match.group, 0)
    found = [f"match {match.id}: wrong display order of its investigation"] * (
        looked.order != order
    )
    if (looked.verdict is None) == (looked.ended == "verdict"):
        found.append(f"match {match.id}: its investigation ended with {looked.ended!r}")
    if looked.fence is None or looked.reused:
        return found
    selected = key.removesuffix(f"/{match.id}")
    fences = is_possible_fence(
        looked.fence,
        [rollouts[id].summary.text for id in looked.order],
        seed=selection.seed,
        key=f"{vote_key(selected, match.id, looked.order)}/investigation",
    )
    return found if fences else [*found, f"match {match.id}: wrong fence of its investigation"]


def _fences(key: str, seed: int, match: Match, rollouts: Mapping[str, Rollout]) -> list[str]:
    """Find votes whose prompt has another fence than the seed gives."""
    return [
        f"match {match.id}: wrong fence of vote {vote.index}"
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
