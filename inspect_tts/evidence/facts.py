"""The facts that the harness records about a rollout, read from raw output."""

import json
import re
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from inspect_tts.method.records import CommandFact, FileFact, Patch
from inspect_tts.text.trajectory import elide

from .patches import FilePatch, parse_patch, plain_name
from .shell import argument_words

MERGED_OUTPUT = 'exec "$@" 2>&1'
"""Script that runs its arguments with standard error redirected to standard output."""

PATCH_BYTES = 1_000_000
"""Most bytes of a patch in the record; a larger patch is left out, with a notice."""

_LAST_COMMANDS = 5
_COMMAND_CHARS = 300
_MOST_FILES = 500
_NO_PATCH = "none"
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NUMSTAT = re.compile(r"(-|[0-9]{1,15})\t(-|[0-9]{1,15})\t(.+)")
_SIZE = re.compile(r"[0-9]{1,18}")
_BLANKS = re.compile(r"(?<![ \t])[ \t]+(?=\r?\Z)")  # at a line's end; linear by the lookbehind
_EMPTY_BLOBS = {  # git's hashes of an empty file: SHA-1 and SHA-256
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
}


@dataclass(frozen=True)
class Workspace:
    """A git workspace: a commit, and all differences from it, committed or not."""

    commit: str
    changes: tuple[FileFact, ...]
    patch: str | None
    """Hash of the normalized patch; `none` if it is empty, None if it is unknown."""
    size: int | None = None
    """Bytes of the patch as `git apply` takes it; None if it was not requested."""
    diff: bytes | None = None
    """The patch; None if it is too large or was not requested."""


def last_commands(executed: Sequence[tuple[str, int | None]]) -> tuple[CommandFact, ...]:
    """Keep the last commands, shortened."""
    return shortened_commands(executed, _LAST_COMMANDS)


def shortened_commands(
    executed: Sequence[tuple[str, int | None]], most: int
) -> tuple[CommandFact, ...]:
    """Keep the last `most` commands, shortened."""
    return tuple(
        CommandFact(command=elide(shell_command(line), _COMMAND_CHARS), returncode=code)
        for line, code in executed[-most:]
    )


def shell_command(line: str) -> str:
    """Show the script of `bash -c SCRIPT` instead of the whole line."""
    words = argument_words(line)
    if words is None:
        return line
    if MERGED_OUTPUT in words[:-2]:
        words = words[words.index(MERGED_OUTPUT) + 2 :]
    is_shell = bool(words) and words[0].rsplit("/", 1)[-1] in {"bash", "sh"}
    if is_shell and "-c" in words[:-1]:
        return words[words.index("-c") + 1].strip()
    return line


def parse_numstat(output: str) -> tuple[FileFact, ...]:
    """Read the output of `git diff --numstat --no-renames`."""
    facts = []
    for entry in output.split("\n"):
        if match := _NUMSTAT.fullmatch(entry):
            added, deleted = (None if n == "-" else int(n) for n in match.groups()[:2])
            facts.append(FileFact(path=plain_name(match[3]), added=added, deleted=deleted))
    return tuple(facts[:_MOST_FILES])


def parse_workspace(output: str) -> Workspace:
    """Read the output of the script that reads a workspace."""
    commit, _, rest = output.partition("\n")
    hashed, _, rest = rest.partition("\n")
    numstat, asked, diff = f"\n{rest}".partition("\n\n")
    size, _, encoded = diff.partition("\n")
    patch = hashed.strip() if _HASH.fullmatch(hashed.strip()) else None
    if asked and not _SIZE.fullmatch(size):
        raise ValueError(f"{size[:80]!r} is not a number of bytes")
    bytes_ = b64decode(encoded.replace("\n", ""), validate=True)
    whole = asked and len(bytes_) == int(size)
    if encoded and not whole:
        raise ValueError(f"the patch has {len(bytes_)} bytes, not {size}")
    return Workspace(
        commit=commit.strip(),
        changes=parse_numstat(numstat),
        patch=_NO_PATCH if patch in _EMPTY_BLOBS else patch,
        size=int(size) if asked else None,
        diff=bytes_ if whole else None,
    )


def patch_record(before: Workspace | None, after: Workspace | None) -> Patch | None:
    """Build the record's patch; a notice says why its text is missing."""
    if before is None:
        return None
    if after is None:
        return Patch(commit=before.commit, notice="the workspace could not be read at the end")
    if after.size is None:
        notice = (
            "git could not read the workspace at the end, or it held too many new files; the names "
            "of changed files are known"
        )
        return Patch(commit=before.commit, notice=notice)
    if after.diff is None:
        notice = f"the patch has {after.size} bytes, more than the {PATCH_BYTES} that are kept"
        return Patch(commit=before.commit, size=after.size, notice=notice)
    try:
        return Patch(commit=before.commit, size=after.size, text=after.diff.decode())
    except UnicodeDecodeError:
        notice = "the patch holds bytes that are no UTF-8"
        return Patch(commit=before.commit, size=after.size, notice=notice)


def files_changed(before: Workspace | None, after: Workspace | None) -> tuple[FileFact, ...] | None:
    """List the files that a rollout changed in a git workspace, committed or not.

    The workspace may have differed from its commit before the rollout. So line counts are not
    enough: a changed file may differ by as many lines as before, or match the commit again.
    """
    if before is None or after is None:
        return None
    if before.diff is None or after.diff is None:
        return tuple(fact for fact in after.changes if fact not in before.changes)
    was, now = _contents(before.diff), _contents(after.diff)
    same = {fact for fact in before.changes if now.get(fact.path) == was.get(fact.path)}
    changed = [fact for fact in after.changes if fact not in same]
    paths = {fact.path for fact in after.changes}
    if len(paths) < _MOST_FILES:
        changed += [
            FileFact(path=fact.path, added=fact.deleted, deleted=fact.added)
            for fact in before.changes
            if fact.path not in paths
        ]
    return tuple(changed)


def _contents(diff: bytes) -> dict[str, dict[str, str]]:
    """Map each file of a patch to its headers, which hold content hashes and modes."""
    _, files = parse_patch(diff.decode("utf-8", "surrogateescape"))
    return {file.path: file.headers for file in files}


def workspace_fingerprint(
    before: Workspace | None, after: Workspace | None, answer: str
) -> str | None:
    """Fingerprint a rollout's result: its git workspace or, if that is unchanged, its answer.

    A workspace may differ from its commit before the first step. It then does so in all rollouts,
    so patches against the commit tell rollouts apart as well as their own changes would.
    """
    if before is None or after is None or before.patch is None or after.patch is None:
        return None
    if before.patch == after.patch:
        return answer_fingerprint(answer)
    return f"patch:{after.patch}"


def patch_files(patch: str) -> tuple[FileFact, ...]:
    """Count the lines that a unified diff adds to and deletes from each file."""
    return tuple(
        FileFact(
            path=file.path,
            added=None if file.binary is not None else file.count("+"),
            deleted=None if file.binary is not None else file.count("-"),
        )
        for file in parse_patch(patch)[1][:_MOST_FILES]
    )


def patch_fingerprint(patch: str) -> str | None:
    """Hash what a unified diff changes.

    File names, enclosing functions and context lines say where a change is, so the same lines
    elsewhere are another change. Line numbers count only for hunks without context. Path prefixes,
    file hashes, the order of files, blanks at line ends and text around the diff do not count.
    """
    if not patch.strip():
        return f"patch:{_NO_PATCH}"
    _, files = parse_patch(patch)
    changes = sorted(map(_change, files), key=repr) if files else [[patch]]
    if None in changes:
        return None
    text = json.dumps(changes).encode()
    return f"patch:{sha256(text).hexdigest()[:40]}"


def _change(file: FilePatch) -> list[object] | None:
    """A normalized form of a patch's changes to a file; None if the patch does not hold them."""
    content = file.binary
    if content == [] and file.new is not None:
        content = [file.headers.get("index", "").partition("..")[2].partition(" ")[0]]
        if content == [""]:
            return None
    modes = file.headers.get("new mode"), file.headers.get("new file mode", "100644")
    hunks = [
        (
            hunk.heading,
            [_BLANKS.sub("", line) for line in hunk.lines],
            None if any(line[0] == " " for line in hunk.lines) else hunk.start,
        )
        for hunk in file.hunks
    ]
    copied = ["copied"] if "copy to" in file.headers else []  # a renamed file is gone
    return [file.old, file.new, modes, content, hunks, file.stray, *copied]


def answer_fingerprint(answer: str) -> str | None:
    """Hash an answer, regardless of white space."""
    words = " ".join(answer.split())
    if not words:
        return None
    # a model may write a lone surrogate, which strict UTF-8 refuses
    return f"answer:{sha256(words.encode(errors='surrogatepass')).hexdigest()[:40]}"
