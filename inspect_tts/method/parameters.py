"""Arguments on which decisions depend, as logs record them; `options/` adds the others."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from .refinement import Context, rollout_id
from .seeding import dealt
from .tournament import RankedBy, TieBreak
from .voting.close_matches import Close
from .voting.early_stopping import AutoVotes

JudgeInput = Literal["summary", "trajectory"]
JUDGE: Final = "judge"
"""The role that judges if no judges are named."""
INVESTIGATOR: Final = "investigator"
"""The role that investigates close matches."""


class Parameters(BaseModel):
    """Base of all arguments."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        use_attribute_docstrings=True,
        arbitrary_types_allowed=True,
    )

    @classmethod
    def read(cls, recorded: Mapping[str, Any]) -> Self:
        """Read these arguments from a stage's record, which may hold more."""
        return cls(**{name: recorded[name] for name in cls.model_fields if name in recorded})


def assignments_key(problem: str, iteration: int) -> str:
    """The key of the draw that assigns agents and models to the rollouts of an iteration."""
    return f"{problem}/t{iteration}/slots"


class SeedParameters(Parameters):
    """What random draws depend on."""

    seed: int = Field(default=0, ge=0)
    """Seed of all random draws: pairings, ties, contexts."""


class JudgeParameters(SeedParameters):
    """How judges compare rollouts."""

    group_size: int = Field(default=2, ge=2)
    """Rollouts in a match, G of the paper."""
    votes: Annotated[int, Field(ge=1)] | Literal["auto"] = 8
    """Independent votes of a match, V of the paper. `auto`: as many as a sequential test asks."""
    min_votes: int = Field(default=2, ge=1)
    """With `votes=auto`, votes of every match."""
    max_votes: int = Field(default=16, ge=1)
    """With `votes=auto`, votes of a match that stays undecided."""
    vote_error: float = Field(default=0.05, gt=0, lt=0.5)
    """With `votes=auto`, chance that the only match of a round is settled wrongly by a judge who is
    right in 70 of 100 votes. Each of m matches may err m times as often, at most in a third."""
    judges: str | list[str] | None = None
    """Who judges: models, or roles given with `--model-role`. The votes of each match are dealt
    evenly among them. Default: the role `judge`."""
    early_stop: bool = True
    """Whether to stop a match's votes once the missing ones cannot change its winner."""
    tie: TieBreak = "random"
    """What decides a match with equal votes: a seeded random draw, or `evidence` before it (ended
    by itself, last commands succeeded, fewer turns)."""
    close: Close = "votes"
    """What decides a match whose votes end within one of each other: the `votes` (and `tie`), or
    `investigate`: an agent with a shell, the role `investigator`, compares the two results."""
    ranked_by: RankedBy = "votes"
    """What `swiss` and `pivot` rank by: shares of `votes`, or Bradley-Terry `strength`."""
    dedupe: bool = False
    """Whether to judge rollouts with the same patch (or answer) only once."""
    dedupe_behavior: bool = False
    """Whether to judge only one rollout of each behavior class; needs `check` or `evidence`."""
    judge_input: JudgeInput = "summary"
    """What judges read of a rollout besides its facts: its `summary`, or its `trajectory`."""
    judge_tokens: int = Field(default=20_000, ge=500)
    """Room for each trajectory in the judge's prompt, in tokens."""

    @property
    def auto(self) -> AutoVotes | None:
        """The sequential test; None if the number of votes is fixed."""
        if self.votes != "auto":
            return None
        return AutoVotes(least=self.min_votes, most=self.max_votes, error=self.vote_error)

    @property
    def most_votes(self) -> int:
        """Votes of a match at most."""
        return self.max_votes if self.votes == "auto" else self.votes

    @property
    def panel(self) -> tuple[str, ...]:
        """The names of the judges."""
        given = (self.judges,) if isinstance(self.judges, str) else self.judges
        return tuple(given or (JUDGE,))


class Waves(BaseModel):
    """The arguments of `n=auto`."""

    model_config = ConfigDict(frozen=True)

    least: int
    """Rollouts of the first wave, and how many must agree."""
    most: int
    wave: int
    """Rollouts of each further wave."""

    @property
    def ends(self) -> tuple[int, ...]:
        """The numbers of rollouts after which the waves may stop."""
        return (*range(self.least, self.most, self.wave), self.most)


class IterationParameters(SeedParameters):
    """How many rollouts an iteration has, and which of them may be selected."""

    n: Annotated[int, Field(ge=1)] | Literal["auto"] = 16
    """Rollouts of each iteration, N of the paper. `auto`: in waves, until enough agree."""
    min_n: int = Field(default=4, ge=1)
    """With `n=auto`, rollouts of the first wave, and how many must agree."""
    max_n: int = Field(default=16, ge=1)
    """With `n=auto`, rollouts of iteration 0 at most; further iterations have as many as it ran."""
    wave: int = Field(default=4, ge=1)
    """With `n=auto`, rollouts of each further wave."""
    models: list[str] | dict[str, int] | None = None
    """Models of the rollouts: a list to share each iteration evenly, or how many rollouts each has.
    Default: the model under evaluation."""
    agents: list[str] | dict[str, int] | None = None
    """Agents of the rollouts by name, in place of `agent`: a list to share each iteration evenly,
    or how many rollouts each has."""
    leak_guard: bool = False
    """Whether to keep rollouts that reached for the reference solution (`Rollout.leaks`) out of
    selection and refinement contexts, unless all did."""

    @property
    def waves(self) -> Waves | None:
        """How iteration 0 runs in waves; None if the number of rollouts is fixed."""
        if self.n != "auto":
            return None
        return Waves(least=self.min_n, most=self.max_n, wave=self.wave)

    @property
    def most_rollouts(self) -> int:
        """Rollouts of an iteration at most."""
        return self.max_n if self.n == "auto" else self.n

    @property
    def fewest_rollouts(self) -> int:
        """Rollouts of an iteration at least."""
        return self.min_n if self.n == "auto" else self.n

    def assignments(self, iteration: int, problem: str) -> dict[str, tuple[str, str]]:
        """The agent and the model of each rollout id; an empty name stands for the only one."""
        ids = [rollout_id(iteration, index) for index in range(self.most_rollouts)]
        given = [shares if shares is not None else [""] for shares in (self.models, self.agents)]
        key = assignments_key(problem, iteration)
        ends = self.waves.ends if self.waves else ()
        found = dealt(given[0], given[1], ids, seed=self.seed, key=key, ends=ends)
        return {id: (found[id][1], found[id][0]) for id in ids}


class RolloutsParameters(IterationParameters):
    """What the rollouts of one iteration start from."""

    context: Context | None = None
    """Where the refinement context of each rollout comes from: `select` (the last selection),
    `random` (a draw of `top_k` for each) or `single` (its predecessor). None: no context."""
    top_k: int = Field(default=4, ge=1)
    """Size K of a random draw."""
    without_context: int = Field(default=0, ge=0)
    """How many rollouts start without context: the last ones of the iteration."""
    keep_parents: bool = False
    """Whether the rollouts that are selected now may be selected again beside the new ones. Their
    sandboxes stay open, in addition to `max_rollouts`."""


# --- names of earlier versions


def _same(value: Any) -> Any:
    return value


def _opposite(value: Any) -> Any:
    return not value if isinstance(value, bool) else value


RENAMED: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "units": ("resume", _same),
    "judge_identical": ("dedupe", _opposite),
    "stop_agreed": ("stop_on_consensus", _same),
    "carry_over": ("keep_parents", _same),
    "cold": ("without_context", _same),
    "hold": ("keep_sandboxes", _same),
}
"""Arguments of version 0.1, by their old name: the new one, and how to read the value."""

TIES = {"lot": "random"}
"""Values of `tie` and `decided_by` of version 0.1, by their old word."""


def renamed(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Give arguments of an earlier version the names and values of this version."""
    found: dict[str, Any] = {}
    for name, value in arguments.items():
        new, read = RENAMED.get(name, (name, _same))
        found[new] = read(value)
    tie = found.get("tie")
    if isinstance(tie, str) and tie in TIES:
        found["tie"] = TIES[tie]
    return found
