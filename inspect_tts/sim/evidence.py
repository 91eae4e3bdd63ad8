"""Read a rendered trajectory of the simulated agent: commands, their output, and changes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .scaffolds import read_action

Kind = Literal["edit", "test", "check", "look"]
"""The purpose of a command. `check` is a script of the agent's own that changes nothing."""

_STEP = re.compile(r"^\[step (\d+)\]$", re.MULTILINE)
_HEREDOC = re.compile(r"<<-?\s*['\"]?(\w[\w-]*)['\"]?(.*?)\n(.*?)\n\1\b", re.DOTALL)
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
_REFUSED = re.compile(
    r"ERROR|^(Format|Tool call) error:|^Your answer could not be used", re.MULTILINE
)
_WRITES = re.compile(r"\bsed\s+-i|\bgit\s+apply\b|(?<![\d&<>=-])>{1,2}\s*(?!/dev/null)([\w./-]+)")
_RUNS_TEST = re.compile(r"\bpytest\b|\b(python3?|bash|sh)\b[^|;&\n]*(\btests?\b|\btest_|_test\b)")
_RUNS_SCRIPT = re.compile(r"\bpython3?\s+(-\s|-c\b|-$)")
_FAILED = re.compile(
    r"^Traceback|\bFAIL(ED|URE)?\b|\b[1-9]\d* (failed|errors?)\b|^\w*(Error|Exception)\b"
    r"|command not found|<returncode>\s*[1-9]|\bexit (code|status):? [1-9]",
    re.MULTILINE,
)
_BROKEN = re.compile(
    r"\(tool error:|command not found|^(cat|ls|head|tail|sed|grep|find|cd): .*(No such|denied)",
    re.MULTILINE,
)
_EDIT = re.compile(
    r"^path = Path\((['\"])(?P<file>.*?)\1\)\ntext = .*?\n"
    r"old = r?(?P<q>'''|['\"])(?P<old>.*?)(?P=q)\n"
    r"new = r?(?P<p>'''|['\"])(?P<new>.*)(?P=p)\nassert ",
    re.DOTALL | re.MULTILINE,
)
"""The shell command that makes a playbook's edit."""


@dataclass(frozen=True)
class Run:
    """One command of a trajectory, with its response."""

    step: int
    thought: str
    command: str
    kind: Kind
    response: str
    failed: bool


@dataclass(frozen=True)
class Change:
    """One change of a file, as shown by the command that made it."""

    step: int
    file: str
    before: str
    after: str


@dataclass(frozen=True)
class Record:
    """What a trajectory shows."""

    runs: tuple[Run, ...]
    changes: tuple[Change, ...]
    """Changes that were not taken back later."""
    taken_back: tuple[Change, ...]
    malformed: tuple[int, ...]
    """Steps with a call that could not be read."""
    closing: str
    """Text of the last step, if that ran no command."""

    @property
    def last_change(self) -> int:
        """Step of the last edit, 0 if nothing was ever changed."""
        return max((run.step for run in self.runs if run.kind == "edit"), default=0)

    def final(self, kind: Kind) -> Run | None:
        """The last run of a kind, if it came after the last change."""
        runs = [r for r in self.runs if r.kind == kind and r.step > self.last_change]
        return runs[-1] if runs else None


def read_record(trajectory: str) -> Record:
    """Read a trajectory as `inspect_tts.text.trajectory` renders it."""
    pieces = _STEP.split(trajectory)
    runs: list[Run] = []
    malformed: list[int] = []
    closing = ""
    for number, body in zip(map(int, pieces[1::2]), pieces[2::2], strict=True):
        action, _, response = body.strip().partition("\n[observation]\n")
        commands, thought = read_action(action)
        if "(malformed call:" in action or (not commands and _REFUSED.search(response)):
            malformed.append(number)
            commands = []
        runs += [_run(number, thought, command, response.strip()) for command in commands]
        closing = "" if commands else thought
    return Record(tuple(runs), *_changes(runs), tuple(malformed), closing)


def _run(number: int, thought: str, command: str, response: str) -> Run:
    kind = _kind(command)
    failed = _BROKEN.search(response) or (kind != "look" and _FAILED.search(response))
    return Run(number, thought, command, kind, response, bool(failed))


def _kind(command: str) -> Kind:
    bare = _bare(command)
    if "write_text(" in command or _WRITES.search(bare):
        return "edit"
    if _RUNS_TEST.search(bare):
        return "test"
    return "check" if _RUNS_SCRIPT.search(bare) else "look"


def _bare(command: str) -> str:
    """A command without its quoted texts and here-documents."""
    return _QUOTED.sub("''", _HEREDOC.sub(r"\2", command))


def _changes(runs: Sequence[Run]) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """The changes that were kept, and those that a later edit took back."""
    kept: list[Change] = []
    gone: list[Change] = []
    for change in [_change(run) for run in runs if run.kind == "edit" and not run.failed]:
        opposite = (change.file, change.after, change.before)
        undone = next((c for c in kept if (c.file, c.before, c.after) == opposite), None)
        if undone is None:
            kept.append(change)
        else:
            kept.remove(undone)
            gone.append(undone)
    return tuple(kept), tuple(gone)


def _change(run: Run) -> Change:
    if found := _EDIT.search(run.command):
        return Change(run.step, found["file"], found["old"], found["new"])
    target, body = _WRITES.search(_bare(run.command)), _HEREDOC.search(run.command)
    if target is None or target[1] is None:
        return Change(run.step, "(unknown)", "", run.command)
    return Change(run.step, target[1], "", body[3] if body else run.command)
