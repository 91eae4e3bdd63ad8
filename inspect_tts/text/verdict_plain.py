"""Make an answer plain: normal characters, nothing crossed out, JSON verdicts as lines."""

import re
from collections.abc import Sequence
from typing import Any

from .parsing import JsonSpan
from .verdict_rest import NOUN
from .verdict_words import FINAL_VERDICT

_BLANKS = {
    ord(c): " " for c in "\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
}
_CIRCLED = {
    first + number: f" {number + 1} "
    for first, count in (
        (0x2460, 20),
        (0x2474, 20),
        (0x24F5, 10),
        (0x2776, 10),
        (0x2780, 10),
        (0x278A, 10),
    )
    for number in range(count)
}
_PLAIN = {
    **_BLANKS,
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},  # full width
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0f")),
    **_CIRCLED,
    0x20E3: " ",  # the keycap around an emoji digit
    **{ord(c): '"' for c in "“”„«»「」『』"},
    **{ord(c): "'" for c in "‘’‚"},
}
_CROSSED_OUT = re.compile(
    r"~~[^~\n]{1,400}~~|<(?P<tag>del|strike)>[^<\n]{1,400}</(?P=tag)>", re.IGNORECASE
)


def plain(text: str) -> str:
    """Normalize unusual characters, and drop crossed-out text."""
    return _CROSSED_OUT.sub(" ", text.translate(_PLAIN))


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
"""Keys that stand for nothing but a verdict or a grade."""
_BESIDE_SOLUTION = {
    *("comparison", "analysis", "reason", "reasons", "reasoning", "rationale", "explanation"),
    *("justification", "confidence", *_KEYS["final"]),
}
"""Keys allowed beside `solution`; with any other key, the object may rate one of several."""
_AROUND = {"result", "output", "response", "final", "judgment", "judgement", "decision"}
_NUMBER_ALONE = re.compile(rf"[\W_]*(?:{NOUN}[\W_]*)?\d{{1,9}}[\W_]*", re.IGNORECASE)
_LABEL = re.compile(rf"\W*(?:{FINAL_VERDICT})\s*[:=]\s*", re.IGNORECASE | re.VERBOSE)
_LINE_BEGINS = re.compile(r"(?:\A|\n)[ \t>`*-]{0,8}\Z")
_LINE_ENDS = re.compile(r"[ \t`,.]{0,8}(?:\n|\Z)")


def unpacked(text: str, objects: Sequence[JsonSpan], kind: str) -> str:
    """Turn each JSON verdict into a line, if the answer ends with JSON."""
    if (
        not text.rstrip("`\n\r \t]").endswith("}")
        and "</" not in text[-40:]
        and "<|" not in text[-40:]
    ):
        return text
    found = [(_core(value, kind), value, begin, end) for value, begin, end in objects]
    sure = any(core.keys() & _SURE for core, _, _, _ in found)
    label = "Final grade" if kind == "grade" else "Final verdict"
    parts, place = list[str](), 0
    for core, value, begin, end in found:
        values = _values(core, kind) if core.keys() & _SURE or not sure else []
        if values:
            told = [*value.values(), *core.values()]
            said = [each for each in told if isinstance(each, str) and each not in values]
            lines = [*said, *(f"{label}: {_LABEL.sub('', str(each), count=1)}" for each in values)]
            parts += [text[place:begin], *lines]
            place = end
    return "\n".join([*parts, text[place:]])


def json_verdicts(text: str, objects: Sequence[JsonSpan], kind: str) -> list[str]:
    """The verdicts in JSON objects that stand on lines of their own, anywhere in an answer."""
    return [
        str(each)
        for value, begin, end in objects
        if (core := _core(value, kind)).keys() & _SURE
        and _LINE_BEGINS.search(text[max(0, begin - 9) : begin])
        and _LINE_ENDS.match(text, end)
        for each in _values(core, kind)
    ]


def _core(value: dict[str, Any], kind: str) -> dict[str, Any]:
    """The object with the verdict, which may be nested under a key such as `result`."""
    for _ in range(3):
        inner = [value[key] for key in value.keys() & _AROUND if isinstance(value[key], dict)]
        if len(inner) != 1 or value.keys() & {*_KEYS.get(kind, ())}:
            break
        [value] = inner
    return value


def _values(core: dict[str, Any], kind: str) -> list[int | str]:
    """The verdicts that an object names; `none` if it has a verdict's key but names no solution."""
    told = {key: _scalar(core[key], kind) for key in _KEYS.get(kind, ()) if key in core}
    if not core.keys() <= _BESIDE_SOLUTION:
        told.pop("solution", None)
    named = {key: value for key, value in told.items() if value is not None}
    chosen = [key for key in named if key in _SURE] or [*named][:1]
    others = [value for key, value in named.items() if key not in chosen and kind == "final"]
    numbers = [value for value in others if _NUMBER_ALONE.fullmatch(str(value))]
    return [*numbers, *(named[key] for key in chosen)] or ["none" for key in told if key in _SURE]


def _scalar(value: object, kind: str) -> int | str | None:
    """A JSON value that can name a solution, or the only such value in a list or object."""
    for _ in range(3):
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        elif isinstance(value, dict) and len(value) == 1:
            [(key, inner)] = value.items()
            value = inner if key in _KEYS.get(kind, ()) else None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None
