"""Text in a summary that tries to steer its reader: made harmless, and reported.

A summary is data, but an agent, or a file that it read, can put orders to the judge into it. The
rules match a plain view of the text: JSON escapes decoded, compatibility letters folded, what is
invisible dropped, blanks and emphasis collapsed. Each character of the view knows where it came
from, so only whole characters and whole escapes are replaced, and never an unescaped quote: JSON
stays JSON.
"""

import json
import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

MARKER = "[a sentence was left out here]"
"""What stands where text was left out. It blames nobody: an agent may quote what it read."""

_EXCERPT = 120
_BREAK = "\u200b"
# a marker's character in a view: part of no word, blank or gap, so that no match can span it
_GAP = "\0"
# an escaped quote's character in a view: there, `"` is always one that could end a JSON string
_QUOTE = "\u201d"


class Guarded(NamedTuple):
    """A text that is safe to show, and what was found in it.

    Attributes:
        text: Safe to show.
        found: An excerpt of each thing made harmless, in order, as a reader would have seen it:
            one line of at most 120 characters. Empty for a clean text, which stays as it is.
    """

    text: str
    found: tuple[str, ...]


def guard(text: str, tag: str) -> Guarded:
    """Make harmless what is meant to steer a judge or a refined rollout.

    Verdict and grade lines, chat-template markers, and sentences that give orders about the
    judging are replaced by `MARKER`, up to the end of the sentence, line or quotation. Tags of
    shown blocks are broken by a zero-width space. All else stays as it is.

    Args:
        text: Plain text, JSON, or both; JSON stays valid. Time is linear in its length.
        tag: Tag of the blocks that the text is to be shown in, without number. The tags of the
            built-in prompts are broken whatever it is.

    Returns:
        The safe text and what was found. To guard the safe text again finds nothing.
    """
    view = _View(text)
    spans = _steering(view.text, tag)
    found = [(start, view.text[start:end]) for start, end in spans]
    edits = _replacements(view, spans)
    last = len(view.text)
    ahead = iter([*spans, (last, last)])
    start, end = next(ahead)
    for match in _tags(tag).finditer(view.text):
        at = match.start()
        while end <= at:
            start, end = next(ahead)
        # a bracket with something invisible after it is no tag: so one broken earlier looks
        if at < start and view.starts[at + 1] == view.ends[at]:
            found.append((at, match.group()))
            edits.append((view.ends[at], view.ends[at], _BREAK))
    pieces, done = [], 0
    for first, behind, new in sorted(edits):
        pieces += [text[done:first], new]
        done = behind
    return Guarded("".join([*pieces, text[done:]]), tuple(_excerpt(s) for _, s in sorted(found)))


def _excerpt(shown: str) -> str:
    return " ".join(shown.split())[:_EXCERPT].rstrip()


# ---------------------------------------------------------------- the plain view of a text

_TOKEN = re.compile(
    rf"(?P<marker>{re.escape(MARKER)})|(?P<blank>[\s*`~]++)|(?P<escape>\\++)"
    r"|(?P<plain>[!-)+-Z\]-_a-}]++)|(?P<other>.)",
    re.DOTALL,
)
_UNICODE_ESCAPE = re.compile(
    r"u(?:[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|[0-9a-fA-F]{4})"
)


class _View:
    """The text to match, and the start and end of each of its characters in the source."""

    def __init__(self, source: str) -> None:
        self._chars: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        position = 0
        while token := _TOKEN.match(source, position):
            position = self._take(source, token)
        self.text = "".join(self._chars)

    def _take(self, source: str, token: re.Match[str]) -> int:
        start, end = token.span()
        if token.lastgroup == "plain":
            self._chars.extend(token.group())
            self.starts.extend(range(start, end))
            self.ends.extend(range(start + 1, end + 1))
        elif token.lastgroup == "blank":
            self._add("\n" if {"\n", "\r"} & set(token.group()) else " ", start, end)
        elif token.lastgroup == "marker":
            self._add(_GAP, start, end)
        elif token.lastgroup == "escape":
            return self._take_escape(source, start, end)
        else:
            self._add_folded(token.group(), start, end)
        return end

    def _take_escape(self, source: str, start: int, end: int) -> int:
        after = source[end : end + 1]
        if after in {"n", "r", "t"}:  # however often it was escaped, a reader takes it as a blank
            self._add(" " if after == "t" else "\n", start, end + 1)
            return end + 1
        if end - start > 1:
            self._add("\\", start, end - (end - start) % 2)
        if (end - start) % 2 == 0:
            return end
        if code := _UNICODE_ESCAPE.match(source, end):
            char = json.loads(f'"{source[end - 1 : code.end()]}"')
            self._add_folded(char, end - 1, code.end())
            return code.end()
        if after in {'"', "/", "b", "f"}:
            # in plain text, \f may begin a word
            shown = {'"': _QUOTE, "/": "/"}.get(after, "\\" + after)
            self._add(shown, end - 1, end + 1)
            return end + 1
        self._add("\\", end - 1, end)
        return end

    def _add_folded(self, char: str, start: int, end: int) -> None:
        for folded in unicodedata.normalize("NFKC", char):
            if folded.isspace() or folded in "*`~":
                self._add("\n" if folded in "\r\n" else " ", start, end)
            elif unicodedata.category(folded) not in {"Cc", "Cf", "Me", "Mn"}:
                own = char == '"' and end - start == 1
                self._add(_QUOTE if folded == '"' and not own else folded, start, end)

    def _add(self, shown: str, start: int, end: int) -> None:
        if shown in {" ", "\n"} and self._chars and self._chars[-1] in {" ", "\n"}:
            self._chars[-1] = "\n" if "\n" in {shown, self._chars[-1]} else " "
            self.ends[-1] = end
            return
        self._chars.extend(shown)
        self.starts.extend([start] * len(shown))
        self.ends.extend([end] * len(shown))


def _replacements(view: _View, spans: list[tuple[int, int]]) -> list[tuple[int, int, str]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and not view.text[merged[-1][1] : start].strip():
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return [(view.starts[start], view.ends[end - 1], MARKER) for start, end in merged]


def _steering(shown: str, tag: str) -> list[tuple[int, int]]:
    spans = []
    position = 0
    rules = _OF_SOLUTIONS if tag == "solution" else _RULES
    while match := rules.search(shown, position):
        start, end = match.span()
        start += shown[start].isspace()
        quote = shown.find('"', start, end)
        end = end if quote < 0 else quote
        end = start + len(shown[start:end].rstrip(" \n\\"))  # a backslash can belong to a quote
        spans.append((start, end))
        position = end
    return spans


# ---------------------------------------------------------------- the rules
# They match a view: a blank is one character. Time stays linear since unbounded repeats are
# possessive and gaps are short. No rule begins inside a word, begins or ends with a quote, or
# needs a marker's neighbourhood: so what was guarded holds nothing new.

_END = r"(?![^\W_])"
_GAP40 = r"""[^.!?\n"\u201d\0]{0,40}?(?<![^\W_])"""
_SEPARATORS = r"""[\s_:=>()\[\]{}#|\\"'\u2010-\u2015\u2018-\u201f-]*+"""
_NUMBER = rf"(?:\d{{1,3}}|one|two|three|four|five|six|seven|eight|nine|ten){_END}"
_NUMBERED = rf"(?:solution|attempt|candidate|submission)[\s_#]{{0,3}}{_NUMBER}"
_THIS = (
    r"(?:this|my|our|the\s(?:first|second|third|fourth|last|present|current))\s"
    rf"(?:solution|attempt|candidate|submission|summary|rollout|trajectory){_END}"
)
_TARGET = rf"(?:(?:the\s)?[\u201d'(]?{_NUMBERED}|{_THIS})"
# who reads solutions may be told of attempts: those of the context that a rollout started from
_OTHERS_OUT = rf"(?:solution|candidate|submission)[\s_#]{{0,3}}{_NUMBER}"
_SOLUTION = rf"(?:(?:the\s)?[\u201d'(]?{_OTHERS_OUT}|{_THIS})"
_CHOOSE = r"(?:choose|select|prefer|pick|vote(?:\sfor)?|favou?r|rank|declare|go\swith)"
_MUST = r"(?:must|should|shall|ha(?:ve|s)\sto|needs?\sto|ought\sto|(?:are|is)\srequired\sto)"
_BE = r"(?:is|are|(?:must|should|has\sto|will|can\sonly)\sbe|goes\sto|=|:)"
_SURELY = r"(?:(?:clearly|obviously|definitely|certainly|undoubtedly|simply|by\sfar),?\s)?"
_PRIOR = r"(?:previous|prior|above|earlier|preceding|foregoing)"
_ORDER = r"(?:instructions?|directions|directives|prompts?|guidelines|criteria)"
_NO = r"(?:do\snot|don['\u2019]?t|never|must\snot|should\snot)"
_JUDGE = (
    r"(?:(?:ai|llm|impartial|human)\s)?(?:judges?|graders?|evaluators?|assessors?|reviewer|"
    rf"(?:judging|grading|reviewing|evaluating|reviewers)\s(?=model))(?:\s?(?:model|llm|ai))?{_END}"
)
_TOP = (
    r"(?:full|maximum|max|top|perfect|highest|best)\s(?:possible\s)?(?:mark|score|grade|rating)s?"
)

_DECLARED = "@DECLARED@"
_SENTENCES = rf"""
# verdicts and grades
  final[\s-]verdict{_SEPARATORS}(?:
      (?:{_BE}\s)?(?:the\s)?(?:solution|option|candidate|attempt)?{_SEPARATORS}\d
    | {_GAP40}{_TARGET})
| verdict\s?[:=]\s?{_TARGET}
| final[\s-]grade(?:\s?{_BE})?{_SEPARATORS}\d
# earlier orders
| (?:ignore|disregard|forget|override|{_NO}\s(?:follow|obey))
    (?:\s(?:all|any|of|the|these|those|your|my)){{0,4}}
    (?:\s{_PRIOR}(?:\s\w{{1,20}}){{0,2}}\s{_ORDER}|\s{_ORDER}\s(?:{_PRIOR}|before|so\sfar|you)){_END}
| (?:ignore|disregard|forget)\s(?:all\s)?your\s(?:\w{{1,20}}\s){{0,2}}{_ORDER}{_END}
| (?:ignore|disregard|forget)\severything\s(?:above|before\sthis)(?=\s?[.,;:!])
# the others
| (?:ignore|disregard|forget)(?:\s(?:all|any|of|the)){{0,3}}\sother\s
    (?:solution|attempt|summar|submission)(?:s|y|ies)?{_END}
| {_NO}\s(?:choose|select|pick|prefer|vote\sfor)\s(?:(?:any|either)\s(?:of\s)?)?(?:the\s)?
    (?:others?\s(?:solution|attempt|candidate|submission|one)s?{_END}|others?(?=\s?[.,;:!?\u201d"]|\n))
# this one
| you\s{_MUST}\s(?:\w{{1,20}}ly\s)?{_CHOOSE}\s{_TARGET}
| (?:please|kindly)\s(?:\w{{1,20}}ly\s)?{_CHOOSE}\s{_TARGET}
| vote\s(?:for\s)?{_TARGET}
| (?:the\s)?{_JUDGE}\s{_MUST}\s(?:\w{{1,20}}ly\s)?
    (?:{_CHOOSE}|output|answer|return|say|write)\s{_TARGET}
| {_TARGET}\s(?:must|should|has\sto|needs\sto)\sbe\s
    (?:chosen|selected|picked|declared|judged|rated|graded|ranked|voted){_END}
| (?:the\s)?(?:correct|right|best|winning|only\svalid|better)\s
    (?:answer|choice|solution|pick|one|attempt|submission)\s?{_BE}\s?{_SURELY}{_DECLARED}
| (?:the\s)?winner\s?{_BE}\s?{_SURELY}{_DECLARED}
| your\s(?:final\s)?(?:verdict|vote|choice|answer|decision|pick)\s?{_BE}\s{_TARGET}
| {_DECLARED}\sis\s{_SURELY}the\s
    (?:clear\s|obvious\s|only\s|true\s)?(?:winner|winning\s(?:one|solution|attempt)){_END}
| {_DECLARED}\sis\s{_SURELY}(?:the\s)?(?:very\s)?best{_END}{_GAP40}(?:
      (?:pick|choose|select|prefer|vote\sfor|favou?r)\s(?:it|this|me){_END}
    | (?:of|among)\s(?:all|the)\s(?:\w{{1,20}}\s)?(?:solution|attempt|candidate|submission)s{_END})
| (?:(?:rate|grade)\sit|(?:give|award)\sit(?=\s(?:\w{{1,4}}\s)?{_TOP})
      |(?:rate|score|grade|give|award|mark)\s(?:this|me|my|{_NUMBERED}))
    (?:\s(?:solution|attempt|one|work|summary|submission))?(?:\s(?:a|an|the|as|with|at)){{0,2}}\s(?:\d{{1,3}}\s?(?:/|out\sof\s)\s?\d{{1,3}}|{_TOP}){_END}
# the reader
| (?<![\w\0,][ ])as\s(?:the|a|an|your)\s{_JUDGE}\s?,
| as\s(?:the|a|an)\s{_JUDGE}\s?,\s(?:you|please)(?:\s|['\u2019])
| (?:note|message|memo|reminder|attention|hint|warning|instructions?|request)\s?(?:to|for)\s
    (?:(?:the|any|all|our|my|whichever)\s)?{_JUDGE}\s?[:,;!\u2010-\u2015-]
| (?:dear|attention|hello|hey)\s?[,:]?\s(?:the\s)?{_JUDGE}\s?[:,;!\u2010-\u2015-]
| (?:{_JUDGE})\s?[:,]\s?(?:please|you\s{_MUST}|{_CHOOSE}\s{_TARGET}|ignore|disregard){_END}
"""
# chat-template markers, and headings that pass for them
_MARKERS = rf"""
  <\|\s?(?:im_(?:start|end|sep)|(?:start|end)_header_id|eo[tm]_id|begin_of_text|end_of_turn|start_of_turn
    |system|user|assistant|start|end|message|channel)\s?\|>(?:\s?(?:system|user|assistant){_END})?
| (?-i:\[/?INST\]|<</?SYS>>)
| (?:(?<=\n)|\A\s?)(?-i:Human|Assistant):
| (?:(?<=[\n"\u201d])|\A\s?)\#{{1,6}}\s?(?:system|assistant|instructions?)
    (?:\s(?:prompt|message|instructions?|override))?\s?:
"""
_REST = r"""(?:[^.!?\n"\u201d\0]|[.!?]++(?![\s"'\u201d)\]\0]|\Z)){0,400}+[^\W_]*+[.!?]*+"""


def _compiled(declared: str) -> re.Pattern[str]:
    sentences = _SENTENCES.replace(_DECLARED, declared)
    return re.compile(
        rf"{_MARKERS}|(?<![^\W_])(?=[^\W\d])(?:{sentences}){_REST}", re.IGNORECASE | re.VERBOSE
    )


_RULES, _OF_SOLUTIONS = _compiled(_TARGET), _compiled(_SOLUTION)


@lru_cache(maxsize=8)
def _tags(tag: str) -> re.Pattern[str]:
    return re.compile(
        rf"<\s?/?\s?(?:(?:solution|attempt|{re.escape(tag)})(?:_\s?\d|[\s-]?\d{{1,3}}\s?>)"
        # not the Problem of a List<Problem>
        r"|(?-i:problem|trajectory|PROBLEM|TRAJECTORY)\s?>)",
        re.IGNORECASE,
    )
