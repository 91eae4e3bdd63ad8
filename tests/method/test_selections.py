"""Every selection, on every population: one suite for all."""

from collections.abc import Callable, Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tts.method.candidates import add_duplicates, identical, tie_break_key
from inspect_tts.method.records import CommandFact, Facts, Match, Rollout, Status, Summary, Usage
from inspect_tts.method.seeding import seeded_shuffle
from inspect_tts.method.selection_specs import SELECTIONS, begin_selection
from inspect_tts.method.selections import Candidates, Groups
from inspect_tts.method.tournament import decide

JUDGED = [name for name, rules in SELECTIONS.items() if rules.answer]
FREE = [name for name, rules in SELECTIONS.items() if not rules.answer]
VOTES = 8
Judge = Callable[[Sequence[str]], dict[str, int]]


def rollout(
    index: int,
    *,
    status: Status = "completed",
    turns: int = 5,
    tokens: int = 100,
    cost: float | None = None,
    fingerprint: str | None = None,
    codes: Sequence[int | None] = (),
) -> Rollout:
    commands = tuple(CommandFact(command="make test", returncode=code) for code in codes)
    return Rollout(
        id=f"t0-n{index:02d}",
        iteration=0,
        index=index,
        status=status,
        model="m",
        turns=turns,
        messages=2,
        usage=Usage(total_tokens=tokens, cost=cost),
        seconds=1.0,
        facts=Facts(status=status, last_commands=commands, fingerprint=fingerprint),
        summary=Summary(status="structured", text="{}"),
    )


def crowd(n: int) -> list[Rollout]:
    return [rollout(index) for index in range(n)]


def unanimous(group: Sequence[str]) -> dict[str, int]:
    """The judge who knows that a higher index is better."""
    return {name: VOTES * (name == max(group)) for name in group}


def grade_of(name: str) -> float:
    return float(name[-2:])


def match(group: Sequence[str], judge: Judge, id: str) -> Match:
    tally = judge(group)
    verdicts = [name for name, count in tally.items() for _ in range(count)]
    outcome = decide(group, verdicts, seed=0, key=id)
    return Match(
        id=id,
        group=tuple(group),
        votes=(),
        tally=outcome.tally,
        tied=outcome.tied,
        winner=outcome.winner,
        decided_by=outcome.decided_by,
        grade=grade_of(outcome.winner),
    )


def play(
    name: str, candidates: Sequence[Rollout], judge: Judge = unanimous, **options: int
) -> tuple[tuple[str, ...], list[Groups], Candidates]:
    given = {"keep": 1, "group_size": 2, "seed": 0} | options
    field = Candidates(candidates, key="p/1/t0", **given)
    selection, rounds = begin_selection(name, field), list[Groups]()
    try:
        groups = next(selection)
        while True:
            rounds.append(groups)
            number = len(rounds)
            groups = selection.send(
                [match(group, judge, f"r{number}-m{i}") for i, group in enumerate(groups)]
            )
    except StopIteration as end:
        return end.value, rounds, field


# --- what holds for all


@pytest.mark.parametrize("name", SELECTIONS)
@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 16])
@pytest.mark.parametrize("keep", [1, 4])
@pytest.mark.parametrize("group_size", [2, 3, 16])
def test_a_ranking_holds_everybody_once(name: str, n: int, keep: int, group_size: int) -> None:
    ranking, rounds, field = play(name, crowd(n), keep=keep, group_size=group_size)
    assert sorted(ranking) == sorted(field.ids)
    for groups in rounds:
        assert all(len(set(group)) == len(group) for group in groups)
        assert {name for group in groups for name in group} <= set(field.ids)


@pytest.mark.parametrize("name", SELECTIONS)
def test_nothing_is_judged_where_all_are_kept(name: str) -> None:
    ranking, rounds, _ = play(name, crowd(4), keep=4)
    assert rounds == []
    assert len(ranking) == 4


@pytest.mark.parametrize("name", [name for name in JUDGED if name != "pivot"])
@pytest.mark.parametrize("n", [2, 3, 5, 7, 16])
@pytest.mark.parametrize("seed", range(4))
def test_a_judge_who_is_always_right_finds_the_best(name: str, n: int, seed: int) -> None:
    ranking, _, _ = play(name, crowd(n), seed=seed)
    assert ranking[0] == f"t0-n{n - 1:02d}"


@pytest.mark.parametrize("name", JUDGED)
def test_who_may_still_be_selected_is_never_fewer_than_are_kept(name: str) -> None:
    ranking, _, field = play(name, crowd(7), keep=3)
    assert set(ranking[:3]) <= set(field.remaining)


@pytest.mark.parametrize("name", SELECTIONS)
def test_the_same_seed_gives_the_same_ranking_and_every_lot_is_recorded(name: str) -> None:
    undecided: Judge = lambda group: dict.fromkeys(group, 1)  # noqa: E731
    first, rounds, field = play(name, crowd(9), undecided, seed=3)
    again = play(name, crowd(9), undecided, seed=3)
    assert (first, rounds) == again[:2]
    assert field.draws == again[2].draws
    for lot in field.draws:
        assert lot.order == seeded_shuffle(lot.options, seed=3, key=lot.key)
    assert len({lot.key for lot in field.draws}) == len(field.draws)


@pytest.mark.parametrize("name", sorted({*SELECTIONS} - {"first", "pointwise"}))
def test_another_seed_may_give_another_ranking(name: str) -> None:
    undecided: Judge = lambda group: dict.fromkeys(group, 1)  # noqa: E731
    assert len({play(name, crowd(6), undecided, seed=seed)[0] for seed in range(8)}) > 1


def test_no_selection_reads_a_score() -> None:
    scored = [r.model_copy(update={"scores": {"x": float(-r.index)}}) for r in crowd(6)]
    for name in SELECTIONS:
        assert play(name, scored)[:2] == play(name, crowd(6))[:2]
    assert "oracle" not in SELECTIONS


# --- who meets whom


@pytest.mark.parametrize(
    ("name", "matches"),
    [
        ("tournament", [8, 4, 2, 1]),
        ("swiss", [8, 4, 2, 1]),
        ("round_robin", [120]),
        ("pivot", [16, 25]),
        ("listwise", [1]),
        ("pointwise", [16]),
        *((name, []) for name in FREE),
    ],
)
def test_how_many_matches_sixteen_candidates_play(name: str, matches: list[int]) -> None:
    _, rounds, _ = play(name, crowd(16))
    played = [len(groups) for groups in rounds]
    if name == "pivot":  # fewer where a pivot met one in the ring already
        assert played[0] == 16
        assert 25 <= played[1] <= 26
        return
    assert played == matches


def test_round_robin_pairs_everybody_once() -> None:
    _, [groups], field = play("round_robin", crowd(6))
    assert {frozenset(g) for g in groups} == {frozenset(p) for p in combinations(field.ids, 2)}
    assert len(groups) == 15


@pytest.mark.parametrize("seed", range(5))
def test_in_pivot_two_meet_everybody_and_no_pair_meets_twice(seed: int) -> None:
    ranking, rounds, field = play("pivot", crowd(9), seed=seed)
    pairs = [frozenset(group) for groups in rounds for group in groups]
    assert len(set(pairs)) == len(pairs)
    opponents = {name: sum(name in pair for pair in pairs) for name in field.ids}
    assert sum(count == 8 for count in opponents.values()) == 2
    assert all(max(group) == ranking[0] for group in pairs if ranking[0] in group)


@given(n=st.integers(2, 20), group_size=st.integers(2, 5), seed=st.integers(0, 50))
def test_nobody_is_judged_alone_in_swiss(n: int, group_size: int, seed: int) -> None:
    _, rounds, _ = play("swiss", crowd(n), group_size=group_size, seed=seed)
    for groups in rounds:
        assert all(len(group) >= 2 for group in groups)


@pytest.mark.parametrize("seed", range(5))
def test_votes_add_up_in_swiss_where_a_tournament_forgets_them(seed: int) -> None:
    """n00 wins its first match by all votes and loses the second narrowly."""

    def finalists(name: str) -> set[str]:
        met = 0

        def judge(group: Sequence[str]) -> dict[str, int]:
            nonlocal met
            [worse, better] = sorted(group)
            if worse == "t0-n00":
                met += 1
                return {worse: 8, better: 0} if met == 1 else {worse: 3, better: 5}
            return {worse: 3, better: 5}

        return {*play(name, crowd(8), judge, seed=seed)[1][2][0]}

    assert "t0-n00" in finalists("swiss")
    assert "t0-n00" not in finalists("tournament")


def test_the_eliminated_are_ranked_by_the_round_they_reached() -> None:
    ranking, rounds, _ = play("tournament", crowd(16))
    reached = {name: i for i, groups in enumerate(rounds) for group in groups for name in group}
    places = [reached[name] for name in ranking]
    assert places == sorted(places, reverse=True)


def test_a_top_k_is_the_head_of_the_ranking() -> None:
    for name in ("round_robin", "pointwise"):
        ranking, _, _ = play(name, crowd(8), keep=3)
        assert ranking[:3] == ("t0-n07", "t0-n06", "t0-n05")


# --- the free ones


def test_baselines() -> None:
    candidates = [
        rollout(0, turns=3, tokens=50, status="limit"),
        rollout(1, turns=9, tokens=90),
        rollout(2, turns=4, tokens=80),
        rollout(3, turns=6, tokens=70),
    ]
    ids = [r.id for r in candidates]
    assert play("first", candidates)[0] == tuple(ids)
    parent = rollout(0).model_copy(update={"id": "t0-n00"})
    refined = [r.model_copy(update={"iteration": 1, "id": f"t1-n0{r.index}"}) for r in crowd(2)]
    assert play("first", [parent, *refined])[0] == ("t1-n00", "t1-n01", "t0-n00")
    assert play("fewest_turns", candidates)[0] == (ids[2], ids[3], ids[1], ids[0])
    assert play("cheapest", candidates)[0] == (ids[3], ids[2], ids[1], ids[0])


def test_the_cheapest_is_found_by_dollars_where_all_prices_are_known() -> None:
    priced = [rollout(0, tokens=10, cost=3.0), rollout(1, tokens=20, cost=1.0)]
    assert play("cheapest", priced)[0][0] == "t0-n01"
    partly = [priced[0], rollout(1, tokens=20)]
    assert play("cheapest", partly)[0][0] == "t0-n00"


def test_the_largest_class_of_identical_candidates_agrees() -> None:
    prints = ["a", "b", "b", None, None, "b", "a"]
    candidates = [rollout(i, fingerprint=print) for i, print in enumerate(prints)]
    ranking = play("agreement", candidates)[0]
    assert ranking[:2] == ("t0-n01", "t0-n00")
    assert set(ranking[2:4]) == {"t0-n03", "t0-n04"}
    assert identical(candidates) == (
        ("t0-n00", "t0-n06"),
        ("t0-n01", "t0-n02", "t0-n05"),
        ("t0-n03",),
        ("t0-n04",),
    )


def test_the_members_of_a_class_follow_the_ranked() -> None:
    classes = (("a", "a2", "a3"), ("b",), ("c", "c2"))
    assert add_duplicates(("c", "a", "b"), classes) == ("c", "a", "b", "c2", "a2", "a3")


def test_evidence_prefers_who_ended_then_whose_commands_worked_then_who_was_quick() -> None:
    order = [
        rollout(0, codes=[0, 0], turns=3),
        rollout(1, codes=[0, 0], turns=4),
        rollout(2, codes=[1, 0], turns=2),
        rollout(3, codes=[None, 1], turns=1),
        rollout(4, turns=9),
        rollout(5, codes=[0, 0], turns=1, status="limit"),
    ]
    worth = [tie_break_key(r) for r in order]
    assert worth[:3] == sorted(worth[:3], reverse=True)
    assert worth[3][:2] == worth[4][:2]
    assert min(worth) == worth[5]
