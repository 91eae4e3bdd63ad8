"""What readers yield, and the decorator that makes a reader."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inspect_ai.model import ChatMessage
from pydantic import BaseModel, ConfigDict, JsonValue

from inspect_tts.method.records import CommandFact, Rollout, Status, Usage


class Source(BaseModel):
    """Where a recorded rollout is, so that it can be read again."""

    model_config = ConfigDict(frozen=True)

    format: str
    """Name of the reader."""
    path: str
    part: str = ""
    """Which of the file's rollouts it is; empty if the file holds one."""

    def __str__(self) -> str:
        return f"{self.path}#{self.part}" if self.part else self.path


@dataclass(frozen=True)
class Recorded:
    """One rollout of a file. `problem`, `text` and `messages` are required, the rest is optional.

    A field that the format does not hold keeps its default. Put scores only into `scores`, since
    judges read the other fields.
    """

    problem: str
    """Name of the problem. Rollouts with the same name are compared."""
    text: str | Sequence[ChatMessage] | None
    """The problem as the agent saw it. None if the format does not hold it: the user gives it with
    `--problems`."""
    messages: Sequence[ChatMessage]
    """The trajectory, which the summarizer reads. Empty for a rollout that never began."""
    part: str = ""
    """Which of the file's rollouts it is, unique in the file; empty if the file holds one."""
    task: str = ""
    """The task or dataset. Problems of the same name in two tasks are different problems."""
    choices: tuple[str, ...] = ()
    """The choices of a multiple-choice problem."""
    started: str | None = None
    """When it began, as text that sorts by time, such as ISO 8601."""
    status: Status = "completed"
    """How it ended: `completed`, `limit`, `error`, or `refused` by the model."""
    reason: str | None = None
    """Why it did not complete, as judges read it."""
    limit: str | None = None
    """Which limit ended it, for example `time`, `token` or `turn`."""
    model: str = "unknown"
    """The agent's model."""
    turns: int = 0
    """Generations of the model."""
    usage: Usage = field(default_factory=Usage)
    """Tokens and cost."""
    seconds: float = 0.0
    """How long it took."""
    answer: str | None = None
    """The final answer, if the rollout left no files behind."""
    patch: str | None = None
    """Its changes as a unified diff; "" if there are none, None if unknown."""
    commands: tuple[CommandFact, ...] = ()
    """The last commands whose return codes are known, oldest first."""
    scores: Mapping[str, JsonValue] | None = None
    """Scores by name, the main one first; None if it was not graded. No model sees them."""
    score_error: str | None = None
    """Why it could not be graded; its score then counts as 0."""
    ids: tuple[str, ...] = ()
    """Ids that no other rollout has. Records that share an id, for example after a retry or another
    grading, are one rollout and count once."""
    version: str = ""
    """Among records that share an id, the one whose `version` sorts last counts, or among equal
    versions the one in the newest file."""
    handed_in: str | None = None
    """What was submitted, which may be an error's text instead of a patch; None if not known."""
    notes: tuple[str, ...] = ()
    """Notes for the user, for example that a file is missing."""
    record: Rollout | None = None
    """For logs of strategies only: the recorded rollout, with its summary and facts."""


DAMAGED = "its trajectory cannot be read, so nothing is known of what it did"
"""Reason of a rollout that ran but has a damaged trajectory."""


@dataclass(frozen=True)
class LeftOut:
    """A file or part that is well-formed but does not count as a rollout."""

    reason: str
    """Why it is left out."""
    part: str = ""
    """Which part of the file."""
    told: bool = True
    """Whether the user is told. False for files that nobody would take for a rollout."""
    ids: tuple[str, ...] = ()
    """Ids (`Recorded.ids`) of a rollout that must not count, wherever else it is found."""


@dataclass(frozen=True)
class Malformed:
    """A part of a file that could not be read. The other parts still count.

    If a `Recorded` of the same part follows, that rollout counts with what could be read.
    """

    reason: str
    """What is wrong with it."""
    part: str = ""
    """Which part of the file, for example `line 3`."""


Found = Recorded | LeftOut | Malformed
Read = Callable[[Path], Iterable[Found]]


def _reads_any(path: Path) -> None:
    """Pass over no file."""


@dataclass(frozen=True)
class Reader:
    """A format that `--format` can name. `reader` makes one."""

    name: str
    """The name of the format."""
    patterns: tuple[str, ...]
    """File names that are read when a folder is searched."""
    rollouts: Read
    """Yields all rollouts of a file."""
    one: Callable[[Path, str], Iterable[Found]] | None = None
    """Yields the rollout of one part."""
    passes_over: Callable[[Path], LeftOut | None] = _reads_any
    """Tells why a file that matches a pattern is not read."""

    def read(self, path: Path, part: str | None = None) -> Iterable[Found]:
        """Read all rollouts of a file, or one part of it."""
        if part is None:
            return self.rollouts(path)
        if self.one is not None:
            return self.one(path, part)
        return (found for found in self.rollouts(path) if found.part == part)


def reader(
    *,
    name: str,
    patterns: Sequence[str],
    one: Callable[[Path, str], Iterable[Found]] | None = None,
    passes_over: Callable[[Path], LeftOut | None] = _reads_any,
) -> Callable[[Read], Reader]:
    """Turn a generator into a reader, for `--format file.py@name` or an entry point.

    The generator takes the path of a file and yields a `Recorded` for each rollout, a `Malformed`
    for each part that it cannot read, and a `LeftOut` for each that does not count. If the file is
    not in its format, it raises `ValueError`; the file is then reported and skipped.

    Each rollout is read twice: once to find it, and again when its problem begins. The second time,
    the generator runs again and the rollout with the same `part` is used.

    Args:
        name: Name of the format, for messages.
        patterns: Names of the files that are read when a folder is searched, such as `*.json`.
        one: Reads one part without the rest of the file, if that is faster.
        passes_over: Returns why a file that matches a pattern is not read, or None if it is read.

    Returns:
        A decorator that returns the reader.
    """

    def decorate(rollouts: Read) -> Reader:
        return Reader(name, tuple(patterns), rollouts, one, passes_over)

    return decorate
