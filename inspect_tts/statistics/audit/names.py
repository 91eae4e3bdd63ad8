"""Refuse records that contradict each other, since no numbers can be computed from them."""

from collections.abc import Iterable, Sequence

from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.method.records import Match, Rollout, Selection, Stage


def check_names(
    rollouts: Sequence[Rollout],
    selections: Sequence[Selection],
    stages: Sequence[Stage] = (),
    executions: Sequence[ExecutionEvidence] = (),
    adopted: str | None = None,
) -> None:
    """Raise a ValueError if a record names a rollout that does not exist or belong there."""
    everybody = {rollout.id for rollout in rollouts}
    if len(everybody) < len(rollouts):
        raise ValueError("two of its rollouts have the same id")
    for rollout in rollouts:
        _known(f"the context of rollout {rollout.id}", rollout.context, everybody)
    for selection in selections:
        of, classes = f"of selection {selection.id}", selection.classes
        _known(f"the population {of}", selection.population, everybody)
        _known(f"the classes {of}", (id for each in classes for id in each), everybody)
        _known(f"the ranking {of}", (*selection.ranking, *selection.selected), everybody)
        for match in (match for round in selection.rounds for match in round.matches):
            _known(f"the group of match {match.id}", match.group, everybody)
            _check_match(match)
    for each in executions:
        named = (*each.population, *each.results, *each.unavailable, *each.like_untouched)
        _known(f"the evidence on iteration {each.iteration}", named, everybody)
    if adopted is not None:
        _known("what was adopted", (adopted,), everybody)
    for stage in stages:
        _check_parameters(stage)


def _known(what: str, ids: Iterable[str], known: Iterable[str]) -> None:
    if unknown := sorted({*ids} - {*known}):
        raise ValueError(f"{what} names {unknown[0]!r}, which does not exist")


def _check_match(match: Match) -> None:
    _known(f"the winner of match {match.id}", (match.winner,), match.group)
    _known(f"the count of match {match.id}", (*match.tally, *match.tied), match.group)
    for vote in match.votes:
        if sorted(vote.order) != sorted(match.group):
            raise ValueError(f"vote {vote.index} of match {match.id} shows others than its group")
        if vote.verdict is not None:
            _known(f"vote {vote.index} of match {match.id}", (vote.verdict,), match.group)
    looked = match.investigation
    if looked is not None:
        verdict = () if looked.verdict is None else (looked.verdict,)
        _known(f"the investigation of match {match.id}", (*looked.order, *verdict), match.group)


def _check_parameters(stage: Stage) -> None:
    """Read a stage's arguments, which raises a ValueError if they are invalid."""
    if stage.adds_rollouts:
        _ = stage.rollouts
    if stage.selects and stage.prompts:
        _ = stage.judging
