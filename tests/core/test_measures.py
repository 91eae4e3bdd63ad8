"""Statistics against tables computed by hand."""

from collections.abc import Sequence

import pytest

from inspect_tts.core import judging, measures
from inspect_tts.core.bootstrap import Estimate, estimate, mean, mean_of_known, resamples
from inspect_tts.core.outcomes import (
    GradedRollout,
    MadeSelection,
    PlayedMatch,
    ProblemOutcome,
    StageTime,
    plain_outcome,
)
from inspect_tts.core.records import Usage
from inspect_tts.core.spending import phases


def rollout(name: str, score: float | None = None, **given: object) -> GradedRollout:
    """A rollout by its id, `t0-n01`."""
    iteration, index = name[1:].split("-n")
    fields: dict[str, object] = {
        "id": name,
        "iteration": int(iteration),
        "index": int(index),
        "model": "m",
        "status": "completed",
        "turns": 5,
        "messages": 10,
        "usage": Usage(total_tokens=100),
        "seconds": 1.0,
        "score": score,
        "passed": None if score is None else score >= 1,
    }
    return GradedRollout(**{**fields, **given})  # type: ignore[arg-type]  # as any call may


def iterations(*scores: Sequence[float | None], problem: str = "p") -> ProblemOutcome:
    """A problem from the scores of each iteration."""
    return ProblemOutcome(
        problem=problem,
        epoch=1,
        rollouts=tuple(
            rollout(f"t{t}-n{n:02d}", score)
            for t, row in enumerate(scores)
            for n, score in enumerate(row)
        ),
    )


def match(
    group: str,
    tally: dict[str, int],
    winner: str,
    *,
    round: int = 1,
    selection: str = "t0",
    **given: object,
) -> PlayedMatch:
    fields: dict[str, object] = {
        "selection": "t0",
        "kind": "tournament",
        "iteration": 0,
        "round": round,
        "id": f"t0-r{round}-m0",
        "group": tuple(group.split()),
        "tally": tally,
        "votes": sum(tally.values()),
        "saved": 0,
        "abstentions": 0,
        "reasked": 0,
        "winner": winner,
        "decided_by": "votes",
        "tied": False,
        "flip_rate": None,
        "usage": Usage(),
        "seconds": 0.0,
    }
    return PlayedMatch(**{**fields, **given})  # type: ignore[arg-type]  # as any call may


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


def test_baselines_choose_among_the_same_candidates() -> None:
    found = measures.baselines(
        [
            rollout("t1-n00", 0.0, turns=9, usage=Usage(total_tokens=50), fingerprint="a"),
            rollout("t1-n01", 1.0, turns=2, usage=Usage(total_tokens=90), fingerprint="b"),
            rollout("t1-n02", 1.0, turns=7, usage=Usage(total_tokens=70), fingerprint="b"),
            rollout("t1-n03", 0.0, turns=1, usage=Usage(total_tokens=10), status="limit"),
        ]
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
    found = measures.baselines(
        [rollout("t0-n00", 1.0, usage=cheap), rollout("t0-n01", 0.0, usage=dear)]
    )
    assert (found["fewest_turns"], found["cheapest"]) == (0.5, 1.0)
    assert found["agreement"] is None, "nobody has a fingerprint"


def test_first_is_the_first_of_the_newest_iteration() -> None:
    carried = [rollout("t0-n00", 0.0), rollout("t1-n00", 1.0), rollout("t1-n01", 0.0)]
    assert measures.baselines(carried)["first"] == 1.0


def test_baselines_of_candidates_that_are_graded_in_part_are_unknown() -> None:
    found = measures.baselines([rollout("t0-n00", 1.0), rollout("t0-n01", None)])
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


def test_score_by_passing_context() -> None:
    def refined(scores: Sequence[float], context: str) -> ProblemOutcome:
        before = iterations([1, 0, 0, None])
        after = [
            rollout(f"t1-n{n:02d}", score, context=tuple(context.split()))
            for n, score in enumerate(scores)
        ]
        return ProblemOutcome("p", 1, (*before.rollouts, *after))

    found = measures.by_passing_context(
        [
            refined([1, 0], "t0-n00 t0-n01"),
            refined([1, 1], "t0-n01 t0-n00"),
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
    outcome = ProblemOutcome(
        "p",
        1,
        (
            rollout("t0-n00", 1, turns=4),
            rollout("t0-n01", 1, turns=6),
            rollout("t0-n02", 1, turns=11),
            rollout("t0-n03", 0, turns=20),
            rollout("t1-n00", None, turns=3),
        ),
    )
    assert measures.turns_by_outcome([outcome]) == (
        measures.Turns(0, "passed", 3, 7.0, 6),
        measures.Turns(0, "failed", 1, 20.0, 20),
        measures.Turns(1, "not graded", 1, 3.0, 3),
    )


# --- judges

PASSED = {"a": True, "b": False, "c": False, "d": True, "u": None}


def test_accuracy_counts_decidable_groups_only() -> None:
    played = [
        match("a b", {"a": 6, "b": 2}, "a"),
        match("b d", {"b": 5, "d": 3}, "b"),
        match("a d", {"a": 8, "d": 0}, "a"),  # both pass
        match("a u", {"a": 8, "u": 0}, "a"),  # not graded
        match("a b c", {"a": 4, "b": 2, "c": 2}, "a", round=2),
    ]
    first, second = judging.accuracy_by_round([(each, PASSED) for each in played])
    assert first == judging.RoundAccuracy(
        iteration=0,
        selection=0,
        round=1,
        matches=4,
        decidable=2,
        correct=1,
        accuracy=0.5,
        chance=0.5,
        vote_accuracy=9 / 16,
    )
    assert (second.accuracy, second.chance, second.vote_accuracy) == (1.0, 1 / 3, 0.5)


def test_byes_and_grades_are_no_matches() -> None:
    outcome = ProblemOutcome(
        "p",
        1,
        (rollout("t0-n00", 1.0),),
        matches=(
            match("a", {}, "a", decided_by="bye"),
            match("a", {"a": 0}, "a", votes=8, decided_by="grade"),
            match("a b", {"a": 1, "b": 0}, "a"),
        ),
    )
    assert [found.group for found, _ in judging.judged([outcome])] == [("a", "b")]


def test_rates() -> None:
    played = [
        match("a b", {"a": 4, "b": 4}, "a", tied=True, flip_rate=1.0),
        match("a b", {"a": 5, "b": 0}, "a", saved=3, flip_rate=0.0),
        match("a b", {"a": 1, "b": 1}, "a", votes=4, abstentions=2, reasked=3, tied=True),
        match("a b", {"a": 3, "b": 0}, "a"),
    ]
    assert judging.rates([(each, PASSED) for each in played]) == judging.Rates(
        matches=4, votes=20, saved=3, tie=0.5, abstention=0.1, reask=0.15, flip=0.5
    )


def test_calibration_bins_by_the_winners_share() -> None:
    played = [
        match("a b", {"a": 5, "b": 3}, "a"),
        match("a b", {"a": 3, "b": 5}, "b"),
        match("a b", {"a": 8, "b": 0}, "a"),
        match("a b", {"a": 4, "b": 4}, "a", tied=True),
        match("a d", {"a": 8, "d": 0}, "a"),
    ]
    assert judging.calibration([(each, PASSED) for each in played]) == (
        judging.Bin(low=0.5, high=0.625, matches=2, share=0.625, accuracy=0.5),
        judging.Bin(low=0.875, high=1.0, matches=1, share=1.0, accuracy=1.0),
    )


# --- spending


def test_phases_are_means_over_problems_and_the_rest_is_other() -> None:
    def used(tokens: int, cost: float | None = None) -> Usage:
        return Usage(
            input_tokens=tokens - 20,
            cache_read_tokens=15,
            output_tokens=5,
            total_tokens=tokens,
            cost=cost,
        )

    outcome = ProblemOutcome(
        "p",
        1,
        (
            rollout("t0-n00", usage=used(100, 1.0), summary_usage=used(40, 0.5), seconds=3.0),
            rollout("t0-n01", usage=used(200, 2.0), summary_usage=used(60, 0.5), seconds=5.0),
        ),
        matches=(match("t0-n00 t0-n01", {"t0-n00": 2}, "t0-n00", usage=used(80), seconds=2.0),),
        stages=(
            StageTime("rollouts", 0, 6.0),
            StageTime("tournament", 0, 1.5),
            StageTime("adopt", 0, None),
        ),
        usage=used(500, 9.0),
    )
    empty = ProblemOutcome("q", 1, ())
    run, told, voted, other = phases([outcome, empty])

    assert (run.name, run.iteration, run.total_tokens, run.dollars) == ("rollouts", 0, 150.0, 1.5)
    assert (run.input_tokens, run.cached_tokens, run.output_tokens) == (130.0, 15.0, 5.0)
    assert (run.busy_seconds, run.wall_seconds) == (4.0, 3.0)
    assert (told.name, told.total_tokens, told.wall_seconds) == ("summaries", 50.0, None)
    assert (voted.name, voted.total_tokens, voted.dollars, voted.wall_seconds) == (
        ("votes", 40.0, None, 0.75)
    ), "a model without a price has no dollars"
    assert (other.name, other.total_tokens, other.dollars) == ("other", 10.0, None)
    assert phases([]) == ()


# --- bootstrap


PINNED = ((3, 0, 3, 2, 1), (2, 1, 2, 0, 0))


def test_resamples_are_the_same_everywhere() -> None:
    assert resamples(5, seed=1, replicates=3) == resamples(5, seed=1, replicates=3)
    assert resamples(5, seed=1, replicates=3) != resamples(5, seed=2, replicates=3)
    assert resamples(5, seed=1, replicates=2) == PINNED


def test_an_interval_covers_the_mean_and_shrinks_with_problems() -> None:
    few, many = ([i % 2 for i in range(count)] for count in (10, 1000))
    narrow, wide = (estimate(values, mean) for values in (many, few))
    assert narrow is not None
    assert wide is not None
    assert wide.low < narrow.low < 0.5 < narrow.high < wide.high
    # the standard error of a mean of 1000 coins is 0.0158
    assert narrow.high - narrow.low == pytest.approx(2 * 1.96 * 0.0158, rel=0.1)


def test_an_estimate_rests_on_the_problems_that_have_a_value() -> None:
    assert mean_of_known([1.0, None, 1.0]) == Estimate(1.0, 1.0, 1.0, 2)
    assert mean_of_known([None]) is None
    assert estimate([], mean) is None
    assert estimate([3.0], mean) == Estimate(3.0, 3.0, 3.0, 1)


# --- plain runs


def test_epochs_of_a_plain_run_are_rollouts_of_iteration_0() -> None:
    epochs = [iterations([score]) for score in (1.0, 0.0)]
    joined = plain_outcome("p", epochs)
    assert joined.numbers == {"iteration_0": 0.5, "oracle": 1.0}
    assert (joined.passes(0), len(joined.rollouts)) == (1, 2)
    assert plain_outcome("p", [*epochs, iterations([None])]).numbers == {}


def test_candidates_are_those_of_the_last_selection() -> None:
    outcome = ProblemOutcome(
        "p",
        1,
        iterations([0, 1], [1, 1]).rollouts,
        selections=(MadeSelection("t1", "tournament", 1, ("t0-n01", "t1-n00"), ("t1-n00",), ()),),
    )
    assert [each.id for each in measures.candidates(outcome)] == ["t0-n01", "t1-n00"]
