"""Facts: what the harness knows about a rollout without asking a model. Never a score."""

from typing import Literal

from pydantic import Field

from .usage import Count, Record, Seconds, Spent, Usage

Status = Literal["completed", "limit", "refused", "error"]
"""How a rollout ended: by itself, at a limit, by a refusal of the model, or with an error."""

NO_SANDBOX = "its sandbox could not be started, which counts as failed"
"""`Rollout.score_error` of a rollout that had nothing to grade."""
NOT_GRADED = "it ended with an error before it was graded, which counts as failed"
"""`Rollout.score_error` of a recorded rollout that ended with an error before grading."""
COUNTS_AS_FAILED = frozenset({NO_SANDBOX, NOT_GRADED})
"""`Rollout.score_error` of rollouts whose score is 0."""

AGENT_TIME_LIMIT = "agent_time_limit"
"""Key in a sample's metadata: seconds that the agent of each rollout may take."""


class CommandFact(Record):
    """A command that the harness saw in the sandbox."""

    command: str
    returncode: int | None = None


class FileFact(Record):
    """A file of the git workspace that differs from its state before the first step."""

    path: str
    added: int | None = None
    """Lines added; None for a binary file."""
    deleted: int | None = None


class Evidence(Record):
    """A stage's finding about a rollout, for example the output of a command in its sandbox."""

    name: str
    text: str
    returncode: int | None = None
    after_selections: int = Field(default=0, ge=0)
    """How many selections had ended before it was added; their judges did not read it."""


class Facts(Record):
    """What the harness knows about a rollout without asking a model. Never a score."""

    status: Status
    reason: str | None = None
    turns: Count = 0
    """Model generations of the agent."""
    last_commands: tuple[CommandFact, ...] = ()
    """The last commands run in the sandbox, oldest first."""
    files_changed: tuple[FileFact, ...] | None = None
    """None if the workspace is not a git repository or could not be read."""
    fingerprint: str | None = None
    """Equal for duplicates: a hash of the rollout's patch, or of its answer. None if unknown.

    `patch:...` is a hash of the changes in the git workspace against its commit. It covers changes
    from before the first step, but no trailing blanks, blank lines or files that git ignores.
    `answer:...` is a hash of the final answer, if there is no such change or no sandbox."""
    evidence: tuple[Evidence, ...] = ()
    """What stages added, in order. Of pieces with the same name, prompts show the last one."""


class Patch(Record):
    """A rollout's changes to its git workspace, as a diff that `git apply` accepts.

    The diff is against the commit that the rollout began at. It includes changes whether committed
    or not, new files and binary files.
    """

    commit: str | None = None
    """The commit that the rollout began at; None for a recorded rollout."""
    size: Count = 0
    """Size of the diff in bytes."""
    text: str | None = None
    """The diff; empty if nothing changed, None if it is left out."""
    notice: str | None = None
    """Why the diff is left out."""


class Summary(Record):
    """The structured summary of one trajectory."""

    status: Literal["structured", "text", "empty", "failed"]
    """`structured`: parsed. `text`: the answer as it is, because a re-ask failed too. `empty`: the
    agent did nothing, so no model was asked. `failed`: the summarizer gave no answer."""
    text: str
    """What judges and refined rollouts read, without the facts."""
    reason: str | None = None
    """Why the status is not `structured`."""
    reasked: bool = False
    cut: bool = False
    """Whether the answer ended at the limit of output tokens."""
    left_out: Count = 0
    """Characters left out of the middle, if the summary was too long."""
    shortened_to: int | None = None
    """Tokens of the trajectory that were shown, if not all fit into the summarizer's context."""
    model: str | None = None
    fence: str | None = None
    """The word that fenced the trajectory in the summarizer's prompt; None without a prompt."""
    usage: Spent = Usage()
    seconds: Seconds = 0.0
