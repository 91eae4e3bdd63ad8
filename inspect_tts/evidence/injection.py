"""Find text that tries to steer its reader. It is flagged for people, never cut from a prompt.

A summary is data, but an agent, or a file that it read, can put orders to the judge into it. The
structure of the prompt keeps them harmless (`text/fences.py`); the rules here only tell people
which rollouts to look at. They match a plain view of the text: JSON escapes are decoded,
compatibility characters folded, invisible ones dropped, blanks and emphasis collapsed.
"""

import re
import unicodedata
from functools import lru_cache

from inspect_tts.method.records import Rollout
from inspect_tts.text.fences import tags_in
from inspect_tts.text.summary import facts_text

_EXCERPT = 120
_MOST = 20
_MOST_CHARS = 200_000


def orders_in(text: str) -> tuple[str, ...]:
    """Find text that tries to steer a judge or a refined rollout.

    It finds verdict and grade lines, chat-template markers, sentences that give orders about the
    judging, and text that looks like a tag of a prompt's block or like facts of the harness.
    """
    view = _view(text[:_MOST_CHARS])
    found = [_sentence(match) for match in _RULES.finditer(view)]
    found += [*tags_in(view), *(match[0] for match in _FACTS.finditer(view))]
    shown = dict.fromkeys(_excerpt(each) for each in found)
    return tuple(each for each in shown if each)[:_MOST]


def _excerpt(shown: str) -> str:
    return " ".join(shown.split())[:_EXCERPT].rstrip()


def _sentence(match: re.Match[str]) -> str:
    """The matched text, up to the end of the quotation that it may be in."""
    begins = match.start() + match[0][0].isspace()
    return match.string[begins : match.end()].partition('"')[0].rstrip("\\ \n")


# ---------------------------------------------------------------- the plain view of a text

_ESCAPE = re.compile(r"(?<!\\)\\++(?:[nrt]|u[0-9a-fA-F]{4}|(?P<quote>[\"/]))")
_BLANKS = re.compile(r"[\s*`~]++")
_OTHER = re.compile(r"[^\x01-\x7f]")


def _view(text: str) -> str:
    decoded = _ESCAPE.sub(_decoded, text)
    # surrogate pairs from JSON escapes become the characters that they stand for
    joined = decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    folded = _OTHER.sub(lambda found: _folded(found[0]), joined)
    return _BLANKS.sub(lambda found: "\n" if {"\n", "\r"} & set(found[0]) else " ", folded)


def _decoded(found: re.Match[str]) -> str:
    if found["quote"] is not None:
        return "/" if found["quote"] == "/" else "\u201d"  # does not end a JSON string
    escape = found[0].lstrip("\\")
    return chr(int(escape[1:], 16)) if len(escape) > 1 else " " if escape == "t" else "\n"


@lru_cache(maxsize=4096)
def _folded(char: str) -> str:
    kept = unicodedata.normalize("NFKC", char)
    return "".join(c for c in kept if unicodedata.category(c) not in {"Cc", "Cf", "Me", "Mn"})


# ---------------------------------------------------------------- the rules
# They match the plain view, in which a run of blanks is one character. Time stays linear, since
# unbounded repeats are possessive and gaps are short. No rule begins inside a word.

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
# without `attempt`: a solution may mention the attempts in its rollout's refinement context
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
    (?:answer|choice|solution|pick|one|attempt|submission)\s?{_BE}\s?{_SURELY}{_SOLUTION}
| (?:the\s)?winner\s?{_BE}\s?{_SURELY}{_SOLUTION}
| your\s(?:final\s)?(?:verdict|vote|choice|answer|decision|pick)\s?{_BE}\s{_TARGET}
| {_SOLUTION}\sis\s{_SURELY}the\s
    (?:clear\s|obvious\s|only\s|true\s)?(?:winner|winning\s(?:one|solution|attempt)){_END}
| {_SOLUTION}\sis\s{_SURELY}(?:the\s)?(?:very\s)?best{_END}{_GAP40}(?:
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


_RULES = re.compile(
    rf"{_MARKERS}|(?<![^\W_])(?=[^\W\d])(?:{_SENTENCES}){_REST}", re.IGNORECASE | re.VERBOSE
)
_FACTS = re.compile(r"facts\s(?:that\s)?(?:were\s)?(?:the\sharness\s)?record", re.IGNORECASE)


def injections(rollout: Rollout) -> tuple[str, ...]:
    """Excerpts of a rollout's summary and facts that try to steer their reader."""
    return orders_in(f"{rollout.summary.text}\n\n{facts_text(rollout.facts)}")
