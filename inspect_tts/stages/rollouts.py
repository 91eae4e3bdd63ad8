"""The stage that runs one iteration of rollouts."""

from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import SandboxEnvironmentSpec, concurrency, span

from inspect_tts._inspect import (
    default_sandboxes,
    eval_spec,
    real_sample,
    register_spec_hook,
    reserve_slots,
    sandbox_spec,
    setup_steps,
    widen_throttles,
)
from inspect_tts.core.records import Rollout, Stage
from inspect_tts.core.refinement import CONTEXTS, Context, refinement_contexts
from inspect_tts.core.summary import numbered
from inspect_tts.errors import UserError
from inspect_tts.models import check_roles, role_model
from inspect_tts.prompts import Prompt, load_prompt

from . import progress
from .agent import AgentArg, agent_maker, agent_name
from .arguments import at_least, known_arguments, one_of
from .crew import Owner, crew_of_sample
from .names import is_stage
from .pool import RolloutPool, draw, pool_of
from .rollout import Job, Limits, grade_in_place, run_rollout

DEFAULT_ROLLOUTS_AT_ONCE = 64
"""Rollouts at once in the process where neither the user nor the sandbox provider sets a limit."""


@solver
@known_arguments
def rollouts(
    n: int = 16,
    context: Context | None = None,
    top_k: int = 4,
    seed: int = 0,
    agent: AgentArg = None,
    agent_args: dict[str, Any] | None = None,
    max_rollouts: int | None = None,
    token_limit: int | None = None,
    message_limit: int | None = None,
    turn_limit: int | None = None,
    time_limit: float | None = None,
    cost_limit: float | None = None,
    score_rollouts: bool = False,
    hold: bool = True,
    trajectory_tokens: int = 100_000,
    summarizer_prompt: str | None = None,
    summarizer_reask_prompt: str | None = None,
    refinement_prompt: str | None = None,
) -> Solver:
    """Run one iteration: n rollouts, each in a fresh sandbox, each summarised as soon as it ends.

    Model Roles:
        summarizer: Writes the summaries; default the model under evaluation.

    Args:
        n: Rollouts, N of the paper.
        context: Where the refinement context of each comes from: None for none, `select` for the
            last selection, `random` for a draw of `top_k` for each, `single` for its predecessor.
        top_k: Size K of a random draw.
        seed: Seed of all lots.
        agent: An agent, a solver, or the name of one; default the task's own solver.
        agent_args: Arguments for an agent given by name.
        max_rollouts: Rollouts at once in the whole process; default the larger of n and the sandbox
            limit (`--max-sandboxes`, else the provider's default, else 64).
        token_limit: Tokens of each rollout.
        message_limit: Messages of each rollout. The sample's own limit applies to each as well.
        turn_limit: Model generations of each rollout.
        time_limit: Seconds of each rollout.
        cost_limit: Dollars of each rollout.
        score_rollouts: Whether to grade, with the task's scorers, each rollout that is not adopted:
            in place, once, after the selection. No prompt and no decision reads these scores.
        hold: Whether sandboxes stay open until a selection needs them no more. Without it each is
            closed after its summary and cannot be adopted or graded.
        trajectory_tokens: Room for a trajectory in the summarizer's prompt, in tokens.
        summarizer_prompt: Replaces the summarizer prompt: the text, or the path of a file.
        summarizer_reask_prompt: Replaces what follows an unreadable summary.
        refinement_prompt: Replaces the text around the refinement context.

    Returns:
        A solver that adds the iteration to the sample's `RolloutPool`.

    Raises:
        UserError: If an argument is out of range, an agent unknown, or a prompt incomplete.
    """
    at_least("n", n, 1)
    at_least("top_k", top_k, 1)
    at_least("seed", seed, 0)
    at_least("max_rollouts", max_rollouts, 1)
    at_least("trajectory_tokens", trajectory_tokens, 500)
    limits = Limits(token_limit, message_limit, turn_limit, time_limit, cost_limit)
    for name, value in vars(limits).items():
        fraction = name in ("cost_limit", "time_limit")
        at_least(name, value, 0 if fraction else 1, whole=not fraction)
    one_of("context", context, (None, *CONTEXTS))
    check_roles()
    if score_rollouts and not hold:
        raise UserError("score_rollouts=true grades in open sandboxes: use it with hold=true")
    make_agent = agent_maker(agent, agent_args)
    prompts = {
        "summarizer": load_prompt("summarizer", summarizer_prompt),
        "summarizer_reask": load_prompt("summarizer_reask", summarizer_reask_prompt),
        "refinement": load_prompt("refinement", refinement_prompt),
    }
    arguments = {
        "n": n,
        "context": context,
        "top_k": top_k,
        "seed": seed,
        "agent": agent_name(agent),
        "agent_args": agent_args or {},
        "max_rollouts": max_rollouts,
        **vars(limits),
        "score_rollouts": score_rollouts,
        "hold": hold,
        "trajectory_tokens": trajectory_tokens,
    }
    register_spec_hook()

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        active, spec, pool, crew = real_sample(), eval_spec(), pool_of(state), crew_of_sample()
        sandbox = await sandbox_spec(spec, active)
        job = Job(
            iteration=pool.iteration + 1,
            state=state,
            generate=generate,
            spec=spec,
            sandbox=sandbox,
            setup=setup_steps(is_stage),
            agent=make_agent(spec),
            limits=limits,
            summarizer=role_model("summarizer"),
            summarizer_prompt=prompts["summarizer"],
            summarizer_reask=prompts["summarizer_reask"],
            trajectory_tokens=trajectory_tokens,
        )
        role_model("judge")  # a role that cannot be made fails here, before the first rollout
        contexts = _contexts(pool, job.iteration, context, n, top_k, seed)
        at_once = max_rollouts or max(n, default_sandboxes(spec, sandbox, DEFAULT_ROLLOUTS_AT_ONCE))
        holding = hold and sandbox is not None
        await widen_throttles(spec, sandbox.type if sandbox else None, at_once)
        crew.release(list(crew.owners))  # nothing crosses iterations but summaries

        def owner(index: int) -> Owner:
            refinement = _refinement(pool, contexts[index], prompts["refinement"])
            return Owner(
                job.id(index),
                slot=_slot(at_once),
                attempt=partial(run_rollout, job, index, contexts[index], refinement),
                grade=partial(grade_in_place, epoch=state.epoch) if score_rollouts else None,
                hold=holding,
            )

        owners = [owner(index) for index in range(n)]
        progress.plan("rollouts", n)
        progress.plan("summaries", n)
        async with span(f"iteration {job.iteration}", type="iteration"):
            async with reserve_slots("rollouts", at_once, grow=max_rollouts is None) as slots:
                _check_room(n, slots, holding, sandbox)
                crew.start(owners)
                for each in owners if holding else ():
                    await each.entered.wait()
            for each in owners:
                await each.finished.wait()
        _add(pool, [each.result.rollout for each in owners if each.result], arguments, prompts)
        return state

    return solve


def _slot(at_once: int) -> AbstractAsyncContextManager[object]:
    return concurrency("rollouts", at_once)


def _check_room(n: int, slots: int, holding: bool, sandbox: SandboxEnvironmentSpec | None) -> None:
    if holding and slots < n:
        kind = sandbox.type if sandbox else "no"
        raise UserError(
            f"max_rollouts={slots} is too small: the selection chooses among {n} rollouts whose "
            f"{kind} sandboxes must all be open, because the selected one is handed to the scorer "
            f"as it is. Give max_rollouts >= {n}, or a smaller n"
        )


def _contexts(
    pool: RolloutPool, iteration: int, context: Context | None, n: int, top_k: int, seed: int
) -> tuple[tuple[str, ...], ...]:
    if context is None:
        return ((),) * n
    key = f"{pool.problem}/t{iteration}/context"
    previous = [rollout.id for rollout in pool.population(iteration - 1)]
    try:
        chosen = refinement_contexts(
            context,
            n=n,
            previous=previous,
            selected=pool.selected,
            top_k=top_k,
            seed=seed,
            key=key,
        )
    except ValueError as error:
        raise UserError(str(error)) from error
    if context == "random":
        for index in range(n):
            lot = f"{key}/{index}"
            pool.draws = [*pool.draws, draw(previous, seed=seed, key=lot)]
    return chosen


def _refinement(pool: RolloutPool, context: tuple[str, ...], prompt: Prompt) -> str:
    if not context:
        return ""
    return prompt.format(summaries=numbered([pool.by_id(id) for id in context], "attempt"))


def _add(
    pool: RolloutPool,
    records: list[Rollout],
    arguments: dict[str, Any],
    prompts: dict[str, Prompt],
) -> None:
    iteration = records[0].iteration
    used = tuple(prompt.record for prompt in prompts.values())
    stage = Stage(name="rollouts", iteration=iteration, parameters=arguments, prompts=used)
    pool.stages = [*pool.stages, stage]
    pool.rollouts = [*pool.rollouts, *records]
    pool.selected = [record.id for record in records]
    if all(record.status == "error" and record.turns == 0 for record in records):
        raise RuntimeError(
            f"none of the {len(records)} rollouts could be started; the first failed with "
            f"{records[0].reason}"
        )
