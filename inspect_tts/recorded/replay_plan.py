"""Plan how to repeat the selections of a recorded strategy."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inspect_tts.errors import UserError
from inspect_tts.estimate.counts import counts
from inspect_tts.estimate.forecast import Forecast, Plan, forecast
from inspect_tts.execution.classes import class_labels, latest, same_behavior
from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.method.candidates import identical
from inspect_tts.method.parameters import JUDGE
from inspect_tts.method.recorded_votes import (
    RecordedVotes,
    VoteKey,
    judge_input_label,
    recorded_investigations,
    recorded_votes,
)
from inspect_tts.method.records import PromptRecord, Stage, Vote
from inspect_tts.method.selections import Candidates
from inspect_tts.options import ReplayOptions, SelectionOptions, SelectOptions
from inspect_tts.prompts import Prompt, load_prompt
from inspect_tts.registry import find_selection
from inspect_tts.stages.pool import RolloutPool
from inspect_tts.stages.select import prompt_names, recorded_options

_PARAMETERS = {name for name in SelectOptions.model_fields if not name.endswith("_prompt")}


@dataclass(frozen=True)
class ReplayOverrides:
    """What a replay changes from the recorded run. None keeps the recorded value."""

    parameters: Mapping[str, Any]
    """New arguments of the stages that select."""
    top_k: int | None = None
    judge_prompt: str | None = None
    judge_reask_prompt: str | None = None
    one_judge: bool = False
    """Whether one judge, not given by `judges`, replaces several recorded judges."""


@dataclass(frozen=True)
class ReplayedSelection:
    """A selection to be repeated."""

    stage: str
    iteration: int
    options: SelectOptions
    """Its recorded arguments, with the changes of the replay."""
    shown: frozenset[str]
    """Names of the arguments that the log shows."""
    prompts: tuple[Prompt, ...]
    checks: str = ""
    """What its judges read about checks; see `evidence_label`."""


def replayed_selections(pool: RolloutPool, changes: ReplayOverrides) -> list[ReplayedSelection]:
    """The selections of a run, with changes. A random selection is not changed."""
    found = []
    for stage in pool.stages:
        if stage.selects:
            parameters = {k: v for k, v in stage.parameters.items() if k != "temperature"}
            if parameters["selection"] != "random":
                if changes.one_judge and parameters.get("judges"):
                    parameters["judges"] = JUDGE
                parameters |= changes.parameters
                if changes.top_k is not None and stage.iteration < pool.iteration:
                    parameters["keep"] = changes.top_k
            prompts = _prompts(stage, find_selection(parameters["selection"]).answer, changes)
            texts = [None if p.source == "built-in" else p.template for p in prompts]
            overrides = dict(zip(("judge_prompt", "judge_reask_prompt"), texts, strict=False))
            options = recorded_options({**parameters, **overrides})
            found.append(
                ReplayedSelection(
                    stage.name,
                    stage.iteration,
                    options,
                    frozenset(parameters),
                    prompts,
                    str(parameters.get("checks", "")),
                )
            )
    return found


def _prompts(stage: Stage, answer: str | None, changes: ReplayOverrides) -> tuple[Prompt, ...]:
    """The prompts given now, else the recorded ones whose files still exist, else built-in ones."""
    if answer is None:
        return ()
    given = (changes.judge_prompt, changes.judge_reask_prompt)
    recorded = {prompt.name: prompt for prompt in stage.prompts}
    return tuple(
        load_prompt(name, override or _file_of(recorded.get(name)))
        for name, override in zip(prompt_names(answer), given, strict=True)
    )


def _file_of(prompt: PromptRecord | None) -> str | None:
    if prompt is None or prompt.source in {"built-in", "argument"}:
        return None
    return prompt.source if Path(prompt.source).is_file() else None


def votes_of(pool: RolloutPool) -> list[tuple[VoteKey, Vote]]:
    """The recorded votes. Built-in prompts of other versions count as those of this version."""
    names = [name for pair in map(prompt_names, ("verdict", "grade")) for name in pair]
    built_in = {name: load_prompt(name).record.sha256 for name in names}
    return recorded_votes(pool.stages, pool.selections, built_in)


def changes_from(options: ReplayOptions) -> ReplayOverrides:
    """The changes that the arguments of a replay ask for."""
    given = options.given()
    parameters = {name: value for name, value in given.items() if name in _PARAMETERS}
    if given.get("close") == "investigate" or any(n.startswith("investigat") for n in given):
        raise UserError(
            "a replay uses the recorded investigations and runs none: leave out "
            "close='investigate' and the arguments of investigations, or give close='votes'"
        )
    apart = ("top_k", "judge_prompt", "judge_reask_prompt")
    one_judge = options.judge is not None
    if one_judge and options.judges is not None:
        raise UserError(
            f"judge={options.judge!r} names one model whose recorded votes are used, but "
            f"judges={options.judges!r} names others; give only one of the two"
        )
    return ReplayOverrides(
        parameters, **{name: given.get(name) for name in apart}, one_judge=one_judge
    )


def models_of_judges(
    again: Iterable[ReplayedSelection], judge: str, roles: Mapping[str, str]
) -> dict[str, str]:
    """The models of all judges, by name: `judge` for the role, `roles`, or the name itself."""
    names = (name for each in again if each.prompts for name in each.options.panel)
    return {name: judge if name == JUDGE else roles.get(name, name) for name in names}


def recorded_judges(pool: RolloutPool) -> dict[str, str]:
    """The models with which several judges voted, by judge name."""
    return {vote.judge: vote.model for _, vote in votes_of(pool) if vote.judge is not None}


def carries_over(pool: RolloutPool, iteration: int) -> bool:
    """Whether rollouts selected in the previous iteration could be selected again."""
    return any(
        stage.adds_rollouts and stage.iteration == iteration and stage.rollouts.keep_parents
        for stage in pool.stages
    )


@dataclass(frozen=True)
class VoteForecast:
    """The votes that a replay will need."""

    votes: Forecast
    recorded: int
    """Number of votes in the log."""
    unusable: Mapping[str, int]
    """Number of recorded votes that cannot be used, by reason."""


def fresh_votes(attempts: Iterable[int], options: SelectionOptions) -> Forecast:
    """The number of votes of selections without recorded votes."""
    each = [counts({**options.arguments(), "n": n}) for n in attempts]
    least, most = (sum(getattr(c, name) for c in each) for name in ("fewest_votes", "votes"))
    return Forecast(least=least, most=most)


def forecast_votes(
    pools: Iterable[RolloutPool],
    changes: ReplayOverrides,
    judge: str,
    roles: Mapping[str, str] | None = None,
) -> VoteForecast:
    """Forecast the votes of a replay: `judge` is the model of that role, `roles` has the others."""
    total, recorded, unusable = Forecast(), 0, Counter[str]()
    for pool in pools:
        votes = votes_of(pool)
        again, looked = replayed_selections(pool, changes), recorded_investigations(pool.selections)
        recorded_votes = RecordedVotes(votes, investigations=looked)
        models = models_of_judges(again, judge, roles or {})
        total += _replayed(pool, again, recorded_votes, models)
        recorded += len(votes)
        wanted = {
            _asked(each, models[name])
            for each in again
            if each.prompts
            for name in each.options.panel
        }
        for asked, _ in votes:
            if asked not in wanted:
                unusable[_why(asked, wanted)] += 1
    return VoteForecast(total, recorded, unusable)


def _replayed(
    pool: RolloutPool,
    again: list[ReplayedSelection],
    recorded_votes: RecordedVotes,
    models: Mapping[str, str],
) -> Forecast:
    total, certain, before = Forecast(), True, 0
    alive: tuple[str, ...] = ()
    for iteration in range(pool.iteration + 1):
        carried = alive if carries_over(pool, iteration) else ()
        alive = (*(rollout.id for rollout in pool.population(iteration)), *carried)
        these = [each for each in again if each.iteration == iteration]
        for number, each in enumerate(these):
            id = f"t{iteration}" if number == 0 else f"t{iteration}.{number + 1}"
            execution, before = latest(pool.executions, iteration, before), before + 1
            field, firsts = _field(pool, each, alive, id, execution)
            votes = recorded_votes if certain else RecordedVotes([])
            plan = replace(_replay_plan(each, models), execution=execution)
            found, ranking = forecast(plan, field, votes)
            total += found if certain else Forecast(most=found.most)
            certain = certain and ranking is not None
            order = ranking or firsts
            others = [name for name in alive if name not in order]
            alive = (*order, *others)[: each.options.keep]
    return total


def _field(
    pool: RolloutPool,
    again: ReplayedSelection,
    alive: tuple[str, ...],
    id: str,
    execution: ExecutionEvidence | None,
) -> tuple[Candidates, tuple[str, ...]]:
    """The candidates of a selection and the first of each class, if duplicates are judged once."""
    given, everybody = again.options, [pool.by_id(name) for name in alive]
    alike = same_behavior(execution, alive) if given.dedupe_behavior else ()
    classes = alike or (identical(everybody) if given.dedupe else ())
    firsts = tuple(members[0] for members in classes) or alive
    field = Candidates(
        [rollout for rollout in everybody if rollout.id in firsts],
        keep=given.keep,
        group_size=given.group_size,
        seed=given.seed,
        key=f"{pool.problem}/{id}",
    )
    field.by_strength = given.ranked_by == "strength"
    field.behavior = class_labels(execution) if execution else {}
    return field, firsts


def _replay_plan(again: ReplayedSelection, models: Mapping[str, str]) -> Plan:
    names = again.options.panel if again.prompts else ()
    asked = _asked(again, models[names[0]] if names else "")
    judges = {name: models[name] for name in names} if len(names) > 1 else {}
    return replace(_plan(again.options, asked), judges=judges)


def _plan(given: SelectOptions, asked: VoteKey) -> Plan:
    return Plan(
        kind=given.selection,
        votes=given.most_votes,
        auto=given.auto,
        early_stop=given.early_stop,
        close=given.close,
        tie=given.tie,
        asked=asked,
    )


def _asked(again: ReplayedSelection, judge: str) -> VoteKey:
    hashes = [_hash(prompt) for prompt in again.prompts] or ["", ""]
    return VoteKey(judge, hashes[0], hashes[1], judge_input_label(again.options, again.checks))


def _hash(prompt: Prompt) -> str:
    return prompt.record.sha256


def _why(asked: VoteKey, wanted: set[VoteKey]) -> str:
    if wanted and all(asked.judge != each.judge for each in wanted):
        return f"cast by {asked.judge}"
    if all(asked.reads != each.reads for each in wanted):
        return f"cast on the {asked.reads}"
    return "asked in other words"
