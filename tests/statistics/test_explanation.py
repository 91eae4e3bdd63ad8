"""The line that explains a sample's numbers in the viewer."""

import pytest
from outcome_cases import match, rollout, selection

from inspect_tts.method.records import Selection, Usage
from inspect_tts.statistics.sample import explanation, sample_spending

PAIR = "t1-n00 t1-n01"
A, B = PAIR.split()
EARLIER = selection([match(PAIR, {A: 8, B: 0}, A)])
CASES = {
    "the votes of its last match": (
        [EARLIER, selection([match(PAIR, {A: 5, B: 1}, A)])],
        "adopted t1-n00, won 5:1 in the final, 2 rollouts, 14 votes, $4.00",
    ),
    "three in the final": (
        [selection([match(f"{PAIR} t1-n02", {A: 4, B: 1, "t1-n02": 2}, A)])],
        "adopted t1-n00, won 4:2:1 in the final, 2 rollouts, 7 votes, $4.00",
    ),
    "a tie is not called a win": (
        [selection([match(PAIR, {A: 4, B: 4}, A, decided_by="random")])],
        "adopted t1-n00, drawn at random after 4:4 in the final, 2 rollouts, 8 votes, $4.00",
    ),
    "evidence": (
        [selection([match(PAIR, {A: 1, B: 1}, A, decided_by="evidence")])],
        "adopted t1-n00, decided by evidence after 1:1 in the final, 2 rollouts, 2 votes, $4.00",
    ),
    "another selection": (
        [selection(kind="random", population=(A, B), ranking=(A, B), selected=(A,))],
        "adopted t1-n00, selected by random, 2 rollouts, 0 votes, $4.00",
    ),
    "nothing to choose": (
        [selection(population=(A,), ranking=(A,), selected=(A,))],
        "adopted t1-n00, the only candidate, 2 rollouts, 0 votes, $4.00",
    ),
}


@pytest.mark.parametrize(("selections", "expected"), CASES.values(), ids=CASES)
def test_explanation(selections: list[Selection], expected: str) -> None:
    rollouts = [rollout(id, usage=Usage(total_tokens=9, cost=2.0))[0] for id in (A, B)]
    spending = sample_spending(rollouts, selections)
    assert explanation(rollouts, selections, A, spending) == expected


def test_an_unknown_cost_is_left_out() -> None:
    rollouts = [rollout(A)[0]]
    assert explanation(rollouts, [EARLIER], A, sample_spending(rollouts, [EARLIER])) == (
        "adopted t1-n00, won 8:0 in the final, 1 rollout, 8 votes"
    )
