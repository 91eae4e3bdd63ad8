"""Outputs are equal where behavior is."""

import pytest

from inspect_tts.execution.junit import marked_broken, passed_tests
from inspect_tts.execution.outputs import comparable, digest, excerpts

TRACEBACK = """Traceback (most recent call last):
  File "/testbed/a.py", line {0}, in f
    g({0})
    ~^^^^^
  File "/testbed/b.py", line 7, in g
ValueError: {1}
"""
SAME = {
    "addresses": ("<A at 0x7f12ab34>", "<A at 0x55ffee12cd>"),
    "dates": ("on 2026-01-02 03:04:05.678", "on 2025-11-12 13:14:15.1"),
    "times": ("at 03:04:05", "at 13:14:15.5"),
    "durations": ("Ran 3 tests in 0.021s", "Ran 3 tests in 1.5s"),
    "more durations": ("took 3.5 ms, 2 passed in 12s", "took 12.25 ms, 2 passed in 9s"),
    "temporary folders": ("wrote /tmp/pytest-of-root/pytest-0/x", "wrote /tmp/tmpk3jd9s2x/y"),
    "temporary names": ("made tmpab12cd34", "made tmpzz98yy76"),
    "process ids": ("pid 123 ended, Process-4", "pid 9 ended, Process-12"),
    "identifiers": (
        "id 6f1ed002-ab5c-4b1d-9d2c-1f3b5a7c9e10",
        "id 00000000-1111-2222-3333-444455556666",
    ),
    "the order of sets": ("{'b', 'a', 'c'}", "{'c', 'a', 'b'}"),
    "line numbers": ("a.py:12: Warning, line 3", "a.py:40: Warning, line 9"),
    "frames of tracebacks": (TRACEBACK.format(3, "x"), TRACEBACK.format(44, "x")),
    "colors": ("\x1b[31mred\x1b[0m", "red"),
    "line ends and blanks": ("a \r\nb", "a\nb"),
    "dates with times": ("at 2026-01-02T03:04:05.6Z", "at 2025-11-12T13:14:15+01:00"),
    "other temporary folders": ("wrote /var/tmp/a1", "wrote /var/tmp/b2"),
}
DIFFERENT = {
    "numbers": ("sum 3", "sum 4"),
    "decimals": ("3.5", "3.6"),
    "messages of errors": (TRACEBACK.format(3, "x"), TRACEBACK.format(3, "y")),
    "members of sets": ("{'a', 'b'}", "{'a', 'c'}"),
    "lists": ("[1, 2]", "[2, 1]"),
    "the order of mappings": ("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}"),
    "short hexadecimal numbers": ("0x1ff", "0x2ff"),
    "whole numbers of a unit": ("waits 3 seconds", "waits 4 seconds"),
    "how often a frame repeats": tuple(
        f'  File "a.py", line 1, in f\n  [Previous line repeated {n} more times]' for n in (3, 4)
    ),
    "what follows a traceback": (
        TRACEBACK.format(1, "x") + "end 1",
        TRACEBACK.format(1, "x") + "end 2",
    ),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_what_differs_without_meaning_is_left_out(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_has_meaning_stays(one: str, other: str) -> None:
    assert comparable(one) != comparable(other)


def test_the_place_of_the_workspace_does_not_count() -> None:
    texts = [comparable(f"in {top}/a.py", top=top) for top in ("/work", "/home/x1")]
    assert texts[0] == texts[1] == "in /@tree@/a.py"


def test_the_home_folder_does_not_count_and_the_root_is_no_place() -> None:
    texts = [comparable(f"in {home}/a.py", home=home) for home in ("/root", "/home/x1")]
    assert texts[0] == texts[1] == "in /@home@/a.py"
    assert comparable("a/b", top="/", home="/") == "a/b"


KEPT = [
    "ERROR tests/a.py - no module",
    "FAILED tests/a.py::b - assert",
    "E   assert 1 == 2",
    "====== ERRORS ======",
    "=== 2 passed ===",
    "=== 1 error ===",
    "=== no tests ran ===",
]


@pytest.mark.parametrize("line", KEPT)
def test_lines_of_pytest_that_count(line: str) -> None:
    begin = "=== test session starts ===\nplatform linux\ncollected 2 items\n"
    assert comparable(f"{begin}{line}\n") == line


def test_of_pytest_only_outcomes_count() -> None:
    def session(seconds: str, code: str, error: str) -> str:
        begin = (
            f"=== test session starts ===\nplatform linux -- {seconds}\n\n    {code}\nE   {error}\n"
        )
        return f"{begin}FAILED tests/a.py::b - {error}\n=== 1 failed in {seconds}s ===\n"

    one = comparable(session("0.1", "return a", "assert 1 == 2"))
    assert one == comparable(session("3.2", "return (a)", "assert 1 == 2"))
    assert one != comparable(session("0.1", "return a", "assert 1 == 3"))


def test_the_return_code_is_part_of_behavior() -> None:
    assert len({digest(0, "a"), digest(1, "a"), digest(0, "b"), digest(None, "a")}) == 4


def test_excerpts_show_where_outputs_part() -> None:
    outputs = ["\n".join([*"abcdef", end, *["x" * 90] * 90]) for end in ("left", "right")]
    shown = excerpts(outputs)
    assert [text.split("\n")[:4] for text in shown] == [
        ["[...]", "e", "f", "left"],
        ["[...]", "e", "f", "right"],
    ]
    assert all(len(text) < 1_400 for text in shown)
    assert excerpts(["a\nb\nc\nd", "a\nb\nc\nd"]) == ["a\nb\nc\nd"] * 2
    assert excerpts([]) == []


@pytest.mark.parametrize("piece", ["{", "{a, ", "0x", "1.", "/tmp/", '  File "', "line ", "\x1b["])
def test_time_is_linear(piece: str) -> None:
    assert len(comparable(piece * (1_000_000 // len(piece)))) < 2_000_000


XML = """<testsuites><testsuite name="s">
<testcase classname="tests.a" name="good"/>
<testcase classname="tests.a" name="bad"><failure message="x"/></testcase>
<testcase classname="tests.a" name="odd"><error message="x"/></testcase>
<testcase classname="tests.a" name="skipped"><skipped/></testcase>
<testcase classname="tests.a" name="twice"/>
<testcase classname="tests.a" name="twice"><error/></testcase>
</testsuite></testsuites>"""


def test_tests_are_told_by_id() -> None:
    assert passed_tests(XML) == ("tests.a::good",)
    assert marked_broken(("tests.a::bad", "tests.a::good"), passed_tests(XML)) == ("tests.a::bad",)
    assert marked_broken(("a",), None) == ("a",)


@pytest.mark.parametrize("text", ["", "<testsuites>", "no xml", "<html/>", "<testsuites/>"])
def test_a_report_that_is_none_tells_nothing(text: str) -> None:
    assert passed_tests(text) is None
