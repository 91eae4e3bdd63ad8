"""Which tests a JUnit report says have passed, and which of them a result breaks."""

import pytest

from inspect_tts.execution.junit import MOST_TESTS, marked_broken, passed_tests


def case(name: str, inner: str = "", of: str = "t") -> str:
    return f'<testcase classname="{of}" name="{name}">{inner}</testcase>'


def report(*cases: str) -> str:
    return f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>"


@pytest.mark.parametrize(
    ("cases", "passed"),
    [
        ([case("b"), case("a")], ("t::a", "t::b")),
        ([case("a", "<failure/>"), case("b", "<error/>"), case("c", "<skipped/>")], ()),
        ([case("a"), case("a", of="u")], ("t::a", "u::a")),
        ([case("a"), case("a")], ("t::a",)),
        ([case("a", "<failure/>"), case("a")], ()),
        ([case("a"), case("a", "<failure/>")], ()),
    ],
    ids=["passed", "not passed", "two files", "twice", "failed first", "failed then"],
)
def test_a_test_has_passed_if_it_passed_each_time(
    cases: list[str], passed: tuple[str, ...]
) -> None:
    assert passed_tests(report(*cases)) == passed
    assert passed_tests(f"<testsuite>{''.join(cases)}</testsuite>") == passed


@pytest.mark.parametrize("xml", ["", "no XML", "<a/>", report(), "<testsuite>", "\ud800"])
def test_what_is_no_report_says_nothing(xml: str) -> None:
    assert passed_tests(xml) is None


def test_a_report_of_too_many_tests_says_nothing() -> None:
    cases = [case(str(number)) for number in range(MOST_TESTS + 1)]
    assert passed_tests(report(*cases)) is None
    assert len(passed_tests(report(*cases[1:])) or ()) == MOST_TESTS


def test_a_result_breaks_what_does_not_pass_there() -> None:
    assert marked_broken(("a", "b"), ("b", "c")) == ("a",)
    assert marked_broken(("a", "b"), None) == ("a", "b")
