"""The record of a strategy on one problem, kept in the sample's store and thereby in the log."""

from collections.abc import Iterable

from inspect_ai.log import EvalSample
from inspect_ai.solver import TaskState
from inspect_ai.util import StoreModel
from pydantic import Field

from inspect_tts.errors import UserError
from inspect_tts.execution.classes import latest
from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.method.parameters import IterationParameters, assignments_key
from inspect_tts.method.records import Draw, Match, Rollout, Selection, Stage, Usage
from inspect_tts.method.refinement import rollout_id
from inspect_tts.method.seeding import seeded_shuffle
from inspect_tts.method.tournament import judges_key
from inspect_tts.method.voting.strength import Strength, strengths
from inspect_tts.options import SelectOptions
from inspect_tts.options.auto import strengths_missing
from inspect_tts.registry import find_selection
from inspect_tts.statistics.audit import check_names, discrepancies

POOL_VERSION = 1


class RolloutPool(StoreModel):
    """Every rollout, summary, match, vote and draw of a strategy on one problem.

    Read it from a log with `sample.store_as(RolloutPool)`.
    """

    version: int = POOL_VERSION
    problem: str = ""
    """Sample id and epoch, `id/epoch`: part of the key of every draw."""
    stages: list[Stage] = Field(default_factory=list)
    """The stages in the order they ran, with their arguments and prompts."""
    rollouts: list[Rollout] = Field(default_factory=list)
    """All rollouts, by iteration and index."""
    selections: list[Selection] = Field(default_factory=list)
    """The selections, in order."""
    draws: list[Draw] = Field(default_factory=list)
    """Every seeded random draw, in order."""
    selected: list[str] = Field(default_factory=list)
    """Ids of the rollouts that the last selection chose or, right after an iteration, of those that
    may be selected."""
    executions: list[ExecutionEvidence] = Field(default_factory=list)
    """What the checks on results showed: one record for each iteration in which checks ran."""
    waves: list[ExecutionEvidence] = Field(default_factory=list)
    """What the checks between waves of iteration 0 showed (`n=auto`), without their files and
    outputs."""
    adopted: str | None = None
    """Id of the adopted rollout, which the task's scorer graded."""
    taken_over: dict[str, int] = Field(default_factory=dict)
    """How many saved results of an earlier run were taken over, by kind."""
    taken_over_usage: Usage | None = None
    """What these results used in the earlier run. Inspect's usage of the sample does not include
    it. None in older logs."""
    damaged: dict[str, int] = Field(default_factory=dict)
    """How many saved results were damaged and therefore computed again, by kind."""

    @property
    def iteration(self) -> int:
        """Number of the last iteration; -1 before the first."""
        return max((rollout.iteration for rollout in self.rollouts), default=-1)

    def population(self, iteration: int) -> list[Rollout]:
        """The rollouts of one iteration, by index."""
        return [rollout for rollout in self.rollouts if rollout.iteration == iteration]

    def by_id(self, id: str) -> Rollout:
        """Find a rollout.

        Args:
            id: For example `t0-n07`.

        Returns:
            Its record.

        Raises:
            KeyError: If there is none.
        """
        for rollout in self.rollouts:
            if rollout.id == id:
                return rollout
        raise KeyError(id)

    def discrepancies(self) -> tuple[str, ...]:
        """Recompute every decision from the recorded seeds and votes.

        Returns:
            One line for each decision that does not follow from them; empty for a sound log.
        """
        for selection in self.selections:
            try:
                find_selection(selection.kind)
            except UserError as error:
                return (f"selection {selection.id} cannot be recomputed: {error}",)
        return discrepancies(
            self.problem,
            stages=self.stages,
            rollouts=self.rollouts,
            selections=self.selections,
            draws=self.draws,
            adopted=self.adopted,
            executions=self.executions,
            waves=self.waves,
        )

    def strengths(self) -> tuple[Strength, ...]:
        """How sure the selections are: Bradley-Terry strengths and P(best), from all votes.

        Returns:
            For each selection, the strengths of the rollouts compared in it, strongest first.

        Raises:
            UserError: If choix is not installed.
        """
        try:
            return strengths(self.selections)
        except ImportError as error:
            raise UserError(strengths_missing()) from error

    def execution(self, iteration: int | None = None) -> ExecutionEvidence | None:
        """The latest evidence from execution on an iteration, by default on the last one."""
        which = self.iteration if iteration is None else iteration
        return latest(self.executions, which, len(self.selections))

    def count_taken_over(self, usage: Usage) -> None:
        """Add the usage of the saved results that a stage took over."""
        self.taken_over_usage = (self.taken_over_usage or Usage()) + usage

    def replace(self, rollout: Rollout) -> None:
        """Replace the record of a rollout with a newer one."""
        self.rollouts = [rollout if old.id == rollout.id else old for old in self.rollouts]


def pool_of(state: TaskState) -> RolloutPool:
    """The pool of the sample that a stage runs on."""
    pool = state.store_as(RolloutPool)
    if not pool.problem:
        pool.problem = f"{state.sample_id}/{state.epoch}"
    return pool


def pool_in(sample: EvalSample) -> RolloutPool:
    """The pool in a sample of a log; empty if no strategy ran.

    Raises:
        ValueError: If its records are malformed, or contradict each other.
    """
    pool = sample.store_as(RolloutPool)
    check_names(
        pool.rollouts,
        pool.selections,
        stages=pool.stages,
        executions=(*pool.waves, *pool.executions),
        adopted=pool.adopted,
    )
    return pool


def draw(options: Iterable[str], *, seed: int, key: str) -> Draw:
    """Make a seeded random draw, as a record for the pool."""
    names = tuple(options)
    return Draw(key=key, seed=seed, options=names, order=seeded_shuffle(names, seed=seed, key=key))


def slot_draws(pool: RolloutPool, given: IterationParameters) -> tuple[Draw, ...]:
    """The draw that assigns agents and models to the rollouts of the next iteration, if any."""
    if given.models is None and given.agents is None:
        return ()
    iteration = pool.iteration + 1
    ids = [rollout_id(iteration, index) for index in range(given.most_rollouts)]
    return (draw(ids, seed=given.seed, key=assignments_key(pool.problem, iteration)),)


def match_draws(match: Match, options: SelectOptions, *, key: str) -> list[Draw]:
    """The draws of a match: the order in which judges took turns, and the winner of a tie."""
    found, seed = [], options.seed
    if match.votes and len(options.panel) > 1:
        turns = judges_key(key, match.id, grades=match.decided_by == "grade")
        found.append(draw(options.panel, seed=seed, key=turns))
    if match.decided_by == "random":
        found.append(draw(match.tied, seed=seed, key=f"{key}/{match.id}/tie"))
    return found
