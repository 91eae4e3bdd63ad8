"""Run one iteration: who starts from what, when it may start, and what is recorded."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any

from inspect_ai.log import EvalSpec
from inspect_ai.solver import Generate, Solver, TaskState
from inspect_ai.util import concurrency, span

from inspect_tts._inspect import (
    default_sandboxes,
    eval_spec,
    real_sample,
    reserve_slots,
    sandbox_spec,
    setup_steps,
    tasks_to_run,
    widen_throttles,
)
from inspect_tts.core.candidates import eligible
from inspect_tts.core.records import Rollout, Stage
from inspect_tts.core.refinement import CONTEXTS, Context, refinement_contexts
from inspect_tts.core.summary import numbered
from inspect_tts.errors import UserError
from inspect_tts.models import check_roles, role_model
from inspect_tts.prompts import Prompt, load_prompt
from inspect_tts.viewer import strategy_view

from . import progress
from .agent import agent_identity, agent_maker, agent_name, check_own_solver
from .arguments import at_least, at_most, one_of
from .capacity import check_capacity
from .crew import Owner, crew_of_sample
from .job import Job, Limits
from .leftovers import register_sample, remove_leftovers
from .names import is_stage
from .pool import RolloutPool, draw, pool_of
from .rollout import grade_in_place, run_rollout
from .units import Units, check_units, open_store

DEFAULT_ROLLOUTS_AT_ONCE = 64
"""Rollouts at once in the process where neither the user nor the sandbox provider sets a limit."""


@dataclass(frozen=True)
class Settings:
    """The arguments of the stage `rollouts`, checked."""

    n: int
    context: Context | None
    top_k: int
    cold: int
    carry_over: bool
    leak_guard: bool
    seed: int
    make_agent: Callable[[EvalSpec], Callable[[], Solver]]
    identity: Callable[[EvalSpec], list[object]]
    max_rollouts: int | None
    limits: Limits
    score_rollouts: bool
    hold: bool
    trajectory_tokens: int
    units: str
    prompts: dict[str, Prompt]
    parameters: dict[str, Any]
    """All arguments as the log shows them."""


def check_settings(given: dict[str, Any]) -> Settings:
    """Check the arguments of the stage `rollouts`.

    Args:
        given: All of them, by name.

    Returns:
        The settings.

    Raises:
        UserError: If an argument is out of range, an agent unknown, or a prompt incomplete.
    """
    at_least("n", given["n"], 1)
    at_least("top_k", given["top_k"], 1)
    at_least("cold", given["cold"], 0)
    at_most("cold", given["cold"], given["n"], ": they are among the n rollouts")
    if (given["cold"] or given["carry_over"]) and given["context"] is None:
        raise UserError(
            "cold and carry_over are about refined rollouts: give context='select', 'random' or "
            "'single' as well"
        )
    at_least("seed", given["seed"], 0)
    at_least("max_rollouts", given["max_rollouts"], 1)
    at_least("trajectory_tokens", given["trajectory_tokens"], 500)
    one_of("context", given["context"], (None, *CONTEXTS))
    check_units(given["units"])
    limits = Limits(**{name: given[name] for name in Limits.__dataclass_fields__})
    for name, value in vars(limits).items():
        fraction = name in ("cost_limit", "time_limit")
        at_least(name, value, 0 if fraction else 1, whole=not fraction)
    check_roles()
    if given["score_rollouts"] and not given["hold"]:
        raise UserError("score_rollouts=true grades in open sandboxes: use it with hold=true")
    names = ("summarizer", "summarizer_reask", "refinement")
    prompts = {name: load_prompt(name, given[f"{name}_prompt"]) for name in names}
    plain = {name: value for name, value in given.items() if not name.endswith("_prompt")}
    return Settings(
        n=given["n"],
        context=given["context"],
        top_k=given["top_k"],
        cold=given["cold"],
        carry_over=given["carry_over"],
        leak_guard=given["leak_guard"],
        seed=given["seed"],
        make_agent=agent_maker(given["agent"], given["agent_args"]),
        identity=partial(agent_identity, given["agent"], given["agent_args"]),
        max_rollouts=given["max_rollouts"],
        limits=limits,
        score_rollouts=given["score_rollouts"],
        hold=given["hold"],
        trajectory_tokens=given["trajectory_tokens"],
        units=given["units"],
        prompts=prompts,
        parameters={**plain, "agent": agent_name(given["agent"])},
    )


async def run_iteration(state: TaskState, generate: Generate, settings: Settings) -> TaskState:
    """Run an iteration and add it to the pool; sandboxes stay open where they are held.

    Args:
        state: The sample's state.
        generate: The sample's generate function.
        settings: What to run.

    Returns:
        The state.

    Raises:
        UserError: If the rollouts do not fit into `max_rollouts`, or there is no context to take.
        RuntimeError: If no rollout at all could be started.
    """
    active, spec, pool, crew = real_sample(), eval_spec(), pool_of(state), crew_of_sample()
    if spec.viewer is None:  # the log is written with it at the end
        spec.viewer = strategy_view([scorer.name for scorer in spec.scorers or ()])
    sandbox = await sandbox_spec(spec, active)
    if pool.iteration < 0:
        await remove_leftovers(spec)
        await register_sample(sandbox, spec)
        crew.units = Units(open_store(settings.units, spec, active.log_location))
    job = Job(
        iteration=pool.iteration + 1,
        state=state,
        generate=generate,
        spec=spec,
        sandbox=sandbox,
        setup=setup_steps(is_stage),
        agent=settings.make_agent(spec),
        limits=settings.limits,
        summarizer=role_model("summarizer"),
        summarizer_prompt=settings.prompts["summarizer"],
        summarizer_reask=settings.prompts["summarizer_reask"],
        trajectory_tokens=settings.trajectory_tokens,
        hold=settings.hold,
        identity=settings.identity(spec),
        units=crew.units,
    )
    role_model("judge")  # a role that cannot be made fails here, before the first rollout
    contexts = _contexts(pool, job.iteration, settings)
    default = max(settings.n, default_sandboxes(spec, sandbox, DEFAULT_ROLLOUTS_AT_ONCE))
    at_once = settings.max_rollouts or default
    if pool.iteration < 0:
        await check_capacity(sandbox, at_once)
    await widen_throttles(spec, sandbox.type if sandbox else None, at_once)
    carried = pool.selected if settings.carry_over else []
    for id in carried:
        crew.owners[id].carry()
    crew.release(set(crew.owners) - set(carried))  # nothing else but summaries goes on
    owners = [_owner(job, settings, pool, i, contexts[i], at_once) for i in range(settings.n)]
    progress.plan("rollouts", settings.n)
    progress.plan("summaries", settings.n)
    started = monotonic()
    async with span(f"iteration {job.iteration}", type="iteration"):
        grow = settings.max_rollouts is None
        async with reserve_slots("rollouts", at_once, grow=grow) as slots:
            held = settings.hold and sandbox is not None
            if held:
                _check_room(settings.n, slots)
            crew.start(owners)
            for each in owners if held else ():
                await each.entered.wait()
        for each in owners:
            await each.finished.wait()
    records = [each.result.rollout for each in owners if each.result]
    _add(pool, records, settings, carried, monotonic() - started)
    return state


def _owner(
    job: Job,
    settings: Settings,
    pool: RolloutPool,
    index: int,
    context: tuple[str, ...],
    at_once: int,
) -> Owner:
    summaries = numbered([pool.by_id(id) for id in context], "attempt")
    refinement = settings.prompts["refinement"].format(summaries=summaries) if context else ""
    grade = partial(grade_in_place, job=job)
    return Owner(
        job.id(index),
        slot=concurrency("rollouts", at_once),
        attempt=partial(run_rollout, job, index, context, refinement),
        grade=grade if settings.score_rollouts else None,
        hold=settings.hold and job.sandbox is not None,
    )


def check_tasks(settings: Settings) -> None:
    """Check the settings against the tasks that are about to run, where these are known already.

    Raises:
        UserError: If a task ships no agent, or the rollouts do not fit into `max_rollouts`.
    """
    for each in tasks_to_run():
        if settings.parameters["agent"] == agent_name(None):
            check_own_solver(each.task.name, each.task.solver)
        if settings.max_rollouts is not None and settings.hold and each.has_sandbox:
            _check_room(settings.n, settings.max_rollouts)


def _check_room(needed: int, slots: int) -> None:
    if slots < needed:
        raise UserError(
            f"max_rollouts={slots} is too small: the selection chooses among {needed} rollouts "
            "whose sandboxes must all be open, because the selected one is handed to the scorer as "
            f"it is. Give max_rollouts >= {needed}, or a smaller n"
        )


def _contexts(pool: RolloutPool, iteration: int, settings: Settings) -> tuple[tuple[str, ...], ...]:
    if settings.context is None:
        return ((),) * settings.n
    key = f"{pool.problem}/t{iteration}/context"
    earlier = pool.population(iteration - 1)
    previous = [rollout.id for rollout in earlier]
    allowed = eligible(earlier, leak_guard=settings.leak_guard)
    try:
        chosen = refinement_contexts(
            settings.context,
            n=settings.n,
            previous=previous,
            selected=pool.selected,
            top_k=settings.top_k,
            seed=settings.seed,
            key=key,
            cold=settings.cold,
            barred=set(previous) - set(allowed),
        )
    except ValueError as error:
        raise UserError(str(error)) from error
    if settings.context == "random":
        warm = range(settings.n - settings.cold)
        lots = [draw(allowed, seed=settings.seed, key=f"{key}/{i}") for i in warm]
        pool.draws = [*pool.draws, *lots]
    return chosen


def _add(
    pool: RolloutPool,
    records: list[Rollout],
    settings: Settings,
    carried: list[str],
    seconds: float,
) -> None:
    iteration = records[0].iteration
    used = tuple(prompt.record for prompt in settings.prompts.values())
    stage = Stage(
        name="rollouts",
        iteration=iteration,
        parameters=settings.parameters,
        prompts=used,
        seconds=seconds,
    )
    pool.stages = [*pool.stages, stage]
    pool.rollouts = [*pool.rollouts, *records]
    pool.selected = [*eligible(records, leak_guard=settings.leak_guard), *carried]
    if all(record.status == "error" and record.turns == 0 for record in records):
        raise RuntimeError(
            f"none of the {len(records)} rollouts could be started; the first failed with "
            f"{records[0].reason}"
        )
