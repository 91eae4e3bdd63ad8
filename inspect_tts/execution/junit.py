"""Test ids and outcomes, read from the JUnit XML that runners write."""

from junitparser import JUnitXml, TestCase, TestSuite

MOST_TESTS = 5_000


def passed_tests(xml: str) -> tuple[str, ...] | None:
    """The ids of the tests that passed; None if there is no JUnit XML, no test, or too many tests.

    An id that occurs several times has passed if it passed each time. A skipped test has not.
    """
    try:
        found = JUnitXml.fromstring(xml.encode(errors="replace"))
        outcomes = dict[str, bool]()
        for case in _cases(found):
            name = "::".join(filter(None, (case.classname, case.name)))
            outcomes[name] = outcomes.get(name, True) and bool(case.is_passed)
    except Exception:  # a check wrote it: it can be wrong in any way
        return None
    if not outcomes or len(outcomes) > MOST_TESTS:
        return None
    return tuple(sorted(name for name, passed in outcomes.items() if passed))


def _cases(found: JUnitXml | TestSuite) -> list[TestCase]:
    cases = list[TestCase]()
    for each in found:
        if isinstance(each, TestCase):
            cases.append(each)
        else:
            cases += _cases(each)
    return cases


def marked_broken(passed: tuple[str, ...], here: tuple[str, ...] | None) -> tuple[str, ...]:
    """Tests that pass on the untouched tree but not here; all if no report could be read."""
    there = set(here or ())
    return tuple(name for name in passed if name not in there)
