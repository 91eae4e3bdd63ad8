"""The strategies: each is a chain of stages (paper, section 1)."""

from typing import Any

from inspect_ai.solver import Solver, solver

from .arguments import takes
from .options import (
    CheapOptions,
    EvidenceOptions,
    PdrOptions,
    PdrRtvOptions,
    RobustOptions,
    RolloutsOptions,
    RtvOptions,
    SelectionOptions,
    SelectOptions,
    TournamentOptions,
)
from .stages.adopt import adopt
from .stages.chain import strategy_chain
from .stages.evidence.stage import take_evidence
from .stages.own import own_stages
from .stages.rollouts import rollouts
from .stages.select import random_selection, select, tournament

STRATEGIES: dict[str, type[RtvOptions]] = {
    "rtv": RtvOptions,
    "pdr": PdrOptions,
    "pdr_rtv": PdrRtvOptions,
    "robust": RobustOptions,
    "cheap": CheapOptions,
}
"""The options of each strategy, by name."""


@solver
@takes(RtvOptions)
def rtv(options: RtvOptions) -> Solver:
    """Recursive Tournament Voting: n rollouts, a tournament of their summaries, adopt the winner.

    Model Roles:
        judge: Votes; default the model under evaluation.
        summarizer: Writes the summaries; default the model under evaluation.
        investigator: Investigates close matches; default the judge.

    Returns:
        The strategy as a solver.

    Raises:
        UserError: If an argument is out of range, an agent unknown, or a prompt incomplete.
    """
    given = RolloutsOptions.of(options, spare_sandbox=options.spare_sandbox)
    before = (*evidence_of(options), *own_stages(options.stages))
    return strategy_chain(rollouts(**given.arguments()), *before, selection_of(options), adopt())


@solver
@takes(PdrOptions)
def pdr(options: PdrOptions) -> Solver:
    """Parallel-Distill-Refine: rollouts, then new rollouts that start from summaries of the first.

    It ends with n refined rollouts. One, chosen by a seeded random draw, is adopted; the others of
    the last iteration are always graded, because their mean, `iteration_<t>`, is the result.

    Model Roles:
        judge: Votes if `context` is `select`; default the model under evaluation.
        summarizer: Writes the summaries; default the model under evaluation.
        investigator: Investigates close matches; default the judge.

    Returns:
        The strategy as a solver.

    Raises:
        UserError: If an argument is out of range, an agent unknown, or a prompt incomplete.
    """
    end = (random_selection(seed=options.seed), adopt())
    stages = refinement(options, score_last=True)
    return strategy_chain(*stages, *end, early_end=end, iterations=options.iterations)


@solver
@takes(PdrRtvOptions)
def pdr_rtv(options: PdrRtvOptions) -> Solver:
    """The full method: Parallel-Distill-Refine, then a tournament among the refined rollouts.

    Model Roles:
        judge: Votes; default the model under evaluation.
        summarizer: Writes the summaries; default the model under evaluation.
        investigator: Investigates close matches; default the judge.

    Returns:
        The strategy as a solver.

    Raises:
        UserError: If an argument is out of range, an agent unknown, or a prompt incomplete.
    """
    return full_method(options)


@solver
@takes(RobustOptions)
def robust(options: RobustOptions) -> Solver:
    """The full method with the options that simulations on the paper's tables support.

    `pdr_rtv` with keep_parents=True, dedupe=True, tie='evidence'.

    Returns:
        The strategy as a solver.

    Raises:
        UserError: As `pdr_rtv`.
    """
    return full_method(options)


@solver
@takes(CheapOptions)
def cheap(options: CheapOptions) -> Solver:
    """The full method with fewer rollouts and votes, as good in simulations on the paper's tables.

    `pdr_rtv` with n=10, votes='auto', keep_parents=True, dedupe=True.

    Returns:
        The strategy as a solver.

    Raises:
        UserError: As `pdr_rtv`.
    """
    return full_method(options)


def full_method(options: PdrRtvOptions) -> Solver:
    """Make the full method: iterations of rollouts, a selection, adoption."""
    return strategy_chain(
        *refinement(options),
        selection_of(options),
        adopt(),
        early_end=(selection_of(options, dedupe=True), adopt()),
        stop_on_consensus=options.stop_on_consensus,
        iterations=options.iterations,
    )


def refinement(options: PdrOptions, *, score_last: bool = False) -> list[Solver]:
    """Make the iterations of a strategy; sandboxes stay open only if a later stage needs them."""
    keep_parents = isinstance(options, PdrRtvOptions) and options.keep_parents
    stop_on_consensus = isinstance(options, PdrRtvOptions) and options.stop_on_consensus
    own, stages = own_stages(options.stages), list[Solver]()
    for iteration in range(options.iterations):
        first, last = iteration == 0, iteration == options.iterations - 1
        if options.context == "select" and not first:
            stages.append(selection_of(options, keep=options.top_k, diverse=options.diverse))
        given = RolloutsOptions.of(
            options,
            context=None if first else options.context,
            without_context=0 if first else options.without_context,
            keep_parents=keep_parents and not first,
            score_rollouts=options.score_rollouts or (score_last and last),
            keep_sandboxes=last
            or options.score_rollouts
            or keep_parents
            or stop_on_consensus
            or bool(own)
            or options.check is not None,
            spare_sandbox=options.spare_sandbox,
        )
        stages += [rollouts(**given.arguments()), *evidence_of(options), *own]
    return stages


def evidence_of(options: EvidenceOptions) -> tuple[Solver, ...]:
    """The stage that runs checks on results, if the options ask for any."""
    if not options.takes_evidence:
        return ()
    return (take_evidence(**EvidenceOptions.of(options).arguments()),)


def selection_of(options: SelectionOptions, **changes: Any) -> Solver:
    """The selection that a strategy asks for; the log names a tournament as such."""
    changes = {"keep": 1, "diverse": False} | changes
    if options.selection == "tournament":
        return tournament(**TournamentOptions.of(options, **changes).arguments())
    return select(**SelectOptions.of(options, **changes).arguments())
