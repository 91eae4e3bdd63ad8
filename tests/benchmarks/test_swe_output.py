"""Grading the output of SWE-bench's evaluation script."""

import pytest

from inspect_tts.benchmarks.swe_verified.scorer import grade_output

pytestmark = pytest.mark.interop
pytest.importorskip("swebench", reason="needs the extra `swe`")

RECORD = {
    "repo": "pallets/flask",
    "version": "2.3",
    "FAIL_TO_PASS": ["tests/test_a.py::test_new"],
    "PASS_TO_PASS": ["tests/test_a.py::test_old"],
}
BEGIN, END = "+ : '>>>>> Start Test Output'", "+ : '>>>>> End Test Output'"
FAILED = "FAILED tests/test_a.py::test_old"
PASSED = ("PASSED tests/test_a.py::test_new", "PASSED tests/test_a.py::test_old")


@pytest.mark.parametrize(
    ("lines", "value", "told"),
    [
        ((BEGIN, *PASSED, END), 1.0, "FAIL_TO_PASS: 1 of 1 passed\nPASS_TO_PASS: 1 of 1 passed"),
        (
            (BEGIN, PASSED[0], FAILED, END),
            0.0,
            "failed: tests/test_a",
        ),
        ((BEGIN, PASSED[1], END), 0.0, "failed: tests/test_a.py::test_new"),
        ((*PASSED, BEGIN, PASSED[1], END), 0.0, "failed: tests/test_a.py::test_new"),
        ((BEGIN, "no tests ran", END), 0.0, "failed: tests/test_a.py::test_new"),
        ((BEGIN, *PASSED), 0.0, "The tests were ended before they were done"),
    ],
    ids=["all", "an old one fails", "a new one is missing", "before the tests", "none", "killed"],
)
def test_a_problem_is_resolved_if_all_its_tests_passed(
    lines: tuple[str, ...], value: float, told: str
) -> None:
    score, why = grade_output("pallets__flask-1", RECORD, "\n".join(lines) + "\n")
    assert (score, told in why) == (value, True), why


def test_tests_that_did_not_begin_say_nothing_of_the_patch() -> None:
    with pytest.raises(RuntimeError, match="the tests of pallets__flask-1 did not begin"):
        grade_output("pallets__flask-1", RECORD, "bash: not found\n")
