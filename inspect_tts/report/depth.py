"""Check how deeply JSON is nested, in one pass before anything parses it.

Inspect's parser keeps the whole path to each level: 200 kB of brackets took 24 GB.
"""

from collections.abc import Iterable
from itertools import accumulate

DEEPEST = 1000
"""Maximum nesting depth. Inspect itself writes at most about 250 levels."""

_ESCAPED = b'"\\/bfnrtu'
_BRACKETS = b"[]{}"
_ALL = bytes(range(256))
_OTHERS = _ALL.translate(None, _ESCAPED + _BRACKETS)
_NO_MARKS = _ALL.translate(None, b'"' + _BRACKETS)
_STEP = [(byte in b"[{") - (byte in b"]}") for byte in _ALL]
_FOLDS = 32
"""Innermost levels that are removed at once. JSON up to this much too deep may go unnoticed."""


def check_depth(chunks: Iterable[bytes]) -> None:
    """Refuse JSON that is nested too deeply.

    Text and the innermost brackets are removed first. Little is left of normal JSON, so the check
    is cheap.

    Raises:
        ValueError: If the JSON is nested too deeply.
    """
    depth, in_text, held = 0, False, b""
    for each in chunks:
        short = held + each.translate(None, _OTHERS)
        short = short.replace(b"\\\\", b"").replace(b'\\"', b"")
        held = b"\\" if short.endswith(b"\\") else b""  # an escape that continues in the next chunk
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
