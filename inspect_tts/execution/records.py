"""What the evidence from execution records: checks, their runs, and what is left of them."""

from typing import Literal

from pydantic import Field

from inspect_tts.method.usage import Count, Record, Seconds

Origin = Literal["user", "repository", "rollout"]
"""Who a check is from: the user, the repository's own tests, or a rollout."""

Attribution = Literal["fixed", "still failing", "broke", "fine in both"]
"""What a result did to a check, by how the untouched tree and the result end it."""

UNTOUCHED = "untouched"
"""`CheckRun.tree` of the start state, and the class of results that behave like it."""


class Check(Record):
    """A command whose result is evidence; never a scorer's test."""

    id: str
    """For example `c03`."""
    name: str
    origin: Origin
    command: str
    """With `/@tree@` for the folder of the workspace."""
    folder: str = ""
    """Where it runs, below the workspace."""
    files: dict[str, str] = Field(default_factory=dict)
    """Files put in place before, by path: below the workspace, or absolute."""
    authors: tuple[str, ...] = ()
    """The rollouts that ran it. No prompt holds them."""
    junit: bool = False
    """Whether it reports its tests as JUnit XML, by test id."""


class CheckRun(Record):
    """A check on one tree."""

    check: str
    tree: str
    """`untouched`, or the first rollout that left this result."""
    repeat: Count = 0
    returncode: int | None = None
    """None where it did not end."""
    seconds: Seconds = 0.0
    digest: str = ""
    """Of what it printed, made comparable."""
    output: str = ""
    """What it printed, its middle left out; in the log an excerpt."""
    size: Count = 0
    """Bytes that it printed, as far as they were read."""
    problem: str | None = None
    """Why it has no result: it did not end in time, or could not be run."""
    edited: tuple[str, ...] = ()
    """Files of the tree that it changed or removed."""
    passed: tuple[str, ...] | None = None
    """Ids of the tests that passed; None where it reports none."""
    broke: tuple[str, ...] = ()
    """Tests that pass on the untouched tree and do not here."""
    reused: bool = False
    """Whether an earlier run had it."""


class Dropped(Record):
    """A check that counts for nothing, or was left out, and why."""

    check: str
    reason: str


class ExecutionEvidence(Record):
    """The evidence from execution on the results of one iteration."""

    iteration: int
    after_selections: int = 0
    """How many selections had ended by then: they did not go by it."""
    population: tuple[str, ...]
    """The rollouts that were compared."""
    results: dict[str, str] = Field(default_factory=dict)
    """By rollout the tree that it left: the first rollout with the same patch, or `untouched`; the
    rollout itself where results are copies."""
    unavailable: dict[str, str] = Field(default_factory=dict)
    """Rollouts without a result that could be put on the tree, and why."""
    reason: str | None = None
    """Why there is no evidence at all."""
    copies: bool = False
    """Whether each result is a copy of its rollout's sandbox, for want of git. Only checks of the
    user run on these."""
    checks: tuple[Check, ...] = ()
    runs: tuple[CheckRun, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    separating: tuple[str, ...] = ()
    """Checks whose behavior differs between some of the trees."""
    classes: tuple[tuple[str, ...], ...] = ()
    """Rollouts that behave alike, largest class first; empty where nothing separates any."""
    like_untouched: tuple[str, ...] = ()
    """Rollouts that behave like the untouched tree on all that separates any."""
    attributions: dict[str, dict[str, Attribution]] = Field(default_factory=dict)
    """By check of the user and rollout."""
    injections: tuple[str, ...] = ()
    """Excerpts of what in the outputs tries to steer its reader."""
    seconds: Seconds = 0.0
    sandboxes: Count = 0
    """Sandboxes that were opened for it."""
