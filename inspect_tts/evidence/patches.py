r"""Split patches by file, whatever tool wrote them and with whatever settings.

    patch -> text before, FilePatch, FilePatch, ...; their texts joined are the patch, byte for byte

Patches are read as `git apply` reads them: text outside of files is skipped, hunks are as long as
their headers say, and names may be quoted. The parsers on PyPI (`unidiff`, `whatthepatch`) lose
the exact bytes and binary patches, refuse a whole patch for one odd line, and guess names wrongly.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

_HUNK = re.compile(r"@@ -(\d{1,18})(?:,(\d{1,18}))? \+(\d{1,18})(?:,(\d{1,18}))? @@(.*)")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
"""A line. Only a newline ends it: code may contain other line separators, such as form feeds."""
_GIT = "diff --git "
_EXTENDED = re.compile(
    r"(old mode|new mode|deleted file mode|new file mode|rename from|rename to|copy from|copy to"
    r"|index) (.*)"
)
_BINARY = re.compile(r"Binary files (.+) differ")
_NULL = "/dev/null"
_PREFIX = re.compile(r"[abciow12]/")
"""Git's prefixes of file names: `a/` and `b/`, mnemonic ones, and those of `--no-index`."""
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_ESCAPED = dict(zip(b"abfnrtv", b"\a\b\f\n\r\t\v", strict=True))


@dataclass
class Hunk:
    """Consecutive changed lines with their context."""

    start: int
    """Number of the first line in the old file."""
    heading: str
    """The enclosing function, as git found it."""
    lines: list[str] = field(default_factory=list)
    """The lines, without newlines; a line `\\` says that the file ends without a newline."""


@dataclass
class FilePatch:
    """What a patch does to one file."""

    text: str
    """The file's part of the patch, with its headers."""
    old: str | None
    """The old name; None if the patch creates the file."""
    new: str | None
    """The new name; None if the patch deletes the file."""
    headers: dict[str, str]
    """Values of git's extended headers, such as `new file mode`."""
    hunks: list[Hunk]
    binary: list[str] | None
    """The lines of a binary patch, empty if they were left out; None for a text file."""
    stray: list[str]
    """Lines that look like hunk lines but belong to no hunk, as after a wrong hunk header."""

    @property
    def path(self) -> str:
        """The new name, or the old one if the patch deletes the file."""
        return self.new or self.old or ""

    def count(self, marker: str) -> int:
        """Count the hunk lines that begin with a marker."""
        return sum(line[0] == marker for hunk in self.hunks for line in hunk.lines)


def parse_patch(patch: str) -> tuple[str, list[FilePatch]]:
    """Split a patch by file, in linear time."""
    lines = _LINE.findall(patch)
    parts = [_Part()]
    for index, line in enumerate(lines):
        if parts[-1].ends_before(lines, index):
            parts.append(_Part())
        parts[-1].take(line)
    files, texts = list[FilePatch](), ["".join(parts[0].lines)]
    told = [texts]  # texts before the first file, then those of each file
    for file in (part.file() for part in parts[1:]):
        if file.path:
            files.append(file)
            told.append([])
        told[-1].append(file.text)
    for file, texts in zip(files, told[1:], strict=True):
        file.text = "".join(texts)
    return "".join(told[0]), files


def files_of(patch: str) -> tuple[str, ...]:
    """The files that a patch touches."""
    return tuple(file.path for file in parse_patch(patch)[1])


def files_added(patch: str) -> tuple[str, ...]:
    """The files that a patch creates."""
    return tuple(file.path for file in parse_patch(patch)[1] if file.old is None)


def without_files(patch: str, names: Collection[str]) -> str:
    """Leave files out of a patch."""
    before, files = parse_patch(patch)
    kept = [file.text for file in files if file.path not in names]
    return before + "".join(kept) if kept or not files else ""


class _Part:
    """Reads the lines of a patch that belong to one file."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.git = ""
        self.named: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self.hunks: list[Hunk] = []
        self.binary: list[str] | None = None
        self.stray: list[str] = []
        self.left = (0, 0)  # old and new lines of the hunk that are still to come
        self.signed = False  # whether the signature of a mailed patch has begun

    def ends_before(self, lines: list[str], index: int) -> bool:
        """Whether a line begins another file."""
        line = lines[index]
        if line.startswith(_GIT):
            return True
        is_open = bool(self.git) and not (self.named or self.hunks or self.binary is not None)
        if line.startswith("--- "):
            return (
                not is_open
                and self.left != (1, 1)  # else these are the last lines of a hunk
                and index + 2 < len(lines)
                and lines[index + 1].startswith("+++ ")
                and lines[index + 2].startswith("@@ -")
            )
        return not is_open and not any(self.left) and _BINARY.match(line) is not None

    def take(self, raw: str) -> None:
        """Read a line."""
        self.lines.append(raw)
        line = raw.removesuffix("\n")
        bare = line.removesuffix("\r")
        if self._in_hunk(raw, line):
            return
        if bare.startswith("\\") and self.hunks:
            self.hunks[-1].lines.append("\\")
            return
        self.left = (0, 0)
        self.signed |= bare == "-- "
        if self.signed:
            return
        if hunk := _HUNK.match(bare):
            self.left = int(hunk[2] or 1), int(hunk[4] or 1)
            self.hunks.append(Hunk(int(hunk[1]), hunk[5].strip()))
        elif self.binary is not None:
            self.binary += [bare] if bare else []
        elif self.hunks or not self._header(bare):
            self.stray += [line] if bare[:1] in {"+", "-", "@"} else []

    def _in_hunk(self, raw: str, line: str) -> bool:
        old, new = self.left
        marker = " " if raw[0] in "\r\n" else raw[0]  # editors strip the space of a blank line
        if not any(self.left) or marker not in " -+":
            return False
        old, new = old - (marker != "+"), new - (marker != "-")
        if old < 0 or new < 0:
            return False
        self.left = old, new
        self.hunks[-1].lines.append(line if raw[0] == marker else f" {line}")
        return True

    def _header(self, bare: str) -> bool:
        if bare.startswith(_GIT):
            self.git = bare.removeprefix(_GIT)
        elif bare.startswith(("--- ", "+++ ")) and bare[:3] not in self.named:
            self.named[bare[:3]] = plain_name(bare[4:])
        elif binary := _BINARY.match(bare):
            self.binary = []
            old, new = _pair(binary[1], " and ")
            self.named |= {"---": old, "+++": new}
        elif bare == "GIT binary patch":
            self.binary = []
        elif header := _EXTENDED.match(bare):
            self.headers[header[1]] = header[2]
        else:
            return False
        return True

    def file(self) -> FilePatch:
        """Build the `FilePatch` from the lines read."""
        old, new = _names(self.git, self.named.get("---"), self.named.get("+++"), self.headers)
        return FilePatch(
            text="".join(self.lines),
            old=old,
            new=new,
            headers=self.headers,
            hunks=self.hunks,
            binary=self.binary,
            stray=self.stray,
        )


# --- names


def _names(
    git: str, old: str | None, new: str | None, headers: dict[str, str]
) -> tuple[str | None, str | None]:
    """The old and new names without prefixes, from all headers; None if there is no such file."""
    for kind in ("rename", "copy"):
        if f"{kind} to" in headers:
            return plain_name(headers.get(f"{kind} from", "")), plain_name(headers[f"{kind} to"])
    created = old == _NULL or "new file mode" in headers
    deleted = new == _NULL or "deleted file mode" in headers
    if old and new and _NULL not in (old, new):
        first, last = _without_prefixes(old, new)
    elif git:
        first, last = _without_prefixes(*_pair(git, " "))
    else:
        only = next((name for name in (new, old) if name and name != _NULL), "")
        first = last = _PREFIX.sub("", only, count=1)
    return None if created or not first else first, None if deleted or not last else last


def _without_prefixes(old: str, new: str) -> tuple[str, str]:
    if old == new:  # `diff.noprefix`
        return old, new
    one, other = old.partition("/")[2], new.partition("/")[2]
    same = one == other or (_PREFIX.match(old) and _PREFIX.match(new))
    return (one, other) if one and same else (old, new)


def _pair(text: str, between: str) -> tuple[str, str]:
    """Two names in one line: quoted, or equal except for prefixes of the same length."""
    if first := _QUOTED.match(text):
        return plain_name(first[0]), plain_name(text[first.end() + len(between) :])
    if text.endswith('"') and (start := text.find(f'{between}"')) > 0:
        return plain_name(text[:start]), plain_name(text[start + len(between) :])
    middle = (len(text) - len(between)) // 2
    if text[middle:].startswith(between):
        old, new = text[:middle], text[middle + len(between) :]
        if old == new or old.partition("/")[2] == new.partition("/")[2]:
            return plain_name(old), plain_name(new)
    if text.startswith(f"{_NULL}{between}"):
        return _NULL, plain_name(text.removeprefix(f"{_NULL}{between}"))
    old, _, new = text.rpartition(between)
    return plain_name(old), plain_name(new)


def plain_name(text: str) -> str:
    """The name in a header, which may be quoted as in C and followed by a tab and a time."""
    if quoted := _QUOTED.match(text):
        raw = quoted[1].encode("utf-8", "backslashreplace")
        return _ESCAPE.sub(_character, raw).decode("utf-8", "backslashreplace")
    return text.partition("\t")[0].encode("utf-8", "backslashreplace").decode()


def _character(match: re.Match[bytes]) -> bytes:
    if match[1][:1] in b"01234567":
        return bytes([int(match[1], 8) & 0xFF])
    return bytes([_ESCAPED.get(match[1][0], match[1][0])])
