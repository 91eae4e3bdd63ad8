"""Quality of each judge of a run: accuracy, abstentions, flips and agreement with others."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations, product
from typing import NamedTuple

from inspect_tts.method.records import Match, Usage, Vote, mean_grade
from inspect_tts.method.tournament import order_flip_rate

from .judge_quality import passing
from .outcomes import ProblemOutcome


class JudgeNumbers(NamedTuple):
    """The numbers of one judge of a run."""

    judge: str
    """Its model, or its name followed by the model if the name differs."""
    votes: int
    """Votes requested, including grades."""
    abstention: float | None
    """Share of these votes without a verdict or grade."""
    decidable: int
    """Votes cast in decidable matches; for grades, pairs of a passing and a failing rollout."""
    accuracy: float | None
    """Share of these that favor the passing rollout; a pair with equal grades counts half."""
    flip: float | None
    """How often its verdict changes with the display order, as a mean over matches."""
    agreement: float | None
    """How often its verdicts agree with those of other judges in the same match, as a share of
    pairs."""
    tokens: float
    """Mean tokens of a vote."""
    dollars: float | None
    """Total cost of its votes; None if the price is not known."""


def judge_name(vote: Vote) -> str:
    """The name of a vote's judge in a report."""
    named = vote.judge not in (None, vote.model)
    return f"{vote.judge} ({vote.model})" if named else vote.model


def by_judge(outcomes: Sequence[ProblemOutcome]) -> tuple[JudgeNumbers, ...]:
    """The numbers of each judge, sorted by name."""
    votes: dict[str, list[Vote]] = defaultdict(list)
    right: dict[str, list[float]] = defaultdict(list)
    flips: dict[str, list[float]] = defaultdict(list)
    agreed: dict[str, list[bool]] = defaultdict(list)
    for outcome in outcomes:
        for *_, match in outcome.matches():
            passes = passing(outcome, match) or {}
            for name, own in _by_name(match.votes).items():
                votes[name] += own
                cast = [vote for vote in own if vote.verdict is not None]
                right[name] += [passes[v.verdict] for v in cast if v.verdict in passes]
                flip = order_flip_rate([v.order for v in cast], [v.verdict for v in cast])
                flips[name] += [] if flip is None else [flip]
            for one, other in combinations([v for v in match.votes if v.verdict is not None], 2):
                if judge_name(one) != judge_name(other):
                    agreed[judge_name(one)].append(one.verdict == other.verdict)
                    agreed[judge_name(other)].append(one.verdict == other.verdict)
        for name, order in _graded(outcome):
            right[name].append(order)
    return tuple(
        _numbers(name, own, right[name], flips[name], agreed[name])
        for name, own in sorted(votes.items())
    )


def _numbers(
    name: str,
    votes: Sequence[Vote],
    right: Sequence[float],
    flips: Sequence[float],
    agreed: Sequence[bool],
) -> JudgeNumbers:
    used = sum((vote.usage for vote in votes), Usage())
    return JudgeNumbers(
        judge=name,
        votes=len(votes),
        abstention=_mean([vote.abstention is not None for vote in votes]),
        decidable=len(right),
        accuracy=_mean(right),
        flip=_mean(flips),
        agreement=_mean(agreed),
        tokens=used.total_tokens / len(votes),
        dollars=used.cost,
    )


def _by_name(votes: Iterable[Vote]) -> dict[str, list[Vote]]:
    found: dict[str, list[Vote]] = defaultdict(list)
    for vote in votes:
        found[judge_name(vote)].append(vote)
    return found


def _graded(outcome: ProblemOutcome) -> Iterable[tuple[str, float]]:
    """Whether each judge graded the passing rollout of a pair higher: 1, 0, or 0.5 for a tie."""
    rounds: dict[tuple[str, int], list[Match]] = defaultdict(list)
    for selection, number, match in outcome.matches():
        rounds[selection.id, number].append(match)
    for matches in rounds.values():
        grades: dict[str, dict[str, float]] = defaultdict(dict)
        for match in matches:
            for name, own in _by_name(match.votes).items():
                if (given := mean_grade(own)) is not None:
                    grades[name][match.winner] = given
        for name, mean in grades.items():
            passed = [mean[id] for id in mean if outcome.passed(id)]
            failed = [mean[id] for id in mean if outcome.passed(id) is False]
            for high, low in product(passed, failed):
                yield name, 0.5 if high == low else float(high > low)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
