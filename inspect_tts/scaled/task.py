"""The task `scaled`: another task's problems, with each rollout of a strategy as a sample."""

from collections.abc import Sequence
from difflib import get_close_matches
from functools import wraps
from typing import Any, cast

from inspect_ai import Epochs, Task, task, task_with
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Score, Scorer, Target
from inspect_ai.solver import Generate, Solver, TaskState, solver

from inspect_tts import strategies
from inspect_tts._inspect import (
    InnerTask,
    load_inner,
    registered_names,
    scorer_names,
    step_names,
    without_place,
    wrap_task,
)
from inspect_tts.arguments import at_least, known_task_arguments, mapping, one_of
from inspect_tts.benchmarks.swe_verified.checked import ImageCheck
from inspect_tts.errors import UserError, no_traceback
from inspect_tts.options import RolloutsOptions, RtvOptions
from inspect_tts.paths import check_task_file, user_path
from inspect_tts.progress import Parts, mark_planned, planned_stages
from inspect_tts.registry import STRATEGY_NAMES
from inspect_tts.rollout.agent import check_own_solver
from inspect_tts.rollout.job import check_settings
from inspect_tts.scores import strategy_view
from inspect_tts.strategies import STRATEGIES

from .records import ROLLOUT
from .rollout import rollout_score, run_sample, running_source
from .scheduler import is_rollout, split_id
from .selection import adopted_scores, continue_strategy
from .source import Plan, ScaledSource

_NEEDLESS = {
    "max_rollouts": "Inspect's --max-samples limits the rollouts that run at once",
    "score_rollouts": "every rollout is graded",
    "stages": "a rollout's sandbox is closed once it is graded; use --solver for stages",
}


@task
@known_task_arguments
def scaled(
    task: str,
    strategy: str = "pdr_rtv",
    task_args: dict[str, Any] | None = None,
    strategy_args: dict[str, Any] | None = None,
    sandbox: str | None = None,
    limit: int | None = None,
    sample_id: str | list[str] | None = None,
) -> Task:
    """Run a strategy on a task's problems with each rollout as an Inspect sample.

    It decides as the strategy does with `--solver`, but suits very large runs. Each rollout has its
    own sandbox, limits, retries and line in the viewer. Its sandbox closes once it is graded. A run
    that was cut off continues with `inspect eval-retry`.

    Model Roles:
        judge: Votes; default the model under evaluation.
        summarizer: Writes the summaries; default the model under evaluation.

    Args:
        task: The task: `package/name`, `file.py` or `file.py@name`.
        strategy: `rtv`, `pdr`, `pdr_rtv`, `robust` or `cheap`.
        task_args: The task's arguments.
        strategy_args: The strategy's arguments, except `max_rollouts`, `score_rollouts` and
            `stages`, which are refused.
        sandbox: Type of sandbox, or `type:config`, instead of the task's own.
        limit: Run only the first `limit` problems. Inspect's `--limit` would count rollouts.
        sample_id: Run only these problems. Inspect's `--sample-id` would name rollouts.

    Returns:
        The task. A problem ends with a sample of its own id, whose scores are the adopted
        rollout's. Samples `id#t0-n07` are rollouts, `id#t0` are selections among an iteration.

    Raises:
        UserError: If an argument is out of range or refused, or the task or strategy is not known.
    """
    one_of("strategy", strategy, STRATEGY_NAMES)
    at_least("limit", limit, 1)
    given = mapping("strategy_args", strategy_args)
    for name in _NEEDLESS:
        if name in given:
            raise UserError(f"strategy_args does not take {name}: {_NEEDLESS[name]}; leave it out")
    inner = _load(task, mapping("task_args", task_args), sandbox)
    chosen = getattr(strategies, strategy)(**given)
    options = STRATEGIES[strategy](**given)
    if options.waves and options.takes_evidence:
        raise UserError(
            "n='auto' with evidence or check executes results between waves, but here only a "
            "selection executes them. Run it with --solver instead of inspect_tts/scaled, leave "
            'both out, or give a number, for example strategy_args={"n": 8}'
        )
    samples = _problems(inner.samples, limit, sample_id)
    _check_images(inner.task, samples)
    scorers = tuple(inner.task.scorer or ())
    if options.agent is None and options.agents is None:
        check_own_solver(inner.task.name, inner.task.solver)
    source = ScaledSource(
        samples,
        Plan(
            strategy=chosen,
            settings=check_settings(_rollouts(options)),
            iterations=getattr(options, "iterations", 1),
            setup=_setup(inner.task),
            scorers=scorers,
            trajectories=options.judge_input == "trajectory" or options.evidence != "none",
        ),
    )
    outer = _outer(inner, source, chosen, scorers)
    wrap_task(outer, inner, source.begins)
    return outer


@solver
def scaled_strategy(strategy: Solver) -> Solver:
    """The solver of `inspect_tts/scaled`: runs a sample as a rollout or as a selection.

    Args:
        strategy: The strategy.

    Returns:
        The solver.
    """

    @no_traceback
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        source = running_source()
        if is_rollout(split_id(state.sample_id)[1]):
            await run_sample(state, generate, source)
            return state
        return await continue_strategy(state, generate, source)

    return solve


@solver
def scaled_options() -> Solver:
    """The first step of `inspect_tts/scaled`: refuses options that do not work with this task.

    Returns:
        The solver.
    """

    @no_traceback
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        running_source().check()
        return state

    return solve


def _outer(
    inner: InnerTask, source: ScaledSource, strategy: Solver, scorers: Sequence[Scorer]
) -> Task:
    """The task that Inspect runs: everything that is not about samples is from the inner task."""
    given, solver = inner.task, scaled_strategy(strategy)
    parts = Parts(step_names(strategy)[0].rpartition("/")[2], source.problems)
    mark_planned(solver, planned_stages([strategy]), parts)
    return task_with(
        without_place(given),
        dataset=source,
        setup=scaled_options(),
        solver=solver,
        scorer=[*_copies(scorers), rollout_score()],
        cleanup=_cleanup(given),
        sandbox=None,
        checkpoint=None,
        on_checkpoint=None,
        on_resume=None,
        epochs=Epochs(given.epochs or 1, given.epochs_reducer),
        fail_on_error=False,
        continue_on_fail=None,
        score_on_error=None,
        early_stopping=None,
        viewer=strategy_view([*scorer_names(scorers), ROLLOUT]),
    )


def _copies(scorers: Sequence[Scorer]) -> list[Scorer]:
    """Scorers with the same names and metrics that return the scores of the adopted rollout."""
    return [
        _copy(scorer, name) for scorer, name in zip(scorers, scorer_names(scorers), strict=True)
    ]


def _copy(scorer: Scorer, name: str) -> Scorer:
    @wraps(scorer)
    async def score(state: TaskState, target: Target) -> Score | None:
        scores = adopted_scores(state, running_source())
        return None if scores is None else scores.get(name)

    return cast("Scorer", score)


def _cleanup(inner: Task) -> Any:
    cleanup = inner.cleanup
    if cleanup is None:
        return None

    async def after_rollout(state: TaskState) -> None:
        if is_rollout(split_id(state.sample_id)[1]):
            await cleanup(state)

    return after_rollout


def _load(name: str, args: dict[str, Any], sandbox: str | None) -> InnerTask:
    check_task_file(name, f"task={name!r}")
    file, at, member = name.rpartition("@")
    path = file if at else name
    if path.endswith(".py"):
        name = f"{user_path(path)}{at}{member if at else ''}"
    type, _, config = (sandbox or "").partition(":")
    try:
        found = load_inner(name, args, (type, config) if config else type or None)
    except (TypeError, ValueError, LookupError, FileNotFoundError) as error:
        raise UserError(
            f"task={name!r} with task_args={args!r} could not be created: {error}. Give "
            "'package/name' (with its package installed) or 'file.py@name'"
        ) from error
    if not found:
        close = get_close_matches(name, registered_names("task"), n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(close)}?" if close else "."
        raise UserError(
            f"task={name!r} is not known{hint} Give 'package/name' (with its package installed) "
            "or 'file.py@name'"
        )
    if len(found) != 1:
        names = ", ".join(each.task.name for each in found)
        raise UserError(
            f"task={name!r} must name one task, but it names {names}: give 'package/name' (with "
            "its package installed) or 'file.py@name'"
        )
    return found[0]


def _problems(
    samples: Sequence[Sample], limit: int | None, sample_id: str | list[str] | None
) -> list[Sample]:
    for sample in samples:
        if split_id(sample.id or 0)[1]:
            raise UserError(
                f"the problem id {sample.id!r} looks like the id of a rollout; rename it"
            )
    if sample_id is None:
        return list(samples[:limit])
    wanted = [str(each) for each in (sample_id if isinstance(sample_id, list) else [sample_id])]
    known = {str(sample.id): sample for sample in samples}
    if missing := [id for id in wanted if id not in known]:
        some = ", ".join(list(known)[:5])
        raise UserError(
            f"sample_id={missing[0]!r} is not a problem of the task; its problems include {some}"
        )
    return [known[id] for id in wanted][:limit]


def _setup(inner: Task) -> tuple[Solver, ...]:
    setup = inner.setup
    if setup is None:
        return ()
    return tuple(setup) if isinstance(setup, Sequence) else (setup,)


def _check_images(inner: Task, samples: Sequence[Sample]) -> None:
    check = inner.early_stopping
    if check is None:
        return
    if not isinstance(check, ImageCheck):
        raise UserError(
            f"the task {inner.name} stops samples early by their scores, which no selection may "
            "see; run it with --solver instead of inspect_tts/scaled"
        )
    check.check(samples)


def _rollouts(options: RtvOptions) -> RolloutsOptions:
    """The options that all iterations share. The strategy sets the others."""
    return RolloutsOptions.of(options, context=None, without_context=0, keep_parents=False)
