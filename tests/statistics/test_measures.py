"""Statistics of rollouts against tables computed by hand."""

from collections.abc import Sequence

import pytest
from outcome_cases import Graded, iterations, match, outcome, rollout, selection

from inspect_tts.method.records import Usage
from inspect_tts.statistics import measures
from inspect_tts.statistics.outcomes import ProblemOutcome

# --- pass@k and headroom

PASS_AT_K = {
    "k=1 is the share of passes": (4, 1, 1, 0.25),
    "1 of 4, two tries: 1 - C(3,2)/C(4,2) = 1 - 3/6": (4, 1, 2, 0.5),
    "2 of 5, two tries: 1 - 3/10": (5, 2, 2, 0.7),
    "as many tries as rollouts: any of all": (4, 1, 4, 1.0),
    "fewer failures than tries": (4, 3, 2, 1.0),
    "no pass": (4, 0, 4, 0.0),
}


@pytest.mark.parametrize(("n", "c", "k", "expected"), PASS_AT_K.values(), ids=PASS_AT_K)
def test_pass_at_k(n: int, c: int, k: int, expected: float) -> None:
    assert measures.pass_at_k(n, c, k) == pytest.approx(expected)


@pytest.mark.parametrize(("n", "c", "k"), [(4, 1, 5), (4, 1, 0), (4, 5, 1)])
def test_pass_at_k_needs_k_of_n(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="1 <= k <= n"):
        measures.pass_at_k(n, c, k)


HEADROOM = {
    "half of it": (0.4, 0.6, 0.8, 0.5),
    "all of it": (0.4, 0.8, 0.8, 1.0),
    "worse than chance": (0.4, 0.3, 0.8, -0.25),
    "none there is": (0.4, 0.4, 0.4, None),
}


@pytest.mark.parametrize(
    ("first", "selected", "oracle", "expected"), HEADROOM.values(), ids=HEADROOM
)
def test_headroom(first: float, selected: float, oracle: float, expected: float | None) -> None:
    found = measures.headroom_recovered(first, selected, oracle)
    assert found == (None if expected is None else pytest.approx(expected))


# --- free baselines


def baselines(*rollouts: Graded) -> dict[str, float | None]:
    given = outcome(*rollouts)
    return measures.baselines(given.rollouts, given.scores)


def test_baselines_choose_among_the_same_candidates() -> None:
    found = baselines(
        rollout("t1-n00", 0.0, turns=9, usage=Usage(total_tokens=50), fingerprint="a"),
        rollout("t1-n01", 1.0, turns=2, usage=Usage(total_tokens=90), fingerprint="b"),
        rollout("t1-n02", 1.0, turns=7, usage=Usage(total_tokens=70), fingerprint="b"),
        rollout("t1-n03", 0.0, turns=1, usage=Usage(total_tokens=10), status="limit"),
    )
    assert found == {
        "random": 0.5,
        "first": 0.0,
        "fewest_turns": 1.0,  # t1-n03 was cut off
        "cheapest": 0.0,
        "agreement": 1.0,
    }


def test_baselines_share_the_choice_among_equals_and_prefer_dollars_to_tokens() -> None:
    cheap, dear = Usage(total_tokens=90, cost=0.1), Usage(total_tokens=10, cost=0.2)
    found = baselines(rollout("t0-n00", 1.0, usage=cheap), rollout("t0-n01", 0.0, usage=dear))
    assert (found["fewest_turns"], found["cheapest"]) == (0.5, 1.0)
    assert found["agreement"] is None, "nobody has a fingerprint"


def test_first_is_the_first_of_the_newest_iteration() -> None:
    carried = [rollout("t0-n00", 0.0), rollout("t1-n00", 1.0), rollout("t1-n01", 0.0)]
    assert baselines(*carried)["first"] == 1.0


def test_where_every_candidate_was_cut_off_or_a_price_is_missing_the_rest_decides() -> None:
    cut = [
        rollout("t0-n00", 0.0, status="limit", turns=9, usage=Usage(total_tokens=10, cost=9.0)),
        rollout("t0-n01", 1.0, status="limit", turns=3, usage=Usage(total_tokens=20)),
    ]
    found = baselines(*cut)
    assert (found["fewest_turns"], found["cheapest"]) == (1.0, 0.0)


def test_baselines_of_candidates_that_are_graded_in_part_are_unknown() -> None:
    found = baselines(rollout("t0-n00", 1.0), rollout("t0-n01", None))
    assert set(found.values()) == {None}


# --- pass counts, refinement, contexts, turns

TWO = (
    iterations([0, 0, 0], [0, 1, 1], problem="gained"),
    iterations([1, 0, 0], [0, 0, 0], problem="lost"),
    iterations([1, 1, 0], [1, 1, 1], problem="rose"),
    iterations([1, 1, 1], [1, 1, 1], problem="always"),
    iterations([1, None, 0], [1, 1, 1], problem="graded in part"),
)


def test_pass_counts() -> None:
    assert measures.pass_counts(TWO, 0) == (1, 1, 1, 1)
    assert measures.pass_counts(TWO, 1) == (1, 0, 1, 3)
    assert measures.pass_counts(TWO, 2) == ()
    assert measures.pass_counts(TWO[1:2], 0) == (0, 1, 0, 0), "up to all of its rollouts"


def test_refinement() -> None:
    found = measures.refinement(TWO, 0, 1)
    assert found == measures.Refinement(
        problems=4,
        gained=1,
        lost=1,
        rose=2,
        fell=1,
        always=(1, 2),
        never=(1, 1),
        matrix=((0, 0, 1, 0), (1, 0, 0, 0), (0, 0, 0, 1), (0, 0, 0, 1)),
    )
    assert measures.refinement(TWO[4:], 0, 1) is None
    shorter = iterations([1, 0, 0, 0], [1, 0], problem="half as many rollouts")
    found = measures.refinement([shorter], 0, 1)
    assert found is not None
    assert (found.rose, found.fell) == (1, 0), "shares count, not numbers"


def test_score_by_passing_context() -> None:
    def refined(scores: Sequence[float | None], context: str) -> ProblemOutcome:
        before = [rollout(f"t0-n0{n}", score) for n, score in enumerate([1, 0, 0, None])]
        after = [
            rollout(f"t1-n{n:02d}", score, context=tuple(context.split()))
            for n, score in enumerate(scores)
        ]
        return outcome(*before, *after)

    found = measures.by_passing_context(
        [
            refined([1, 0], "t0-n00 t0-n01"),
            refined([1, 1, None], "t0-n01 t0-n00"),
            refined([0, 0], "t0-n01 t0-n02"),
            refined([1, 1], "t0-n03 t0-n00"),  # not graded
            refined([1, 1], ""),  # cold
        ],
        1,
    )
    assert found == (
        measures.ByContext(passing=0, size=2, problems=1, rollouts=2, score=0.0),
        measures.ByContext(passing=1, size=2, problems=2, rollouts=4, score=0.75),
    )


def test_turns_by_outcome() -> None:
    given = outcome(
        rollout("t0-n00", 1, turns=4),
        rollout("t0-n01", 1, turns=6),
        rollout("t0-n02", 1, turns=11),
        rollout("t0-n03", 0, turns=20),
        rollout("t1-n00", None, turns=3),
    )
    assert measures.turns_by_outcome([given]) == (
        measures.Turns(0, "passed", 3, 7.0, 6),
        measures.Turns(0, "failed", 1, 20.0, 20),
        measures.Turns(1, "not graded", 1, 3.0, 3),
    )


# --- selections


def test_candidates_are_those_of_the_last_selection() -> None:
    last = selection(id="t1", population=("t0-n01", "t1-n00"), selected=("t1-n00",))
    given = iterations([0, 1], [1, 1])
    made = ProblemOutcome("p", 1, given.rollouts, given.scores, (last,))
    assert [each.id for each in measures.candidates(made)] == ["t0-n01", "t1-n00"]
    assert measures.candidates(given) == given.rollouts


def test_who_is_left_after_each_round_of_a_tournament() -> None:
    first = [match("a b", {"a": 1}, "a"), match("c d", {"d": 1}, "d")]
    last = [match("a d", {"d": 1}, "d")]
    assert measures.left_after_rounds(selection(first, last, selected=("d",))) == (
        ("a", "b", "c", "d"),
        ("a", "d"),
        ("d",),
    )


def test_other_selections_drop_nobody_before_their_end() -> None:
    ring = [match("a b", {"a": 1}, "a"), match("b c", {"b": 1}, "b"), match("c a", {"a": 1}, "a")]
    found = measures.left_after_rounds(selection(ring, selected=("a",)))
    assert found == (("a", "b", "c"), ("a",))


def test_where_one_of_identical_candidates_was_judged_no_round_tells_who_is_left() -> None:
    first = [match("a b", {"a": 1}, "a"), match("c d", {"d": 1}, "d")]
    last = [match("a d", {"d": 1}, "d")]
    classes = (("a", "e"), ("b",), ("c",), ("d",))
    found = selection(first, last, selected=("d",), classes=classes)
    assert measures.left_after_rounds(found) == (("a", "b", "c", "d"), ("d",))
