"""How much work a run will do: counts that follow from the arguments alone."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from inspect_tts.method.records import Record, Rollout, Selection, Usage
from inspect_tts.method.selection_specs import (
    SELECTIONS,
    SelectionSpec,
    matches_at_least,
    matches_at_most,
)
from inspect_tts.method.voting.close_matches import open_lead
from inspect_tts.method.voting.early_stopping import AutoVotes, further_votes


class Counts(Record):
    """How much a strategy does on one problem: upper bounds, and lower ones named `fewest_`."""

    rollouts: int
    fewest_rollouts: int
    """Rollouts if enough of the first wave agree."""
    matches: int
    votes: int
    """Judge calls if no match stops early; re-asks are not counted."""
    fewest_votes: int
    """Judge calls if every match stops as early as it can; 0 if duplicates are joined, since all
    rollouts may be equal."""
    investigations: int = 0
    """Investigations if every match is close."""
    sandboxes: int
    """Sandboxes open at once, without the sample's own."""


class Averages(Record):
    """Average usage of one rollout, one summary and one vote."""

    rollout: Usage
    summary: Usage
    vote: Usage

    def total(self, rollouts: int, votes: int) -> Usage:
        """Usage of so many rollouts with their summaries, and so many votes."""
        times = ((self.rollout, rollouts), (self.summary, rollouts))
        parts = [_times(usage, number) for usage, number in (*times, (self.vote, votes))]
        known = all(part.cost is not None for part in parts)
        whole = sum(parts, Usage())
        return whole if known else whole.model_copy(update={"cost": None})


def _times(usage: Usage, number: float) -> Usage:
    tokens = {name: round(value * number) for name, value in usage if name != "cost"}
    return Usage(**tokens, cost=None if usage.cost is None else usage.cost * number)


def mean_usage(usages: Iterable[Usage]) -> Usage:
    """The mean of some usages; zero if there are none."""
    found = list(usages)
    return _times(sum(found, Usage()), 1 / max(1, len(found)))


def measured(
    rollouts: Sequence[Rollout], selections: Iterable[Selection], judges: Sequence[str] = ()
) -> Averages:
    """Averages of a run; if all given judges have voted, each weighs equally in the mean vote."""
    matches = [match for s in selections for round in s.rounds for match in round.matches]
    votes = [vote for match in matches for vote in match.votes]
    of_judges = [[v.usage for v in votes if name in (v.judge, v.model)] for name in judges]
    each = [mean_usage(usages) for usages in of_judges if usages]
    return Averages(
        rollout=mean_usage(rollout.usage for rollout in rollouts),
        summary=mean_usage(rollout.summary.usage for rollout in rollouts),
        vote=mean_usage(
            each if judges and len(each) == len(judges) else (vote.usage for vote in votes)
        ),
    )


def counts(given: dict[str, Any], *, final: bool = True) -> Counts:
    """Count what a strategy does on one problem, from its arguments and its selection."""
    waves = given["n"] == "auto"
    n, fewest = (given["max_n"], given["min_n"]) if waves else (given["n"],) * 2
    top_k, iterations = given.get("top_k", 0), given.get("iterations", 1)
    selecting = given.get("context", "select") == "select"
    carried = top_k if given.get("keep_parents") and iterations > 1 else 0
    spec, size = SELECTIONS[given["selection"]], given["group_size"]

    def matches_of(n: int, bound: Callable[[SelectionSpec, int, int, int], int]) -> int:
        games = [(n, top_k)] * (iterations - 1 if selecting else 0)
        games += [(n + carried, 1)] if final else []
        return sum(bound(spec, population, keep, size) for population, keep in games)

    matches = matches_of(n, matches_at_most)
    joins = given.get("dedupe") or given.get("dedupe_behavior")  # perhaps all rollouts are equal
    least = 0 if joins else matches_of(fewest, matches_at_least)
    most = given["max_votes"] if given["votes"] == "auto" else given["votes"]
    investigates = given.get("close") == "investigate"
    executes = bool(given.get("check")) or given.get("evidence", "none") != "none"
    return Counts(
        rollouts=n * iterations,
        fewest_rollouts=fewest * iterations,
        matches=matches,
        votes=matches * most,
        fewest_votes=least * _fewest_votes(given, most, matches) if least else 0,
        investigations=matches if investigates else 0,
        sandboxes=n + carried + (executes or investigates),
    )


def _fewest_votes(given: dict[str, Any], most: int, matches: int) -> int:
    """The fewest votes that can settle a match."""
    auto = None
    if given["votes"] == "auto":
        auto = AutoVotes(least=given["min_votes"], most=most, error=given["vote_error"])
    return further_votes(
        ("one", "other"),
        [],
        votes=most,
        early_stop=given["early_stop"] and SELECTIONS[given["selection"]].can_stop_early,
        auto=auto,
        matches=matches,
        open_lead=open_lead(given.get("close", "votes")),
    )
