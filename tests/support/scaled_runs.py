"""One problem as a scaled run, with an act for each rollout."""

from pathlib import Path
from typing import Any

from inspect_ai import Task, eval_set, task
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import TaskState
from scripted import Act, acting, echo, last_words, model, run, summarize
from scripted import prefer as prefers

from inspect_tts import Rollout, RolloutPool, bash_agent
from inspect_tts.scaled.task import scaled


@task
def one_problem(kind: str | None = None, scorers: str = "last_words") -> Task:
    return Task(
        name="one_problem",
        dataset=[Sample(id="p", input="Solve it.", target="#good")],
        scorer={"last_words": last_words, "fails_on_bad": fails_on_bad}[scorers](),
        solver=bash_agent(),
        sandbox=kind,
    )


@scorer(metrics=[mean()])
def fails_on_bad() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        if "#bad" in state.output.completion:
            raise ValueError("cannot grade this")
        return Score(value=1.0)

    return score


def run_acts(folder: Path, *acts: Act, **options: Any) -> EvalLog:
    """One rollout for each act, started one after the other."""
    task_args: dict[str, Any] = {n: options.pop(n) for n in ("kind", "scorers") if n in options}
    arguments = {"n": len(acts), "votes": 1, "agent": acting(*acts), **options.pop("arguments", {})}
    made = scaled(task="one_problem", strategy="rtv", task_args=task_args, strategy_args=arguments)
    models = {"agent": echo, "summarizer": summarize, "judge": prefers("#good")}
    return run(made, None, folder, max_samples=1, **{**models, **options})


def run_until_done(made: Task, folder: Path, **options: Any) -> EvalLog:
    """Run a scaled task as an eval set, which tries it again while it ends with an error."""
    done, [log] = eval_set(
        made,
        str(folder),
        model=model(echo),
        model_roles={"summarizer": model(summarize), "judge": model(prefers("#good"))},
        retry_attempts=2,
        retry_wait=0.1,
        display="none",
        ctl_server=False,
        **options,
    )
    assert done
    return read_eval_log(log.location)


def parts(log: EvalLog) -> dict[str, EvalSample]:
    return {str(sample.id): sample for sample in log.samples or []}


def value(sample: EvalSample, name: str) -> Any:
    """The value of one of a sample's scores."""
    return (sample.scores or {})[name].value


def record(log: EvalLog, index: int) -> Rollout:
    """The record of a rollout, as its sample left it."""
    [found] = [
        rollout
        for rollout in parts(log)["p"].store_as(RolloutPool).rollouts
        if rollout.index == index
    ]
    return found
