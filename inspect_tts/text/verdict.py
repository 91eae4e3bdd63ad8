"""Read what a judge decided. What a reader could doubt is no verdict: the judge is asked again."""

import re
from collections.abc import Iterator
from itertools import islice

from .parsing import json_objects
from .verdict_alone import alone
from .verdict_plain import plain
from .verdict_rest import AGAINST, settles, taken_back
from .verdict_words import FILLER, FINAL_VERDICT, LAST_LINE, LEAD_IN, NOUNS, NUMBERS

BEST_GRADE = 20

_LABELS = {
    "final": re.compile(FINAL_VERDICT, re.IGNORECASE | re.VERBOSE),
    "last": re.compile(LAST_LINE, re.IGNORECASE | re.VERBOSE),
    "grade": re.compile(r"final[\s_*`-]{1,6}(?:grade|score|rating)", re.IGNORECASE),
}
_KEYS = {
    "final": (
        "final_verdict",
        "verdict",
        "winner",
        "best_solution",
        "choice",
        "answer",
        "solution",
    ),
    "grade": ("final_grade", "grade", "score"),
}
_SURE = {"final_verdict", "verdict", "winner", "final_grade", "grade"}
"""Keys that nobody gives to anything else."""
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
_BOXED = re.compile(r"\\boxed\s?\{([^\n]{1,80})")
_TAGGED = re.compile(
    r"<((?:final_)?(?:answer|verdict|choice)|winner|result)>([^<]{1,400})</\1>", re.IGNORECASE
)
_TAG_ALONE = re.compile(r"[\s`*]*<solution_(\d{1,9})\s?/?>(?:\s?</solution_\1>)?[\s`*]*", re.I)
_LONGEST = 400  # characters of a line in which a verdict may stand


def parse_verdict(text: str, group_size: int, *, cut: bool = False) -> int | None:
    """The number of the solution that a judge chose.

    The form asked for is the line `Final verdict: Solution N`. Read is also what any reader would
    understand: markup, tokens of the model's template, a reason on the same line, JSON, a box, a
    tag, a table's cell, several languages, and what stands alone in the last line, unless the
    answer was cut off and the last line is not the last.
    """
    found = _statements(text, "final")
    if not found and not cut:
        found = _statements(text, "last")
    return _agreed(found, group_size)


def parse_grade(text: str) -> int | None:
    """Read the line `Final grade: N`, as `parse_verdict` reads its own."""
    return _agreed(_statements(text, "grade"), BEST_GRADE)


def _agreed(statements: list[int | None], most: int) -> int | None:
    numbers = {number for number in statements if number is not None}
    if len(numbers) != 1 or statements[-1] is None:
        return None
    [number] = numbers
    return number if 1 <= number <= most else None


def _statements(text: str, kind: str) -> list[int | None]:
    """All verdicts in an answer, in order; None for each that cannot be read."""
    text = _NEXT_TURN.split(plain(text), maxsplit=1)[0]
    text = _SPECIAL.sub(" ", _unpacked(text, kind))
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
        return found if found and at_end else alone([line[:_LONGEST] for line in lines])
    if not found and kind == "final":
        return _unlabelled(text, lines)
    if found and found[-1] is not None and taken_back("\n".join(lines[last + 1 :]), found[-1]):
        found.append(None)
    return found


def _in_line(line: str, before: str, after: str, kind: str) -> Iterator[int | None]:
    label = _LABELS[kind].search(line)
    if label is None or not _leads_in(line[: label.start()], before):
        return
    rest = line[label.end() :]
    if not _HAS_WORD.search(rest):
        if not after:
            return
        rest = after[:_LONGEST]
    if (
        not _PLACEHOLDER.match(rest.lstrip(" :")) or not after
    ):  # the form itself, as it was asked for
        yield _value(rest, kind)


def _is_label(line: str) -> bool:
    """Whether a line only announces what stands in the next."""
    label = _LABELS["last"].search(line[:_LONGEST])
    return label is not None and not _HAS_WORD.search(line[label.end() :])


def _leads_in(prefix: str, before: str) -> bool:
    """Whether a label stands where a line or a sentence of the judge's own begins."""
    tokens = [token.lower() for token in _TOKEN.findall(prefix)]
    words = [token for token in tokens if token[0].isalnum()]
    if any(token in ('"', "'") for token in tokens) and (words or before.rstrip().endswith(":")):
        return False  # quoted
    tokens = [token.lower() for token in _TOKEN.findall(_SENTENCE.split(prefix)[-1])]
    words = [token for token in tokens if token[0].isalnum()]
    if len(words) > 20:
        return False
    return all(word in LEAD_IN or (word.isdigit() and len(words) == 1) for word in words)


def _value(text: str, kind: str) -> int | None:
    """The number that a text names at its begin, if nothing after it takes that back."""
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
            return number if settles(_of_twenty(rest, kind), number) else None
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
    """Whether a word is a noun behind another word, in a language without blanks."""
    return any(word.endswith(n) and word[: -len(n)] in FILLER for n in NOUNS if not n.isascii())


def _of_twenty(rest: str, kind: str) -> str:
    if kind != "grade":
        return rest
    return re.sub(r"^[*_` ]{0,4}(?:/|out of|of)[*_` ]{0,4}20(?!\d)", "", rest)


def _unlabelled(text: str, lines: list[str]) -> list[int | None]:
    """Verdicts by form alone: in a box, in a tag, or as the tag of a solution at the very end."""
    marked = [found[1] for found in _BOXED.finditer(text)]
    marked += [found[2] for found in _TAGGED.finditer(text)]
    read = [_value(each, "final") for each in marked]
    if numbers := [number for number in read if number is not None]:
        return [*numbers]
    alone = _TAG_ALONE.fullmatch(lines[-1][:_LONGEST]) if lines else None
    return [int(alone[1])] if alone and text.lower().count("<solution_") == 1 else []


def _unpacked(text: str, kind: str) -> str:
    """An answer that ends with JSON, as text and a line with the verdict."""
    if (
        not text.rstrip("`\n\r \t]").endswith("}")
        and "</" not in text[-40:]
        and "<|" not in text[-40:]
    ):
        return text
    try:
        last = json_objects(text)[0]
    except ValueError:
        return text
    told = {key: _scalar(last[key], kind) for key in _KEYS.get(kind, ()) if key in last}
    keys = [key for key, value in told.items() if value is not None]
    told_by = [key for key in keys if key in _SURE] or keys[:1]
    values = [told[key] for key in told_by] or ["none" for key in last if key in _SURE]
    if not values:
        return text
    said = [value for value in last.values() if isinstance(value, str) and value not in values]
    label = "Final grade" if kind == "grade" else "Final verdict"
    start = text.find("{")
    return "\n".join([text[:start], *said, *(f"{label}: {value}" for value in values)])


def _scalar(value: object, kind: str) -> int | str | None:
    """A value of a JSON answer that can name one solution: also one alone in a list or object."""
    for _ in range(3):
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        elif isinstance(value, dict) and len(value) == 1:
            [(key, inner)] = value.items()
            value = inner if key in _KEYS[kind] else None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None
