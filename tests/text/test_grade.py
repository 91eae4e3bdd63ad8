import pytest

from inspect_tts.text.verdict import parse_grade

GRADES: list[tuple[str, int | None]] = [
    ("Final grade: 17", 17),
    ("**Final grade:** 17/20", 17),
    ("Final grade: 17 out of 20.", 17),
    ("Final grade: 17 because the end state was not checked", 17),
    ('{"comparison": "Good.", "grade": 17}', 17),
    ("\\boxed{Final grade: 17}", 17),
    ("Final score: 17/20", 17),
    ("Final grade: 17 (90% confident)", 17),
    ("Final grade: 7 - does not handle empty input", 7),
    ("Final grade: 7\n\nIt does not handle empty input.", 7),
    ("Final grade: 7\n\nIt passes the first, and nothing else.", 7),
    ("## Final grade\n\n7 (two tests were not run)", 7),
    ('[{"criterion": "tests", "score": 5}, {"criterion": "style", "score": 7}]', None),
    ("Final grade: 17.5", None),
    ("Final grade: 17/100", None),
    ("Final grade: 16-18", None),
    ("Final grade: 0", None),
    ("Final grade: 21", None),
    ("Final grade: -3", None),
    ("Final grade: 17\nFinal grade: 3", None),
    ("Final grade: between 10 and 15", None),
    ("17/20", None),
]


@pytest.mark.parametrize(("text", "expected"), GRADES)
def test_a_grade(text: str, expected: int | None) -> None:
    assert parse_grade(text) == expected
