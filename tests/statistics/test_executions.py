"""How often behavior classes and outcomes agree, from records."""

from outcome_cases import outcome as problem_outcome
from outcome_cases import rollout

from inspect_tts.execution.records import UNTOUCHED, Check, CheckRun, ExecutionEvidence
from inspect_tts.report.tables.evidence import check_rows
from inspect_tts.statistics.executions import execution_numbers
from inspect_tts.statistics.outcomes import ProblemOutcome

CHECK = Check(id="u01", name="unit", origin="user", command="make test")


FOUND = ExecutionEvidence(
    iteration=0,
    population=("a", "b", "c", "d"),
    results={"a": "a", "b": "a", "c": "c", "d": UNTOUCHED},
    checks=(CHECK,),
    runs=tuple(
        CheckRun(check="u01", tree=tree, returncode=code)
        for tree, code in ((UNTOUCHED, 1), ("a", 0), ("c", 2))
    ),
    separating=("u01",),
    classes=(("a", "b"), ("c", "d")),
    like_untouched=("c", "d"),
    attributions={"u01": {"a": "fixed", "b": "fixed", "c": "still failing"}},
    seconds=10.0,
)


def outcome(*found: ExecutionEvidence) -> ProblemOutcome:
    graded = {"a": 1.0, "b": 1.0, "c": 0.0, "d": None}
    rollouts = [
        (rollout(f"t0-n0{i}")[0].model_copy(update={"id": id}), score)
        for i, (id, score) in enumerate(graded.items())
    ]
    return problem_outcome(*rollouts, executions=found)


def test_pairs_are_counted_by_behavior_and_outcome() -> None:
    numbers = execution_numbers([outcome(FOUND), outcome()])
    assert numbers is not None
    assert (numbers.taken, numbers.separated, numbers.checks) == (1, 1, 1)
    assert (numbers.pairs, numbers.pairs_differ) == (3, 2), "what is not graded is in no pair"
    assert (numbers.unlike, numbers.unlike_differ) == (2, 2)
    assert (numbers.alike, numbers.alike_differ) == (1, 0)
    assert (numbers.like_untouched, numbers.like_untouched_passed) == (1, 0)
    assert (numbers.classes, numbers.largest, numbers.seconds) == (2, 2, 10.0)


def test_without_evidence_there_are_no_numbers() -> None:
    assert execution_numbers([outcome()]) is None
    empty = ExecutionEvidence(iteration=0, population=("a",), reason="the task has no sandbox")
    numbers = execution_numbers([outcome(empty)])
    assert numbers is not None
    assert (numbers.taken, numbers.unavailable, numbers.pairs) == (1, 1, 0)


def test_each_check_has_a_row_for_each_result() -> None:
    rows = {row["rollout"]: row for row in check_rows([FOUND])}
    assert {id: (row["returncode"], row["attribution"]) for id, row in rows.items()} == {
        UNTOUCHED: (1, None),
        "a": (0, "fixed"),
        "b": (0, "fixed"),
        "c": (2, "still failing"),
        "d": (1, None),
    }
    assert rows["d"]["behavior"] == UNTOUCHED
    assert all(row["separates"] and row["dropped"] is None for row in rows.values())
