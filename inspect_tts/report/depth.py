"""How deep JSON is nested, seen in one pass before anything reads it.

Inspect's reader keeps the whole path to each level, so that 200 kB of brackets took 24 GB.
"""

from collections.abc import Iterable
from itertools import accumulate

DEEPEST = 1000
"""Levels of JSON that are read; Inspect itself writes at most some 250."""

_ESCAPED = b'"\\/bfnrtu'
_BRACKETS = b"[]{}"
_ALL = bytes(range(256))
_OTHERS = _ALL.translate(None, _ESCAPED + _BRACKETS)
_NO_MARKS = _ALL.translate(None, b'"' + _BRACKETS)
_STEP = [(byte in b"[{") - (byte in b"]}") for byte in _ALL]
_FOLDS = 32
"""Innermost levels that are taken away at once. So much deeper than allowed may be missed."""


def check_depth(chunks: Iterable[bytes]) -> None:
    """Refuse JSON that is nested too deep.

    What is cut away first makes the rest short, so that normal JSON costs little.

    Raises:
        ValueError: If it is.
    """
    depth, in_text, held = 0, False, b""
    for each in chunks:
        short = held + each.translate(None, _OTHERS)
        short = short.replace(b"\\\\", b"").replace(b'\\"', b"")
        held = b"\\" if short.endswith(b"\\") else b""  # an escape that the next chunk ends
        between = short.translate(None, _NO_MARKS).replace(b'""', b"").split(b'"')
        left = b"".join(between[in_text::2])
        in_text ^= len(between) % 2 == 0
        for _ in range(_FOLDS):
            before, left = left, left.replace(b"[]", b"").replace(b"{}", b"")
            if len(before) == len(left):
                break
        depths = [*accumulate(map(_STEP.__getitem__, left), initial=depth)]
        if max(depths) > DEEPEST:
            raise ValueError(f"it is nested deeper than {DEEPEST:,} levels")
        depth = depths[-1]
