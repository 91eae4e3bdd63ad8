"""What rollouts of several agents and models are worth, from the records alone."""

from outcome_cases import match, outcome, rollout, selection

from inspect_tts.method.records import Usage
from inspect_tts.statistics.assignments import by_assignment

A, A2, B = "t0-n00", "t0-n01", "t0-n02"


def test_only_matches_between_kinds_tell_which_kind_wins() -> None:
    rollouts = (
        rollout(A, 1.0, model="a"),
        rollout(A2, 0.0, model="a"),
        rollout(B, 1.0, model="b"),
    )
    played = (
        match(f"{A} {A2}", {A: 3}, A),
        match(f"{A} {B}", {A: 1, B: 3}, B),
        match(f"{A} {A2} {B}", {A2: 3, B: 1}, A2),
        match(f"{A} {B}", {}, A),  # nobody was asked
    )
    found = outcome(*rollouts, selections=(selection(played),), adopted=B)
    one, two = by_assignment([found])
    assert [(each.model, each.matches, each.won) for each in (one, two)] == [
        ("a", 2, 0.5),
        ("b", 2, 0.5),
    ]
    assert (one.fair, two.fair) == ((1 / 2 + 2 / 3) / 2, (1 / 2 + 1 / 3) / 2)
    assert (one.score, two.score, one.adopted, two.adopted) == (0.5, 1.0, 0.0, 1.0)


def test_dollars_are_told_only_where_every_price_is_known() -> None:
    paid, free = Usage(total_tokens=100, cost=2.0), Usage(total_tokens=100)
    found = outcome(
        rollout(A, model="a", usage=paid),
        rollout(A2, model="a", usage=free),
        rollout(B, model="b", usage=paid, summary_usage=Usage(total_tokens=10, cost=1.0)),
    )
    one, two = by_assignment([found])
    assert (one.dollars, two.dollars) == (None, 3.0)
