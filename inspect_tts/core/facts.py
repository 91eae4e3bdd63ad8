"""What the harness knows of a rollout, read from raw output."""

import shlex
from collections.abc import Sequence

from .records import CommandFact, FileFact
from .transcript import elide

_LAST_COMMANDS = 5
_COMMAND_CHARS = 300
_MOST_FILES = 500


def last_commands(executed: Sequence[tuple[str, int | None]]) -> tuple[CommandFact, ...]:
    """Keep the last commands, shortened.

    Args:
        executed: Command line and return code of everything run in the sandbox, oldest first.

    Returns:
        At most five, oldest first.
    """
    return tuple(
        CommandFact(command=elide(shell_command(line), _COMMAND_CHARS), returncode=code)
        for line, code in executed[-_LAST_COMMANDS:]
    )


def shell_command(line: str) -> str:
    """Show the script of `bash -c SCRIPT` instead of the whole line."""
    try:
        words = shlex.split(line)
    except ValueError:
        return line
    is_shell = bool(words) and words[0].rsplit("/", 1)[-1] in {"bash", "sh"}
    if is_shell and "-c" in words[:-1]:
        return words[words.index("-c") + 1].strip()
    return line


def parse_numstat(output: str) -> tuple[FileFact, ...]:
    """Read the output of `git diff --numstat --no-renames`.

    Args:
        output: Lines `added TAB deleted TAB path`; `-` for binary files.

    Returns:
        The first 500 files, in git's order.
    """
    facts = []
    for entry in output.splitlines():
        parts = entry.split("\t", 2)
        if len(parts) == 3:
            added, deleted, path = parts
            binary = added == "-"
            facts.append(
                FileFact(
                    path=path,
                    added=None if binary else int(added),
                    deleted=None if binary else int(deleted),
                )
            )
    return tuple(facts[:_MOST_FILES])
