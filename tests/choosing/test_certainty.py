"""How sure votes are: a posterior probability, by hand and by integration."""

from math import isclose

import pytest

from inspect_tts.choosing.certainty import certainty, votes_for
from inspect_tts.method.records import Match, Round, Selection

TALLIES = {
    "no vote": ((0, 0), 0.5),
    "one vote": ((1, 0), 0.75),
    "unanimous": ((5, 0), 63 / 64),
    "tied": ((4, 4), 0.5),
    "close": ((5, 3), 382 / 512),
    "lost": ((0, 1), 0.25),
    "the strongest rival counts": ((3, 1, 2), 42 / 64),
}


def match(number: int, *tally: int) -> Match:
    group = tuple(f"m{number}r{i}" if i else "a" for i in range(len(tally)))
    return Match(
        id=f"m{number}",
        group=group,
        votes=(),
        tally={id: votes for id, votes in zip(group, tally, strict=True) if votes},
        winner="a",
        decided_by="votes",
    )


def selection(*matches: Match) -> Selection:
    ids = tuple(dict.fromkeys(id for each in matches for id in each.group))
    rounds = tuple(Round(number=i, matches=(each,)) for i, each in enumerate(matches, 1))
    return Selection(
        id="t0",
        kind="tournament",
        iteration=0,
        seed=0,
        keep=1,
        group_size=2,
        votes=8,
        population=ids,
        rounds=rounds,
        ranking=ids,
        selected=ids[:1],
    )


@pytest.mark.parametrize(("tally", "expected"), TALLIES.values(), ids=TALLIES)
def test_one_match(tally: tuple[int, ...], expected: float) -> None:
    assert certainty(selection(match(1, *tally)), "a") == expected


@pytest.mark.parametrize("tally", [(7, 2), (2, 7), (8, 0), (3, 3)])
def test_it_is_the_upper_half_of_a_beta_distribution(tally: tuple[int, int]) -> None:
    steps = 20_000
    shares = [(i + 0.5) / steps for i in range(steps)]
    density = [share ** tally[0] * (1 - share) ** tally[1] for share in shares]
    found = certainty(selection(match(1, *tally)), "a")
    assert found is not None
    assert isclose(found, sum(density[steps // 2 :]) / sum(density), rel_tol=1e-6)


def test_matches_multiply_byes_say_nothing_and_only_its_own_count() -> None:
    rounds = selection(match(1, 1, 0), match(2, 0), match(3, 5, 0))
    assert certainty(rounds, "a") == 0.75 * 63 / 64
    assert certainty(selection(match(2, 0)), "a") is None
    assert certainty(rounds, "m3r1") == 1 / 64
    assert votes_for(rounds, ["a", "m1r1", "m3r1"]) == (6, 0, 0)
