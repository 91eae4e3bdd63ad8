"""Outcomes of problems, written by hand for tests of statistics."""

from collections.abc import Sequence
from typing import Any

from inspect_tts.execution.records import UNTOUCHED, Check, CheckRun, ExecutionEvidence
from inspect_tts.method.records import (
    Facts,
    Match,
    Rollout,
    Round,
    Selection,
    Summary,
    Usage,
    Vote,
)
from inspect_tts.statistics.outcomes import ProblemOutcome

Graded = tuple[Rollout, float | None]
EXECUTED = ExecutionEvidence(
    iteration=0,
    population=("a", "b", "c", "d"),
    results={"a": "a", "b": "a", "c": "c", "d": UNTOUCHED},
    checks=(Check(id="u01", name="unit", origin="user", command="make test"),),
    runs=tuple(
        CheckRun(check="u01", tree=tree, returncode=code)
        for tree, code in ((UNTOUCHED, 1), ("a", 0), ("c", 2))
    ),
    separating=("u01",),
    classes=(("a", "b"), ("c", "d")),
    like_untouched=("c", "d"),
    attributions={"u01": {"a": "fixed", "b": "fixed", "c": "still failing"}},
    seconds=10.0,
)
"""A check that `a` and `b` fix; `d` has no result of its own."""


def rollout(
    name: str,
    score: float | None = None,
    *,
    fingerprint: str | None = None,
    summary_usage: Usage | None = None,
    **given: Any,
) -> Graded:
    """A rollout by its id, `t0-n01`, and its score."""
    iteration, index = name[1:].split("-n")
    status = given.get("status", "completed")
    fields = {
        "id": name,
        "iteration": int(iteration),
        "index": int(index),
        "model": "m",
        "status": status,
        "turns": 5,
        "messages": 10,
        "usage": Usage(total_tokens=100),
        "seconds": 1.0,
        "facts": Facts(status=status, fingerprint=fingerprint),
        "summary": Summary(status="structured", text="{}", usage=summary_usage or Usage()),
    }
    return Rollout(**{**fields, **given}), score


def outcome(*rollouts: Graded, problem: str = "p", **given: Any) -> ProblemOutcome:
    """A problem from its rollouts."""
    return ProblemOutcome(
        problem,
        1,
        tuple(rollout for rollout, _ in rollouts),
        {rollout.id: score for rollout, score in rollouts if score is not None},
        **given,
    )


def iterations(*scores: Sequence[float | None], problem: str = "p") -> ProblemOutcome:
    """A problem from the scores of each iteration."""
    rows = [
        rollout(f"t{t}-n{n:02d}", score)
        for t, row in enumerate(scores)
        for n, score in enumerate(row)
    ]
    return outcome(*rows, problem=problem)


def match(
    group: str,
    tally: dict[str, int],
    winner: str,
    *,
    abstentions: int = 0,
    reasked: int = 0,
    usage: Usage | None = None,
    seconds: float = 0.0,
    **given: Any,
) -> Match:
    """A match by its count; the first vote used everything."""
    names = group.split()
    verdicts = [name for name, count in tally.items() for _ in range(count)]
    votes = [
        Vote(
            index=index,
            order=tuple(names),
            verdict=verdict,
            abstention=None if verdict else "unreadable",
            reasked=index < reasked,
            model="m",
            usage=(usage or Usage()) if index == 0 else Usage(),
            seconds=seconds if index == 0 else 0.0,
        )
        for index, verdict in enumerate([*verdicts, *[None] * abstentions])
    ]
    fields = {"id": "m0", "votes": tuple(votes), "decided_by": "votes"}
    return Match(**{**fields, "group": tuple(names), "tally": tally, "winner": winner, **given})


def selection(*rounds: Sequence[Match], id: str = "t0", **given: Any) -> Selection:
    """A selection from the matches of each round."""
    played = tuple(Round(number=i + 1, matches=tuple(each)) for i, each in enumerate(rounds))
    population = tuple(dict.fromkeys(id for each in rounds for m in each for id in m.group))
    fields = {
        "id": id,
        "kind": "tournament",
        "iteration": int(id[1:].partition(".")[0]),
        "seed": 0,
        "keep": 1,
        "group_size": 2,
        "votes": 8,
        "population": population,
        "rounds": played,
        "ranking": population,
        "selected": population[:1],
    }
    return Selection(**{**fields, **given})
