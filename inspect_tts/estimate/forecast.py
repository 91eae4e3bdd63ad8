"""How many votes a selection will ask for, before any judge is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from inspect_tts.execution.classes import worth
from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.method.candidates import tie_break_key
from inspect_tts.method.recorded_votes import RecordedVotes, VoteKey
from inspect_tts.method.records import Match, Rollout, Vote, mean_grade
from inspect_tts.method.selection_specs import SELECTIONS, begin_selection, matches_at_most
from inspect_tts.method.selections import Candidates
from inspect_tts.method.tournament import (
    Outcome,
    TieBreak,
    decide,
    display_order,
    judges_key,
    turns_of,
)
from inspect_tts.method.voting.close_matches import Close, investigated, is_close, open_lead
from inspect_tts.method.voting.early_stopping import AutoVotes, further_votes


@dataclass(frozen=True)
class Forecast:
    """Numbers of votes in one or more selections."""

    reused: int = 0
    """Recorded votes that are sure to be used."""
    least: int = 0
    """Votes to be asked for in any case."""
    most: int = 0
    """Votes to be asked for at most."""

    def __add__(self, other: "Forecast") -> "Forecast":
        """Sum two forecasts."""
        return Forecast(
            self.reused + other.reused, self.least + other.least, self.most + other.most
        )


@dataclass(frozen=True)
class Plan:
    """A selection to be made."""

    kind: str
    votes: int
    early_stop: bool
    tie: TieBreak
    asked: VoteKey
    """What a judge will be asked."""
    auto: AutoVotes | None = None
    close: Close = "votes"
    judges: Mapping[str, str] = field(default_factory=dict)
    """The models of several judges, by the judge's name."""
    execution: ExecutionEvidence | None = None
    """Evidence by which ties may be broken."""


def forecast(
    plan: Plan, given: Candidates, recorded: RecordedVotes
) -> tuple[Forecast, tuple[str, ...] | None]:
    """Play a selection with recorded votes as far as they go; return its ranking if they suffice.

    After the first undecided round, the pairings are unknown. An upper bound for the number of
    matches is known, so `Forecast.most` stays an upper bound.
    """
    spec, found, judged, matches = SELECTIONS[plan.kind], Forecast(), 0, list[Match]()
    most = matches_at_most(spec, len(given.ids), given.keep, given.group_size)
    steps, number = begin_selection(plan.kind, given), 0
    while True:
        try:
            groups = steps.send(matches) if number else next(steps)
        except StopIteration as end:
            return found, end.value
        number, matches, certain = number + 1, [], True
        here = sum(len(group) > 1 for group in groups)
        for index, group in enumerate(groups):
            id = f"r{number}-m{index}"
            if len(group) == 1 and spec.answer != "grade":
                matches.append(_match(plan, given, id, group, []))
                continue
            expected, verdicts, grade = _votes(plan, given, id, group, here, recorded)
            found, judged = found + expected, judged + 1
            certain = certain and expected.most == 0
            match = _match(plan, given, id, group, verdicts, grade)
            if plan.close == "investigate" and expected.most == 0 and is_close(match.tally):
                match = _looked_at(match, recorded)
            matches.append(match)
        if not certain:
            return found + Forecast(most=max(0, most - judged) * plan.votes), None


def _votes(
    plan: Plan, given: Candidates, id: str, group: Sequence[str], here: int, recorded: RecordedVotes
) -> tuple[Forecast, list[str | None], float | None]:
    """Apply recorded votes to one match: return the forecast, the verdicts and the mean grade."""
    verdicts, cast_votes = list[str | None](), list[Vote]()
    spec, match = SELECTIONS[plan.kind], _key(given, id).removeprefix(f"{given.key}/")
    dealt = judges_key(given.key, match, grades=spec.answer == "grade")
    turns = turns_of([*plan.judges], seed=given.seed, key=dealt) or ("",)
    stops = plan.early_stop and spec.can_stop_early
    while True:
        cast = len(verdicts)
        wave = further_votes(
            group,
            verdicts,
            votes=plan.votes,
            early_stop=stops,
            auto=plan.auto,
            matches=here,
            open_lead=open_lead(plan.close),
        )
        if wave == 0:
            return Forecast(reused=cast), verdicts, mean_grade(cast_votes)
        found = [_take(plan, turns, group, recorded, index) for index in range(cast, cast + wave)]
        missing = found.count(None)
        if missing:
            later = [_take(plan, turns, group, recorded, i) for i in range(cast + wave, plan.votes)]
            reused = cast + wave - missing
            return Forecast(reused, missing, missing + later.count(None)), [], None
        verdicts += [vote.verdict for vote in found if vote]
        cast_votes += [vote for vote in found if vote]


def _take(
    plan: Plan, turns: Sequence[str], group: Sequence[str], recorded: RecordedVotes, index: int
) -> Vote | None:
    judge = plan.judges.get(turns[index % len(turns)], plan.asked.judge)
    asked = plan.asked._replace(judge=judge)
    return recorded.take(asked, display_order(group, index, len(turns)))


def _key(given: Candidates, id: str) -> str:
    """The key under which a match's random draws are made, unique within a strategy."""
    return f"{given.key}/{given.key.rpartition('/')[2]}-{id}"


def _looked_at(match: Match, recorded: RecordedVotes) -> Match:
    """A close match, decided by its recorded investigation if there is one."""
    looked = recorded.take_investigation(match.group)
    outcome = Outcome(match.winner, match.decided_by, match.tally, match.tied)
    return match.model_copy(update=investigated(outcome, looked)._asdict())


def _match(
    plan: Plan,
    given: Candidates,
    id: str,
    group: tuple[str, ...],
    verdicts: Sequence[str | None],
    grade: float | None = None,
) -> Match:
    candidates: dict[str, Rollout] = given.rollouts
    told = {id: (*worth(plan.execution, id), *tie_break_key(candidates[id])) for id in group}
    by_evidence = told if plan.tie == "evidence" else None
    key = f"{_key(given, id)}/tie"
    outcome = decide(group, verdicts, seed=given.seed, key=key, evidence=by_evidence)
    return Match(id=id, group=group, votes=(), grade=grade, **outcome._asdict())
