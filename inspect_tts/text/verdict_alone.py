"""Verdicts without a label: the last line of an answer names a solution and nothing else."""

import re

from .verdict_rest import NOUN, PRAISE
from .verdict_words import ANNOUNCES, NUMBERS

_BEFORE = r"[\s*_`\"'\[\](){}$|✅✔🏆→-]"
_AFTER = rf"(?:{_BEFORE}|[.!])"
_NUMBERED = re.compile(
    rf"{_BEFORE}*+(?:(?:therefore|thus|hence|so)\b,?\s*+)?(?:#{{1,6}}\s*+)?{_BEFORE}*+{NOUN}[\s_#*:]{{0,6}}"
    rf"(?P<number>\d{{1,9}}|{'|'.join(NUMBERS)}){_AFTER}*+",
    re.IGNORECASE,
)
_HEADING = re.compile(r"\s*#{1,6}\s")
_MARKED = re.compile(
    r"\s*(?:(?P<mark>\*{1,3}|_{1,2}|`)#?(\d{1,9})\.?(?P=mark)|#(\d{1,9})|\[\[(\d{1,9})\]\])\.?\s*"
)
_NUMBER = re.compile(r"\s*[\"'\[(]?(\d{1,9})[\"'\])]?\s*")
_SENTENCE_ENDS = (".", "!", "。", "！")


def alone(lines: list[str]) -> list[int | None]:
    """The number in the last line; None if another line praises another solution."""
    if not lines:
        return []
    *before, last = lines
    number = _number(last, whole=not before)
    if number is None or any(_NUMBERED.fullmatch(line) for line in before):
        return []  # it may be one more heading, or that of a section that was cut off
    if before and not _ended(before[-1]):
        return []  # it is unclear why the last line names the solution
    others = re.compile(rf"{NOUN}[\s_#*]{{0,6}}(\d{{1,9}})[*_`]{{0,3}}{PRAISE}", re.IGNORECASE)
    praised = {int(found[1]) for line in before for found in others.finditer(line)}
    return [None] if praised - {number} else [number]


def _ended(line: str) -> bool:
    """Whether a line is a whole sentence, or only announces the verdict."""
    if line.rstrip(" *_`\"')").endswith(_SENTENCE_ENDS):
        return True
    return all(word in ANNOUNCES for word in re.findall(r"[^\W\d_]+", line.lower()))


def _number(line: str, *, whole: bool) -> int | None:
    if not _HEADING.match(line) and (found := _NUMBERED.fullmatch(line)):
        word = found["number"].lower()
        return int(word) if word.isdecimal() else NUMBERS[word]
    if found := _MARKED.fullmatch(line) or (_NUMBER.fullmatch(line) if whole else None):
        return int(next(group for group in reversed(found.groups()) if group))
    return None
