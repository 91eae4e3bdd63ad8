"""Ids of rollouts, and the keys of draws and fences: equal where they must be, else different."""

from inspect_tts.method.refinement import (
    context_key,
    refinement_contexts,
    rollout_id,
    rollout_place,
)
from inspect_tts.method.seeding import words
from inspect_tts.method.tournament import judges_key, unasked, vote_key


def test_the_id_of_a_rollout_tells_its_place() -> None:
    assert rollout_id(0, 7) == "t0-n07"
    assert rollout_id(12, 345) == "t12-n345"
    for place in ((0, 0), (0, 7), (3, 10), (12, 345)):
        assert rollout_place(rollout_id(*place)) == place


def test_rollouts_with_the_same_context_share_a_fence_others_do_not() -> None:
    keys = {
        context_key(1, ["a", "b"]),
        context_key(1, ["b", "a"]),
        context_key(2, ["a", "b"]),
        context_key(1, ["a"]),
    }
    assert len(keys) == 4
    assert context_key(1, ("a", "b")) == context_key(1, ["a", "b"])


def test_the_last_rollouts_start_without_context_whatever_the_others_start_from() -> None:
    for context in ("select", "single", "random"):
        found = refinement_contexts(
            context,
            n=4,
            previous=("a", "b", "c", "d"),
            selected=("b",),
            top_k=2,
            seed=0,
            key="p/t1",
            without_context=2,
        )
        assert [bool(each) for each in found] == [True, True, False, False], context


def first_words(seed: int, key: str, count: int = 50) -> list[str]:
    series = words(seed=seed, key=key)
    return [next(series) for _ in range(count)]


def test_words_are_twelve_consonants_drawn_by_seed_and_key() -> None:
    drawn = [first_words(0, "k"), first_words(1, "k"), first_words(0, "other")]
    every = [word for series in drawn for word in series]
    assert len(set(every)) == 150
    assert all(len(word) == 12 for word in every)
    assert {*"".join(every)} == {*"bcdfghjkmnpqrstvwxz"}
    assert first_words(0, "k") == drawn[0]


def test_votes_that_show_the_same_order_share_a_prompt() -> None:
    keys = {vote_key(*key) for key in [("t0", "m0", "ab"), ("t0", "m0", "ba")]}
    keys |= {vote_key(*key) for key in [("t1", "m0", "ab"), ("t0", "m1", "ab")]}
    assert len(keys) == 4
    assert vote_key("t0", "m0", ("a", "b")) == vote_key("t0", "m0", ["a", "b"])


def test_matches_share_their_judges_only_where_these_grade() -> None:
    pairs = [("t0", "m0"), ("t0", "m1"), ("t1", "m0")]
    assert len({judges_key(*pair, grades=False) for pair in pairs}) == 3
    assert len({judges_key(*pair, grades=True) for pair in pairs}) == 2


def test_evidence_decides_only_where_a_limit_left_no_vote() -> None:
    assert [unasked(*case) for case in ((8, 0), (0, 0), (7, 1), (0, 8))] == [
        True,
        False,
        False,
        False,
    ]
