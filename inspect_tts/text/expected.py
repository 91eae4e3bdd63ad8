"""The expected grade of a judge: the mean over the grades it might have given."""

import re
from collections.abc import Sequence
from math import exp
from typing import NamedTuple

from .verdict import BEST_GRADE

_GRADE = re.compile(r"(?:grade|score|rating)[\"'\s*_`]{0,6}[:=][\"'\s*_`]{0,6}(\d{1,2})", re.I)
_LEAST_MASS = 0.5
"""Least total probability of the tokens that are grades; below it, the token is no grade."""


class Token(NamedTuple):
    """A token of an answer, with its alternatives."""

    text: str
    others: Sequence[tuple[str, float]]
    """The likeliest tokens at this place, with their log probabilities."""


def expected_grade(tokens: Sequence[Token], grade: int) -> float | None:
    """The mean grade over the alternatives of the grade's token, weighted by probability.

    After G-Eval (arXiv 2303.16634) and LLM-as-a-Verifier. None if no single token is the grade, or
    if the alternatives that are grades have too little probability.
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
