"""How many matches a selection judges, before any is judged."""

import pytest

from inspect_tts.method.selection_specs import (
    SELECTIONS,
    matches_at_least,
    matches_at_most,
    selection,
)
from inspect_tts.method.selections import Candidates, SelectionSteps

COUNTS: list[tuple[str, int, int, int, int, int]] = [
    # name, candidates, kept, group size, matches at least, at most
    ("tournament", 16, 1, 2, 15, 15),
    ("tournament", 16, 4, 2, 12, 12),
    ("tournament", 5, 1, 2, 4, 4),
    ("tournament", 9, 1, 3, 4, 4),
    ("tournament", 4, 4, 2, 0, 0),
    ("tournament", 1, 1, 2, 0, 0),
    ("swiss", 8, 1, 2, 7, 7),
    ("swiss", 5, 1, 2, 4, 4),
    ("swiss", 5, 2, 2, 3, 3),
    ("round_robin", 5, 1, 2, 10, 10),
    ("pivot", 3, 1, 2, 3, 3),
    ("pivot", 8, 1, 2, 17, 18),
    ("listwise", 8, 1, 2, 1, 1),
    ("pointwise", 8, 1, 2, 8, 8),
    ("pointwise", 2, 2, 2, 0, 0),
    ("agreement", 8, 1, 2, 0, 0),
    ("random", 8, 1, 2, 0, 0),
]


@pytest.mark.parametrize(("name", "n", "keep", "size", "least", "most"), COUNTS)
def test_matches_of_a_selection(
    name: str, n: int, keep: int, size: int, least: int, most: int
) -> None:
    spec = SELECTIONS[name]
    assert matches_at_least(spec, n, keep, size) == least
    assert matches_at_most(spec, n, keep, size) == most


def test_display_orders_of_the_smallest_match() -> None:
    assert {name: spec.orders(5) for name, spec in SELECTIONS.items() if spec.answer} == {
        "tournament": 2,
        "swiss": 2,
        "round_robin": 2,
        "pivot": 2,
        "listwise": 5,
        "pointwise": 1,
    }


def test_of_a_selection_of_ones_own_the_least_is_not_known() -> None:
    @selection(answer="verdict", most_matches=lambda n, keep, size: n)
    def mine(candidates: Candidates) -> SelectionSteps:
        yield ()
        return candidates.ids

    assert (mine.answer, mine.can_stop_early) == ("verdict", False)
    assert matches_at_most(mine, 5, 1, 2) == 5
    assert matches_at_least(mine, 5, 1, 2) == 0
