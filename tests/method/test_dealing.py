"""The votes of a match are dealt over judges and display orders: evenly, by seed."""

from collections import Counter
from itertools import product
from typing import Any

import pytest

from inspect_tts.method.parameters import JudgeParameters, RolloutsParameters
from inspect_tts.method.seeding import dealt
from inspect_tts.method.tournament import display_order, turns_of

PANELS = [(1, 2), (2, 2), (3, 2), (4, 2), (2, 3), (3, 3), (2, 4), (4, 4), (6, 4), (3, 5)]


@pytest.mark.parametrize(("judges", "size"), PANELS)
def test_at_any_vote_judges_and_orders_have_had_about_equally_many(judges: int, size: int) -> None:
    group = "abcdefgh"[:size]
    dealt = list[tuple[int, str]]()
    for vote in range(4 * judges * size):
        dealt.append((vote % judges, "".join(display_order(group, vote, judges))))
        of_judges = Counter(judge for judge, _ in dealt)
        of_orders = Counter(order for _, order in dealt)
        assert max(of_judges.values()) - min(of_judges[j] for j in range(judges)) <= 1
        orders = ["".join(display_order(group, i)) for i in range(size)]
        assert max(of_orders.values()) - min(of_orders[o] for o in orders) <= 1
        for judge in range(judges):
            own = Counter(order for each, order in dealt if each == judge)
            assert max(own.values(), default=0) - min(own[o] for o in orders) <= 1
    assert len(set(Counter(dealt).values())) == 1, "in the end each judge has each order as often"


@pytest.mark.parametrize("vote", range(9))
def test_one_judge_sees_the_orders_as_ever(vote: int) -> None:
    assert display_order("abc", vote, 1) == display_order("abc", vote)
    assert display_order("a", vote, 3) == ("a",)


def test_the_seed_and_the_match_say_who_begins() -> None:
    names = ["m/a", "m/b", "m/c"]
    first = [turns_of(names, seed=0, key=f"p/t0/t0-r1-m{i}")[0] for i in range(300)]
    assert all(60 < first.count(name) < 140 for name in names)
    assert turns_of(names, seed=0, key="k") == turns_of(names[::-1], seed=0, key="k")
    assert len({turns_of(names, seed=seed, key="k") for seed in range(40)}) == 6


def test_the_panel_by_name() -> None:
    assert JudgeParameters().panel == ("judge",)
    assert JudgeParameters(judges="m/a").panel == ("m/a",)
    assert JudgeParameters(judges=["m/a", "judge2"]).panel == ("m/a", "judge2")


IDS = [f"t0-n{i:02d}" for i in range(16)]


@pytest.mark.parametrize(
    ("models", "agents"),
    [
        (["a", "b"], ["x", "y"]),
        (["a", "b"], {"x": 4, "y": 12}),
        ({"a": 4, "b": 12}, {"x": 12, "y": 4}),
        ({"a": 1, "b": 15}, ["x"]),
        ([""], ["x", "y", "z"]),
        (["a", "b", "c"], ["x", "y", "z"]),
    ],
    ids=str,
)
def test_models_and_agents_meet_as_evenly_as_their_numbers_allow(models: Any, agents: Any) -> None:
    assigned = dealt(models, agents, IDS, seed=0, key="p/t0/slots")
    assert sorted(assigned) == IDS
    for which, shares in enumerate((models, agents)):
        had = Counter(pair[which] for pair in assigned.values())
        if isinstance(shares, dict):
            assert had == shares
        else:
            assert max(had.values()) - min(had[name] for name in shares) <= 1
    pairs, ones, others = Counter(assigned.values()), Counter[str](), Counter[str]()
    for one, other in assigned.values():
        ones[one] += 1
        others[other] += 1
    for one, other in product(ones, others):
        assert abs(pairs[one, other] - ones[one] * others[other] / len(IDS)) < 1.01


SHARES: list[tuple[Any, Any]] = [
    (["a", "b"], [""]),
    (["a", "b", "c"], ["x", "y"]),
    ({"a": 4, "b": 12}, ["x", "y"]),
    ({"a": 4, "b": 12}, {"x": 8, "y": 8}),
]


@pytest.mark.parametrize(("models", "agents"), SHARES, ids=str)
@pytest.mark.parametrize("first", [1, 4, 5])
@pytest.mark.parametrize("wave", [1, 3, 4])
def test_waves_that_end_early_have_each_name_by_its_share(
    models: Any, agents: Any, first: int, wave: int
) -> None:
    for seed in range(8):
        given = RolloutsParameters(
            n="auto", min_n=first, wave=wave, models=models, agents=agents, seed=seed
        )
        assigned = given.assignments(0, "p")
        assert given.waves is not None
        for which in (0, 1):
            share = Counter(kind[which] for kind in assigned.values())
            for end in given.waves.ends:
                had = Counter(assigned[id][which] for id in IDS[:end])
                assert all(abs(had[name] - share[name] * end / 16) < 1 for name in share)


def test_the_seed_says_who_is_where_in_the_first_wave() -> None:
    all_given = [RolloutsParameters(n="auto", models=["a", "b"], seed=seed) for seed in range(60)]
    found = [tuple(given.assignments(0, "p")[id][1] for id in IDS[:4]) for given in all_given]
    assert len(set(found)) == 6, "each way to deal two of each"


def test_the_seed_says_who_is_where_and_who_has_one_more() -> None:
    three = IDS[:3]
    found = [dealt(["a", "b"], [""], three, seed=s, key="p/t0/slots") for s in range(60)]
    more = [max("ab", key=[one for one, _ in each.values()].count) for each in found]
    assert 15 < more.count("a") < 45
    assert len({tuple(each[id][0] for id in three) for each in found}) == 6
    assert RolloutsParameters(n=3, models=["a", "b"]).assignments(0, "p") == {
        id: (agent, model)
        for id, (model, agent) in dealt(["a", "b"], [""], three, seed=0, key="p/t0/slots").items()
    }
