"""The grade that a judge expects: the mean over what it might have said in place of its grade."""

import re
from collections.abc import Sequence
from math import exp
from typing import NamedTuple

from .verdict import BEST_GRADE

_GRADE = re.compile(r"(?:grade|score|rating)[\"'\s*_`]{0,6}[:=][\"'\s*_`]{0,6}(\d{1,2})", re.I)
_LEAST_MASS = 0.5
"""Probability that grades must have together; with less, the token was hardly a grade."""


class Token(NamedTuple):
    """A token of an answer, and what might have stood in its place."""

    text: str
    others: Sequence[tuple[str, float]]
    """The likeliest tokens, its own among them, with the logarithms of their probabilities."""


def expected_grade(tokens: Sequence[Token], grade: int) -> float | None:
    """The mean grade over the likeliest tokens in place of that which is the grade.

    After G-Eval (arXiv 2303.16634) and LLM-as-a-Verifier. None where no single token is the grade.
    """
    found = [m for m in _GRADE.finditer("".join(t.text for t in tokens)) if int(m[1]) == grade]
    if not found:
        return None
    begin, place = found[-1].start(1), 0
    for token in tokens:
        if place + len(token.text) > begin:
            break
        place += len(token.text)
    if _number(token.text) != grade:
        return None
    chances: dict[int, float] = {}
    for text, logprob in token.others:
        number = _number(text)
        if number is not None:
            chances[number] = chances.get(number, 0.0) + exp(logprob)
    mass = sum(chances.values())
    if mass < _LEAST_MASS:
        return None
    return round(sum(number * chance for number, chance in chances.items()) / mass, 6)


def _number(token: str) -> int | None:
    digits = token.strip(" \t\n*_`\"'")
    if not digits.isascii() or not digits.isdigit():
        return None
    return number if 1 <= (number := int(digits)) <= BEST_GRADE else None
