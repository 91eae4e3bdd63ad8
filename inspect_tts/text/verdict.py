"""Read a judge's decision. If it leaves doubt, there is no verdict and the judge is asked again."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from .parsing import JsonSpan, json_spans
from .verdict_alone import alone
from .verdict_plain import json_verdicts, plain, unpacked
from .verdict_rest import AGAINST, settles, taken_back
from .verdict_words import ANNOUNCES, FILLER, FINAL_VERDICT, LAST_LINE, LEAD_IN, NOUNS, NUMBERS

BEST_GRADE = 20

_LABELS = {
    "final": re.compile(FINAL_VERDICT, re.IGNORECASE | re.VERBOSE),
    "last": re.compile(LAST_LINE, re.IGNORECASE | re.VERBOSE),
    "grade": re.compile(r"final[\s_*`-]{1,6}(?:grade|score|rating)", re.IGNORECASE),
}
_TOKEN = re.compile(r"\d+|[一二三四五六七八九十]|[^\W\d_一二三四五六七八九十]+|\S|_")
_PLACEHOLDER = re.compile(
    r"[\W_]*(?:solution|option)?[\W_]*(?:number|[nxki])[\W_]*$", re.IGNORECASE
)
_SENTENCE = re.compile(r"[.!?]\s")
_MINUS = re.compile(r"(?:.*\W)?-\d", re.DOTALL)
_HAS_WORD = re.compile(r"\w")
_RULE = re.compile(r"[\s=*_~|:+`-]+")
_SPECIAL = re.compile(
    r"<\s?[|｜][^<>|｜\n]{1,40}[|｜]\s?>|</?s>|\[/?INST\]|<(?:start|end)_of_turn>|<eos>|<bos>|<pad>"
    r"|</solution_\d{1,9}>"
)
_NEXT_TURN = re.compile(r"<\|(?:start_header_id|im_start)\|>\s{0,4}user\b|<start_of_turn>user\b")
_BOXED = re.compile(r"\\(?:boxed|fbox)\s?\{((?:[^{}\n]|\{[^{}\n]{1,80}\}?){1,80})")
_TAGGED = re.compile(
    r"<((?:final_)?(?:answer|verdict|choice)|winner|result)>([^<]{1,400})</\1>", re.IGNORECASE
)
_TAG_ALONE = re.compile(r"[\s`*]*<solution_(\d{1,9})\s?/?>(?:\s?</solution_\1>)?[\s`*]*", re.I)
_ITEM = re.compile(r"[\s>*_`-]{0,8}\d{1,2}[.)]\s+(?=[^\s])")
_BEFORE_MARK = (ANNOUNCES | FILLER) - {"no"}
_LONGEST = 400  # characters of a line that are searched for a verdict


def parse_verdict(text: str, group_size: int, *, cut: bool = False) -> int | None:
    """The number of the solution that a judge chose; None if that is missing or in doubt.

    Judges are asked for the line `Final verdict: Solution N`. Other forms that any reader would
    understand are accepted, too: markup, tokens of the model's template, a reason on the same line,
    JSON, a box, a tag, a table cell, several languages, and a solution alone in the last line. With
    `cut`, the answer was cut off, so its last line says nothing.
    """
    answer, objects = _plain_with_json(text)
    found = _statements(answer, objects, "final")
    if not found and not cut:
        found = _statements(answer, objects, "last")
    return _agreed(found, group_size)


def parse_grade(text: str) -> int | None:
    """Read the line `Final grade: N`, as `parse_verdict` reads `Final verdict: Solution N`."""
    return _agreed(_statements(*_plain_with_json(text), "grade"), BEST_GRADE)


def _agreed(statements: list[int | None], most: int) -> int | None:
    numbers = {number for number in statements if number is not None}
    if len(numbers) != 1 or statements[-1] is None:
        return None
    [number] = numbers
    return number if 1 <= number <= most else None


def _plain_with_json(text: str) -> tuple[str, list[JsonSpan]]:
    text = _NEXT_TURN.split(plain(text), maxsplit=1)[0]
    return text, list(json_spans(text))


def _statements(text: str, objects: Sequence[JsonSpan], kind: str) -> list[int | None]:
    """All verdicts in an answer, in order; None stands for each one that is unclear."""
    grades = kind == "grade"
    told = json_verdicts(text, objects, kind if grades else "final")
    in_json = [_value(each, kind) for each in told]
    text = _SPECIAL.sub(" ", unpacked(text, objects, kind))
    lines = [line for line in text.splitlines() if not _RULE.fullmatch(line) and line]
    found, last = list[int | None](), 0
    for place, line in enumerate(lines):
        before = lines[place - 1] if place else ""
        after = lines[place + 1] if place + 1 < len(lines) else ""
        for number in _in_line(line[:_LONGEST], before, after, kind):
            found.append(number)
            last = place
    if kind == "last":
        at_end = last + 1 >= len(lines) or (last + 2 == len(lines) and _is_label(lines[last]))
        found = found if found and at_end else alone([line[:_LONGEST] for line in lines])
    elif not found and kind == "final":
        found = _unlabelled(text, lines)
    elif found and found[-1] is not None:
        rest = "\n".join(lines[last + 1 :])
        found += [None] if taken_back(rest, found[-1], grades=grades) else []
    others = [*in_json, *(mark.inner for mark in _marks(text) if mark.placed and not grades)]
    if found and any(number is not None and number not in found for number in others):
        found.append(None)
    return found


def _in_line(line: str, before: str, after: str, kind: str) -> Iterator[int | None]:
    label = _LABELS[kind].search(line)
    if label is None or not _leads_in(line[: label.start()], before):
        return
    rest, below = line[label.end() :], False
    if _announces(rest):
        if not after:
            return
        rest, below = after[:_LONGEST], True
        if item := _ITEM.match(rest):
            rest = rest[item.end() :]
    if (
        not _PLACEHOLDER.match(rest.lstrip(" :")) or not after
    ):  # skip the form itself, copied from the prompt
        yield _value(rest, kind, below=below)


def _announces(rest: str) -> bool:
    """Whether a label is followed in its line by nothing, or only by filler words and a colon."""
    if not _HAS_WORD.search(rest):
        return True
    *words, last = ["", *_TOKEN.findall(rest.lower().rstrip(" *_`"))]
    return last == ":" and all(word in _BEFORE_MARK for word in words[1:])


def _is_label(line: str) -> bool:
    """Whether a line only announces the verdict of the next line."""
    label = _LABELS["last"].search(line[:_LONGEST])
    return label is not None and _announces(line[label.end() :])


def _leads_in(prefix: str, before: str) -> bool:
    """Whether a label begins a line or sentence in the judge's own words, not in a quotation."""
    tokens = [token.lower() for token in _TOKEN.findall(prefix)]
    words = [token for token in tokens if token[0].isalnum()]
    if any(token in ('"', "'") for token in tokens) and (words or before.rstrip().endswith(":")):
        return False  # quoted
    tokens = [token.lower() for token in _TOKEN.findall(_SENTENCE.split(prefix)[-1])]
    words = [token for token in tokens if token[0].isalnum()]
    if len(words) > 20:
        return False
    return all(word in LEAD_IN or (word.isdigit() and len(words) == 1) for word in words)


def _value(text: str, kind: str, *, below: bool = False) -> int | None:
    """The number that a text names at its start, unless the rest takes it back."""
    noun = False
    for token in islice(_TOKEN.finditer(text), 40):
        word = token[0].lower()
        number = (
            int(word)
            if word.isdecimal() and len(word) < 10
            else NUMBERS.get(word)
            if noun
            else None
        )
        if number is not None:
            rest = text[token.end() :]
            if kind == "grade":
                return number if settles(_of_twenty(rest), number, grades=True) else None
            return number if settles(rest, number, below=below) else None
        if word in NOUNS:
            noun = True
        elif word == "no" and not noun:
            return None
        elif word[0].isalnum() and word not in FILLER:
            noun = _ends_with_noun(word)
            if not noun:
                return None
        elif word in AGAINST or (word == "-" and _MINUS.match(text[: token.end() + 1])):
            return None
    return None
    return None


def _ends_with_noun(word: str) -> bool:
    """Whether a word is filler plus a noun, in a language written without spaces."""
    return any(word.endswith(n) and word[: -len(n)] in FILLER for n in NOUNS if not n.isascii())


def _of_twenty(rest: str) -> str:
    return re.sub(r"^[*_` ]{0,4}(?:/|out of|of)[*_` ]{0,4}20(?!\d)", "", rest)


class _Mark(NamedTuple):
    """A number in a box or in a tag."""

    placed: bool
    """Whether it begins a line, or follows only words that announce it."""
    inner: int
    whole: int | None
    """The same as `inner`, or None if the rest of the line casts doubt on it."""
    end: int


def _marks(text: str) -> list[_Mark]:
    marks = list[_Mark]()
    for pattern in (_BOXED, _TAGGED):
        for found in pattern.finditer(text):
            inner = found[found.lastindex or 1]
            if (number := _value(inner, "final")) is None:
                continue
            rest = text[found.end() : found.end() + 80].partition("\n")[0]
            before = text[max(0, found.start() - 200) : found.start()].rpartition("\n")[2]
            placed = all(word in _BEFORE_MARK for word in re.findall(r"[^\W\d_]+", before.lower()))
            marks.append(_Mark(placed, number, _value(inner + rest, "final"), found.end()))
    return marks


def _unlabelled(text: str, lines: list[str]) -> list[int | None]:
    """Verdicts without a label: in a box, in a tag, or as a solution's tag at the very end."""
    marks = _marks(text)
    if placed := [mark for mark in marks if mark.placed]:
        last = placed[-1]
        doubts = any(mark.inner != last.inner for mark in marks)
        doubts = doubts or any(mark.whole is None for mark in placed)
        return [None if doubts or taken_back(text[last.end :], last.inner) else last.inner]
    alone = _TAG_ALONE.fullmatch(lines[-1][:_LONGEST]) if lines else None
    return [int(alone[1])] if alone and text.lower().count("<solution_") == 1 else []
