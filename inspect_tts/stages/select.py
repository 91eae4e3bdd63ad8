"""The stages that select: run the rounds of a selection and record them."""

from collections.abc import Collection, Mapping, Sequence
from time import monotonic
from typing import Any

from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import span

from inspect_tts._inspect import no_store_events
from inspect_tts.arguments import checked, takes
from inspect_tts.errors import UserError, gather, no_traceback
from inspect_tts.execution.classes import class_labels, evidence_label, same_behavior
from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.method.candidates import add_duplicates, diverse, identical
from inspect_tts.method.parameters import INVESTIGATOR
from inspect_tts.method.records import Cut, Match, Rollout, Round, Selection, Stage
from inspect_tts.method.selection_specs import SELECTIONS, begin_selection
from inspect_tts.method.selections import Candidates, SelectionSteps
from inspect_tts.models.preflight import mark_judges
from inspect_tts.models.roles import check_roles
from inspect_tts.options import RandomOptions, SelectOptions, TournamentOptions
from inspect_tts.options.auto import check_needed
from inspect_tts.progress import PlannedSelection, followed, mark_planned
from inspect_tts.prompts import Prompt, load_prompt
from inspect_tts.rollout.source import strategy_state

from .judging import JudgeSetup, judge_setup
from .match import run_match
from .pool import RolloutPool, match_draws, pool_of

_SELECTION_FIELDS = {"seed", "keep", "group_size", "tie", "close", "diverse", "ranked_by"}
_PROMPTS = {"verdict": ("judge", "judge_reask"), "grade": ("grade", "grade_reask")}


def prompt_names(answer: str) -> tuple[str, str]:
    """The prompts of a selection that asks for a `verdict` or a `grade`."""
    return _PROMPTS[answer]


def recorded_options(parameters: Mapping[str, Any]) -> SelectOptions:
    """A selecting stage's arguments from its record; `early_stop` is off if it is missing."""
    known = {k: v for k, v in parameters.items() if k in SelectOptions.model_fields}
    given = {"votes": 1, "early_stop": False, **known}
    options: SelectOptions = checked(SelectOptions, given, "select")
    return options


def selection_stage(
    name: str, options: SelectOptions, shown: Collection[str] | None = None
) -> Solver:
    """Make a selecting stage; its prompts are checked here, before anything runs."""
    spec = SELECTIONS[options.selection]
    prompts: tuple[Prompt, ...] = ()
    if spec.answer is not None:
        check_roles()
        overrides = (options.judge_prompt, options.judge_reask_prompt)
        prompts = tuple(map(load_prompt, prompt_names(spec.answer), overrides))
        if options.close == "investigate":
            prompts += (load_prompt("investigator", options.investigator_prompt),)

    @no_traceback
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        pool = pool_of(state)
        id, population = _selection_id(pool), _population(pool, name)
        execution = _execution(pool, options)
        alike = same_behavior(execution, population) if options.dedupe_behavior else ()
        everybody = [pool.by_id(id) for id in population]
        classes = alike or (identical(everybody) if options.dedupe else ())
        firsts = [pool.by_id(members[0]) for members in classes]
        candidates = _candidates(firsts or everybody, options, f"{pool.problem}/{id}")
        candidates.behavior = class_labels(execution) if execution else {}
        judging = None
        recorded = _recorded(options, shown)
        if checks := evidence_label(execution):
            recorded["checks"] = checks
        if spec.answer is not None:
            judging = judge_setup(state, generate, id, candidates, options, prompts, execution)
            judging.budget.begin("selection")
            most = judging.matches * options.most_votes
            judging.following.begin("votes", f"selection {id}", most)
            recorded["temperature"] = judging.temperature
        started = monotonic()
        title = f"{options.selection} {pool.iteration}: {len(candidates.ids)} to {options.keep}"
        with no_store_events():
            steps, release = begin_selection(options.selection, candidates), not options.diverse
            async with span(title, type="solver"):
                rounds, ranking = await _run_rounds(steps, candidates, pool, judging, release)
        ranking = add_duplicates(ranking, classes) if classes else ranking
        selected = ranking[: options.keep]
        if options.diverse:
            selected = diverse([pool.by_id(id) for id in ranking], options.keep)
        selection = Selection(
            id=id,
            kind=options.selection,
            iteration=pool.iteration,
            population=population,
            classes=classes,
            classes_by="behavior" if alike else "patch",
            rounds=rounds,
            ranking=ranking,
            selected=selected,
            votes=options.most_votes,
            auto=options.auto,
            judges=options.panel if judging and len(options.panel) > 1 else (),
            **options.model_dump(include=_SELECTION_FIELDS),
        )
        stage = Stage(
            name=name,
            iteration=pool.iteration,
            parameters=recorded,
            prompts=tuple(prompt.record for prompt in prompts),
            seconds=monotonic() - started,
            cut=_cut(rounds, judging),
        )
        pool.stages = [*pool.stages, stage]
        pool.draws = [*pool.draws, *candidates.draws]
        pool.selections = [*pool.selections, selection]
        pool.count_taken_over(strategy_state().budget.newly_taken_over())
        pool.selected = list(selection.selected)
        strategy_state().release(set(population) - set(selection.selected))
        followed(pool.problem).complete(pool.selected)
        return state

    mark_judges(solve, _asked(options) if spec.answer else ())
    mark_planned(solve, [PlannedSelection(spec, options)])
    return solve


def _asked(options: SelectOptions) -> tuple[str, ...]:
    """The names of the judges that a selection asks, and of the investigator if it asks one."""
    return (*options.panel, *([INVESTIGATOR] if options.close == "investigate" else []))


def _candidates(rollouts: Sequence[Rollout], options: SelectOptions, key: str) -> Candidates:
    candidates = Candidates(
        rollouts,
        keep=options.keep,
        group_size=options.group_size,
        seed=options.seed,
        key=key,
    )
    candidates.by_strength = options.ranked_by == "strength"
    return candidates


def _recorded(options: SelectOptions, shown: Collection[str] | None) -> dict[str, Any]:
    """The arguments as the log shows them."""
    return {
        name: value
        for name, value in options.arguments().items()
        if not name.endswith("_prompt") and (shown is None or name in shown)
    }


def _execution(pool: RolloutPool, options: SelectOptions) -> ExecutionEvidence | None:
    execution = pool.execution()
    if execution is None and (options.dedupe_behavior or options.selection == "behavior"):
        raise UserError(
            "dedupe_behavior and selection=behavior need evidence from execution, but there is "
            "none: put take_evidence() before it, or give check or evidence to the strategy"
        )
    return execution


async def _run_rounds(
    steps: SelectionSteps,
    candidates: Candidates,
    pool: RolloutPool,
    judging: JudgeSetup | None,
    release: bool,
) -> tuple[tuple[Round, ...], tuple[str, ...]]:
    """Run the matches of each round until the selection returns its ranking."""
    rounds: list[Round] = []
    matches: list[Match] = []
    left = judging.matches if judging else 0
    while True:
        try:
            groups = steps.send(matches) if rounds else next(steps)
        except StopIteration as end:
            return tuple(rounds), end.value
        assert judging is not None
        if release:
            strategy_state().release(set(candidates.ids) - set(candidates.remaining))
        number = len(rounds) + 1
        judged = [group for group in groups if len(group) > 1 or judging.spec.answer == "grade"]
        here, left = judging.round(len(judged), left), left - len(judged)
        name = f"{here.options.selection} {pool.iteration} round {number}"
        here.following.doing(name, candidates.remaining)
        here.following.spare(here.cut * len(judged))
        async with span(f"round {number}", type="round"):
            matches = await gather(
                [
                    run_match(here, number, i, [pool.by_id(id) for id in group])
                    for i, group in enumerate(groups)
                ]
            )
        for match in matches:
            drawn = match_draws(match, judging.options, key=candidates.key)
            candidates.draws += [each for each in drawn if each not in candidates.draws]
        rounds.append(Round(number=number, matches=tuple(matches)))


def _cut(rounds: tuple[Round, ...], judging: JudgeSetup | None) -> Cut | None:
    matches = [match for round in rounds for match in round.matches]
    if judging is None or not any(match.cut for match in matches):
        return None
    judged = [match for match in matches if match.votes or match.skipped_votes or match.cut]
    planned = judging.options.most_votes * len(judged)
    return judging.budget.cut(planned, planned - sum(match.cut for match in judged))


def _population(pool: RolloutPool, stage: str) -> tuple[str, ...]:
    if not pool.selected:
        raise UserError(f"{stage}() has nothing to select among; put rollouts() before it")
    return tuple(pool.selected)


def _selection_id(pool: RolloutPool) -> str:
    before = sum(selection.iteration == pool.iteration for selection in pool.selections)
    return f"t{pool.iteration}" if before == 0 else f"t{pool.iteration}.{before + 1}"


@solver
@takes(SelectOptions)
def select(options: SelectOptions) -> Solver:
    """Rank the currently selected rollouts, and keep the best.

    Model Roles:
        judge: Votes; default the model under evaluation.
        investigator: Investigates close matches; default the judge.

    Returns:
        A solver that selects among the currently selected rollouts.

    Raises:
        UserError: If an argument is out of range or a prompt lacks a placeholder.
    """
    check_needed(options)
    return selection_stage("select", options)


@solver
@takes(TournamentOptions)
def tournament(options: TournamentOptions) -> Solver:
    """Select by Recursive Tournament Voting (paper, section 1): the winner of each group advances.

    Model Roles:
        judge: Votes; default the model under evaluation.
        investigator: Investigates close matches; default the judge.

    Returns:
        A solver that selects among the currently selected rollouts.

    Raises:
        UserError: If an argument is out of range or a prompt lacks a placeholder.
    """
    check_needed(options)
    return selection_stage("tournament", SelectOptions.of(options))


@solver
@takes(RandomOptions)
def random_selection(options: RandomOptions) -> Solver:
    """Select by a seeded random draw: the baseline, and how `pdr` chooses the rollout to adopt.

    Returns:
        A solver that selects among the currently selected rollouts.

    Raises:
        UserError: If `keep` is below 1.
    """
    lone = recorded_options(options.arguments() | {"selection": "random"})
    return selection_stage("random_selection", lone, shown=("selection", "keep", "seed"))
