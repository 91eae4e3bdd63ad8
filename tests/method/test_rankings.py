"""Which ranking follows from votes, grades and behavior, and how often orders change a verdict."""

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from test_selections import JUDGED, crowd, match, play, rollout

from inspect_tts.method.records import Match
from inspect_tts.method.selection_specs import (
    SELECTIONS,
    begin_selection,
    matches_at_least,
    matches_at_most,
    selection,
)
from inspect_tts.method.selections import Candidates, Groups, SelectionSteps
from inspect_tts.method.tournament import order_flip_rate


def uneven(group: Sequence[str]) -> dict[str, int]:
    """A judge whose votes differ in number from match to match, as with abstentions."""
    votes = [(7 * int(name[-2:]) + 3 * len("".join(group))) % 5 for name in group]
    cast = 2 + sum(int(name[-2:]) for name in group) % 5
    return {name: count * cast for name, count in zip(group, votes, strict=True)}


def silent(group: Sequence[str]) -> dict[str, int]:
    return dict.fromkeys(group, 0)


def points(groups: Sequence[Sequence[str]], judge: Any = uneven) -> dict[str, list[Fraction]]:
    """The votes that each received in each match, as a multiple of those expected by chance."""
    found = defaultdict[str, list[Fraction]](list)
    for group in groups:
        tally = judge(group)
        cast = sum(tally.values())
        for name, count in tally.items():
            found[name].append(Fraction(count * len(group), cast) if cast else Fraction(1))
    return found


@pytest.mark.parametrize("name", ["round_robin", "pivot", "listwise"])
@pytest.mark.parametrize("seed", range(3))
def test_rankings_go_by_the_mean_share_of_votes(name: str, seed: int) -> None:
    ranking, rounds, _ = play(name, crowd(9), uneven, seed=seed)
    received = points([group for groups in rounds for group in groups])
    means = [sum(received[id]) / len(received[id]) for id in ranking]
    assert means == sorted(means, reverse=True)


@pytest.mark.parametrize("name", ["round_robin", "swiss", "listwise"])
def test_a_match_without_votes_counts_as_an_even_one(name: str) -> None:
    def judge(group: Sequence[str]) -> dict[str, int]:
        return dict.fromkeys(group, 0 if {*group} == {"t0-n00", "t0-n01"} else 4)

    firsts = {play(name, crowd(3), judge, seed=seed)[0][0] for seed in range(40)}
    assert firsts == {"t0-n00", "t0-n01", "t0-n02"}


@pytest.mark.parametrize("seed", range(4))
def test_in_swiss_neighbors_in_the_standings_meet(seed: int) -> None:
    def judge(group: Sequence[str]) -> dict[str, int]:
        worse, better = sorted(group)
        won = 5 + int(better[-2:]) % 4
        return {worse: 8 - won, better: won}

    _, rounds, _ = play("swiss", crowd(16), judge, seed=seed)
    met = list[tuple[str, ...]]()
    for groups in rounds:
        received = points(met, judge)
        order = [sum(received[id]) for group in groups for id in group]
        assert order == sorted(order, reverse=True)
        met += groups


@pytest.mark.parametrize("seed", range(8))
def test_in_swiss_two_that_met_do_not_meet_again_if_others_are_left(seed: int) -> None:
    def judge(group: Sequence[str]) -> dict[str, int]:
        votes = (4, 4, 0) if len(group) == 3 else (5, 3)
        return dict(zip(group, votes, strict=True))

    _, rounds, _ = play("swiss", crowd(7), judge, seed=seed)
    first = next(group for group in rounds[0] if len(group) == 3)
    assert {*first[:2]} <= {name for group in rounds[1] for name in group}, "both stay"
    assert all({*group} != {*first[:2]} for group in rounds[1])


@pytest.mark.parametrize("seed", range(6))
def test_votes_of_groups_of_unequal_size_are_compared_by_their_share(seed: int) -> None:
    def judge(group: Sequence[str]) -> dict[str, int]:
        votes = (3, 3, 2) if len(group) == 3 else (5, 3)
        return dict(zip(group, votes, strict=True))

    _, rounds, _ = play("swiss", crowd(5), judge, seed=seed)
    [large, small] = rounds[0]
    assert {name for group in rounds[1] for name in group} == {*large[:2], small[0]}


@pytest.mark.parametrize("name", ["tournament", "swiss"])
def test_who_leaves_later_is_ranked_higher(name: str) -> None:
    ranking, rounds, _ = play(name, crowd(13), uneven)
    reached = {id: i for i, groups in enumerate(rounds) for group in groups for id in group}
    places = [reached[id] for id in ranking]
    assert places == sorted(places, reverse=True)


def test_who_leaves_a_tournament_in_one_round_is_ranked_by_a_draw() -> None:
    ranking, _, field = play("tournament", crowd(9))
    drawn = {draw.key.rpartition("/t0/")[2]: draw.order for draw in field.draws}
    assert ranking[-4:] == drawn["round1/eliminated"] != tuple(sorted(ranking[-4:]))


def test_strengths_in_swiss_come_from_all_rounds() -> None:
    for seed in range(6):
        field = Candidates(crowd(4), keep=1, group_size=2, seed=seed, key="k")
        field.by_strength = True
        steps = begin_selection("swiss", field)
        sure, unsure = next(steps)
        votes = [{sure[0]: 8, sure[1]: 0}, {unsure[0]: 5, unsure[1]: 3}]
        final = steps.send([match([*v], lambda _, v=v: v, "m") for v in votes])  # type: ignore[misc]
        assert {*final[0]} == {sure[0], unsure[0]}
        with pytest.raises(StopIteration) as ended:
            steps.send([match(final[0], lambda group: dict.fromkeys(group, 4), "m")])
        assert ended.value.value[0] == sure[0]


def test_a_rollout_without_a_grade_comes_last() -> None:
    field = Candidates(crowd(3), keep=1, group_size=2, seed=0, key="k")
    steps = begin_selection("pointwise", field)
    graded = [match(group, silent, "m") for group in next(steps)]
    grades = {"t0-n00": 1.5, "t0-n01": None, "t0-n02": 19.0}
    told = [Match(**{**each.model_dump(), "grade": grades[each.winner]}) for each in graded]
    with pytest.raises(StopIteration) as ended:
        steps.send(told)
    assert ended.value.value == ("t0-n02", "t0-n00", "t0-n01")


def by_behavior(seed: int, behavior: dict[str, str], prints: str = "abcdefg") -> list[str]:
    rollouts = [rollout(i, fingerprint=letter) for i, letter in enumerate(prints)]
    field = Candidates(rollouts, keep=1, group_size=2, seed=seed, key="k")
    field.behavior = behavior
    with pytest.raises(StopIteration) as ended:
        next(begin_selection("behavior", field))
    return [name[-1] for name in ended.value.value]


def test_one_of_each_class_comes_first_the_untouched_and_the_unexecuted_after_the_others() -> None:
    labels = dict(zip("012345", ["class 2", "class 2", "class 3", *["untouched"] * 3], strict=True))
    behavior = {f"t0-n0{index}": label for index, label in labels.items()}
    found = [by_behavior(seed, behavior) for seed in range(12)]
    for ranking in found:
        assert [labels.get(name, "none") for name in ranking] == [
            *("class 2", "class 3", "untouched", "none"),
            *("class 2", "untouched", "untouched"),
        ]
    assert {ranking[0] for ranking in found} == {"0", "1"}, "drawn within the class"


def test_without_behavior_the_largest_class_of_duplicates_comes_first() -> None:
    found = [by_behavior(seed, {}, "abbcbda") for seed in range(12)]
    assert all(ranking[:2] == ["1", "0"] for ranking in found)


def test_only_the_matches_of_a_tournament_may_stop_early() -> None:
    assert [name for name, spec in SELECTIONS.items() if spec.can_stop_early] == ["tournament"]


@pytest.mark.parametrize("name", JUDGED)
@pytest.mark.parametrize("keep", [1, 3])
@pytest.mark.parametrize("group_size", [2, 3, 5])
def test_the_judged_matches_are_those_that_were_foreseen(
    name: str, keep: int, group_size: int
) -> None:
    for n in range(1, 15):
        _, rounds, _ = play(name, crowd(n), uneven, keep=keep, group_size=group_size)
        alone = name == "pointwise"
        judged = sum(len(group) > 1 or alone for groups in rounds for group in groups)
        given = SELECTIONS[name], n, keep, group_size
        assert matches_at_least(*given) <= judged <= matches_at_most(*given)


def test_what_a_selection_of_ones_own_says_of_itself_by_default() -> None:
    @selection()
    def mine(candidates: Candidates) -> SelectionSteps:
        nothing: Groups = ()
        yield nothing
        return candidates.ids

    assert (mine.answer, mine.can_stop_early, mine.orders(5)) == (None, False, 2)
    assert matches_at_most(mine, 5, 1, 2) == 0


FLIPS: list[tuple[list[tuple[str, str | None]], float | None]] = [
    ([("ab", "a"), ("ba", "a")], 0.0),
    ([("ab", "a"), ("ba", "b")], 1.0),
    ([("ab", "a"), ("ab", "b"), ("ba", "a")], 0.5),
    ([("ab", "a"), ("ab", "b")], None),
    ([("ab", "a"), ("ba", None)], None),
    ([("ab", "a"), ("ba", "a"), ("ba", None)], 0.0),
    ([], None),
]


@pytest.mark.parametrize(("votes", "rate"), FLIPS, ids=str)
def test_how_often_the_order_changes_a_verdict(
    votes: list[tuple[str, str | None]], rate: float | None
) -> None:
    assert order_flip_rate([order for order, _ in votes], [said for _, said in votes]) == rate


def test_without_a_judge_a_ranking_is_made_even_if_all_are_kept() -> None:
    slow, quick = rollout(0, turns=9), rollout(1, turns=3)
    assert play("fewest_turns", [slow, quick], keep=2)[0] == (quick.id, slow.id)
    assert play("tournament", [slow, quick], keep=2)[0] == (slow.id, quick.id)


@pytest.mark.parametrize("seed", range(6))
def test_in_swiss_those_with_the_most_votes_so_far_stay(seed: int) -> None:
    ranking, rounds, _ = play("swiss", crowd(13), uneven, seed=seed)
    met = list[tuple[str, ...]]()
    for number, groups in enumerate(rounds):
        met += groups
        received = points(met)
        stayed = {*ranking[:1]} if groups is rounds[-1] else {*sum(rounds[number + 1], ())}
        left = {name for group in groups for name in group} - stayed
        assert min(sum(received[name]) for name in stayed) >= max(
            sum(received[name]) for name in left
        )


@pytest.mark.parametrize("name", SELECTIONS)
def test_every_draw_is_recorded_with_its_seed_under_the_key_of_its_selection(name: str) -> None:
    _, _, field = play(name, crowd(9), uneven, seed=3)
    assert all((draw.seed, draw.key[:7]) == (3, "p/1/t0/") for draw in field.draws)
    assert field.draws or name in ("first", "pointwise")
