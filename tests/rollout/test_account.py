"""Sharing a limit among the phases of a strategy, on numbers."""

from math import inf

import pytest

from inspect_tts.rollout.account import UNLIMITED, Account, Amount, ceiling, room

PDR_RTV = ("rollouts", "selection", "rollouts", "selection")


def tokens(count: float) -> Amount:
    return Amount(tokens=count)


LIMIT = Amount(2000, inf)


@pytest.mark.parametrize(
    ("spent", "phases", "expected"),
    [
        (0, PDR_RTV, 900),
        (900, PDR_RTV[1:], 1000),
        (500, PDR_RTV[1:], 500 + 1500 / 11),
        (1000, PDR_RTV[2:], 1900),
        (1900, PDR_RTV[3:], 2000),
        (2500, PDR_RTV[3:], 2500),
        (0, ("rollouts",), 2000),
    ],
)
def test_a_phase_gets_its_share_of_what_is_left(
    spent: float, phases: tuple[str, ...], expected: float
) -> None:
    assert [*ceiling(LIMIT, tokens(spent), phases)] == [pytest.approx(expected), inf]


@pytest.mark.parametrize(
    ("committed", "each", "expected"),
    [
        (Amount(0, 0), Amount(100, 1), 10),
        (Amount(1, 0), Amount(100, 1), 9),
        (Amount(0, 15), Amount(100, 1), 5),
        (Amount(1000, 0), Amount(100, 1), 0),
        (Amount(2000, 0), Amount(100, 1), 0),
        (Amount(0, 0), Amount(0, 0), inf),
        (Amount(2000, 0), Amount(0, 1), 0),
    ],
)
def test_the_tighter_of_tokens_and_dollars_says_how_many_more_fit(
    committed: Amount, each: Amount, expected: float
) -> None:
    assert room(Amount(1000, 20), committed, each) == expected


def test_without_a_limit_everything_may_start() -> None:
    account = Account()
    account.begin(PDR_RTV, tokens(10**9), n=16)
    assert not account.limited
    assert account.top == UNLIMITED
    assert account.affords_rollout(tokens(10**9)) is True
    assert account.affords_votes(tokens(10**9), tokens(9), matches=8, votes=8) == 8


def begun(n: int, **given: float) -> Account:
    account = Account(limit=Amount(given.get("tokens", inf), given.get("dollars", inf)))
    account.begin(("rollouts", "selection"), Amount(), n=n)
    return account


def test_a_quarter_goes_ahead_and_shows_what_a_rollout_takes() -> None:
    account = begun(8, tokens=1000)  # 900 for rollouts
    started = 0
    while account.affords_rollout(tokens(0)):
        account.start(f"n{started}")
        started += 1
    assert started == 2
    assert account.affords_rollout(tokens(50)) is None
    account.end("n0", tokens(100))
    while account.affords_rollout(tokens(130)):
        account.start(f"n{started}")
        started += 1
    assert started == 9, "one has ended and eight more of 100 fit"
    assert account.affords_rollout(tokens(130)) is None, "the others may take less"
    for n in range(1, 9):
        account.end(f"n{n}", tokens(60))
    assert account.settled == tokens(580)
    assert account.affords_rollout(tokens(580)) is True


def test_what_is_under_way_counts_at_least_as_much_as_it_has_used() -> None:
    account = begun(4, tokens=1000)
    account.start("n0")
    account.end("n0", tokens(100))
    account.start("n1")
    assert account.affords_rollout(tokens(750)) is True
    assert account.affords_rollout(tokens(850)) is None
    account.end("n1", tokens(750))
    assert account.affords_rollout(tokens(850)) is False


@pytest.mark.parametrize(
    ("spent", "cast", "matches", "expected"),
    [
        (900, [], 1, 5),  # guessed at 20
        (900, [10.0, 30.0], 1, 5),
        (900, [50.0], 1, 2),
        (900, [10.0], 3, 3),
        (900, [1.0], 3, 8),
        (1000, [10.0], 3, 0),
        (5000, [10.0], 3, 0),
        (5000, [], 0, 8),
    ],
)
def test_all_matches_to_come_get_the_same_number_of_votes(
    spent: float, cast: list[float], matches: int, expected: int
) -> None:
    account = begun(4, tokens=1000)
    account.begin(("selection",), tokens(spent))
    for each in cast:
        account.cast(tokens(each))
    found = account.affords_votes(tokens(spent), tokens(20), matches=matches, votes=8)
    assert found == expected


def test_dollars_limit_as_tokens_do() -> None:
    account = begun(4, dollars=10)
    account.start("n0")
    account.end("n0", Amount(10**6, 4.0))
    assert account.affords_rollout(Amount(10**6, 4.0)) is True
    account.start("n1")
    account.end("n1", Amount(10**6, 4.0))
    assert account.affords_rollout(Amount(2 * 10**6, 8.0)) is False
