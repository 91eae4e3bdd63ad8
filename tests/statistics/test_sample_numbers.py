"""Numbers of one problem: the columns of three iterations, the oracle, and what it cost."""

import pytest
from outcome_cases import match, rollout, selection

from inspect_tts.method.records import Selection, Usage
from inspect_tts.method.voting.close_matches import Investigation
from inspect_tts.statistics.sample import explanation, sample_numbers, sample_spending

SCORES = {"t0-n00": 1.0, "t0-n01": 0.0, "t1-n00": 0.5, "t1-n01": 0.25, "t2-n00": 0.0, "t2-n01": 0.2}
ROLLOUTS = [rollout(id, score)[0] for id, score in SCORES.items()]


def numbers(*last: str) -> dict[str, float]:
    """The numbers of three iterations, the last of which selects among `last`."""
    selections = [
        selection(id="t0", population=("t0-n00", "t0-n01"), selected=("t0-n00",)),
        selection(id="t1", population=("t1-n00", "t1-n01"), selected=("t1-n01",)),
        selection(id="t2", population=last, selected=last[-1:]),
    ]
    return sample_numbers(SCORES, ROLLOUTS, selections, last[-1])


def test_the_last_context_is_select_k_and_the_oracle_is_of_the_last_candidates() -> None:
    assert numbers("t2-n00", "t2-n01") == {
        "iteration_0": 0.5,
        "iteration_1": 0.375,
        "iteration_2": 0.1,
        "select_k": 0.25,
        "selected": 0.2,
        "oracle": 0.2,
    }


def test_the_oracle_may_be_a_parent_that_was_a_candidate() -> None:
    assert numbers("t2-n00", "t2-n01", "t1-n00")["oracle"] == 0.5


def test_spending_counts_rollouts_summaries_votes_and_investigations() -> None:
    def used(cost: float) -> Usage:
        return Usage(total_tokens=1, cost=cost)

    made, _ = rollout("t0-n00", usage=used(0.1), summary_usage=used(0.02))
    looked = Investigation(order=("a", "b"), ended="limit", usage=used(0.0004))
    voted = match("a b", {"a": 1}, "a", usage=used(0.003), investigation=looked)
    found = sample_spending([made], [selection([voted])])
    assert found == {"votes": 1, "cost": 0.1234}


A, B = PAIR = ("t1-n00", "t1-n01")


@pytest.mark.parametrize(
    ("chosen", "how"),
    [
        (
            selection([match(" ".join(PAIR), {A: 4, B: 3}, A, decided_by="investigation")]),
            "decided by an investigation after 4:3 in the final",
        ),
        (
            selection([match(" ".join(PAIR), {A: 4, B: 3}, A)], kind="swiss"),
            "selected by swiss",
        ),
        (
            selection(
                [match(" ".join(PAIR), {A: 4, B: 3}, A)], [match(A, {}, A, decided_by="bye")]
            ),
            "won 4:3 in the final",
        ),
        (
            selection(
                [match(f"{A} x", {A: 4, "x": 3}, A)], [match(" ".join(PAIR), {A: 1, B: 2}, B)]
            ),
            "won 4:3 in the final",
        ),
    ],
    ids=["investigation", "another selection", "a bye after it", "only what it won"],
)
def test_the_explanation_says_how_it_won(chosen: Selection, how: str) -> None:
    said = explanation([ROLLOUTS[0]], [chosen], A, {"votes": 7})
    assert said == f"adopted {A}, {how}, 1 rollout, 7 votes"
