"""Make the output of commands comparable between two runs and two trees.

What differs without a difference in behavior is left out: addresses, times, durations, temporary
names, process ids, the sandbox's folders, the order of sets, line numbers and the frames of
tracebacks. The last two depend on where a patch adds its lines.
"""

import re
from collections.abc import Sequence
from hashlib import sha256

from inspect_tts.text.trajectory import elide

EXCERPT_CHARS = 1_200
_MOST_SET_CHARS = 2_000

_NUMBER_UNIT = r"(?:[mun\u00b5\u03bc]?s|secs?|seconds?|mins?|minutes?)"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rule), shown)
    for rule, shown in (
        (r"\x1b\[[0-9;?]*+[ -/]*+[@-~]", ""),
        (r"(?<![0-9a-zA-Z])0x[0-9a-fA-F]{4,}+", "0x*"),
        (r"(?<![0-9a-zA-Z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-zA-Z])", "*uuid*"),
        (
            r"(?<!\d)\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d++)?)?)?(?:Z|[+-]\d\d:?\d\d)?",
            "*date*",
        ),
        (r"(?<![\d:])\d\d:\d\d:\d\d(?:[.,]\d++)?(?![\d:])", "*time*"),
        (rf"(?<![\w.])\d++\.\d++(?:e-?\d++)?(?:\s?){_NUMBER_UNIT}(?!\w)", "*duration*"),
        (rf"\bin \d++\s?{_NUMBER_UNIT}(?!\w)", "in *duration*"),
        (r"(?<![\w/])/(?:var/)?tmp/[^\s'\":,)\]}>]++", "/tmp/*"),
        (r"(?<![a-zA-Z0-9_])tmp[a-z0-9_]{6,10}+(?![a-zA-Z0-9_])", "tmp*"),
        (r"(?i)\b(pid|process(?: id)?|thread)([ =:#-]{1,3})\d++", r"\1\2*"),
        (r"\bline \d++", "line *"),
        (r"(\.[a-z]{1,4}):\d++(?::\d++)?", r"\1:*"),
        (r"(?<![ \t])[ \t]++(?=\n|\Z)", ""),
    )
)
_FRAME = re.compile(r"[ \t]*+File \"[^\"\n]*+\", line \*")
_SET = re.compile(r"\{([^{}:\n]{1,2000})\}")
_PYTEST = re.compile(r"(?<!=)={3,}+ test session starts ===")
_PYTEST_KEPT = re.compile(
    r"(?:FAILED|ERROR|E  )|=+ .*(?:passed|failed|error|no tests ran)|[=]+ ERR"
)


def comparable(output: str, *, top: str = "", home: str = "") -> str:
    """Normalize what a command printed, so that equal behavior gives equal text."""
    text = output.replace("\r\n", "\n")
    for place, shown in ((top, "/@tree@"), (home, "/@home@")):
        text = text.replace(place, shown) if len(place) > 1 else text
    for rule, shown in _RULES:
        text = rule.sub(shown, text)
    text = _SET.sub(_sorted_set, text)
    if _PYTEST.search(text):
        return "\n".join(line for line in text.split("\n") if _PYTEST_KEPT.match(line))
    return _without_frames(text)


def _sorted_set(found: re.Match[str]) -> str:
    return "{" + ", ".join(sorted(found[1].split(", "))) + "}"


def _without_frames(text: str) -> str:
    """Leave out the frames of tracebacks, which show the lines of code that ran."""
    kept, depth = list[str](), -1
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip(" "))
        if _FRAME.match(line):
            depth = indent
        elif depth >= 0 and line.strip() and indent > depth:
            continue
        else:
            depth = -1
            kept.append(line)
    return "\n".join(kept).strip("\n")


def digest(returncode: int | None, output: str) -> str:
    """A hash of the return code and the comparable output, to compare behavior."""
    text = f"{returncode}\n{output}"
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:20]


def excerpts(outputs: Sequence[str], most: int = EXCERPT_CHARS) -> list[str]:
    """Show the part of each output where the outputs begin to differ."""
    parted = [output.split("\n") for output in outputs]
    shortest = min(map(len, parted), default=0)
    same = next((i for i in range(shortest) if len({lines[i] for lines in parted}) > 1), shortest)
    begin = max(0, same - 2) if len({*outputs}) > 1 else 0
    shown = []
    for lines in parted:
        text = "\n".join(lines[begin:])
        dots = "[...]\n" if begin else ""
        shown.append(dots + elide(text, most))
    return shown
