"""The stages that select: Recursive Tournament Voting, its alternatives, and a lot."""

from typing import Literal

from inspect_ai.solver import Solver, solver

from inspect_tts.core.tournament import TieBreak

from .arguments import known_arguments
from .ranking import selection_stage

JudgeInput = Literal["summary", "trajectory"]


@solver
@known_arguments
def select(
    selection: str = "tournament",
    keep: int = 1,
    group_size: int = 2,
    votes: int = 8,
    early_stop: bool = True,
    tie: TieBreak = "lot",
    judge_identical: bool = True,
    judge_input: JudgeInput = "summary",
    judge_tokens: int = 20_000,
    diverse: bool = False,
    seed: int = 0,
    judge_prompt: str | None = None,
    judge_reask_prompt: str | None = None,
) -> Solver:
    """Rank what the previous stage left selected, and keep the best.

    Model Roles:
        judge: Votes; default the model under evaluation.

    Args:
        selection: `tournament` (RTV, paper, section 1), `swiss`, `round_robin`, `pivot`,
            `listwise`, `pointwise`, `agreement`, or without any judge `random`, `first`,
            `fewest_turns`, `cheapest`.
        keep: How many to select. With no more candidates than that, nothing is judged.
        group_size: Rollouts compared in one match, G of the paper (`tournament`, `swiss`).
        votes: Independent votes of a match, V of the paper.
        early_stop: Whether to ask no further votes once they could not change a match's winner
            (`tournament`; the others count every vote).
        tie: What decides a match with equal votes: a seeded `lot`, or `evidence`: who ended by
            itself, whose last commands succeeded, who took fewer turns, then a lot.
        judge_identical: Whether rollouts that left the same behind (equal `Facts.fingerprint`) are
            judged each. False judges one of each class.
        judge_input: What judges read of a rollout besides its facts: the `summary`, or its
            `trajectory` with the middle of long outputs left out.
        judge_tokens: Room for each trajectory, in tokens, at least 500.
        diverse: Whether to pass over rollouts whose summary is nearly that of a better one, for a
            refinement context that tells more.
        seed: Seed of all lots.
        judge_prompt: Replaces the judge prompt: the text, or the path of a file. For `pointwise` it
            replaces the prompt that asks for a grade.
        judge_reask_prompt: Replaces what follows an answer that could not be read.

    Returns:
        A solver that selects among what the previous stage left selected.

    Raises:
        UserError: If an argument is out of range or a prompt lacks a placeholder.
    """
    given = {k: v for k, v in locals().items() if not k.endswith("_prompt")}
    return selection_stage("select", given, judge_prompt, judge_reask_prompt)


@solver
@known_arguments
def tournament(
    keep: int = 1,
    group_size: int = 2,
    votes: int = 8,
    early_stop: bool = True,
    tie: TieBreak = "lot",
    judge_identical: bool = True,
    judge_input: JudgeInput = "summary",
    judge_tokens: int = 20_000,
    diverse: bool = False,
    seed: int = 0,
    judge_prompt: str | None = None,
    judge_reask_prompt: str | None = None,
) -> Solver:
    """Select by Recursive Tournament Voting (paper, section 1): groups, votes, survivors, again.

    Model Roles:
        judge: Votes; default the model under evaluation.

    Args:
        keep: Survivors wanted. With no more candidates than that, nothing is judged.
        group_size: Rollouts compared in one match, G of the paper.
        votes: Independent votes of a match, V of the paper.
        early_stop: Whether to ask no further votes once they could not change the winner.
        tie: `lot` or `evidence`; see `select`.
        judge_identical: Whether identical rollouts are judged each; see `select`.
        judge_input: `summary` or `trajectory`; see `select`.
        judge_tokens: Room for each trajectory, in tokens.
        diverse: Whether near-equal summaries are passed over; see `select`.
        seed: Seed of all lots.
        judge_prompt: Replaces the judge prompt: the text, or the path of a file.
        judge_reask_prompt: Replaces what follows an answer without a verdict.

    Returns:
        A solver that selects among what the previous stage left selected.

    Raises:
        UserError: If an argument is out of range or a prompt lacks a placeholder.
    """
    given = {k: v for k, v in locals().items() if not k.endswith("_prompt")}
    return selection_stage(
        "tournament", {"selection": "tournament", **given}, judge_prompt, judge_reask_prompt
    )


@solver
@known_arguments
def random_selection(keep: int = 1, seed: int = 0) -> Solver:
    """Select by a seeded lot: the baseline, and how plain PDR names the rollout it hands over.

    Args:
        keep: How many to select.
        seed: Seed of the lot.

    Returns:
        A solver that selects among what the previous stage left selected.

    Raises:
        UserError: If `keep` is below 1.
    """
    return selection_stage("random_selection", {"selection": "random", "keep": keep, "seed": seed})
