"""Bradley-Terry strengths: the likeliest under the prior, and as sure as they say."""

from random import Random

import numpy as np
import pytest
from test_selections import rollout

from inspect_tts.method.records import Match, Round, Selection
from inspect_tts.method.selections import Candidates, pivot, swiss
from inspect_tts.method.voting.strength import _normal, fit, ranks, strengths, wins


def match(number: int, tally: dict[str, int]) -> Match:
    winner = max(tally, key=lambda name: tally[name])
    group = tuple(tally)
    return Match(
        id=f"m{number}", group=group, votes=(), tally=tally, winner=winner, decided_by="votes"
    )


def selection(*tallies: dict[str, int], id: str = "t0") -> Selection:
    names = tuple(sorted({name for tally in tallies for name in tally}))
    matches = tuple(match(i, tally) for i, tally in enumerate(tallies))
    return Selection(
        id=id,
        kind="swiss",
        iteration=0,
        seed=0,
        keep=1,
        group_size=2,
        votes=8,
        population=names,
        rounds=(Round(number=1, matches=matches),),
        ranking=names,
        selected=names[:1],
    )


def test_a_vote_in_a_group_is_a_win_over_each_other_one() -> None:
    assert wins([match(0, {"a": 2, "b": 0, "c": 1})]) == [
        *[("a", "b"), ("a", "c")] * 2,
        *[("c", "a"), ("c", "b")],
    ]


def test_the_fit_is_the_likeliest() -> None:
    rng = Random("fit")
    names = "abcdef"
    matches = [
        match(i, {one: rng.randint(0, 5), other: rng.randint(0, 5)})
        for i, (one, other) in enumerate((a, b) for a in names for b in names if a < b)
    ]
    found = fit(matches)
    place = {name: i for i, name in enumerate(found.names)}
    slope = -found.means  # of the prior
    for one, other in wins(matches):
        odds = np.exp(found.means[place[other]] - found.means[place[one]])
        slope[place[one]] += odds / (1 + odds)
        slope[place[other]] -= odds / (1 + odds)
    assert np.abs(slope).max() < 1e-3


def test_more_votes_make_surer_and_none_make_equal() -> None:
    few, many, none = (
        strengths([selection({"a": n, "b": m, "c": 0})]) for n, m in ((1, 0), (8, 2), (0, 0))
    )
    assert [each.rollout for each in many] == ["a", "b", "c"]
    assert few[0].best < many[0].best < 1
    assert many[0].low < many[0].strength < many[0].high
    assert few[0].high - few[0].low > many[0].high - many[0].low
    assert [each.strength for each in none] == [0, 0, 0]
    assert all(each.best == pytest.approx(1 / 3, abs=0.03) for each in none)
    assert strengths([]) == ()


def test_without_votes_an_interval_is_that_of_the_prior() -> None:
    for each in strengths([selection({"a": 0, "b": 0})]):
        assert (each.low, each.high) == pytest.approx((-1.96, 1.96))


def test_equal_votes_give_equal_chances_in_every_process() -> None:
    chances = []
    for _ in range(2):
        _normal.cache_clear()
        chances.append([each.best for each in strengths([selection({"a": 3, "b": 2})])])
    assert chances[0] == chances[1]


def test_who_met_nobody_has_no_strength() -> None:
    found = strengths([selection({"a": 3, "b": 1}, {"c": 0})])
    assert [each.rollout for each in found] == ["a", "b"]
    assert sum(each.best for each in found) == pytest.approx(1)
    assert fit([match(0, {"c": 0})]).names == ()
    pools = [selection({"a": 3, "b": 1}), selection({"a": 0}, {"c": 2, "d": 1}, id="t1")]
    assert {each.rollout for each in strengths(pools) if each.selection == "t1"} == {"c", "d"}


def test_strengths_to_rank_by_have_four_decimals() -> None:
    found = ranks([match(0, {"a": 3, "b": 2}), match(1, {"b": 3, "c": 2})])
    assert found == {name: round(value, 4) for name, value in found.items()}
    assert found["a"] > found["b"] > found["c"]


def test_all_votes_of_a_pool_count_and_each_selection_has_its_own_best() -> None:
    first = selection({"a": 6, "b": 2}, {"c": 5, "d": 3}, {"a": 8, "c": 0})
    second = selection({"c": 1, "e": 1}, id="t1")
    found = strengths([first, second])
    by = {name: [each for each in found if each.selection == name] for name in ("t0", "t1")}
    assert by["t0"][0].rollout == "a"
    assert {each.rollout for each in by["t1"]} == {"c", "e"}
    assert all(sum(each.best for each in each_) == pytest.approx(1) for each_ in by.values())
    strength = {(each.selection, each.rollout): each.strength for each in found}
    assert strength["t0", "c"] == strength["t1", "c"] < 0


def test_p_best_is_calibrated_where_votes_are_as_it_takes_them_to_be() -> None:
    rng, claimed, right = Random("calibration"), 0.0, 0
    names, times = "abcd", 150
    for _ in range(times):
        truth = {name: rng.gauss(0, 1) for name in names}
        tallies = []
        for one, other in ((a, b) for a in names for b in names if a < b):
            chance = 1 / (1 + np.exp(truth[other] - truth[one]))
            won = sum(rng.random() < chance for _ in range(3))
            tallies.append({one: won, other: 3 - won})
        first = strengths([selection(*tallies)])[0]
        claimed += first.best / times
        right += first.rollout == max(names, key=lambda name: truth[name])
    assert right / times == pytest.approx(claimed, abs=0.1)


def field(by_strength: bool) -> Candidates:
    found = Candidates([rollout(i) for i in range(4)], keep=1, group_size=2, seed=0, key="k")
    found.by_strength = by_strength
    return found


@pytest.mark.parametrize("steps", [swiss, pivot])
def test_strength_ranks_by_whom_one_won_against(steps: object) -> None:
    assert callable(steps)
    strong = {f"t0-n0{i}": 2.0 * i for i in range(4)}
    for by_strength in (False, True):
        candidates, matches, played = field(by_strength), list[Match](), list[Match]()
        running = steps(candidates)
        while True:
            try:
                groups = running.send(matches) if played else next(running)
            except StopIteration as end:
                ranking = end.value
                break
            matches = []
            for i, (one, other) in enumerate(groups):
                share = 1 / (1 + 2.0 ** (strong[other] - strong[one]))
                matches.append(match(i, {one: round(20 * share), other: 20 - round(20 * share)}))
            played += matches
        if by_strength and steps is pivot:
            order = ranks(played)
            assert ranking == tuple(sorted(order, key=lambda name: -order[name]))
        assert ranking[0] == "t0-n03"
