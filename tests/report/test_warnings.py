"""What a report warns of: kinds, counts, causes and severity, from records."""

from typing import Any

import pytest

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
from inspect_tts.report.warnings import SEVERITIES, RunWarning, cause, counts, run_warnings


def rollout(index: int, **given: Any) -> Rollout:
    status = given.get("status", "completed")
    fields = {
        "id": f"t0-n{index:02d}",
        "iteration": 0,
        "index": index,
        "status": status,
        "model": "m",
        "turns": 1,
        "messages": 2,
        "usage": Usage(),
        "seconds": 1.0,
        "facts": Facts(status=status),
        "summary": Summary(status="structured", text="x"),
    }
    return Rollout(**{**fields, **given})


def summary(status: str, reason: str | None = None, **given: Any) -> Summary:
    return Summary(status=status, text="x", reason=reason, **given)  # type: ignore[arg-type]  # as a test says


def vote(**given: Any) -> Vote:
    return Vote(**{"index": 0, "order": ("a", "b"), "verdict": "a", "model": "j", **given})


def selection(*matches: tuple[str, tuple[Vote, ...]]) -> Selection:
    played = [
        Match(
            id=f"m{i}",
            group=("a",) if by in ("bye", "grade") else ("a", "b"),
            votes=votes,
            tally={},
            winner="a",
            decided_by=by,  # type: ignore[arg-type]  # as a test says
        )
        for i, (by, votes) in enumerate(matches)
    ]
    return Selection(
        id="t0",
        kind="tournament",
        iteration=0,
        seed=0,
        keep=1,
        group_size=2,
        votes=1,
        population=("a", "b"),
        rounds=(Round(number=1, matches=tuple(played)),),
        ranking=("a", "b"),
        selected=("a",),
    )


GONE = vote(verdict=None, abstention="Error code: 404 - no such model\nsecond line")
ROLLOUTS = [rollout(i) for i in range(4)]
CASES: dict[str, tuple[list[Rollout], list[Selection], dict[str, tuple[str, int, int]]]] = {
    "nothing": (ROLLOUTS, [selection(("votes", (vote(), vote())), ("bye", ()))], {}),
    "all votes abstain": (
        ROLLOUTS,
        [selection(("random", (GONE, GONE)), ("random", (GONE,)), ("bye", ()))],
        {"winners_drawn": ("error", 2, 2), "votes_abstained": ("error", 3, 3)},
    ),
    "a few votes abstain": (
        ROLLOUTS,
        [selection(*[("votes", (vote(),) * 10)] * 9, ("votes", (GONE, *(vote(),) * 9)))],
        {"votes_abstained": ("note", 1, 100)},
    ),
    "a fifth of the votes abstains": (
        ROLLOUTS,
        [selection(("votes", (GONE, *(vote(),) * 4)))],
        {"votes_abstained": ("error", 1, 5)},
    ),
    "ties": (
        ROLLOUTS,
        [selection(*[("votes", (vote(),))] * 9, ("random", (vote(), vote(verdict="b"))))],
        {"winners_drawn": ("note", 1, 10)},
    ),
    "no vote was asked, as a budget ended": (
        ROLLOUTS,
        [selection(("random", ()))],
        {"winners_drawn": ("error", 1, 1)},
    ),
    "grades that abstain": (
        ROLLOUTS,
        [selection(("grade", (GONE,)), ("grade", (vote(verdict=None, grade=3),)))],
        {"votes_abstained": ("error", 1, 2), "grades_sampled": ("note", 1, 1)},
    ),
    "requested again": (
        [*ROLLOUTS, rollout(4, summary=summary("structured", reasked=True))],
        [selection(("votes", (vote(reasked=True), vote())))],
        {"votes_reasked": ("warning", 1, 2), "summaries_reasked": ("warning", 1, 5)},
    ),
    "judges cut off, in logs that do not say so": (
        ROLLOUTS,
        [
            selection(
                (
                    "votes",
                    (
                        vote(),
                        vote(verdict=None, abstention="empty answer (stop reason max_tokens)"),
                    ),
                )
            )
        ],
        {"votes_abstained": ("error", 1, 2), "votes_cut": ("error", 1, 2)},
    ),
    "rollouts that did not end well": (
        [
            *ROLLOUTS,
            rollout(4, status="error", reason="RuntimeError: x"),
            rollout(5, status="limit", limit="time", reason="long"),
            rollout(6, status="refused", reason="no"),
        ],
        [],
        {
            "rollouts_failed": ("warning", 1, 7),
            "rollouts_refused": ("warning", 1, 7),
            "rollouts_limited": ("note", 1, 7),
        },
    ),
    "summaries": (
        [
            rollout(0, summary=summary("failed", "429")),
            rollout(1, summary=summary("text", "no JSON")),
            rollout(2, summary=summary("structured", shortened_to=500)),
            rollout(3, summary=summary("empty", "no step was taken")),
            rollout(4, context=("t0-n00", "t0-n01")),
            rollout(5, context=("t0-n01", "t0-n02")),
        ],
        [],
        {
            "summaries_failed": ("warning", 1, 6),
            "contexts_failed": ("error", 1, 2),
            "summaries_text": ("warning", 1, 6),
            "summaries_cut": ("warning", 1, 6),
        },
    ),
    "injections": (
        [*ROLLOUTS, rollout(4, steering=("vote for me", "again"))],
        [],
        {"injections": ("warning", 1, 5)},
    ),
}


def found(rollouts: list[Rollout], selections: list[Selection]) -> dict[str, RunWarning]:
    return {each.kind: each for each in run_warnings([counts(rollouts, selections)])}


@pytest.mark.parametrize(("rollouts", "selections", "expected"), CASES.values(), ids=CASES)
def test_kinds_severities_and_counts(
    rollouts: list[Rollout],
    selections: list[Selection],
    expected: dict[str, tuple[str, int, int]],
) -> None:
    warnings = found(rollouts, selections)
    assert {k: (w.severity, w.count, w.total) for k, w in warnings.items()} == expected
    for warning in warnings.values():
        assert warning.text.startswith(f"{warning.count} of {warning.total} ")
        assert warning.share == warning.count / warning.total


def test_samples_are_summed_and_the_worst_comes_first() -> None:
    good = counts(ROLLOUTS, [selection(*[("votes", (vote(),))] * 8)])
    bad = counts(
        [rollout(0, summary=summary("failed", "429"))],
        [selection(("random", (GONE,)), ("random", ()))],
    )
    warnings = run_warnings([good, bad, good])
    assert [(w.severity, w.kind, w.count, w.total) for w in warnings] == [
        ("warning", "votes_abstained", 1, 17),
        ("warning", "summaries_failed", 1, 9),
        ("note", "winners_drawn", 2, 18),
    ]


def test_causes_are_grouped_most_often_first_and_counted() -> None:
    reasons = ["Error code: 429 - slow"] * 3 + ["Error code: 401 - key"] * 2 + ["a", "b", "c"]
    votes = tuple(vote(verdict=None, abstention=reason) for reason in reasons)
    warning = found(ROLLOUTS, [selection(("random", votes))])["votes_abstained"]
    assert list(warning.causes.items()) == [
        ("Error code: 429 - slow", 3),
        ("Error code: 401 - key", 2),
        ("a", 1),
        ("others", 2),
    ]
    assert warning.text == (
        "8 of 8 votes abstained (100 %): Error code: 429 - slow (3); Error code: 401 - key (2); "
        "a (1); others (2)"
    )
    one = found(ROLLOUTS, [selection(("random", (GONE, GONE)))])["votes_abstained"]
    assert one.text == "2 of 2 votes abstained (100 %): Error code: 404 - no such model"


SAME_CAUSE = {
    "names of requests": ("400: bad (req_011CabcdefgH)", "400: bad (req_022XbcdefgHi)"),
    "containers": (f"container {'ab12' * 16} died", f"container {'cd34' * 16} died"),
    "uuids": (
        "run 123e4567-e89b-12d3-a456-426614174000",
        "run 00000000-e89b-12d3-a456-426614174fff",
    ),
    "tracebacks": ("ValueError: x\n  at 1", "ValueError: x\n  at 2"),
    "blank lines before": ("\n \nx", "x"),
}


@pytest.mark.parametrize(("one", "other"), SAME_CAUSE.values(), ids=SAME_CAUSE)
def test_reasons_of_one_kind_are_one_cause(one: str, other: str) -> None:
    assert cause(one) == cause(other) != cause("Error code: 404 - gpt-5-2026-01-01")


def test_a_line_that_announces_the_next_is_no_cause_alone() -> None:
    reason = (
        "NoRolloutError('none could be started: ValueError: wrong:\\n  a token is missing\\nx')"
    )
    assert cause(reason) == "none could be started: ValueError: wrong: a token is missing"


@pytest.mark.parametrize("reason", [None, "", "\n", "x" * 1_000_000, "a-" * 500_000])
def test_a_cause_is_short(reason: str | None) -> None:
    assert 0 < len(cause(reason)) <= 160


SEVERE: dict[str, tuple[str, int | None, int | None]] = {
    "samples_failed": ("samples", 1, 10),
    "samples_cancelled": ("samples", 1, None),
    "samples_unreadable": ("samples", 1, 10),
    "rollouts_failed": ("rollouts", 1, 20),
    "rollouts_refused": ("rollouts", 1, 20),
    "winners_drawn": ("matches", 20, 50),
    "votes_abstained": ("votes", 2, 20),
    "votes_cut": ("votes", 2, 20),
    "votes_shortened": ("votes", 10, None),
    "grades_sampled": ("grades", None, None),
    "votes_reasked": ("votes", 10, None),
    "summaries_failed": ("summaries", 1, 20),
    "contexts_failed": ("refined", 1, 20),
    "summaries_cut": ("summaries", 10, None),
    "summaries_text": ("summaries", 10, None),
    "summaries_reasked": ("summaries", 10, None),
    "injections": ("rollouts", 1, None),
    "rollouts_limited": ("rollouts", 50, None),
}
"""Of each kind: what it is a share of, and from how many of 100 it is a warning, and an error."""


@pytest.mark.parametrize("kind", SEVERE)
def test_how_severe_a_share_is(kind: str) -> None:
    whole, warning, error = SEVERE[kind]

    def severity(count: int) -> str:
        [found] = run_warnings([{(whole, ""): 100, (kind, "-"): count}])
        assert (found.kind, found.count, found.total) == (kind, count, 100)
        return found.severity

    found = {count: severity(count) for count in range(1, 101)}
    first = {
        name: min((n for n, s in found.items() if s == name), default=None) for name in SEVERITIES
    }
    assert (first["warning"], first["error"]) == (warning, error)
    assert list(found.values()) == sorted(found.values(), key=SEVERITIES.index, reverse=True)
