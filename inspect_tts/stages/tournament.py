"""The stages that select: Recursive Tournament Voting, and a lot."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from inspect_ai.model import GenerateConfig, Model
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import span

from inspect_tts._inspect import effective_config, model_lane, quiet_store
from inspect_tts.core.lots import lane
from inspect_tts.core.records import Match, PromptRecord, Round, Selection, Stage, Vote
from inspect_tts.core.tournament import decide, display_order, form_groups, votes_needed
from inspect_tts.errors import UserError, no_traceback
from inspect_tts.judge import cast_vote
from inspect_tts.models import check_roles, role_model
from inspect_tts.prompts import Prompt, load_prompt

from . import progress
from .arguments import at_least, known_arguments
from .crew import crew_of_sample
from .gather import gather
from .pool import RolloutPool, draw, pool_of
from .problem import problem_text


@solver
@known_arguments
def tournament(
    keep: int = 1,
    group_size: int = 2,
    votes: int = 8,
    early_stop: bool = True,
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
        seed: Seed of all lots.
        judge_prompt: Replaces the judge prompt: the text, or the path of a file.
        judge_reask_prompt: Replaces what follows an answer without a verdict.

    Returns:
        A solver that selects among what the previous stage left selected.

    Raises:
        UserError: If an argument is out of range or a prompt lacks a placeholder.
    """
    parameters = {k: v for k, v in locals().items() if not k.endswith("_prompt")}
    at_least("keep", keep, 1)
    at_least("group_size", group_size, 2, ": a match needs two rollouts to compare")
    at_least("votes", votes, 1)
    at_least("seed", seed, 0)
    check_roles()
    prompts = (
        load_prompt("judge", judge_prompt),
        load_prompt("judge_reask", judge_reask_prompt),
    )

    @no_traceback
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        pool, judge = pool_of(state), role_model("judge")
        bench = _Bench(
            pool=pool,
            id=_selection_id(pool),
            judge=judge,
            config=_independent(judge, votes, group_size),
            problem=problem_text(state),
            epoch=state.epoch,
            keep=keep,
            group_size=group_size,
            votes=votes,
            early_stop=early_stop,
            seed=seed,
            prompts=prompts,
        )
        with quiet_store():
            selection = await _play(bench, _population(pool, "tournament"))
        used = tuple(prompt.record for prompt in prompts)
        effective = {**parameters, "temperature": bench.config.temperature}
        _close(pool, selection, "tournament", effective, used=used)
        return state

    return solve


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
    at_least("keep", keep, 1)
    at_least("seed", seed, 0)

    @no_traceback
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        pool = pool_of(state)
        population = _population(pool, "random_selection")
        id = _selection_id(pool)
        lot = draw(population, seed=seed, key=f"{pool.problem}/{id}/random_selection")
        pool.draws = [*pool.draws, lot]
        selection = Selection(
            id=id,
            kind="random_selection",
            iteration=pool.iteration,
            seed=seed,
            keep=keep,
            population=population,
            selected=lot.order[:keep],
        )
        _close(pool, selection, "random_selection", {"keep": keep, "seed": seed})
        return state

    return solve


@dataclass(frozen=True)
class _Bench:
    """What all matches of a tournament share."""

    pool: RolloutPool
    id: str
    judge: Model
    config: GenerateConfig
    problem: str
    epoch: int
    keep: int
    group_size: int
    votes: int
    early_stop: bool
    seed: int
    prompts: tuple[Prompt, Prompt]

    def vote_config(self, index: int) -> GenerateConfig:
        """The config of one vote: under `--seed` each has another."""
        seed = effective_config(self.judge).seed
        return self.config.merge(GenerateConfig(seed=None if seed is None else seed + index))

    def wave(self, group: tuple[str, ...], ballots: list[Vote]) -> int:
        """How many votes to ask next."""
        if not self.early_stop:
            return self.votes - len(ballots)
        return votes_needed(group, [vote.verdict for vote in ballots], votes=self.votes)

    def key(self, *parts: object) -> str:
        return "/".join([self.pool.problem, self.id, *map(str, parts)])


async def _play(bench: _Bench, population: tuple[str, ...]) -> Selection:
    alive, byes, rounds = population, Counter[str](), list[Round]()
    while len(alive) > bench.keep:
        number = len(rounds) + 1
        pairing = bench.key(f"round{number}", "pairing")
        groups = form_groups(
            alive,
            byes=byes,
            group_size=bench.group_size,
            keep=bench.keep,
            seed=bench.seed,
            key=pairing,
        )
        bench.pool.draws = [*bench.pool.draws, draw(alive, seed=bench.seed, key=pairing)]
        progress.plan("votes", bench.votes * sum(len(group) > 1 for group in groups))
        async with span(f"round {number}", type="round"):
            matches = await gather(
                [_match(bench, number, i, group) for i, group in enumerate(groups)]
            )
        for match in matches:
            if match.decided_by == "lot":
                key = bench.key(match.id, "tie")
                bench.pool.draws = [*bench.pool.draws, draw(match.tied, seed=bench.seed, key=key)]
        rounds.append(Round(number=number, matches=tuple(matches)))
        byes.update(match.winner for match in matches if match.decided_by == "bye")
        alive = tuple(match.winner for match in matches)
        if bench.keep == 1:
            crew_of_sample().release(set(population) - set(alive))
    return Selection(
        id=bench.id,
        kind="tournament",
        iteration=bench.pool.iteration,
        seed=bench.seed,
        keep=bench.keep,
        group_size=bench.group_size,
        votes=bench.votes,
        population=population,
        rounds=tuple(rounds),
        selected=alive,
    )


async def _match(bench: _Bench, number: int, index: int, group: tuple[str, ...]) -> Match:
    id = f"{bench.id}-r{number}-m{index}"
    ballots: list[Vote] = []
    if len(group) > 1:
        async with span(f"match {' '.join(group)}", type="match", id=id):
            while wave := bench.wave(group, ballots):
                indices = range(len(ballots), len(ballots) + wave)
                ballots += await gather([_vote(bench, id, group, i) for i in indices])
    saved = bench.votes - len(ballots) if ballots else 0
    progress.plan("votes", -saved)
    verdicts = [vote.verdict for vote in ballots]
    outcome = decide(group, verdicts, seed=bench.seed, key=bench.key(id, "tie"))
    return Match(
        id=id,
        group=group,
        votes=tuple(ballots),
        saved=saved,
        tally=outcome.tally,
        tied=outcome.tied,
        winner=outcome.winner,
        decided_by=outcome.decided_by,
    )


async def _vote(bench: _Bench, match: str, group: tuple[str, ...], index: int) -> Vote:
    prompt, reask = bench.prompts
    with model_lane(lane(bench.epoch, match, index)):
        vote = await cast_vote(
            bench.judge,
            index=index,
            problem=bench.problem,
            shown=[bench.pool.by_id(id) for id in display_order(group, index)],
            prompt=prompt,
            reask_prompt=reask,
            config=bench.vote_config(index),
        )
    progress.done("votes")
    return vote


def _independent(judge: Model, votes: int, group_size: int) -> GenerateConfig:
    """Votes that show the same order at temperature 0 would be one vote: they get temperature 1."""
    if votes > group_size and effective_config(judge).temperature == 0:
        return GenerateConfig(temperature=1.0)
    return GenerateConfig()


def _population(pool: RolloutPool, stage: str) -> tuple[str, ...]:
    if not pool.selected:
        raise UserError(f"{stage}() has nothing to select among; put rollouts() before it")
    return tuple(pool.selected)


def _selection_id(pool: RolloutPool) -> str:
    before = sum(selection.iteration == pool.iteration for selection in pool.selections)
    return f"t{pool.iteration}" if before == 0 else f"t{pool.iteration}.{before + 1}"


def _close(
    pool: RolloutPool,
    selection: Selection,
    name: str,
    parameters: dict[str, Any],
    used: tuple[PromptRecord, ...] = (),
) -> None:
    stage = Stage(name=name, iteration=pool.iteration, parameters=parameters, prompts=used)
    pool.stages = [*pool.stages, stage]
    pool.selections = [*pool.selections, selection]
    pool.selected = list(selection.selected)
    crew_of_sample().release(set(selection.population) - set(selection.selected))
