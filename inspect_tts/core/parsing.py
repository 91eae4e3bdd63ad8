"""Read what models answered: a judge's verdict, a summary's JSON."""

import json
import re
from typing import Any

BEST_GRADE = 20

# nothing here can match the same blanks twice: blank lines without end cost no time
_VERDICT = re.compile(
    r"""^[ \t>#*_`-]*final[ \t]+verdict[\s*_`]*+[:=\-\u2013\u2014]?[\s*_`]*+  # Final verdict:
        (?:the[ \t]+)?(?:solution|option|candidate)?[\s*_`#]*+                # Solution
        (?P<number>\d{1,9})[ \t\r*_`.!]*$                                     # 2""",
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
_GRADE = re.compile(
    r"""^[ \t>#*_`-]*final[ \t]+grade[\s*_`]*+[:=\-\u2013\u2014]?[\s*_`]*+  # Final grade:
        (?P<number>\d{1,9})(?:[ \t]*/[ \t]*20)?[ \t\r*_`.!]*$             # 17/20""",
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
_GRADE_LINE = re.compile(r"^[ \t>#*_`-]*final[ \t]+grade", re.IGNORECASE | re.MULTILINE)
_VERDICT_LINE = re.compile(r"^[ \t>#*_`-]*final[ \t]+verdict", re.IGNORECASE | re.MULTILINE)
_STRING_OR_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+"?+)|,(?=\s*+[}\]])', re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_OBJECT = re.compile(r'\{\s*+"')
_FENCE = re.compile(r"```(?:json)?[ \t\r]*\n(.*?)```", re.DOTALL | re.IGNORECASE)


def parse_verdict(text: str, group_size: int) -> int | None:
    """Read the line `Final verdict: Solution N`.

    Markdown and case are tolerated. The last line that begins so counts, readable or not.

    Args:
        text: The judge's answer.
        group_size: Number of solutions that were shown.

    Returns:
        N from 1 to `group_size`; None where there is no such line, it names no solution, or N is
        out of range.
    """
    return _last_number(text, _VERDICT_LINE, _VERDICT, group_size)


def parse_grade(text: str) -> int | None:
    """Read the line `Final grade: N`, as `parse_verdict` reads its own.

    Args:
        text: The judge's answer.

    Returns:
        N from 1 to 20; None where there is no such line, or N is out of range.
    """
    return _last_number(text, _GRADE_LINE, _GRADE, BEST_GRADE)


def _last_number(
    text: str, line: re.Pattern[str], pattern: re.Pattern[str], most: int
) -> int | None:
    starts = [found.start() for found in line.finditer(text)]
    found = pattern.match(text, starts[-1]) if starts else None
    if found is None:
        return None
    number = int(found["number"])
    return number if 1 <= number <= most else None


def parse_json_object(text: str) -> dict[str, Any]:
    """Find the JSON object in a model's answer: bare, fenced, or with text around it.

    Args:
        text: The answer.

    Returns:
        The object.

    Raises:
        ValueError: If no JSON object can be read; the message says what is wrong and where.
    """
    candidates = [text.strip(), *(block.strip() for block in reversed(_FENCE.findall(text)))]
    begins = _OBJECT.search(text)  # other braces are prose
    start, end = begins.start() if begins else text.find("{"), text.rfind("}")
    if 0 <= start < end:
        candidates.append(text[start : end + 1])
    candidates = [each for each in candidates if each.startswith("{")]
    problem = "no JSON object found"
    for candidate in (*candidates, *map(_repaired, candidates)):
        try:
            value = json.loads(candidate, strict=False)
        except (ValueError, RecursionError) as error:
            if candidate in candidates:
                problem = f"not valid JSON: {error}"
            continue
        if isinstance(value, dict):
            return value
    raise ValueError(problem)


def _repaired(text: str) -> str:
    """Without commas behind the last item, and with backslashes that escape nothing as they are."""
    return _STRING_OR_COMMA.sub(lambda found: _escaped(found[0]) if found[1] else "", text)


def _escaped(string: str) -> str:
    def kept(found: re.Match[str]) -> str:
        what = found[1]
        known = len(what) > 1 or what in '"\\/bfnrt'
        return found[0] if known else "'" if what == "'" else rf"\{found[0]}"

    return _ESCAPE.sub(kept, string)
