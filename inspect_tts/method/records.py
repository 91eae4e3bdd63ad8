"""The records of a strategy: frozen, JSON, small; no messages, no sandbox output except facts."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    FiniteFloat,
    JsonValue,
    ValidationInfo,
    field_validator,
)

from .facts import AGENT_TIME_LIMIT as AGENT_TIME_LIMIT
from .facts import COUNTS_AS_FAILED as COUNTS_AS_FAILED
from .facts import NO_SANDBOX as NO_SANDBOX
from .facts import NOT_GRADED as NOT_GRADED
from .facts import CommandFact as CommandFact
from .facts import Evidence as Evidence
from .facts import Facts as Facts
from .facts import FileFact as FileFact
from .facts import Patch as Patch
from .facts import Status as Status
from .facts import Summary as Summary
from .parameters import TIES, JudgeParameters, RolloutsParameters, renamed
from .tournament import DecidedBy, RankedBy, TieBreak
from .usage import Count, Seconds, Spent
from .usage import Record as Record
from .usage import Usage as Usage
from .voting.close_matches import Close as Close
from .voting.close_matches import Investigation as Investigation
from .voting.early_stopping import AutoVotes

AbstentionCause = Literal["provider", "too_long", "refused", "empty", "cut", "unreadable"]
"""Why a vote abstains: the provider failed, the prompt does not fit into the model's context, the
model refused, its answer is empty, was cut off at the limit of output tokens, or is unreadable."""


Grade = Annotated[int, Field(ge=1, le=20)]


def _tie(value: Any) -> Any:
    """Replace a word of an earlier version by this version's word."""
    return TIES.get(value, value) if isinstance(value, str) else value


class Rollout(Record):
    """One agent attempt at the problem in its own sandbox."""

    id: str
    """For example `t0-n07`: iteration 0, index 7. Also the id of the rollout's span."""
    iteration: int = Field(ge=0)
    index: int = Field(ge=0)
    status: Status
    reason: str | None = None
    """Why it did not complete: the limit, the error, the refusal."""
    fault: Literal["sandbox", "model", "agent"] | None = None
    """Where the error came from: the sandbox or its setup, a model's provider, or the agent."""
    limit: str | None = None
    """Type of the limit that ended it: token, message, turn, time or cost."""
    context: tuple[str, ...] = ()
    """Rollouts whose summaries it started from."""
    fence: str | None = None
    """The word that fenced these summaries in its prompt; None if there were none."""
    model: str
    agent: str | None = None
    """The name of its agent; None without the argument `agents`."""
    turns: Count
    """Model generations of the agent."""
    messages: Count
    usage: Spent
    seconds: Seconds
    """Wall time of the agent, without sandbox start and summary."""
    exit_status: str | None = None
    """The agent's own word for how it ended, for example `Submitted`; None if it has none."""
    submission: str | None = None
    """What the agent reports as its submission."""
    facts: Facts
    patch: Patch | None = None
    """None without a git workspace."""
    leaks: tuple[str, ...] = ()
    """Commands that reach for the reference solution, such as `git log --all` or `git fetch`."""
    summary: Summary
    injections: tuple[str, ...] = Field(
        default=(), validation_alias=AliasChoices("injections", "steering")
    )
    """Excerpts of summary and facts that try to steer their reader; prompts still show them."""
    scores: dict[str, JsonValue] | None = None
    """Sealed: the score of each of the task's scorers; None if the rollout was not graded. No
    prompt and no decision reads it."""
    score_error: str | None = None


class Vote(Record):
    """One answer of a judge."""

    index: Count
    order: tuple[str, ...]
    """Rollout ids as shown: Solution 1, Solution 2, ..."""
    fence: str | None = None
    """The word that fenced the blocks of its prompt: new for each match and display order."""
    verdict: str | None = None
    """Id of the rollout that it names; None for an abstention and for a grade."""
    grade: Grade | None = None
    """From 1 to 20, if the rollout was graded alone."""
    expected_grade: FiniteFloat | None = None
    """Mean of the grades that the judge could have given, weighted by their probabilities; None if
    its provider returns no probabilities."""
    abstention: str | None = None
    """Why there is no verdict and no grade."""
    cause: AbstentionCause | None = None
    """The kind of reason for an abstention."""
    reasked: bool = False
    cut: bool = False
    """Whether an answer ended at the limit of output tokens."""
    schema_used: bool = False
    """Whether the verdict was requested with a response schema."""
    shortened_to: int | None = None
    """Characters shown of each solution, if not all fitted into the judge's context."""
    text: str = ""
    model: str
    judge: str | None = None
    """Name of the judge, a model or a role, if there are several; None if there is one."""
    usage: Spent = Usage()
    seconds: Seconds = 0.0
    reused: bool = False
    """Whether it was taken from an earlier run, together with its usage there."""


def mean_grade(votes: Sequence[Vote]) -> float | None:
    """The mean grade of a rollout, by expected grades if they are known; None without grades."""
    given = [vote.grade if vote.expected_grade is None else vote.expected_grade for vote in votes]
    known = [grade for grade in given if grade is not None]
    return sum(known) / len(known) if known else None


class Match(Record):
    """Rollouts compared with each other, and the outcome."""

    id: str
    """For example `t1-r2-m0`: iteration 1, round 2, match 0. Also the id of the match's span."""
    group: tuple[str, ...]
    votes: tuple[Vote, ...]
    skipped_votes: Count = Field(default=0, validation_alias=AliasChoices("skipped_votes", "saved"))
    """Votes that were not asked because the match was settled."""
    cut: Count = 0
    """Votes that were not asked, to stay within the sample's limit."""
    tally: dict[str, Count]
    tied: tuple[str, ...] = ()
    winner: str
    decided_by: Annotated[DecidedBy, BeforeValidator(_tie)]
    investigation: Investigation | None = None
    """The investigation of a close match, if the selection asks for one."""
    grade: FiniteFloat | None = None
    """Mean grade of a rollout that was graded alone; None if every vote abstained."""
    order_flip_rate: FiniteFloat | None = Field(
        default=None, validation_alias=AliasChoices("order_flip_rate", "flip_rate")
    )
    """Of the pairs of votes with different display orders, the share that chose different rollouts;
    None without such a pair."""


class Round(Record):
    """All matches of one round of a selection."""

    number: int = Field(ge=1)
    matches: tuple[Match, ...]


class Selection(Record):
    """One selection: its population, matches, ranking, and the selected rollouts."""

    id: str
    """For example `t1`: the selection in iteration 1; `t1.2` is the second one there."""
    kind: str
    """The selection's name, for example `tournament`."""
    iteration: int
    seed: int
    keep: int
    group_size: int
    votes: int
    auto: AutoVotes | None = None
    """The sequential test that decided how many votes were asked, if one did."""
    judges: tuple[str, ...] = ()
    """The judges among whom the votes of each match were dealt; empty if one judge was asked."""
    tie: Annotated[TieBreak, BeforeValidator(_tie)] = "random"
    close: Close = "votes"
    ranked_by: RankedBy = "votes"
    population: tuple[str, ...]
    classes: tuple[tuple[str, ...], ...] = ()
    """Classes of duplicates, of which only the first was judged; empty if all were judged."""
    classes_by: Literal["patch", "behavior"] = "patch"
    """What the members of a class have in common."""
    rounds: tuple[Round, ...] = ()
    ranking: tuple[str, ...]
    """The population, best first."""
    diverse: bool = False
    """Whether near-duplicate summaries were left out."""
    selected: tuple[str, ...]
    """The first `keep` rollouts of the ranking, or of those that were not left out."""


class Draw(Record):
    """One seeded random draw."""

    key: str
    seed: int
    options: tuple[str, ...]
    order: tuple[str, ...]
    """All options in the order in which they were drawn."""


class PromptRecord(Record):
    """The wording of a prompt that a run used."""

    name: str
    source: str
    """`built-in`, `argument`, or the path it was read from."""
    sha256: str


class Cut(Record):
    """What a stage did not start, to stay within the sample's token or cost limit."""

    planned: int
    """Rollouts or votes that were planned."""
    started: int
    """How many were started, including votes that early stopping made unnecessary."""
    token_limit: int | None = None
    cost_limit: float | None = None
    tokens: int = 0
    """Tokens spent before."""
    dollars: float = 0.0
    """Dollars spent before."""


STOP = "stop"
"""`Stage.name` of the decision to run no further iteration."""

RECORDED = "recorded_rollouts"
"""`Stage.name` of the stage that adds the rollouts of an earlier run."""

SELECTING = ("select", "tournament", "random_selection")
EXECUTION = "take_evidence"
"""`Stage.name` of the stage that runs checks on results."""
STAGE_NAMES = ("rollouts", RECORDED, EXECUTION, *SELECTING, "adopt", STOP)
"""Values of `Stage.name` of this package; all others are users' stages."""


class Stage(Record):
    """One stage that ran, with every argument."""

    name: str
    iteration: int
    parameters: dict[str, Any]
    prompts: tuple[PromptRecord, ...] = ()
    seconds: Seconds | None = None
    """Wall time of a stage that runs rollouts or asks judges."""
    cut: Cut | None = None
    """None if everything was started."""

    @field_validator("parameters", mode="before")
    @classmethod
    def _names_of_today(cls, parameters: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        return renamed(parameters) if info.data.get("name") in STAGE_NAMES else parameters

    @property
    def selects(self) -> bool:
        """Whether it is a selection of this package."""
        return self.name in SELECTING

    @property
    def adds_rollouts(self) -> bool:
        """Whether it adds an iteration of rollouts, which it ran or which were recorded."""
        return self.name in ("rollouts", RECORDED)

    @property
    def rollouts(self) -> RolloutsParameters:
        """The arguments of a stage that adds rollouts."""
        return RolloutsParameters.read(self._of(self.adds_rollouts))

    @property
    def judging(self) -> JudgeParameters:
        """The arguments of a selecting stage that asks judges."""
        return JudgeParameters.read(self._of(self.selects and bool(self.prompts)))

    @property
    def planned_iterations(self) -> int:
        """How many iterations the strategy would have run if it had not stopped here."""
        return int(self._of(self.name == STOP)["iterations"])

    def _of(self, applies: bool) -> dict[str, Any]:
        if not applies:
            raise ValueError(f"the stage {self.name} has no such arguments")
        return self.parameters
