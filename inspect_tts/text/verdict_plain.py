"""An answer in plain characters: without what is invisible, crossed out, or another form of one."""

import re

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
    0x20E3: " ",  # the frame of a key
    **{ord(c): '"' for c in "“”„«»「」『』"},
    **{ord(c): "'" for c in "‘’‚"},
}
_CROSSED_OUT = re.compile(
    r"~~[^~\n]{1,400}~~|<(?P<tag>del|strike)>[^<\n]{1,400}</(?P=tag)>", re.IGNORECASE
)


def plain(text: str) -> str:
    """The text in plain characters."""
    return _CROSSED_OUT.sub(" ", text.translate(_PLAIN))
