"""Read model answers: the text after the reasoning, and the JSON objects in it."""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

JsonSpan: TypeAlias = tuple[dict[str, Any], int, int]
"""A JSON object found in a text, with its start and end offsets."""

_DECODER = json.JSONDecoder(strict=False)
# no pattern can match the same characters in two ways, so endless answers take linear time
_STRING_OR_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+"?+)|,(?=\s*+[}\]])', re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_STRING_OR_BRACE = re.compile(r'"(?:[^"\\]|\\.)*+"?+|[{}]', re.DOTALL)
_BEGIN = re.compile(r'\{\s*+(?:"(?:[^"\\]|\\.)*+"\s*+:|\})', re.DOTALL)  # other braces are prose
_FENCE = re.compile(r"```(?:json)?[ \t\r]*\n(.*?)```", re.DOTALL | re.IGNORECASE)
_THOUGHT = r"\s?(?:\w{1,12}[:_])?(?:think|thinking|thought|thoughts|reasoning)\s?"
_THOUGHT_ENDS = re.compile(
    rf"</{_THOUGHT}>|<\s/{_THOUGHT}>|◁/think▷|\[/THINK\]|<\|end_of_thought\|>"
    r"|<\|END_THINKING\|>|<channel\|>|<unused95>|<\|channel\|>final<\|message\|>|assistantfinal",
    re.IGNORECASE,
)
_THINKS_OR_QUOTES = re.compile(
    rf"(?P<thinks><{_THOUGHT}>|◁think▷|\[THINK\]|<\|begin_of_thought\|>|<\|channel\|>analysis"
    r"|<\|START_THINKING\|>|<\|channel>thought|<unused94>|(?-i:\Aanalysis(?=[A-Z])))"
    r"|\\.|```|[\n\"`]",
    re.IGNORECASE,
)
_WITHIN_SENTENCE = re.compile(r"[\w,;(/]\s?")
_GOES_ON = re.compile(r"\s?[,.;:)/]| [a-z]")


def spoken(text: str) -> str:
    """The text after a model's reasoning; empty if the reasoning does not end."""
    text = text.encode(errors="replace").decode()
    if text.lstrip().startswith(("{", "```json")):
        return text
    ends = [
        found.end()
        for found in _THOUGHT_ENDS.finditer(text)
        if {text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]}
        not in ({"`"}, {'"'})
    ]
    rest = text[ends[-1] :] if ends else text
    return "" if _thinks(rest, again=bool(ends)) else rest


def _thinks(text: str, *, again: bool) -> bool:
    """Whether a marker in a text begins reasoning, rather than being quoted or mentioned."""
    quoted, in_code = {'"': False, "`": False}, False
    for found in _THINKS_OR_QUOTES.finditer(text):
        if found["thinks"] is None:
            match found[0]:
                case "```":
                    in_code = not in_code
                case '"' | "`" as mark:
                    quoted[mark] = not quoted[mark]
                case "\n":
                    quoted = {'"': False, "`": False}
        elif not in_code and not any(quoted.values()):
            begin, end = found.span()
            within = _WITHIN_SENTENCE.fullmatch(text[max(0, begin - 2) : begin].lstrip())
            if not within or not (again or _GOES_ON.match(text[end : end + 2])):
                return True
    return False


def parse_json_object(text: str) -> dict[str, Any]:
    """Find the last JSON object in a model's answer: bare, fenced, or with text around it."""
    return json_objects(text)[0]


def json_objects(text: str) -> list[dict[str, Any]]:
    """Find the outermost JSON objects in a model's answer: the last one first, empty ones last."""
    found = [value for value, _, _ in json_spans(text)]
    if not found:
        raise ValueError(_complaint(text))
    found.reverse()
    return sorted(found, key=lambda value: not value)


def json_spans(text: str) -> Iterator[JsonSpan]:
    """Yield the outermost JSON objects of a text, in order."""
    place = 0
    while begin := _BEGIN.search(text, place):
        end = _end_of_object(text, begin.start())
        if end is None:  # cut off: any object inside is only a part of it
            return
        if (value := _load(text[begin.start() : end])) is not None:
            yield value, begin.start(), end
        place = end


def _end_of_object(text: str, begin: int) -> int | None:
    depth = 0
    for token in _STRING_OR_BRACE.finditer(text, begin):
        if token[0] in "{}":
            depth += 1 if token[0] == "{" else -1
            if depth == 0:
                return token.end()
    return None


def _load(text: str) -> dict[str, Any] | None:
    for repair in (str, _repaired):
        try:
            value = _DECODER.decode(repair(text))
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return value
    return None


def _complaint(text: str) -> str:
    """Say what is wrong with the text that was most likely meant as the object."""
    fences = [block.strip() for block in reversed(_FENCE.findall(text))]
    start, end = text.find("{"), text.rfind("}")
    spans = [text[start : end + 1]] if 0 <= start < end else []
    problem = "no JSON object found"
    for candidate in (text.strip(), *fences, *spans):
        if candidate.startswith("{"):
            try:
                _DECODER.decode(candidate)
            except (ValueError, RecursionError) as error:
                problem = f"not valid JSON: {error}"
    return problem


def _repaired(text: str) -> str:
    """Drop commas after the last item, and double the backslashes that escape nothing."""
    return _STRING_OR_COMMA.sub(lambda found: _escaped(found[0]) if found[1] else "", text)


def _escaped(string: str) -> str:
    def kept(found: re.Match[str]) -> str:
        what = found[1]
        known = len(what) > 1 or what in '"\\/bfnrt'
        return found[0] if known else "'" if what == "'" else rf"\{found[0]}"

    return _ESCAPE.sub(kept, string)
