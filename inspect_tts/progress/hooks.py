"""Follow an eval's progress from its start to its end."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from inspect_ai.hooks import Hooks, SampleEnd, TaskEnd, hooks
from inspect_ai.log import EvalLog, EvalSpec, read_eval_log_sample_summaries_async

from inspect_tts._inspect import (
    EvalEnd,
    at_eval_end,
    at_run_end,
    count_steps,
    retried_log,
    running_task,
    say,
    step_names,
    task_variables,
)
from inspect_tts.errors import CANCELLED
from inspect_tts.registry import is_followed
from inspect_tts.resume.saved_results import beside, tell_at_end
from inspect_tts.scores import mark_unknown, tag_log

from .plan import phases, planned_parts, planned_recorded, planned_stages
from .reporter import Reporter, line_every
from .run import RUNS, Run
from .state import RunState

_registered: list[type[Hooks]] = []


async def begin_progress(spec: EvalSpec) -> None:
    """Begin to follow an eval that runs steps of inspect_tts; called when its task starts."""
    task = task_variables()
    steps = task["plan"].steps
    stages = planned_stages(steps)
    if not stages:
        return
    _register()
    parts, recorded = planned_parts(steps), planned_recorded(stages)
    log = task["logger"].location
    reused = await _reused(spec)
    state = RunState(
        task=spec.task,
        model=spec.model,
        strategy=parts.strategy if parts else _strategy(steps),
        log=log,
        problems=parts.problems * (spec.config.epochs or 1) if parts else task["total_samples"],
        reused=0 if parts else len(reused),  # with parts, the source of rollouts counts them
        plan=[] if recorded else phases(stages),
        planned=recorded is None or not recorded.summarized,
    )
    run = RUNS[spec.eval_id] = Run(state)
    run.finished = len(reused)
    if recorded:
        of_problems = _metadata(spec, task["sample_ids"])
        tag_log(spec, state.strategy, _range(map(recorded.count, of_problems.values())))
        run.expect({k: phases(stages, m) for k, m in of_problems.items() if k not in reused})
    if total := state.totals("rollouts").total:
        run.move_bar = count_steps(task["td"], total, state.bar)
    run.show(at_once=True)
    reporter = Reporter(run, beside(log, spec), line_every())

    def end(ended: EvalLog | EvalEnd) -> None:
        if RUNS.pop(spec.eval_id, None) is not None:
            reporter.stop(ended.status)

    at_eval_end(spec, "progress", end)  # before the folder of the saved results is removed
    tell_at_end(spec, log, reused=len(reused), finished=lambda: run.finished)
    at_run_end(spec, "progress", end)  # also when the eval was cancelled


def _strategy(steps: Sequence[object]) -> str:
    names = [name for step in steps for name in step_names(step) if is_followed(name)]
    return "+".join(name.rpartition("/")[2] for name in names)


def _metadata(spec: EvalSpec, ids: Sequence[str | int]) -> dict[str, Mapping[str, Any]]:
    """The metadata of each sample that runs, keyed by `id/epoch`."""
    samples = [each for each in running_task(spec).dataset if each.id in set(ids)]
    epochs = range(1, (spec.config.epochs or 1) + 1)
    return {f"{each.id}/{epoch}": each.metadata or {} for each in samples for epoch in epochs}


def _range(numbers: Iterable[int]) -> str:
    found = sorted(set(numbers)) or [0]
    return str(found[0]) if len(found) == 1 else f"{found[0]}-{found[-1]}"


async def _reused(spec: EvalSpec) -> set[str]:
    """The samples that a retry takes over whole, each as `id/epoch`."""
    retried = retried_log(spec)
    if retried is None:
        return set()
    summaries = await read_eval_log_sample_summaries_async(retried)
    return {f"{each.id}/{each.epoch}" for each in summaries if each.completed and not each.error}


def _register() -> None:
    if _registered:
        return

    @hooks(name="inspect_tts_progress", description="Tracks the progress of inspect_tts")
    class ProgressHook(Hooks):
        async def on_sample_end(self, data: SampleEnd) -> None:
            if (run := RUNS.get(data.eval_id)) is None:
                return
            run.finished += data.sample.error is None
            problem = run.problems.get(f"{data.sample.id}/{data.sample.epoch}")
            error = data.sample.error
            if problem is not None and not (error and error.message.startswith(CANCELLED)):
                problem.over(failed=error is not None)

        async def on_task_end(self, data: TaskEnd) -> None:
            for reason in mark_unknown(data.log, task_variables().get("results")):
                say(reason)

    _registered.append(ProgressHook)
