"""`n=auto` in a scaled run whose waves are decided anew when it is tried again."""

from pathlib import Path

from inspect_ai import eval_set
from inspect_ai.log import read_eval_log
from inspect_ai.solver import TaskState
from scaled_runs import parts
from scripted import acting, echo, model, says, summarise
from scripted import prefer as prefers

from inspect_tts import RolloutPool
from inspect_tts.scaled.task import scaled


async def never_begins(state: TaskState) -> TaskState:
    raise ConnectionError("nobody is there")


def test_a_retry_keeps_the_rollouts_of_a_recorded_selection_though_it_would_stop_earlier(
    tmp_path: Path,
) -> None:
    first = [says("#good"), never_begins, says("#b"), says("#c"), *[never_begins] * 4]
    again = [says("#good"), *map(says, "defg")]  # now the first two agree
    made = scaled(
        task="one_problem",
        strategy="pdr_rtv",
        strategy_args={
            **{"n": "auto", "min_n": 2, "wave": 2, "max_n": 4, "top_k": 1, "votes": 1},
            "agent": acting(*first, *again),
        },
    )
    done, [log] = eval_set(
        made,
        str(tmp_path),
        model=model(echo),
        model_roles={"summarizer": model(summarise), "judge": model(prefers("#good"))},
        retry_attempts=2,
        retry_wait=0.1,
        max_samples=1,
        display="none",
        ctl_server=False,
    )
    assert done
    samples = parts(read_eval_log(log.location))
    found = samples["p"].store_as(RolloutPool)
    assert [len(found.population(iteration)) for iteration in (0, 1)] == [4, 4]
    assert found.by_id("t0-n01").status == "error", "the recorded selection stands"
    assert "#good" in samples["p#t0-n01"].output.completion
    assert {f"p#{rollout.id}" for rollout in found.rollouts} <= set(samples)
    assert found.discrepancies() == ()
