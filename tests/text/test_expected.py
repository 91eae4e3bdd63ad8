"""The mean of the grades that a judge might have given, from the probabilities of its tokens."""

from math import log
from typing import Any

import pytest

from inspect_tts.text.expected import Token, expected_grade


def token(text: str, **chances: float) -> Token:
    return Token(text, [(each.strip("_"), log(chance)) for each, chance in chances.items()])


@pytest.mark.parametrize(
    ("tokens", "grade", "expected"),
    [
        (["Final", " grade:", token(" 17", _17=0.6, _13=0.2, _11=0.2)], 17, 15.0),
        (["Final grade", ": **", token("17", _17=0.5, _7=0.5), "**"], 17, 12.0),
        (['{"comparison": "x", "grade', '": ', token("9", _9=0.9, _8=0.1), "}"], 9, 8.9),
        (["grade: 17 at first. Final grade: ", token("9", _9=1.0)], 9, 9.0),
        (["grade: ", token("9", _9=1.0), ", grade: ", token("9", _9=0.5, _7=0.5)], 9, 8.0),
        (["Final grade: ", token("17", _17=0.7, _99=0.2, the=0.1)], 17, 17.0),
        (["Final grade: ", token("17", _17=0.4, _17_=0.2, _7=0.4)], 17, 13.0),
        (["Final grade: ", token("17", _17=0.3, the=0.7)], 17, None),
        (["Final grade: ", token("1", _1=1.0), token("7", _7=1.0)], 17, None),
        (["Final grade: ", token("17", _17=1.0)], 12, None),
        (["Final grade: ", token("9", _9=0.5, _7=0.5), " (style score: ", "3", ")"], 9, 8.0),
        (["Final grade: ", token("1", _1=0.6, _0=0.4)], 1, 1.0),
        (["17"], 17, None),
        ([], 17, None),
    ],
    ids=str,
)
def test_the_mean_over_the_grades_that_might_have_been(
    tokens: list[Any], grade: int, expected: float | None
) -> None:
    found = expected_grade([t if isinstance(t, Token) else Token(t, ()) for t in tokens], grade)
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-5))
