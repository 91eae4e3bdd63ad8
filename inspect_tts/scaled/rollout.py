"""A sample that is a rollout: its solver runs the agent, its scorer records and grades the result.

A limit or error that ends the agent may also end the solver. So the scorer reads the facts and has
the summary written, since Inspect runs scorers outside the sample's limits.
"""

from weakref import WeakKeyDictionary

from inspect_ai.event import SampleLimitEvent
from inspect_ai.log import transcript
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import Generate, TaskState
from inspect_ai.util import LimitExceededError, sample_limits, span

from inspect_tts import progress
from inspect_tts._inspect import (
    SandboxSet,
    eval_spec,
    grade_as,
    isolate_rollout,
    model_cache_scope,
    outer_sample,
    running_task,
    sandbox_spec,
    score_with,
)
from inspect_tts.errors import UserError, gather
from inspect_tts.machine.orphans import register_folders
from inspect_tts.method.records import Rollout
from inspect_tts.method.refinement import rollout_place
from inspect_tts.method.seeding import cache_scope
from inspect_tts.models.preflight import asked_models, preflight
from inspect_tts.rollout.agent_run import AgentRun
from inspect_tts.rollout.job import Job
from inspect_tts.rollout.rollout import observe, run_agent, summarize_rollout
from inspect_tts.scores import score_number
from inspect_tts.stages.adopt import take_over_state

from .records import ROLLOUT, ScaledRollout
from .scheduler import is_rollout, split_id
from .source import ScaledSource

_running: WeakKeyDictionary[object, AgentRun] = WeakKeyDictionary()
"""Rollouts whose solver has begun and whose scorer has not."""


def running_source() -> ScaledSource:
    """The `ScaledSource` of the running task."""
    source = running_task(eval_spec()).sample_source
    if not isinstance(source, ScaledSource):
        raise UserError(
            "this step belongs to the task inspect_tts/scaled; for any other task give the "
            "strategy itself, as --solver pdr_rtv"
        )
    return source


async def run_sample(state: TaskState, generate: Generate, source: ScaledSource) -> None:
    """Run the agent of a rollout's sample."""
    source.check_expected(state.sample_id, state.epoch)
    active, spec, plan = outer_sample(), eval_spec(), source.plan
    id, part = split_id(state.sample_id)
    problem, (iteration, index) = source.problem(id, state.epoch), rollout_place(part)
    sandbox = await sandbox_spec(spec, active)
    job = Job.begin(
        plan.settings,
        state,
        generate,
        iteration=iteration,
        sandbox=sandbox,
        setup=plan.setup,
        problem=f"{id}/{state.epoch}",
    )
    asked = [*asked_models([plan.strategy]), *job.models]
    await preflight(spec, asked if plan.settings.options.preflight else ())
    register_folders(sandbox, spec, active.sandbox_environments)
    following = progress.followed(f"{id}/{state.epoch}")
    following.begin("rollouts", f"iteration {iteration}", len(problem.contexts[iteration]))
    following.start(part)
    following.meter(part, job.budget)
    earlier = [problem.finished[id].record for id in problem.context(part)]
    run = AgentRun.begin(job, index, job.refinement(earlier))
    run.state._sample_id = problem.sample.id or 0
    if sandbox is not None:
        run.sandboxes = SandboxSet(sandbox, active.task, False, active.sandbox_environments)
    _running[active] = run
    await gather([_run(run, state, source)])
    ended = run.ended
    if ended.error is not None and (active.fails_on_error or ended.turns == 0):
        raise ended.error  # so that Inspect retries it, now or in `eval-retry`
    if ended.limit is not None and _is_the_samples(ended.limit, state):
        raise ended.limit


def _is_the_samples(error: LimitExceededError, state: TaskState) -> bool:
    """Whether a limit is the sample's own, so that Inspect reports it for the sample.

    Only the innermost message limit applies: the rollout sets the sample's limit again as its own.
    """
    if error.type == "message":
        return error.limit == state.message_limit
    return error.source in vars(sample_limits()).values()


async def _run(run: AgentRun, state: TaskState, source: ScaledSource) -> None:
    """Run the agent in its own async context."""
    score_with(source.plan.scorers, state.target)
    sample_view = isolate_rollout(run.state, outer_sample())
    async with span(f"rollout {run.id}", id=run.id):  # no agent span: the agent is the whole sample
        try:
            await run_agent(run, sample_view)
        except LimitExceededError as error:
            run.ended.limit = error
            raise


@scorer(name=ROLLOUT, metrics=[mean(), stderr()])
def rollout_score() -> Scorer:
    """Record the result of a rollout's sample, summarize it, and grade it by the task's scorers.

    Model Roles:
        summarizer: Writes the summary; default the model under evaluation.

    Returns:
        A scorer of rollouts. The value is the first of the task's scores as a number; the metadata
        holds all of them. Samples of selections and those that end a problem get no score.
    """

    async def score(state: TaskState, target: Target) -> Score | None:
        id, part = split_id(state.sample_id)
        if not is_rollout(part):
            return None
        source, run = running_source(), _running.pop(outer_sample(), None)
        if run is None:
            raise RuntimeError(f"the rollout {state.sample_id} ended before its agent could start")
        record = await _read(run)
        take_over_state(state, run.state)
        state.store_as(ScaledRollout).record = record
        scorers = source.plan.scorers
        if not scorers:
            return None
        problem = source.problem(id, state.epoch).sample.id or 0
        [scores] = await gather([grade_as(state, scorers, target, problem)])
        dumped = {name: each.model_dump(mode="json") for name, each in scores.items()}
        first = next(iter(scores.values()), None)
        return Score(
            value=float("nan") if first is None else score_number(first.value),
            answer=first.answer if first else None,
            explanation=first.explanation if first else None,
            metadata={"scores": dumped},
        )

    return score


async def _read(run: AgentRun) -> Rollout:
    if not run.reached_end and run.ended.limit is None:
        run.ended.limit = _ended_by()
    await observe(run)
    with model_cache_scope(cache_scope(run.job.state.epoch, run.id)):
        return run.record(await summarize_rollout(run))


def _ended_by() -> LimitExceededError:
    """The limit that ended the sample while its agent ran, as Inspect logged it."""
    events = [each for each in transcript().events if isinstance(each, SampleLimitEvent)]
    if not events:
        return LimitExceededError("custom", value=0, limit=0, message="the sample was ended")
    last = events[-1]
    return LimitExceededError(
        "custom" if last.type == "operator" else last.type,
        value=last.limit or 0,
        limit=last.limit or 0,
        message=last.message,
    )
