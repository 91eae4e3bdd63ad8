"""The stages that select: Recursive Tournament Voting, its alternatives, and a lot."""

from typing import Any

from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import span

from inspect_tts._inspect import quiet_store
from inspect_tts.core.candidates import expand, identical
from inspect_tts.core.records import Match, Round, Selection, Stage
from inspect_tts.core.selections import SELECTIONS, Field, Play, start
from inspect_tts.core.tournament import TieBreak
from inspect_tts.errors import UserError, no_traceback
from inspect_tts.models import check_roles, role_model
from inspect_tts.prompts import Prompt, load_prompt

from . import progress
from .arguments import at_least, known_arguments, one_of
from .crew import crew_of_sample
from .gather import gather
from .match import Bench, independent, play_match
from .pool import RolloutPool, draw, pool_of
from .problem import problem_text


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
    return _stage("select", given, judge_prompt, judge_reask_prompt)


@solver
@known_arguments
def tournament(
    keep: int = 1,
    group_size: int = 2,
    votes: int = 8,
    early_stop: bool = True,
    tie: TieBreak = "lot",
    judge_identical: bool = True,
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
        seed: Seed of all lots.
        judge_prompt: Replaces the judge prompt: the text, or the path of a file.
        judge_reask_prompt: Replaces what follows an answer without a verdict.

    Returns:
        A solver that selects among what the previous stage left selected.

    Raises:
        UserError: If an argument is out of range or a prompt lacks a placeholder.
    """
    given = {k: v for k, v in locals().items() if not k.endswith("_prompt")}
    return _stage(
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
    return _stage("random_selection", {"selection": "random", "keep": keep, "seed": seed})


_DEFAULTS: dict[str, Any] = {
    "group_size": 2,
    "votes": 1,
    "early_stop": False,
    "tie": "lot",
    "judge_identical": True,
}


def _stage(
    name: str,
    parameters: dict[str, Any],
    judge_prompt: str | None = None,
    judge_reask_prompt: str | None = None,
) -> Solver:
    given = {**_DEFAULTS, **parameters}
    check_selection(given)
    rules = SELECTIONS[given["selection"]]
    names = {"verdicts": ("judge", "judge_reask"), "grades": ("grade", "grade_reask")}
    overrides = (judge_prompt, judge_reask_prompt)
    prompts: tuple[Prompt, ...] = ()
    if rules.asks is not None:
        check_roles()
        prompts = tuple(map(load_prompt, names[rules.asks], overrides))

    @no_traceback
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        pool = pool_of(state)
        id, population = _selection_id(pool), _population(pool, name)
        everybody = [pool.by_id(id) for id in population]
        classes = () if given["judge_identical"] else identical(everybody)
        heads = {members[0] for members in classes}
        field = Field(
            [r for r in everybody if r.id in heads] if classes else everybody,
            keep=given["keep"],
            group_size=given["group_size"],
            seed=given["seed"],
            key=f"{pool.problem}/{id}",
        )
        effective = dict(parameters)
        bench = None
        if rules.asks is not None:
            bench = _bench(state, id, field, given, (prompts[0], prompts[1]))
            effective["temperature"] = bench.config.temperature
        with quiet_store():
            rounds, ranking = await _play(start(given["selection"], field), field, pool, bench)
        ranking = expand(ranking, classes) if classes else ranking
        selection = Selection(
            id=id,
            kind=given["selection"],
            iteration=pool.iteration,
            seed=given["seed"],
            keep=given["keep"],
            group_size=given["group_size"],
            votes=given["votes"],
            tie=given["tie"],
            population=population,
            classes=classes,
            rounds=rounds,
            ranking=ranking,
            selected=ranking[: given["keep"]],
        )
        used = tuple(prompt.record for prompt in prompts)
        stage = Stage(name=name, iteration=pool.iteration, parameters=effective, prompts=used)
        pool.stages = [*pool.stages, stage]
        pool.draws = [*pool.draws, *field.draws]
        pool.selections = [*pool.selections, selection]
        pool.selected = list(selection.selected)
        crew_of_sample().release(set(population) - set(selection.selected))
        return state

    return solve


def check_selection(given: dict[str, Any]) -> None:
    """Check the arguments of a selection.

    Args:
        given: All of them, by name.

    Raises:
        UserError: If one is out of range, or names what is no selection.
    """
    if given["selection"] == "oracle":
        raise UserError(
            "selection='oracle' would read scores, and selection is blind: score_rollouts=true "
            f"reports the oracle's score. Choose one of {', '.join(map(repr, SELECTIONS))}"
        )
    one_of("selection", given["selection"], tuple(SELECTIONS))
    at_least("keep", given["keep"], 1)
    at_least("group_size", given["group_size"], 2, ": a match needs two rollouts to compare")
    at_least("votes", given["votes"], 1)
    at_least("seed", given["seed"], 0)
    one_of("tie", given["tie"], ("lot", "evidence"))


def _bench(
    state: TaskState, id: str, field: Field, given: dict[str, Any], prompts: tuple[Prompt, Prompt]
) -> Bench:
    judge, rules = role_model("judge"), SELECTIONS[given["selection"]]
    orders = {"pointwise": 1, "listwise": len(field.ids)}.get(
        given["selection"], given["group_size"]
    )
    return Bench(
        id=id,
        key=field.key,
        rules=rules,
        judge=judge,
        config=independent(judge, given["votes"], orders),
        problem=problem_text(state),
        epoch=state.epoch,
        votes=given["votes"],
        early_stop=given["early_stop"],
        seed=given["seed"],
        tie=given["tie"],
        prompts=prompts,
    )


async def _play(
    play: Play, field: Field, pool: RolloutPool, bench: Bench | None
) -> tuple[tuple[Round, ...], tuple[str, ...]]:
    rounds: list[Round] = []
    matches: list[Match] = []
    crew = crew_of_sample()
    while True:
        try:
            groups = play.send(matches) if rounds else next(play)
        except StopIteration as end:
            return tuple(rounds), end.value
        assert bench is not None
        crew.release(set(field.ids) - set(field.alive))
        number = len(rounds) + 1
        judged = [group for group in groups if len(group) > 1 or bench.rules.asks == "grades"]
        progress.plan("votes", bench.votes * len(judged))
        async with span(f"round {number}", type="round"):
            matches = await gather(
                [
                    play_match(bench, number, i, [pool.by_id(id) for id in group])
                    for i, group in enumerate(groups)
                ]
            )
        for match in matches:
            if match.decided_by == "lot":
                key = f"{field.key}/{match.id}/tie"
                field.draws.append(draw(match.tied, seed=field.seed, key=key))
        rounds.append(Round(number=number, matches=tuple(matches)))


def _population(pool: RolloutPool, stage: str) -> tuple[str, ...]:
    if not pool.selected:
        raise UserError(f"{stage}() has nothing to select among; put rollouts() before it")
    return tuple(pool.selected)


def _selection_id(pool: RolloutPool) -> str:
    before = sum(selection.iteration == pool.iteration for selection in pool.selections)
    return f"t{pool.iteration}" if before == 0 else f"t{pool.iteration}.{before + 1}"
