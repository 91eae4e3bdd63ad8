"""Begins and ends the progress of an eval with the eval."""

from collections.abc import Sequence

from inspect_ai.hooks import Hooks, SampleEnd, TaskEnd, hooks
from inspect_ai.log import EvalLog, EvalSpec, read_eval_log_sample_summaries_async

from inspect_tts._inspect import (
    EvalEnd,
    at_eval_end,
    at_run_end,
    count_steps,
    retried_log,
    say,
    step_names,
    task_variables,
)
from inspect_tts.registry import is_stage
from inspect_tts.resume.saved_results import beside
from inspect_tts.scores import mark_unknown

from .plan import phases, planned_parts, planned_stages
from .reporter import Reporter, line_every
from .run import RUNS, Run
from .state import RunState

_CANCELLED = ("CancelledError(", "Cancelled(")
"""How Inspect's errors of samples begin that were cancelled: a retry runs them."""
_registered: list[type[Hooks]] = []


async def begin_progress(spec: EvalSpec) -> None:
    """Begin to follow an eval whose steps are ours; called when its task starts."""
    task = task_variables()
    steps = task["plan"].steps
    plan = phases(planned_stages(steps))
    if not plan:
        return
    _register()
    parts = planned_parts(steps)
    log = task["logger"].location
    state = RunState(
        task=spec.task,
        model=spec.model,
        strategy=parts.strategy if parts else _strategy(steps),
        log=log,
        problems=parts.problems * (spec.config.epochs or 1) if parts else task["total_samples"],
        reused=0 if parts else await _reused(spec),
        plan=plan,
    )
    run = RUNS[spec.eval_id] = Run(state)
    run.move_bar = count_steps(task["td"], state.totals("rollouts").total, state.bar)
    run.show(at_once=True)
    reporter = Reporter(run, beside(log, spec), line_every())

    def end(ended: EvalLog | EvalEnd) -> None:
        if RUNS.pop(spec.eval_id, None) is not None:
            reporter.stop(ended.status)

    at_eval_end(spec, "progress", end)  # before the folder of the saved results is removed
    at_run_end(spec, "progress", end)  # also of an eval that was cancelled


def _strategy(steps: Sequence[object]) -> str:
    names = [name for step in steps for name in step_names(step) if is_stage(name)]
    return "+".join(name.rpartition("/")[2] for name in names)


async def _reused(spec: EvalSpec) -> int:
    """How many samples a retry takes over whole."""
    retried = retried_log(spec)
    if retried is None:
        return 0
    summaries = await read_eval_log_sample_summaries_async(retried)
    return sum(summary.completed and summary.error is None for summary in summaries)


def _register() -> None:
    if _registered:
        return

    @hooks(name="inspect_tts_progress", description="Follows what inspect_tts runs")
    class ProgressHook(Hooks):
        async def on_sample_end(self, data: SampleEnd) -> None:
            if (run := RUNS.get(data.eval_id)) is None:
                return
            problem = run.problems.get(f"{data.sample.id}/{data.sample.epoch}")
            error = data.sample.error
            if problem is not None and not (error and error.message.startswith(_CANCELLED)):
                problem.over(failed=error is not None)

        async def on_task_end(self, data: TaskEnd) -> None:
            for reason in mark_unknown(data.log, task_variables().get("results")):
                say(reason)

    _registered.append(ProgressHook)
