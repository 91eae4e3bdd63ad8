"""Define each option of the strategies and stages once: type, range, default and one sentence.

The options that decisions depend on come from `method/parameters.py`, which also defines the
parameters in a stage's record.

Python signatures, `-S`, validation, flags, docstrings and records are derived from these classes. A
test compares README's table with them; its failure shows the rows to write.
"""

from typing import Annotated, Any, ClassVar, Literal, Self

from inspect_ai.solver import Solver
from pydantic import Field, SkipValidation, ValidationInfo, field_validator, model_validator

from ..arguments import Options
from ..errors import UserError
from ..method.parameters import (
    IterationParameters,
    JudgeParameters,
    RolloutsParameters,
    SeedParameters,
)
from ..method.refinement import Context
from ..method.tournament import TieBreak
from ..registry import find_selection
from ..resume.saved_results import check_resume as check_resume
from .auto import (
    check_auto_selection,
    check_auto_votes,
    check_executed,
    check_needed,
    check_ranked_by,
    check_waves,
)
from .evidence import EvidenceOptions as EvidenceOptions
from .investigating import InvestigationOptions, check_close, check_close_selection
from .names import check_agents, check_sum, checked_judges, checked_shares
from .running import AgentArg as AgentArg
from .running import AgentOptions as AgentOptions
from .running import LimitOptions as LimitOptions
from .running import SavedOptions as SavedOptions
from .running import SummaryOptions as SummaryOptions

StagesArg = Solver | str | list[Solver | str] | None


class JudgeOptions(JudgeParameters, InvestigationOptions):
    """How judges compare rollouts."""

    @field_validator("judges", mode="before")
    @classmethod
    def _names(cls, judges: Any) -> Any:
        return checked_judges(judges)

    judge_prompt: str | None = None
    """Replaces the judge prompt: the text, or the path of a file."""
    judge_reask_prompt: str | None = None
    """Replaces the prompt that is sent after an answer that could not be read."""

    @model_validator(mode="after")
    def _sequential(self) -> Self:
        check_auto_votes(self)
        check_close(self)
        return self


class SelectionOptions(JudgeOptions):
    """What selects, and how judges compare."""

    selection: str = "tournament"
    """How to select: `tournament` (the paper's), `swiss`, `round_robin`, `pivot`, `listwise`,
    `pointwise`, `agreement`, `behavior` (needs `check` or `evidence`), a baseline (`random`,
    `first`, `fewest_turns`, `cheapest`), or your own: `file.py@name`."""

    @field_validator("selection")
    @classmethod
    def _known(cls, selection: str) -> str:
        find_selection(selection)
        return selection

    @model_validator(mode="after")
    def _stops_early(self) -> Self:
        spec = find_selection(self.selection)
        check_auto_selection(self, spec, self.selection)
        check_close_selection(self, spec, self.selection)
        check_ranked_by(self, self.selection)
        return self


class RunOptions(IterationParameters, AgentOptions, LimitOptions, SummaryOptions, SavedOptions):
    """How rollouts run."""

    max_rollouts: int | None = Field(default=None, ge=1)
    """Rollouts at once in the whole process. Default: the larger of n and the sandbox limit."""
    score_rollouts: bool = False
    """Whether to grade the rollouts that are not adopted as well: in place, once, after the
    selection. No prompt and no decision reads these scores."""

    @field_validator("models", "agents", mode="before")
    @classmethod
    def _shares(cls, shares: Any, info: ValidationInfo) -> Any:
        return checked_shares(str(info.field_name), shares)

    @model_validator(mode="after")
    def _who(self) -> "RunOptions":
        check_sum("models", self.models, self)
        check_sum("agents", self.agents, self)
        check_agents(self.agents, self.agent, self.agent_args)
        return self


class RolloutsOptions(RolloutsParameters, EvidenceOptions, RunOptions):
    """Arguments of the stage `rollouts`; between waves, results are executed."""

    keep_sandboxes: bool = True
    """Whether sandboxes stay open until no selection needs them. If false, each closes after its
    summary, and its rollout cannot be adopted or graded."""
    spare_sandbox: bool = False
    """Whether a sandbox more counts against `max_rollouts` while sandboxes are held: for the stage
    `take_evidence` behind it."""
    refinement_prompt: str | None = None
    """Replaces the text around the refinement context."""

    @classmethod
    def of(cls, other: Options, **changes: Any) -> Self:
        """Take over options; a fixed number of rollouts executes nothing between waves."""
        if not getattr(other, "waves", None):
            changes = {"check": None, "evidence": "none", **changes}
        return super().of(other, **changes)

    @property
    def spare(self) -> bool:
        """Whether one more sandbox is needed beside those that are held."""
        return self.spare_sandbox or self.takes_evidence

    @model_validator(mode="after")
    def _fit(self) -> "RolloutsOptions":
        check_needed(self)
        check_waves(self)
        check_executed(self.takes_evidence, self)
        _check_without_context(self.without_context, self.fewest_rollouts)
        if (self.without_context or self.keep_parents) and self.context is None:
            raise UserError(
                "without_context and keep_parents apply to refined rollouts only; give "
                "context='select', 'random' or 'single' as well"
            )
        if self.score_rollouts and not self.keep_sandboxes:
            raise UserError(
                "score_rollouts=true grades in open sandboxes; give keep_sandboxes=true as well"
            )
        return self


class TournamentOptions(JudgeOptions):
    """Arguments of the stage `tournament`."""

    keep: int = Field(default=1, ge=1)
    """How many to select. If there are no more candidates than that, no judge is asked."""
    diverse: bool = False
    """Whether to leave out rollouts whose summary nearly equals that of a better one."""


class SelectOptions(TournamentOptions, SelectionOptions):
    """Arguments of the stage `select`."""


class RandomOptions(SeedParameters, Options):
    """Arguments of the stage `random_selection`."""

    keep: int = Field(default=1, ge=1)
    """How many to select."""


class RtvOptions(SelectionOptions, EvidenceOptions, RunOptions):
    """Arguments of `rtv`."""

    stages: SkipValidation[StagesArg] = None
    """Solvers of your own that run after the rollouts of each iteration, before what follows, for
    example to add evidence: `file.py@name`, `package/name`, or a list of them."""

    @property
    def spare_sandbox(self) -> bool:
        """Whether anything runs in a sandbox other than those of the rollouts."""
        return self.takes_evidence or self.close == "investigate"

    @model_validator(mode="after")
    def _something_to_go_by(self) -> "RtvOptions":
        check_needed(self)
        check_waves(self)
        return self.checked_needs(self.selection, self.dedupe_behavior)


class PdrOptions(RtvOptions):
    """Arguments of `pdr`."""

    iterations: int = Field(default=2, ge=1)
    """Iterations, T of the paper."""
    top_k: int = Field(default=4, ge=1)
    """Summaries in the refinement context, K of the paper; at most n."""
    context: Context = "select"
    """Where these summaries come from: `select` (a tournament down to top_k, shared by all),
    `random` (top_k drawn for each new rollout) or `single` (the rollout's own predecessor)."""
    diverse: bool = False
    """Whether to leave near-duplicate summaries out of the refinement context."""
    without_context: int = Field(default=0, ge=0)
    """How many rollouts of each further iteration start without context."""
    refinement_prompt: str | None = None
    """Replaces the text around the refinement context."""

    @model_validator(mode="after")
    def _fit(self) -> "PdrOptions":
        fewest = self.fewest_rollouts
        if self.context != "single" and self.iterations > 1 and self.top_k > fewest:
            raise UserError(
                f"top_k={self.top_k} is too large; give top_k <= {fewest}: the refinement context "
                f"is taken from {'min_n' if self.waves else 'n'} rollouts"
            )
        _check_without_context(self.without_context, fewest)
        apart = ("diverse", "keep_parents", "stop_on_consensus")
        needless = [name for name in apart if getattr(self, name, False)]
        if needless and self.context != "select":
            raise UserError(
                f"context={self.context!r} makes no selection that {' and '.join(needless)} could "
                "apply to; give context='select', or leave it out"
            )
        return self


class PdrRtvOptions(PdrOptions):
    """Arguments of `pdr_rtv`."""

    keep_parents: bool = False
    """Whether the rollouts whose summaries were selected may be adopted as well. Their sandboxes
    stay open, in addition to `max_rollouts`."""
    stop_on_consensus: bool = False
    """Whether to skip further iterations once all selected rollouts have the same patch and no vote
    disagreed. One of them is then adopted."""


class RobustOptions(PdrRtvOptions):
    """Defaults of `robust`."""

    keep_parents: bool = True
    dedupe: bool = True
    tie: TieBreak = "evidence"


class CheapOptions(PdrRtvOptions):
    """Defaults of `cheap`."""

    n: Annotated[int, Field(ge=1)] | Literal["auto"] = 10
    votes: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    keep_parents: bool = True
    dedupe: bool = True


class LoadOptions(SummaryOptions, SavedOptions):
    """Arguments of `recorded_rollouts`."""


class SelectRecordedOptions(SelectionOptions, EvidenceOptions, LoadOptions):
    """Arguments of `select_recorded`."""

    @model_validator(mode="after")
    def _something_to_go_by(self) -> "SelectRecordedOptions":
        check_needed(self)
        return self.checked_needs(self.selection, self.dedupe_behavior)


class ReplayOptions(SelectionOptions, SavedOptions):
    """Arguments of `replay_recorded`; what is not given is as recorded."""

    as_recorded: ClassVar[bool] = True
    top_k: int | None = Field(default=None, ge=1)
    """How many an earlier iteration's selection keeps, K. The refined rollouts stay those that were
    run: they started from the recorded choice."""
    judge: str | None = None
    """Name of the model whose recorded votes are used, whichever model gives the missing ones.
    Default: the judge's own."""


def _check_without_context(without_context: int, n: int) -> None:
    if without_context > n:
        raise UserError(
            f"without_context={without_context} is too large; give without_context <= {n}: they "
            "count among the n rollouts"
        )
