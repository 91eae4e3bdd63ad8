from collections import Counter
from itertools import combinations
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspect_tts.method.refinement import Context, refinement_contexts
from inspect_tts.method.seeding import seeded_shuffle

PREVIOUS = ("t0-n00", "t0-n01", "t0-n02", "t0-n03")


def contexts(context: Context, **changes: Any) -> tuple[tuple[str, ...], ...]:
    arguments: dict[str, Any] = {
        "n": 4,
        "previous": PREVIOUS,
        "selected": (),
        "top_k": 2,
        "seed": 0,
        "key": "demo-3/1/t1",
    }
    return refinement_contexts(context, **(arguments | changes))


FIXED: list[Any] = [
    pytest.param(
        "select",
        {"selected": ["t0-n03", "t0-n01"]},
        (("t0-n03", "t0-n01"),) * 4,
        id="select: all share the selected, in the selection's order",
    ),
    pytest.param(
        "select",
        {"selected": PREVIOUS[2:], "n": 2, "top_k": 1},
        (PREVIOUS[2:],) * 2,
        id="select: top_k cuts nothing",
    ),
    pytest.param(
        "select",
        {"selected": PREVIOUS[:1], "n": 6},
        (PREVIOUS[:1],) * 6,
        id="select: more rollouts than before",
    ),
    pytest.param("select", {"selected": PREVIOUS[:1], "n": 0}, (), id="select: no new rollout"),
    pytest.param(
        "single",
        {"selected": PREVIOUS[:1], "top_k": 4},
        (("t0-n00",), ("t0-n01",), ("t0-n02",), ("t0-n03",)),
        id="single: the predecessor with the same index",
    ),
    pytest.param(
        "random",
        {},
        (
            ("t0-n00", "t0-n02"),
            ("t0-n03", "t0-n00"),
            ("t0-n02", "t0-n01"),
            ("t0-n01", "t0-n03"),
        ),
        id="random: a separate draw for each new rollout",
    ),
    pytest.param(
        "random",
        {"previous": PREVIOUS[:1], "top_k": 4, "n": 3},
        (PREVIOUS[:1],) * 3,
        id="random: fewer than top_k where there are fewer",
    ),
    pytest.param(
        "random",
        {"excluded": {"t0-n00", "t0-n02"}, "n": 3},
        (("t0-n03", "t0-n01"), ("t0-n03", "t0-n01"), ("t0-n01", "t0-n03")),
        id="random: never those that reached for the solution",
    ),
    pytest.param(
        "single",
        {"excluded": {"t0-n02"}},
        (("t0-n00",), ("t0-n01",), (), ("t0-n03",)),
        id="single: no context where the predecessor reached for the solution",
    ),
    pytest.param(
        "select",
        {"selected": PREVIOUS[:1], "without_context": 1},
        (*(PREVIOUS[:1],) * 3, ()),
        id="the last start without a context",
    ),
]


@pytest.mark.parametrize(("context", "changes", "expected"), FIXED)
def test_each_new_rollout_gets_its_context(
    context: Context, changes: dict[str, Any], expected: tuple[tuple[str, ...], ...]
) -> None:
    assert contexts(context, **changes) == expected


ERRORS: list[Any] = [
    pytest.param(kind, {"previous": (), "n": 0}, "earlier iteration", id=f"{kind}: no iteration 0")
    for kind in get_args(Context)
] + [
    pytest.param("select", {}, "needs a selection", id="select: nothing selected"),
    pytest.param("single", {"n": 3}, "n=3.* iteration has 4", id="single: fewer new rollouts"),
    pytest.param("single", {"n": 5}, "n=5.* iteration has 4", id="single: more new rollouts"),
    pytest.param("random", {"previous": ("a", "a")}, "distinct", id="random: equal ids"),
]


@pytest.mark.parametrize(("context", "changes", "message"), ERRORS)
def test_what_cannot_be_chosen_is_an_error(
    context: Context, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        contexts(context, **changes)


@settings(deadline=None)
@given(
    size=st.integers(1, 20),
    n=st.integers(0, 20),
    top_k=st.integers(1, 25),
    seed=st.integers(),
    key=st.text(),
)
def test_a_random_context_holds_top_k_different_predecessors(
    size: int, n: int, top_k: int, seed: int, key: str
) -> None:
    previous = [f"t0-n{index:02d}" for index in range(size)]
    drawn = contexts("random", n=n, previous=previous, top_k=top_k, seed=seed, key=key)
    assert len(drawn) == n
    for chosen in drawn:
        assert len(chosen) == len(set(chosen)) == min(top_k, size)
        assert set(chosen) <= set(previous)


def test_a_random_context_is_the_head_of_a_lot_that_anyone_can_draw_again() -> None:
    drawn = contexts("random", n=3, seed=9)
    assert drawn[1] == seeded_shuffle(PREVIOUS, seed=9, key="demo-3/1/t1/1")[:2]


@pytest.mark.parametrize("change", [{"seed": 1}, {"key": "demo-3/2/t1"}], ids=["seed", "key"])
def test_another_seed_or_key_draws_anew(change: dict[str, Any]) -> None:
    assert contexts("random", n=16, **change) != contexts("random", n=16)


def test_random_contexts_favour_nobody() -> None:
    draws = 6_000
    seen = Counter(frozenset(chosen) for chosen in contexts("random", n=draws))
    pairs = [frozenset(pair) for pair in combinations(PREVIOUS, 2)]
    expected = draws / len(pairs)
    chi_square = sum((seen[pair] - expected) ** 2 / expected for pair in pairs)
    assert chi_square < 25.7  # 5 degrees of freedom: exceeded once in 10,000 fair experiments
