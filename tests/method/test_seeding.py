from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspect_tts.method.seeding import cache_scope, seeded_shuffle

IDS = tuple(f"t0-n{index:02d}" for index in range(16))

GOLDEN = [
    pytest.param(0, "k", "abcd", "d a c b", id="seed 0"),
    pytest.param(1, "k", "abcd", "d b c a", id="another seed, another order"),
    pytest.param(
        0,
        "demo-3/1/t0/round1/pairing",
        IDS,
        "t0-n14 t0-n07 t0-n13 t0-n12 t0-n15 t0-n10 t0-n08 t0-n06 "
        "t0-n11 t0-n09 t0-n04 t0-n02 t0-n03 t0-n00 t0-n05 t0-n01",
        id="a pairing of 16 rollouts",
    ),
    pytest.param(7, "", ["日本", "é", "a"], "a é 日本", id="beyond ASCII, empty key"),
    pytest.param(-1, "k", "a", "a", id="one option"),
    pytest.param(0, "k", "", "", id="no option"),
]

names = st.lists(st.text(max_size=8), unique=True, max_size=12)


@pytest.mark.parametrize(("seed", "key", "options", "expected"), GOLDEN)
def test_the_order_of_a_logged_lot_never_changes(
    seed: int, key: str, options: str, expected: str
) -> None:
    assert seeded_shuffle(options, seed=seed, key=key) == tuple(expected.split())


@settings(deadline=None)
@given(options=names, seed=st.integers(), key=st.text(), data=st.data())
def test_a_lot_is_a_permutation_that_ignores_the_order_of_its_options(
    options: list[str], seed: int, key: str, data: st.DataObject
) -> None:
    drawn = seeded_shuffle(options, seed=seed, key=key)
    assert sorted(drawn) == sorted(options)
    permuted = data.draw(st.permutations(options))
    assert seeded_shuffle(iter(permuted), seed=seed, key=key) == drawn


@pytest.mark.parametrize("varied", ["seed", "key"])
def test_seed_and_key_each_change_the_order(varied: str) -> None:
    if varied == "seed":
        orders = {seeded_shuffle(IDS, seed=i, key="k") for i in range(200)}
    else:
        orders = {seeded_shuffle(IDS, seed=0, key=str(i)) for i in range(200)}
    assert len(orders) == 200


def test_seed_key_and_option_do_not_run_into_each_other() -> None:
    assert seeded_shuffle(IDS, seed=1, key="23") != seeded_shuffle(IDS, seed=12, key="3")
    with_one = seeded_shuffle([f"1{name}" for name in IDS], seed=0, key="k")
    assert with_one != tuple(f"1{name}" for name in seeded_shuffle(IDS, seed=0, key="k1"))


@pytest.mark.parametrize("varied", ["seed", "key"])
def test_every_order_is_equally_likely(varied: str) -> None:
    draws = 6_000
    seen = Counter(
        seeded_shuffle("abc", seed=i, key="k")
        if varied == "seed"
        else seeded_shuffle("abc", seed=0, key=f"{i}")
        for i in range(draws)
    )
    assert len(seen) == 6
    expected = draws / 6
    chi_square = sum((count - expected) ** 2 / expected for count in seen.values())
    assert chi_square < 25.7  # 5 degrees of freedom: exceeded once in 10,000 fair experiments


def test_every_option_is_equally_likely_in_every_place() -> None:
    draws = 8_000
    seen = Counter(
        (place, name)
        for i in range(draws)
        for place, name in enumerate(seeded_shuffle(IDS[:8], seed=3, key=f"demo/{i}"))
    )
    expected = draws / 8
    chi_square = sum((seen[p, n] - expected) ** 2 / expected for p in range(8) for n in IDS[:8])
    assert chi_square < 93  # 49 degrees of freedom: exceeded once in 10,000 fair experiments


@pytest.mark.parametrize("options", [["a", "a"], ["a", "b", "c", "b"], iter(["", ""])])
def test_equal_options_are_refused(options: list[str]) -> None:
    with pytest.raises(ValueError, match="distinct options, got"):
        seeded_shuffle(options, seed=0, key="k")


LANES = [
    pytest.param((), 223615743958036, id="nothing"),
    pytest.param((1, "t0-n07"), 1722531721319347, id="epoch and rollout"),
    pytest.param((2, "t0-n07"), 1275757652523055, id="another epoch"),
]


@pytest.mark.parametrize(("parts", "expected"), LANES)
def test_the_lane_of_a_stream_never_changes(parts: tuple[object, ...], expected: int) -> None:
    assert cache_scope(*parts) == expected


def test_streams_have_distinct_lanes() -> None:
    streams = [
        (epoch, f"t{iteration}-n{index:02d}", vote)
        for epoch in range(1, 11)
        for iteration in range(2)
        for index in range(64)
        for vote in range(16)
    ]
    assert len({cache_scope(*stream) for stream in streams}) == len(streams)


def test_parts_do_not_run_into_each_other() -> None:
    assert (
        len(
            {
                cache_scope("a", "bc"),
                cache_scope("ab", "c"),
                cache_scope("abc"),
                cache_scope("a", "b", "c"),
            }
        )
        == 4
    )


@settings(deadline=None)
@given(parts=st.lists(st.one_of(st.integers(), st.text())))
def test_a_lane_is_above_any_epoch_and_exact_as_a_json_number(parts: list[object]) -> None:
    assert 2**31 <= cache_scope(*parts) < 2**52
    assert float(cache_scope(*parts)) == cache_scope(*parts)


def test_lanes_fill_their_range() -> None:
    found = [cache_scope(i) for i in range(1_000)]
    assert min(found) < 2**52 // 100
    assert max(found) > 2**52 // 100 * 99
