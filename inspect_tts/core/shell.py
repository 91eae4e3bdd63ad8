"""Read shell scripts as far as is needed to tell which programs they run with which arguments."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_HEREDOC = re.compile(
    r"<<-?[ \t]*(?P<q>['\"]?)(?P<end>\w+)(?P=q)(?P<rest>[^\n]*)\n"
    r"(?P<body>.*?)(?:^[ \t]*(?P=end)[ \t]*$|\Z)",
    re.DOTALL | re.MULTILINE,
)
_NESTED = re.compile(r"\$\(([^()]*)\)|`([^`]*)`")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_BREAKS = set(";&|()\n")
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
_SHELLS = {"bash", "sh", "dash", "zsh"}
_PYTHON = re.compile(r"(python|pypy)[\d.]*")
_DEEPEST = 5


@dataclass(frozen=True)
class Program:
    """One program that a script runs."""

    name: str
    """Without its folder."""
    arguments: tuple[str, ...]
    code: str = ""
    """Python source that it is given to run."""

    def __str__(self) -> str:
        return " ".join((self.name, *self.arguments))


@lru_cache(maxsize=2048)  # a command stands in the transcript and in the conversation
def programs(script: str) -> tuple[Program, ...]:
    """Find the programs that a shell script runs.

    Args:
        script: Any text; what cannot be read as shell is split at white space.

    Returns:
        In their order, also those inside of `bash -c`, `$(...)` and here-documents for a shell.
        Other here-documents are data.
    """
    return tuple(_programs(script, 0))


def _programs(script: str, depth: int) -> Iterator[Program]:
    if depth > _DEEPEST:
        return
    bodies: list[str] = []

    def taken(match: re.Match[str]) -> str:
        bodies.append(match["body"])
        return f"<<{len(bodies) - 1}{match['rest']}\n"

    for words in _simple_commands(_HEREDOC.sub(taken, script)):
        for word in words:
            for match in _NESTED.finditer(word):
                yield from _programs(match[1] or match[2] or "", depth + 1)
        name, arguments = _unwrapped(words)
        if not name:
            continue
        numbers = [int(w[2:]) for w in arguments if re.fullmatch(r"<<\d+", w)]
        body = "\n".join(bodies[n] for n in numbers if n < len(bodies))
        arguments = [word for word in arguments if not word.startswith("<<")]
        inner = _option(arguments, "c")
        if name in _SHELLS:
            yield from _programs("\n".join([inner, body]), depth + 1)
        elif _PYTHON.fullmatch(name):
            yield Program(name, tuple(arguments), "\n".join([inner, body]).strip())
        else:
            yield Program(name, tuple(arguments))


def _simple_commands(script: str) -> list[list[str]]:
    # doubled: a comment takes the end of its line with it
    lexer = shlex.shlex(script.replace("\n", "\n\n"), posix=True, punctuation_chars=";&|()\n")
    lexer.whitespace, lexer.whitespace_split = " \t\r", True
    commands: list[list[str]] = [[]]
    try:
        for token in lexer:
            if set(token) <= _BREAKS:
                commands.append([])
            else:
                commands[-1].append(token)
    except ValueError:  # an open quotation
        return [part.split() for part in re.split(r"[;&|()\n]+", script)]
    return [words for words in commands if words]


def _unwrapped(words: list[str]) -> tuple[str, list[str]]:
    """The program of a command, without what only surrounds it."""
    rest = list(words)
    while rest:
        head = rest[0].rsplit("/", 1)[-1]
        if head in _WRAPPERS:
            rest = rest[1:]
            while rest and (rest[0].startswith("-") or re.fullmatch(r"\d+[smh]?", rest[0])):
                rest = rest[1:]
        elif head in _WORDS or _ASSIGNMENT.match(rest[0]):
            rest = rest[1:]
        else:
            return head, rest[1:]
    return "", []


def _option(arguments: list[str], letter: str) -> str:
    """The value of a short option, also of one among others such as `-lc`."""
    for at, word in enumerate(arguments[:-1]):
        if re.fullmatch(rf"-[a-zA-Z]*{letter}", word):
            return arguments[at + 1]
    return ""
