"""Take patches apart by file."""

import re
from collections.abc import Collection
from itertools import pairwise

_FILE = re.compile(r"^diff --git (?=a/|\"a/)", re.MULTILINE)
_NAMES = re.compile(r"diff --git a/(?P<old>.+) b/(?P<new>.+)")


def files_of(patch: str) -> tuple[str, ...]:
    """The files that a patch touches.

    Args:
        patch: As `git diff` writes it.

    Returns:
        Their new names, in order; not those that git quotes, which have odd characters.
    """
    found = (_NAMES.match(part) for part in _parts(patch))
    return tuple(match["new"] for match in found if match)


def files_added(patch: str) -> tuple[str, ...]:
    """The files that a patch creates.

    Args:
        patch: As `git diff` writes it.

    Returns:
        Their names, in order; not those that git quotes.
    """
    found = ((_NAMES.match(part), part) for part in _parts(patch))
    return tuple(
        match["new"]
        for match, part in found
        if match and "\nnew file mode " in part.partition("\n@@")[0]
    )


def without_files(patch: str, names: Collection[str]) -> str:
    """Leave files out of a patch.

    Args:
        patch: As `git diff` writes it.
        names: Of the files.

    Returns:
        The rest of the patch.
    """

    def kept(part: str) -> bool:
        match = _NAMES.match(part)
        return match is None or match["new"] not in names

    return "".join(part for part in _parts(patch) if kept(part))


def _parts(patch: str) -> list[str]:
    starts = [match.start() for match in _FILE.finditer(patch)]
    return [patch[a:b] for a, b in pairwise([*starts, len(patch)])]
