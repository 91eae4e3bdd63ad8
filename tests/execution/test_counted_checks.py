"""Which checks count, what a check shows, and what follows for a rollout."""

from typing import Any

import pytest
from checked import USER, A, B, C, cross, evidence, made

from inspect_tts.execution.classes import (
    agreeing,
    behavior,
    broken_tests,
    concluded,
    first_runs,
    unfit_untouched,
    worth,
)
from inspect_tts.execution.records import UNTOUCHED, Check, Dropped, ExecutionEvidence

JUNIT = Check(id="r01", name="t.py", origin="repository", command="pytest t.py", junit=True)
SUITE = Check(id="r02", name="runtests", origin="repository", command="./runtests app")
HUNG = {"problem": "did not end within 9 s"}

SHOWN: list[tuple[Check, Any, dict[str, Any], str]] = [
    (cross(A), (1, "x"), {}, "1x"),
    (cross(A), (1, "x"), HUNG, "problem: did not end within 9 s"),
    (USER, (0, "x"), {}, "ended well"),
    (USER, (2, "x"), {}, "failed"),
    (USER, (0, "x"), HUNG, "problem: did not end within 9 s"),
    (SUITE, (1, "x"), {}, "failed"),
    (JUNIT, (1, "x"), {"passed": ()}, "all that passed passes"),
    (JUNIT, (1, "x"), {"passed": (), "broke": ("a", "b")}, "broke: a b"),
    (JUNIT, (1, "x"), {"broke": ("a",)}, "broke: a"),
]


@pytest.mark.parametrize(("check", "shown", "more", "expected"), SHOWN, ids=[s[3] for s in SHOWN])
def test_what_a_check_shows(check: Check, shown: Any, more: dict[str, Any], expected: str) -> None:
    assert behavior(check, made(check, A, shown, **more)) == expected


UNFIT: list[tuple[Check, Any, dict[str, Any], Any, dict[str, Any], str]] = [
    # check, first run on the untouched tree, second run, why it does not count
    (USER, (1, ""), {}, (1, ""), {}, ""),
    (USER, (125, ""), {}, (125, ""), {}, ""),
    (USER, (126, ""), {}, (126, ""), {}, "cannot be run on the untouched tree (return code 126)"),
    (USER, (127, ""), {}, (127, ""), {}, "cannot be run on the untouched tree (return code 127)"),
    (USER, (0, ""), {}, (0, ""), HUNG, "two runs on the untouched tree differ"),
    (USER, (0, ""), HUNG, (0, ""), {}, "on the untouched tree did not end within 9 s"),
    (SUITE, (0, ""), {}, (0, ""), {}, ""),
    (SUITE, (1, ""), {}, (1, ""), {}, "it fails on the untouched tree"),
    (SUITE, (0, ""), {}, (1, ""), {}, "two runs on the untouched tree differ"),
    (JUNIT, (0, ""), {}, (0, ""), {}, ""),  # without a report, it counts by its return code
    (JUNIT, (1, ""), {}, (1, ""), {}, "it fails on the untouched tree"),
    (JUNIT, (1, ""), {"passed": ("a",)}, (1, ""), {"passed": ("a", "b")}, ""),
    (JUNIT, (1, ""), {"passed": ("a",)}, (1, ""), {"passed": ("b",)}, "no test passes twice"),
    (cross(A), (0, "x"), {}, (0, "x"), {}, ""),
    (cross(A), (0, "x"), {}, (0, "y"), {}, "two runs on the untouched tree differ"),
]


@pytest.mark.parametrize(("check", "one", "first", "two", "second", "why"), UNFIT, ids=str)
def test_which_checks_count_by_their_runs_on_the_untouched_tree(
    check: Check, one: Any, first: dict[str, Any], two: Any, second: dict[str, Any], why: str
) -> None:
    runs = made(check, UNTOUCHED, one, **first), made(check, UNTOUCHED, two, 1, **second)
    found = unfit_untouched(check, *runs)
    assert why in (found or "")
    assert (found is None) == (why == "")
    for order in (runs, runs[::-1]):
        begun = evidence(trees={A: UNTOUCHED}).model_copy(update={"checks": (check,)})
        ended = concluded(begun.model_copy(update={"runs": order}))
        assert [each.reason for each in ended.dropped] == ([] if found is None else [found])


def test_a_reason_names_three_of_the_files_that_a_check_changes() -> None:
    run = made(USER, UNTOUCHED, "x", edited=("a", "b", "c", "d"))
    assert unfit_untouched(USER, run, run) == "it changes the repository: a, b, c"


def test_of_the_untouched_tree_the_first_run_is_shown() -> None:
    first, again = made(USER, UNTOUCHED, "1"), made(USER, UNTOUCHED, "2", 1)
    for runs in ((first, again), (again, first)):
        assert first_runs(runs) == {("u01", UNTOUCHED): first}


def test_what_counts_as_broken_besides_the_tests_that_a_report_names() -> None:
    shown: dict[str, Any] = {UNTOUCHED: (0, ""), A: (0, ""), B: (1, "")}
    found = evidence((SUITE, shown), trees={A: A, B: B})
    assert [broken_tests(found, id) for id in (A, B, C)] == [{}, {"r02": 1}, {}]
    hung = [r.model_copy(update=HUNG) if r.tree == A else r for r in found.runs]
    again = concluded(found.model_copy(update={"runs": tuple(hung)}))
    assert broken_tests(again, A) == {"r02": 1}
    late = (Dropped(check="r02", reason="there was no time"),)
    assert broken_tests(found.model_copy(update={"dropped": late}), B) == {}
    assert broken_tests(evidence((USER, shown), trees={A: A, B: B}), B) == {}, "not the user's"


def told(**checks: Any) -> ExecutionEvidence:
    """Evidence of the user's check and of the repository's tests."""
    return evidence((USER, checks["user"]), (SUITE, checks["suite"]), trees={A: A, B: B, C: C})


def test_a_class_that_breaks_tests_of_the_repository_agrees_on_no_solution() -> None:
    fixed = {UNTOUCHED: (1, ""), A: (0, ""), B: (0, ""), C: (1, "")}
    works = dict.fromkeys((UNTOUCHED, A, B, C), (0, ""))
    assert agreeing(told(user=fixed, suite=works)) == ((A, B),)
    assert agreeing(told(user=fixed, suite=works | {A: (1, ""), B: (1, "")})) == ()


def test_checks_of_the_user_decide_a_tie_before_tests_of_the_repository() -> None:
    works = dict.fromkeys((UNTOUCHED, A, B, C), (0, ""))
    user = {UNTOUCHED: (1, ""), A: (0, ""), B: (1, ""), C: (1, "")}
    found = told(user=user, suite=works | {A: (1, ""), C: (1, "")})
    assert worth(found, A) > worth(found, B) > worth(found, C)


def test_a_check_that_still_works_speaks_for_a_result_as_one_that_it_fixes() -> None:
    works = dict.fromkeys((UNTOUCHED, A, B, C), (0, ""))
    found = told(user=works | {B: (1, "")}, suite=works)
    assert found.attributions["u01"] == {A: "fine in both", B: "broke", C: "fine in both"}
    assert worth(found, C)[1] == worth(found, A)[1] == 1
    assert worth(found, B)[1] == 0


def test_evidence_that_could_not_be_taken_decides_no_tie() -> None:
    found = told(
        user={UNTOUCHED: (1, ""), A: (0, ""), B: (1, ""), C: (1, "")},
        suite={UNTOUCHED: (0, ""), A: (0, ""), B: (0, ""), C: (0, "")},
    )
    failed = found.model_copy(update={"reason": "git is missing"})
    assert worth(found, A) > worth(found, B)
    assert worth(failed, A) == worth(failed, B) == worth(None, A)
