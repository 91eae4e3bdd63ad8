"""Find the programs that shell scripts run, with their arguments."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

# all repeats are possessive, so no character is matched twice and the time is linear
_TOKEN = re.compile(
    r"""
    (?P<blank>(?:[ \t\r]|\\\n)++)
    | (?P<newline>\n)
    | (?P<ends>[;&|()`]++)
    | <<-?+(?!<)[ \t]*+(?P<quote>['"]?)(?P<heredoc>\w++)(?P=quote)
    | \\(?P<escaped>.)
    | '(?P<single>[^']*+)'
    | "(?P<double>(?:[^"\\]|\\.)*+)"
    | (?P<plain>[^\s;&|()`'"\\<#]++ | <++ | .)
    """,
    re.DOTALL | re.VERBOSE,
)
_COMMENT = re.compile(r"[^\n]*+")
_ARGUMENT = re.compile(
    r"""
    (?P<blank>[ \t\r\n]++)
    | '(?P<single>[^']*+)'
    | "(?P<double>(?:[^"\\]|\\.)*+)"
    | \\(?P<escaped>.)
    | (?P<open>['"\\])
    | [^ \t\r\n'"\\]++
    """,
    re.DOTALL | re.VERBOSE,
)
_ESCAPED = re.compile(r'\\([\\"$`\n])')
_NESTED = re.compile(r"\$\(([^()]*+)\)|`([^`]*+)`")
_OPEN_REDIRECT = re.compile(r"(?<![\s\d>])\s*+\d*+>++\Z")
"""What is left of `2>&1` when its `&` is taken for the end of the command."""
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*+=")
_WORDS = {"if", "then", "elif", "else", "do", "while", "until", "!", "{", "}", "done", "fi", "$"}
_WRAPPERS = {
    "sudo",
    "env",
    "nohup",
    "time",
    "timeout",
    "command",
    "exec",
    "xargs",
    "stdbuf",
    "nice",
}
_WRAPPED = re.compile(r"-.*|\d++[smh]?", re.DOTALL)
_SHELLS = {"bash", "sh", "dash", "zsh"}
_PYTHON = re.compile(r"(python|pypy)[\d.]*+")
_DEEPEST = 5


@dataclass(frozen=True)
class Program:
    """One program that a script runs."""

    name: str
    """The program's name, without its folder."""
    arguments: tuple[str, ...]
    code: str = ""
    """Python source that the program is given to run."""
    path: str = ""
    """The name with its folder, as it was called."""

    def __str__(self) -> str:
        return " ".join((self.name, *self.arguments))


@dataclass(frozen=True)
class SimpleCommand:
    """A command of a script, from its first word up to the next operator."""

    text: str
    """The command as written, with its here-documents, so that it can be run again."""
    words: tuple[str, ...]
    bodies: tuple[str, ...]
    """The texts of its here-documents."""


@dataclass(slots=True)
class _Command:
    """Words up to the next operator, and the here-documents that they name."""

    words: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    nested: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    """Where each word begins in the script."""
    end: int = 0
    delimiters: list[str] = field(default_factory=list)
    """The delimiters of its here-documents."""


@lru_cache(maxsize=256)  # the transcript and the conversation hold the same commands
def programs(script: str) -> tuple[Program, ...]:
    """Find the programs that a shell script runs."""
    return tuple(_programs(script, 0))


def simple_commands(script: str) -> tuple[SimpleCommand, ...]:
    """Split a script into its commands, including those inside loops and groups."""
    return tuple(each for command in _commands(script) if (each := _simple(script, command)))


def _simple(script: str, command: _Command) -> SimpleCommand | None:
    first = next((i for i, word in enumerate(command.words) if word not in _WORDS), None)
    if first is None:
        return None
    text = _OPEN_REDIRECT.sub("", script[command.starts[first] : command.end])
    ends = zip(command.bodies, command.delimiters, strict=False)
    documents = "".join(f"\n{body.rstrip(chr(10))}\n{end}\n" for body, end in ends)
    return SimpleCommand(text + documents, tuple(command.words[first:]), tuple(command.bodies))


def argument_words(line: str) -> list[str] | None:
    """Split a command line as `shlex.split` does, in linear time; None if a quotation is open."""
    words: list[str] = []
    pieces: list[str] = []
    begun = False
    for token in _ARGUMENT.finditer(line):
        if token["open"] is not None:
            return None
        if token["blank"] is None:
            pieces.append(_unquoted(token))
            begun = True
        elif begun:
            words.append("".join(pieces))
            pieces, begun = [], False
    return [*words, "".join(pieces)] if begun else words


def _programs(script: str, depth: int) -> Iterator[Program]:
    for command in _commands(script) if depth <= _DEEPEST else ():
        for nested in command.nested:
            yield from _programs(nested, depth + 1)
        path, arguments = _unwrapped(command.words)
        name = path.rsplit("/", 1)[-1]
        if not name:
            continue
        inner = "\n".join([_option(arguments, "c"), *command.bodies]).strip()
        if name in _SHELLS:
            yield from _programs(inner, depth + 1)
        else:
            code = inner if _PYTHON.fullmatch(name) else ""
            yield Program(name, tuple(arguments), code, path)


def _commands(script: str) -> list[_Command]:
    commands, waiting = [_Command()], list[tuple[_Command, str]]()
    pieces: list[str] | None = None
    position, after_blank = 0, True
    while token := _TOKEN.match(script, position):
        position, kind = token.end(), token.lastgroup
        if token[0] == "#" and after_blank:
            position = _COMMENT.match(script, position).end()  # type: ignore[union-attr]
            continue
        after_blank = kind in {"blank", "newline", "ends"}
        if after_blank:
            if pieces is not None:
                commands[-1].words.append("".join(pieces))
            pieces = None
            if kind != "blank" and commands[-1].words:
                commands.append(_Command())
            for number, (command, end) in enumerate(waiting if kind == "newline" else ()):
                position = _body(script, position + (number > 0), end, command)
            waiting = [] if kind == "newline" else waiting
        elif token["heredoc"] is not None:
            waiting.append((commands[-1], token["heredoc"]))
            commands[-1].delimiters.append(token["heredoc"])
            commands[-1].end = position
        else:
            if pieces is None:
                pieces = []
                commands[-1].starts.append(token.start())
            commands[-1].end = position
            pieces.append(_unquoted(token))
            if token["single"] is None:
                commands[-1].nested += [m[1] or m[2] or "" for m in _NESTED.finditer(pieces[-1])]
    if pieces is not None:
        commands[-1].words.append("".join(pieces))
    return commands


def _body(script: str, start: int, end: str, command: _Command) -> int:
    """Read a here-document; if its delimiter is missing, it extends to the end of the script."""
    line = start
    while line < len(script):
        behind = script.find("\n", line) + 1 or len(script) + 1
        if script[line : behind - 1].strip(" \t") == end:
            command.bodies.append(script[start:line])
            return behind - 1
        line = behind
    command.bodies.append(script[start:])
    return len(script)


def _unquoted(token: re.Match[str]) -> str:
    if token["double"] is not None:
        return _ESCAPED.sub(r"\1", token["double"])
    for kind in ("single", "escaped"):
        if token[kind] is not None:
            return token[kind]
    return token[0]


def _unwrapped(words: list[str]) -> tuple[str, list[str]]:
    """The program of a command and its arguments, without keywords, wrappers and assignments."""
    at = 0
    while at < len(words):
        head = words[at].rsplit("/", 1)[-1]
        at += 1
        if head in _WRAPPERS:
            while at < len(words) and _WRAPPED.fullmatch(words[at]):
                at += 1
        elif head not in _WORDS and not _ASSIGNMENT.match(words[at - 1]):
            return words[at - 1], words[at:]
    return "", []


def _option(arguments: list[str], letter: str) -> str:
    """The value of a short option, which may be combined with others, as in `-lc`."""
    for at, word in enumerate(arguments[:-1]):
        if re.fullmatch(rf"-[a-zA-Z]*+(?<={letter})", word):
            return arguments[at + 1]
    return ""
