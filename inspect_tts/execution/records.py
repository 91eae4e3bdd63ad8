"""The records of evidence from execution: checks, their runs, and conclusions from them."""

from typing import Literal

from pydantic import Field

from inspect_tts.method.usage import Count, Record, Seconds

Origin = Literal["user", "repository", "rollout"]
"""Where a check comes from: the user, the repository's own tests, or a rollout."""

Attribution = Literal["fixed", "still failing", "broke", "fine in both"]
"""What a result did to a check, by how the check ends on the untouched tree and on the result."""

UNTOUCHED = "untouched"
"""`CheckRun.tree` of the start state, and the class of results that behave like it."""


class Check(Record):
    """A command that is run on results to get evidence; never a scorer's test."""

    id: str
    """For example `c03`."""
    name: str
    origin: Origin
    command: str
    """The shell command; `/@tree@` stands for the workspace's folder."""
    folder: str = ""
    """The folder in which it runs, relative to the workspace."""
    files: dict[str, str] = Field(default_factory=dict)
    """Texts of the files that it needs, by path: relative to the workspace, or absolute."""
    authors: tuple[str, ...] = ()
    """Ids of the rollouts that ran it. No prompt shows them."""
    junit: bool = False
    """Whether it reports its tests as JUnit XML, by test id."""


class CheckRun(Record):
    """One run of a check on one tree."""

    check: str
    """Id of the check."""
    tree: str
    """`untouched`, or the id of the first rollout that left this result."""
    repeat: Count = 0
    """1 for the second run on the untouched tree, otherwise 0."""
    returncode: int | None = None
    """None if it did not end."""
    seconds: Seconds = 0.0
    digest: str = ""
    """Hash of the return code and the comparable output."""
    output: str = ""
    """What it printed, without the middle of a long output; in the log, an excerpt."""
    size: Count = 0
    """Characters of the output, as far as it was read."""
    problem: str | None = None
    """Why the run shows nothing: it did not end in time, or could not be run."""
    edited: tuple[str, ...] = ()
    """Files of the tree that it changed or removed."""
    passed: tuple[str, ...] | None = None
    """Ids of the tests that passed; None if it reports no tests."""
    broke: tuple[str, ...] = ()
    """Ids of the tests that pass on the untouched tree but not here."""
    reused: bool = False
    """Whether it was taken from the saved results of an earlier run."""


class Dropped(Record):
    """A check that does not count, or was left out, and why."""

    check: str
    reason: str


class ExecutionEvidence(Record):
    """The evidence from execution on the results of one iteration."""

    iteration: int
    after_selections: int = 0
    """How many selections had ended before; they did not use it."""
    population: tuple[str, ...]
    """Ids of the rollouts that were compared."""
    results: dict[str, str] = Field(default_factory=dict)
    """The tree of each rollout id: the first rollout with the same patch, or `untouched`. For
    copies, the rollout itself."""
    unavailable: dict[str, str] = Field(default_factory=dict)
    """For each rollout id without a result that could be put on the tree, the reason."""
    reason: str | None = None
    """Why there is no evidence at all."""
    copies: bool = False
    """Whether each result is a copy of its rollout's sandbox, because no workspace is a git
    repository. Only the user's checks run on copies."""
    checks: tuple[Check, ...] = ()
    runs: tuple[CheckRun, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    separating: tuple[str, ...] = ()
    """Ids of the checks that show a difference between any two trees."""
    classes: tuple[tuple[str, ...], ...] = ()
    """Classes of rollouts that behave alike, largest first; empty if no check separates trees."""
    like_untouched: tuple[str, ...] = ()
    """Rollouts that behave like the untouched tree in all separating checks."""
    attributions: dict[str, dict[str, Attribution]] = Field(default_factory=dict)
    """What each result did to each check of the user, by check id and rollout id."""
    injections: tuple[str, ...] = ()
    """Excerpts of the outputs that try to steer their reader."""
    seconds: Seconds = 0.0
    """Wall time of taking the evidence."""
    sandboxes: Count = 0
    """Number of sandboxes that were opened for it."""
