"""Decide whether the text after a verdict's number confirms the verdict or takes it back."""

import re

from .verdict_words import BECAUSE, NOUNS, NUMBERS, SINCE

NOUN = rf"(?:{'|'.join(sorted(NOUNS))})s?"
_AND = r"(?:and|or|und|oder|et|ou|y|o|e|и|или|vs|versus|to|through|和|或|与|及|か|과|와)"
_AND_ANOTHER = re.compile(
    # a remark on another solution is left to `taken_back`
    rf"(?![\s*_`\"')]*[.;(—]\s*(?:the\s)?{NOUN}\b)"
    rf"[\W_]*(?:{_AND}[\W_]*)?(?:the[\W_]+)?(?:{NOUN}[\W_]*)?\d++(?!\s?%)",
    re.IGNORECASE,
)
PRAISE = (
    r"\s*is\s+(?:clearly |definitely |the |a |much |slightly |marginally |overall )*"
    r"(?:best|better|correct|right|stronger|superior|preferred|preferable|chosen|winner|selected|"
    r"(?:more|most) (?:likely|correct|complete|robust|reliable|convincing))\b"
)
_MENTION = re.compile(
    rf"(?<![^\W\d_]){NOUN}[\W_]{{0,6}}(\d{{1,9}})|{NOUN}[ ]?#?(\d{{1,9}})"
    # a number at the end of a sentence or alone in a line
    rf"|\b(?:be|meant?|choose|pick|prefer|select|(?:verdict|answer|choice|decision|vote|winner|better|best)"
    rf"(?:\sis)?)[\s*_`\"'(:=#]{{1,6}}(\d{{1,2}}|one|two|three|four)"
    rf"(?=[\s*_`\"')]{{0,6}}(?:[.!\n]|\Z))"
    rf"|\n[^\w\n]*+(\d{{1,2}})(?=[^\w\n]*+(?:\n|\Z))"
    rf"|\bthe\s(?P<ordinal>other|latter|former|last|first|second|third|fourth|1st|2nd|3rd|4th)"
    rf"(?=\s(?:one|{NOUN}|\w{{1,19}}s)\b|[^\w\n]*+(?:\n|\Z)|[.,;!])"
    rf"|(?:\n[^\w\n]*+|[.,;(]\s)(?!(?:it|this|that|which|he|she)\b)(\w{{1,12}})(?={PRAISE})"
    rf"|\b{NOUN}\s(?-i:([A-H]))\b",
    re.IGNORECASE,
)
_ORDINALS = {
    word: number
    for number, words in enumerate(("first 1st", "second 2nd", "third 3rd", "fourth 4th"), start=1)
    for word in words.split()
}
_NUMBERS = NUMBERS | _ORDINALS
_DOUBT = re.compile(
    r"\b(?:(?:revised|corrected|updated|amended|changed|new) (?:final )?(?:verdict|answer|choice|"
    r"decision|judge?ment)|chang\w+ (?:of|my) mind|never ?mind|w?h?oops|i meant|my mistake|"
    r"i was wrong|double.check|let me (?:re)?(?:check|think|look|verify|consider)|wait|correction|"
    r"or rather|on (?:second thoughts?|reflection)|i mean|hold on|actually no|"
    r"actually,|misread|swapped|i (?:retract|withdraw|revoke|take that back)|reconsider\w*|"
    r"not sure|undecided|toss|coin|can(?:not|'t) (?:decide|tell|say)|mixed (?:them )?up|sorry|"
    r"kidding|jk|the (?:other|wrong) one|(?:edit|update|addendum|erratum)(?=\s?[:–—-])|"
    r"(?:disregard|ignore|forget|strike|scratch) (?:that|this|my|the (?:above|line|verdict|"
    r"previous)))\b|"
    r"\n[^\w\n]*+(?:no|nope|not(?!\s+\w)|hm+|ah|uh|err?)\b(?!\s+doubt)|\b(?!why\b)\w+\?(?=\s|\Z)",
    re.IGNORECASE,
)
_TURNS = re.compile(r"\W*(?:but|or|and|unless|if|oder|und|ou|o|или|或|和|与|又は|または)\b", re.I)
_WORSE = (
    r"wrong|wors[et]|weaker|inferior|bad|broken|flawed|incorrect|incomplete|fails?|failed|lose[rs]?|"
    r"disqualified|eliminated|excluded|discard(?:ed)?|reject(?:ed|ion)?|invalid|runner.?up|schlechter|"
    r"falsch|peor|pire|хуже"
)
AGAINST = frozenset("❌✗✘✖🚫⛔👎≠¬!~\u0335\u0336\u0337\u0338")
"""Signs before or after a number that reject it."""
_REJECTED = re.compile(
    rf"\W*(?:(?:which|that|it|is|was|looks?|seems|the|a|by|far|much|clearly|as|since|because|for|due|"
    rf"to)\s+){{0,5}}(?:{_WORSE}|tied?)\b|\W*(?:no|nope|nein|non)\b(?!\s+doubt)"
    rf"|\W*[{''.join(AGAINST - {'!', '~'})}差劣输輸错錯悪誤被]|.*\bonly\W*$",
    re.IGNORECASE,
)
_BLAME = re.compile(
    rf"\b(?:not|\w{{1,20}}n't|cannot|{_WORSE}|less|least|only|never|without|lacks|misses|breaks|"
    r"ignores|leaves|nichts?|scheitert)\b",
    re.IGNORECASE,
)
_ANOTHER = rf"\W{{1,4}}(?:the\s)?(?:{NOUN}\b|other|first|second|third|\d)"
_FAILS = r"(?:break|fail|crash|lose|miss|lack|ignore|introduce|regress)(?:e?s)?"
_FAULTY = re.compile(
    rf"[\s*_`\"',:;().–—-]{{0,6}}(?:(?!(?:{NOUN}|others?|not|cannot|never)\b)[a-z]{{1,20}}\s){{0,2}}"
    rf"(?:(?:not|\w{{1,20}}n't|cannot|never)(?!\s(?:ever\s)?{_FAILS}\b)|lacks|misses|breaks|ignores|crashes|{_WORSE}|"
    rf"(?:has|contains|introduces|leaves)\s(?!no\b)(?:\w{{1,20}}\s){{0,3}}"
    rf"(?:bug|error|flaw|defect|regression|problem)s?)\b"
    rf"(?!{_ANOTHER}|\s(?:only|just|even|close|perfect)\b)",
    re.IGNORECASE,
)
_IT = re.compile(
    r"\s*(?:it|this(?: one)?|that|(?:the|my) (?:verdict|answer|choice|decision)(?: above)?)\b",
    re.IGNORECASE,
)
_PRAISE = re.compile(PRAISE, re.IGNORECASE)
_DOES_WELL = re.compile(
    r"\s*(?:clearly\s)?(?:fixes|passes|solves|works|wins|beats|outperforms)\b"
    r"(?!.*\b(?:no|none|nothing|few|fewer|some|half|most|part\w*|badly|poorly|barely|but|"
    r"\d+ (?:of|out))\b)",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"[\s*_`\"')\]:(–—,-]{1,8}+(?!because\b|since\b)(?:(?:it|which|that|as)\s){0,2}", re.IGNORECASE
)
_COMPARED = re.compile(
    rf"\b(?:than|over|not|unlike|whereas|beats|outperforms|against|instead of|{'|'.join(SINCE)}|"
    r"while|runner.?up|loser|worst)(?:\s+(?:the|in|with|of|la|die|que|что|как))?\W{0,4}$",
    re.IGNORECASE,
)
_END_OF_SENTENCE = re.compile(r"[.;!?]\s|\n")
_ORDER = re.compile(
    rf"[\s*_`\"')\]}}$]{{0,6}}(?:>{{1,3}}|≻|≫)\s*(?:{NOUN}\W{{0,3}})?\d{{1,9}}"
    rf"(?:\W{{0,3}}\s*(?:[>=≻≫~≈]|>=|≥){{1,3}}\s*(?:{NOUN}\W{{0,3}})?\d{{1,9}}){{0,99}}[\s*_`.!\"')\]}}$|]*",
    re.IGNORECASE,
)
_WITHOUT_BLANKS = 0x2E80
_LONGEST = 20_000  # characters after a number that are searched; answers are far shorter


def settles(rest: str, number: int, *, below: bool = False, grades: bool = False) -> bool:
    """Whether the rest of a number's line is empty, a reason or a ranking.

    In a line below the label, a reason must be praise: a list of remarks can begin there. A fault
    is a reason for a grade, but casts doubt on a choice.
    """
    if _ORDER.fullmatch(rest):
        return number not in {int(each) for each in re.findall(r"\d+", rest)}
    if below and (found := _REASON.match(rest)) and re.search(r"\w", rest):
        reason = rest[found.end() :]
        if not _PRAISE.match(reason) and not _PRAISE.match(f" is {reason}"):
            return False
    return _in_line(rest, grades) and not taken_back(rest, number, grades=grades)


def _in_line(rest: str, grades: bool) -> bool:
    if not re.search(r"\w", rest):
        return not rest.lstrip(" *_`\"')").startswith(("?", "%")) and not _REJECTED.match(rest)
    if (rest[0].isascii() and rest[0].isalnum()) or re.match(r"[.,:/–-]\d", rest):
        return False
    if _AND_ANOTHER.match(rest) or "?" in rest[:3] or _REJECTED.match(rest):
        return False
    first = rest.lstrip("*_`\"'|})]$ \t>")
    if not first or not re.search(r"\w", first):
        return True
    cell = "|" in rest[: len(rest) - len(first)]
    if cell or first[0] in ".,;:!(–—-[{<，。；、（\\":
        if re.match(r"\\[a-z]", first):  # as in 1 \lt 2
            return False
        return not _TURNS.match(first) and (grades or not _FAULTY.match(first))
    word = (re.match(r"[^\W\d_]+|\S", first) or [""])[0].lower()
    if word in BECAUSE:
        return True
    if not word.isascii() and ord(word[0]) > _WITHOUT_BLANKS:
        return not re.match(r"[不非或和与及但か과와比劣输輸差错]", word)
    clause = re.split(r"[.;,\n]", first, maxsplit=1)[0]
    return bool(_PRAISE.match(clause) or _DOES_WELL.match(clause)) and not _BLAME.search(clause)


def taken_back(text: str, number: int, *, grades: bool = False) -> bool:
    """Whether the text after a verdict casts doubt on it, or could choose another solution."""
    text = f"\n{text[:_LONGEST]}"
    if _DOUBT.search(text):
        return True
    mentions = [m for m in _MENTION.finditer(text) if not (grades and m["ordinal"])]
    named = [m for m in mentions if _named(m) == number]
    named += [it] if (it := _IT.match(text)) else []
    if not grades and any(_FAULTY.match(text, m.end()) for m in named):
        return True
    others = [m for m in mentions if _named(m) != number]
    for at, other in enumerate(others):
        before = text[max(0, other.start() - 40) : other.start()]
        until = others[at + 1].start() if at + 1 < len(others) else len(text)
        after = _END_OF_SENTENCE.split(text[other.end() : until], maxsplit=1)[0]
        if not _BLAME.search(after) and (not _COMPARED.search(before) or _PRAISE.match(after)):
            return True
    return False


def _named(mention: re.Match[str]) -> int:
    """The number of a mentioned solution; 0 if the mention gives no number."""
    told = next(group for group in mention.groups() if group)
    return int(told) if told.isdecimal() else _NUMBERS.get(told.lower(), 0)
