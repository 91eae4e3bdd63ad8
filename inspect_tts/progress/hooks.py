"""Begins and ends the progress of an eval with the eval."""

from collections.abc import Sequence

from inspect_ai.hooks import Hooks, SampleEnd, hooks
from inspect_ai.log import EvalLog, EvalSpec, read_eval_log_sample_summaries_async

from inspect_tts._inspect import (
    EvalEnd,
    at_eval_end,
    at_run_end,
    beginning_task,
    count_steps,
    retried_log,
    step_names,
)
from inspect_tts.registry import SCALED, is_stage
from inspect_tts.resume.saved_results import beside

from .plan import phases, planned_problems, planned_stages
from .reporter import Reporter, line_every
from .run import RUNS, Run
from .state import RunState

_registered: list[type[Hooks]] = []


async def begin_progress(spec: EvalSpec) -> None:
    """Begin to follow an eval whose steps are ours; called when its task starts."""
    task = beginning_task()
    steps = task["plan"].steps
    plan = phases(planned_stages(steps))
    if not plan:
        return
    _register()
    problems = planned_problems(steps)
    scaled, epochs = problems is not None, spec.config.epochs or 1
    log = task["logger"].location
    state = RunState(
        task=spec.task,
        model=spec.model,
        strategy=_strategy(spec, steps),
        log=log,
        problems=task["total_samples"] if problems is None else problems * epochs,
        reused=0 if scaled else await _reused(spec),
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


def _strategy(spec: EvalSpec, steps: Sequence[object]) -> str:
    names = [n.rpartition("/")[2] for step in steps for n in step_names(step) if is_stage(n)]
    return spec.task_args.get("strategy", "pdr_rtv") if SCALED in names else "+".join(names)


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
            if problem is not None:
                problem.over(failed=data.sample.error is not None)

    _registered.append(ProgressHook)
