"""How often behavior classes and outcomes agree, from records."""

from outcome_cases import EXECUTED, rollout
from outcome_cases import outcome as problem_outcome

from inspect_tts.execution.records import Dropped, ExecutionEvidence
from inspect_tts.statistics.executions import execution_numbers
from inspect_tts.statistics.outcomes import ProblemOutcome


def outcome(*found: ExecutionEvidence) -> ProblemOutcome:
    graded = {"a": 1.0, "b": 1.0, "c": 0.0, "d": None}
    rollouts = [
        (rollout(f"t0-n0{i}")[0].model_copy(update={"id": id}), score)
        for i, (id, score) in enumerate(graded.items())
    ]
    return problem_outcome(*rollouts, executions=found)


def test_pairs_are_counted_by_behavior_and_outcome() -> None:
    numbers = execution_numbers([outcome(EXECUTED), outcome()])
    assert numbers is not None
    assert (numbers.taken, numbers.separated, numbers.checks) == (1, 1, 1)
    assert (numbers.pairs, numbers.pairs_differ) == (3, 2), "what is not graded is in no pair"
    assert (numbers.unlike, numbers.unlike_differ) == (2, 2)
    assert (numbers.alike, numbers.alike_differ) == (1, 0)
    assert (numbers.like_untouched, numbers.like_untouched_passed) == (1, 0)
    assert (numbers.classes, numbers.largest, numbers.seconds) == (2, 2, 10.0)


def test_checks_are_counted_whether_they_were_dropped_or_told_results_apart() -> None:
    check = EXECUTED.checks[0]
    checks = tuple(check.model_copy(update={"id": f"u0{n}"}) for n in range(4))
    dropped = tuple(Dropped(check=f"u0{n}", reason="differs") for n in (2, 3))
    one = (EXECUTED.population,)  # all differ from the untouched tree in the same way
    apart = EXECUTED.model_copy(update={"checks": checks, "dropped": dropped, "classes": one})
    alike = apart.model_copy(update={"separating": (), "classes": ()})
    numbers = execution_numbers([outcome(apart, alike)])
    assert numbers is not None
    assert (numbers.taken, numbers.separated, numbers.separating) == (2, 1, 1)
    assert (numbers.checks, numbers.dropped) == (8, 4)


def test_without_evidence_there_are_no_numbers() -> None:
    assert execution_numbers([outcome()]) is None
    empty = ExecutionEvidence(iteration=0, population=("a",), reason="the task has no sandbox")
    numbers = execution_numbers([outcome(empty)])
    assert numbers is not None
    assert (numbers.taken, numbers.unavailable, numbers.pairs) == (1, 1, 0)
