"""A rollout's kit: the files and commands with which it tried out its work, to run on any result.

Files are taken from the rollout's patch, or else as the rollout last wrote them, at their paths. A
kit is kept whole, because a script often imports the other files.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from inspect_ai.model import ChatMessage

from inspect_tts.evidence.patches import FilePatch, parse_patch
from inspect_tts.evidence.shell import SimpleCommand, simple_commands

from .actions import Edit, Script, Write, actions
from .commands import checks_something
from .paths import TREE, folder_after, placed

MOST_FILES = 100
MOST_FILE_CHARS = 200_000
MOST_KIT_CHARS = 1_000_000
MOST_COMMANDS = 40
_MOST_COMMAND_CHARS = 20_000
_MOST_TRIED = 400  # of the last commands, because each is compared with each file
_MOST_WRITTEN = 1_000
_TEST_LIKE = re.compile(r"(?:.*/)?(?:tests?/.*|test_[^/]*|[^/]*_test\.[^/]*|conftest\.py)")
_WRITING = re.compile(r"\.write(?:_text|_bytes|lines)?\(|\bopen\([^()\n]*,\s*['\"][wax]")
_NAMES = re.compile(r"[^\s/'\"`()\[\]{}<>|&;:,=]+")  # among them, names of files
_WORDS = re.compile(r"[^\W_]+(?:_+[^\W_]+)*+")


@dataclass(frozen=True)
class KitCommand:
    """A command as a rollout ran it."""

    text: str
    folder: str = ""


@dataclass(frozen=True)
class Kit:
    """The files that one rollout made, and the commands that it ran."""

    author: str
    files: dict[str, str]
    """The texts of files by path, which is relative to the workspace or absolute."""
    commands: tuple[KitCommand, ...]
    """The last command first, each once."""

    def needed(self, command: KitCommand) -> dict[str, str]:
        """The files that a command needs: all files of the kit if it names one, otherwise none."""
        named = any(names(command.text, path) for path in self.files)
        return self.files if named else {}


def names(command: str, path: str) -> bool:
    """Whether a command names a file, by its name or as a module."""
    base = path.rpartition("/")[2]
    stem = base.partition(".")[0]
    return base in command or (len(stem) > 2 and stem in _words(command))


@lru_cache(maxsize=64)
def _words(command: str) -> frozenset[str]:
    return frozenset(_WORDS.findall(command))


def kit_of(
    author: str, messages: Sequence[ChatMessage], patch: str | None, *, top: str, home: str = ""
) -> Kit:
    """Read a rollout's kit; its workspace was at `top`, and it began in the folder `home` there."""
    files, commands = dict[str, str](), dict[KitCommand, None]()
    for action in actions(messages):
        match action:
            case Write(path, text):
                _put(files, placed(_anywhere(path, top), home), _anywhere(text, top))
            case Edit(path, old, new):
                at = placed(_anywhere(path, top), home)
                if at is not None and at in files:
                    edited = files[at].replace(_anywhere(old, top), _anywhere(new, top), 1)
                    _put(files, at, edited)
            case Script(text):
                for command in _run(files, _anywhere(text, top), home):
                    commands.pop(command, None)  # its last use counts
                    commands[command] = None
    changes = parse_patch(patch or "")[1]
    changed = {file.path.rpartition("/")[2] for file in changes if file.old is not None}
    edits = {path for path, text in files.items() if _edits(text, changed)}
    tried = (
        command
        for command in islice(reversed(commands), _MOST_TRIED)
        if not _edits(command.text, changed)
        and not any(names(command.text, path) for path in edits)
    )
    latest = tuple(islice(tried, MOST_COMMANDS))
    kept = _beside(files, changes, latest)
    return Kit(author, _bounded(kept), latest)


def _anywhere(text: str, top: str) -> str:
    return re.sub(rf"{re.escape(top)}(?![\w.-])", lambda _: TREE, text) if top else text


def _run(files: dict[str, str], script: str, home: str) -> list[KitCommand]:
    """Follow a script's folders and written files; return its commands that try something out."""
    folder: str | None = home
    found: list[KitCommand] = []
    for command in simple_commands(script):
        if command.words[0] == "cd":
            folder = folder_after(command.words, folder or "")
            continue
        if folder is None:
            continue
        if _writes(files, command, folder):
            continue
        if command.words[0] == "mv" and len(command.words) == 3:
            old, new = (placed(word, folder) for word in command.words[1:])
            if old in files and new is not None:
                files[new] = files.pop(old)
        elif len(command.text) <= _MOST_COMMAND_CHARS and checks_something(command):
            found.append(KitCommand(command.text.strip("\n"), folder))
    return found


def _writes(files: dict[str, str], command: SimpleCommand, folder: str) -> bool:
    """Take a here-document that `cat` or `tee` writes to a file; False for other commands."""
    if not command.bodies or command.words[0] not in ("cat", "tee"):
        return False
    words = [word for word in command.words[1:] if word not in ("-", "2>", "/dev/null")]
    appends = any(word.startswith(">>") or word == "-a" for word in words)
    targets = [word.lstrip(">") for word in words if word.lstrip(">") and word != "-a"]
    for target in targets[:1]:
        at, text = placed(target, folder), command.bodies[-1]
        if at is not None:
            _put(files, at, files.get(at, "") + text if appends else text)
    return True


def _edits(text: str, changed: set[str]) -> bool:
    """Whether a script makes the change itself: it writes, and names a file the patch changes."""
    return _WRITING.search(text) is not None and not changed.isdisjoint(_NAMES.findall(text))


def _put(files: dict[str, str], path: str | None, text: str) -> None:
    if path is not None and (path in files or len(files) < _MOST_WRITTEN):
        files[path] = text


def _beside(
    written: dict[str, str], patch: Sequence[FilePatch], commands: Sequence[KitCommand]
) -> dict[str, str]:
    """Leave out the change itself; take files that the patch adds as they are in the patch."""
    changed = {file.path for file in patch if file.old is not None}
    added = {file.path: _content(file) for file in patch if file.old is None}
    kept = {path: text for path, text in written.items() if path not in changed | added.keys()}
    for path, text in added.items():
        named = any(names(command.text, path) for command in commands)
        if text is not None and (named or _TEST_LIKE.fullmatch(path)):
            kept[path] = text
    return kept


def _content(file: FilePatch) -> str | None:
    if file.binary is not None:
        return None
    lines = [line for hunk in file.hunks for line in hunk.lines]
    text = "".join(f"{line[1:]}\n" for line in lines if line[:1] == "+")
    return text[:-1] if lines and lines[-1][:1] == "\\" else text


def _bounded(files: dict[str, str]) -> dict[str, str]:
    kept, room = dict[str, str](), MOST_KIT_CHARS
    for path, text in files.items():
        if len(text) <= min(MOST_FILE_CHARS, room) and len(kept) < MOST_FILES:
            kept[path], room = text, room - len(text)
    return kept
