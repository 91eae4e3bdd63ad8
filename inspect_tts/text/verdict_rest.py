"""Whether what stands behind a verdict's number leaves the verdict as it is."""

import re

from .verdict_words import BECAUSE, NOUNS

NOUN = rf"(?:{'|'.join(sorted(NOUNS))})s?"
_AND = r"(?:and|or|und|oder|et|ou|y|o|e|и|или|vs|versus|to|through|和|或|与|及|か|과|와)"
_AND_ANOTHER = re.compile(
    rf"[\W_]*(?:{_AND}[\W_]*)?(?:the[\W_]+)?(?:{NOUN}[\W_]*)?\d", re.IGNORECASE
)
_MENTION = re.compile(rf"(?<![^\W\d_]){NOUN}[\W_]{{0,6}}(\d{{1,9}})|{NOUN}[ ]?#?(\d{{1,9}})", re.I)
_DOUBT = re.compile(
    r"\b(?:wait|correction|or rather|on (?:second thoughts?|reflection)|scratch that|i mean|"
    r"hold on|actually no|actually,|i take that back|reconsider\w*|not sure|undecided|toss|coin|"
    r"can(?:not|'t) (?:decide|tell|say)|mixed (?:them )?up|sorry|kidding|the (?:other|wrong) one|"
    r"edit(?=:))\b|\n[^\w\n]*+no\b(?!\s+doubt)",
    re.IGNORECASE,
)
_TURNS = re.compile(r"\W*(?:but|or|and|unless|if|oder|und|ou|o|или|或|和|与|又は|または)\b", re.I)
_WORSE = (
    r"wrong|wors[et]|weaker|inferior|bad|broken|flawed|incorrect|incomplete|fails?|failed|lose[rs]?|"
    r"disqualified|reject(?:ed|ion)?|schlechter|falsch|peor|pire|хуже"
)
AGAINST = frozenset("❌✗✘✖🚫⛔👎≠¬!~\u0335\u0336\u0337\u0338")
"""Before or behind a number they say that it is not the one."""
_REJECTED = re.compile(
    rf"\W*(?:(?:which|that|it|is|was|looks?|seems|the|a|much|clearly|as|since|because|for|due|to)\s+)"
    rf"{{0,5}}(?:{_WORSE})\b|\W*(?:no|nope|nein|non)\b(?!\s+doubt)"
    rf"|\W*[{''.join(AGAINST - {'!', '~'})}差劣输輸错錯悪誤]|.*\bonly\W*$",
    re.IGNORECASE,
)
_BLAME = re.compile(
    rf"\b(?:not|\w{{1,20}}n't|cannot|{_WORSE}|less|least|only|never|without|lacks|misses|breaks|"
    r"ignores|leaves|nichts?|scheitert)\b",
    re.IGNORECASE,
)
PRAISE = (
    r"\s*is\s+(?:clearly |definitely |the |a |much |slightly |marginally |overall )*"
    r"(?:best|better|correct|right|stronger|superior|preferred|preferable|chosen|winner|selected|"
    r"(?:more|most) (?:likely|correct|complete|robust|reliable|convincing))\b"
)
_PRAISE = re.compile(PRAISE, re.IGNORECASE)
_COMPARED = re.compile(
    r"\b(?:than|over|not|unlike|whereas|because|since|beats|against|instead of|weil|denn|"
    r"while)(?:\s+(?:the|in|with|of))?\W{0,4}$",
    re.IGNORECASE,
)
_END_OF_SENTENCE = re.compile(r"[.;!?]\s|\n")
_ORDER = re.compile(
    rf"[\s*_`\"')\]}}$]{{0,6}}(?:>{{1,3}}|≻|≫)\s*(?:{NOUN}\W{{0,3}})?\d{{1,9}}"
    rf"(?:\W{{0,3}}\s*(?:[>=≻≫~≈]|>=|≥){{1,3}}\s*(?:{NOUN}\W{{0,3}})?\d{{1,9}}){{0,99}}[\s*_`.!\"')\]}}$|]*",
    re.IGNORECASE,
)
_WITHOUT_BLANKS = 0x2E80
_LONGEST = 20_000  # characters behind a number that are looked at; an answer is far shorter


def settles(rest: str, number: int) -> bool:
    """Whether the rest of a number's line is empty, a reason or an order."""
    if _ORDER.fullmatch(rest):
        return number not in {int(each) for each in re.findall(r"\d+", rest)}
    return _in_line(rest) and not taken_back(rest, number)


def _in_line(rest: str) -> bool:
    if not re.search(r"\w", rest):
        return not rest.lstrip(" *_`\"')").startswith(("?", "%")) and not _REJECTED.match(rest)
    if (rest[0].isascii() and rest[0].isalnum()) or re.match(r"[.,:/–-]\d", rest):
        return False
    if _AND_ANOTHER.match(rest) or "?" in rest[:3] or _REJECTED.match(rest):
        return False
    first = rest.lstrip("*_`\"'|})]$ \t>")
    if not first or not re.search(r"\w", first):
        return True
    if first[0] in ".,;:!(–—-[{<，。；、（\\":
        return not _TURNS.match(first)
    word = (re.match(r"[^\W\d_]+|\S", first) or [""])[0].lower()
    if word in BECAUSE:
        return True
    if not word.isascii() and ord(word[0]) > _WITHOUT_BLANKS:
        return not re.match(r"[不非或和与及但か과와比劣输輸差错]", word)
    clause = re.split(r"[.;,\n]", first, maxsplit=1)[0]
    return bool(_PRAISE.match(first)) and not _BLAME.search(clause)


def taken_back(text: str, number: int) -> bool:
    """Whether the text after a verdict doubts it, or could choose another solution."""
    text = f"\n{text[:_LONGEST]}"
    if _DOUBT.search(text):
        return True
    others = [m for m in _MENTION.finditer(text) if int(m[1] or m[2]) != number]
    for at, other in enumerate(others):
        before = text[max(0, other.start() - 40) : other.start()]
        until = others[at + 1].start() if at + 1 < len(others) else len(text)
        after = _END_OF_SENTENCE.split(text[other.end() : until], maxsplit=1)[0]
        if not _COMPARED.search(before) and not _BLAME.search(after):
            return True
    return False
