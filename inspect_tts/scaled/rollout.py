"""A sample that is a rollout: its solver runs the agent, its scorer reads and grades the end.

What ends an agent may end the solver with it. So the facts are read, and the summary is written,
where Inspect scores: outside of the sample's limits.
"""

from dataclasses import dataclass
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
    fresh_state,
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
from inspect_tts.models.roles import role_model
from inspect_tts.resume.saved_results import SavedResults
from inspect_tts.rollout.admission import Budget
from inspect_tts.rollout.agent_run import Play, observe, run_agent
from inspect_tts.rollout.context import Job, problem_text
from inspect_tts.rollout.refinement import Refinement, refinement_of
from inspect_tts.rollout.rollout import record_of, summarise
from inspect_tts.rollout.saved import Played
from inspect_tts.scores import score_number
from inspect_tts.stages.adopt import take_over_state

from .records import ROLLOUT, Problem, ScaledRollout
from .scheduler import is_rollout, split_id
from .source import ScaledSource


@dataclass
class _Running:
    """A rollout between its solver and its scorer."""

    job: Job
    play: Play
    index: int
    refinement: Refinement
    lane: int


_running: WeakKeyDictionary[object, _Running] = WeakKeyDictionary()


def running_source() -> ScaledSource:
    """The source of the running task."""
    source = running_task(eval_spec()).sample_source
    if not isinstance(source, ScaledSource):
        raise UserError(
            "this step belongs to the task inspect_tts/scaled; for any other task give the "
            "strategy itself, as --solver pdr_rtv"
        )
    return source


async def play_rollout(state: TaskState, generate: Generate, source: ScaledSource) -> None:
    """Run the agent of a rollout's sample."""
    active, spec = outer_sample(), eval_spec()
    id, part = split_id(state.sample_id)
    problem = source.problem(id, state.epoch)
    _, index = rollout_place(part)
    source.check_expected(state.sample_id, state.epoch)
    job = source.plan.settings.job(
        spec,
        iteration=problem.iteration,
        state=state,
        generate=generate,
        sandbox=await sandbox_spec(spec, active),
        setup=list(source.plan.setup),
        hold=False,
        units=SavedResults(None),
        budget=Budget(),
    )
    role_model("judge")  # a role that cannot be made fails here, before anything is paid for
    if source.plan.settings.options.preflight:
        await preflight(spec, asked_models([source.plan.strategy]))
    register_folders(job.sandbox, spec, active.sandbox_environments)
    progress.plan("rollouts", 1)
    progress.plan("summaries", 1)
    own = _own_state(state, job, problem, cache_scope(state.epoch, part))
    sandboxes = None
    if job.sandbox is not None:
        sandboxes = SandboxSet(job.sandbox, active.task, False, active.sandbox_environments)
    play = Play(Played("", own, sandboxes))
    refinement = refinement_of(
        source.plan.settings.prompts["refinement"],
        [problem.finished[id].record for id in problem.contexts[index]],
        iteration=problem.iteration,
        seed=source.plan.settings.options.seed,
        problem=problem_text(state),
    )
    _running[active] = _Running(job, play, index, refinement, own.epoch)
    await gather([_play(job, part, refinement.text, play, state, source)])
    progress.done("rollouts")
    ended = play.ended
    if ended.error is not None and (active.fails_on_error or ended.turns == 0):
        raise ended.error  # for Inspect to try again, now or under `eval-retry`
    if ended.limit is not None and _is_the_samples(ended.limit, state):
        raise ended.limit


def _is_the_samples(error: LimitExceededError, state: TaskState) -> bool:
    """Whether a limit was given for the sample, so that Inspect shows it there.

    Of limits on messages only the innermost counts: a rollout has the sample's as its own.
    """
    if error.type == "message":
        return error.limit == state.message_limit
    return error.source in vars(sample_limits()).values()


async def _play(
    job: Job, part: str, refinement: str, play: Play, state: TaskState, source: ScaledSource
) -> None:
    """The agent, in a context of its own."""
    score_with(source.plan.scorers, state.target)
    sample_view = isolate_rollout(play.played.state, outer_sample())
    async with span(f"rollout {part}", id=part):  # no sub-agent: the sample is about nothing else
        try:
            await run_agent(job, part, refinement, play, sample_view)
        except LimitExceededError as error:
            play.ended.limit = error
            raise


def _own_state(state: TaskState, job: Job, problem: Problem, own_scope: int) -> TaskState:
    own = fresh_state(
        state,
        outer_sample(),
        cache_scope=own_scope,
        message_limit=job.limits.message_limit,
        token_limit=job.limits.token_limit,
        cost_limit=job.limits.cost_limit,
    )
    own._sample_id = problem.sample.id or 0
    return own


@scorer(name=ROLLOUT, metrics=[mean(), stderr()])
def rollout_score() -> Scorer:
    """Record what a rollout's sample left behind, summarise it, and grade it by the task's scorers.

    Model Roles:
        summarizer: Writes the summary; default the model under evaluation.

    Returns:
        A scorer of rollouts: the first of the task's scores as a number, all of them in the score's
        metadata. Samples of selections and those that end a problem get no score.
    """

    async def score(state: TaskState, target: Target) -> Score | None:
        id, part = split_id(state.sample_id)
        if not is_rollout(part):
            return None
        source, running = running_source(), _running.pop(outer_sample(), None)
        if running is None:
            raise RuntimeError(f"the rollout {state.sample_id} ended before its agent could start")
        record = await _read(running, part)
        take_over_state(state, running.play.played.state)
        state.store_as(ScaledRollout).record = record
        scorers = source.plan.scorers
        if not scorers:
            return None
        problem = source.problem(id, state.epoch).sample.id or 0
        [scores] = await gather([grade_as(state, scorers, target, problem)])
        kept = {name: each.model_dump(mode="json") for name, each in scores.items()}
        first = next(iter(scores.values()), None)
        return Score(
            value=float("nan") if first is None else score_number(first.value),
            answer=first.answer if first else None,
            explanation=first.explanation if first else None,
            metadata={"scores": kept},
        )

    return score


async def _read(running: _Running, part: str) -> Rollout:
    job, play = running.job, running.play
    if not play.reached_end and play.ended.limit is None:
        play.ended.limit = _ended_by()
    await observe(job, part, play)
    with model_cache_scope(running.lane):
        async with span(f"summary {part}", type="summary"):
            summary = await summarise(job, play.played)
    context = running.refinement.context
    rollout = record_of(job, running.index, context, play.played, summary)
    return running.refinement.noted(rollout)


def _ended_by() -> LimitExceededError:
    """What ended the sample around its agent, as Inspect logged it."""
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
