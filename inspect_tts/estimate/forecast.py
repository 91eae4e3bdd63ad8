"""How many votes a selection will have to ask, before any is asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from inspect_tts.method.candidates import evidence
from inspect_tts.method.recorded_votes import RecordedVotes, VoteKey
from inspect_tts.method.records import Match, Rollout, Vote
from inspect_tts.method.selection_specs import SELECTIONS, begin_selection, matches_at_most
from inspect_tts.method.selections import Candidates
from inspect_tts.method.tournament import TieBreak, decide, display_order
from inspect_tts.method.voting.auto import AutoVotes, further_votes


@dataclass(frozen=True)
class Forecast:
    """Votes of one or more selections."""

    reused: int = 0
    """Recorded ones that will be used for certain."""
    least: int = 0
    """To be asked in any case."""
    most: int = 0
    """To be asked at most."""

    def __add__(self, other: "Forecast") -> "Forecast":
        """Sum two forecasts."""
        return Forecast(
            self.reused + other.reused, self.least + other.least, self.most + other.most
        )


@dataclass(frozen=True)
class Plan:
    """A selection that is to be made."""

    kind: str
    votes: int
    early_stop: bool
    tie: TieBreak
    asked: VoteKey
    """What a judge will be asked."""
    auto: AutoVotes | None = None


def forecast(
    plan: Plan, field: Candidates, recorded: RecordedVotes
) -> tuple[Forecast, tuple[str, ...] | None]:
    """Play a selection with recorded votes as far as they go.

    After the first undecided round the pairings are unknown, but not how many matches follow at
    most, so the result is an upper bound.
    """
    spec, found, judged, matches = SELECTIONS[plan.kind], Forecast(), 0, list[Match]()
    most = matches_at_most(spec, len(field.ids), field.keep, field.group_size)
    steps, number = begin_selection(plan.kind, field), 0
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
                matches.append(_match(plan, field, id, group, []))
                continue
            expected, verdicts, grade = _votes(plan, group, here, recorded)
            found, judged = found + expected, judged + 1
            certain = certain and expected.most == 0
            matches.append(_match(plan, field, id, group, verdicts, grade))
        if not certain:
            return found + Forecast(most=max(0, most - judged) * plan.votes), None


def _votes(
    plan: Plan, group: Sequence[str], here: int, recorded: RecordedVotes
) -> tuple[Forecast, list[str | None], float | None]:
    """What recorded votes settle of one match: the forecast, the verdicts and the mean grade."""
    verdicts, grades = list[str | None](), list[int]()
    stops = plan.early_stop and SELECTIONS[plan.kind].can_stop_early
    while True:
        cast = len(verdicts)
        wave = further_votes(
            group, verdicts, votes=plan.votes, early_stop=stops, auto=plan.auto, matches=here
        )
        if wave == 0:
            grade = sum(grades) / len(grades) if grades else None
            return Forecast(reused=cast), verdicts, grade
        found = [_take(plan, group, recorded, index) for index in range(cast, cast + wave)]
        missing = found.count(None)
        if missing:
            later = [_take(plan, group, recorded, i) for i in range(cast + wave, plan.votes)]
            reused = cast + wave - missing
            return Forecast(reused, missing, missing + later.count(None)), [], None
        verdicts += [vote.verdict for vote in found if vote]
        grades += [vote.grade for vote in found if vote and vote.grade is not None]


def _take(plan: Plan, group: Sequence[str], recorded: RecordedVotes, index: int) -> Vote | None:
    return recorded.take(plan.asked, display_order(group, index))


def _match(
    plan: Plan,
    field: Candidates,
    id: str,
    group: tuple[str, ...],
    verdicts: Sequence[str | None],
    grade: float | None = None,
) -> Match:
    candidates: dict[str, Rollout] = field.rollouts
    worth = {name: evidence(candidates[name]) for name in group} if plan.tie == "evidence" else None
    selection = field.key.rpartition("/")[2]
    key = f"{field.key}/{selection}-{id}/tie"
    outcome = decide(group, verdicts, seed=field.seed, key=key, evidence=worth)
    return Match(id=id, group=group, votes=(), grade=grade, **outcome._asdict())
