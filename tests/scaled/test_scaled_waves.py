"""`n=auto` in a scaled run whose waves are decided anew when it is tried again."""

from pathlib import Path

from inspect_ai.solver import TaskState
from scaled_runs import parts, run_until_done
from scripted import acting, says

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
    samples = parts(run_until_done(made, tmp_path, max_samples=1))
    found = samples["p"].store_as(RolloutPool)
    assert [len(found.population(iteration)) for iteration in (0, 1)] == [4, 4]
    assert found.by_id("t0-n01").status == "error", "the recorded selection stands"
    assert "#good" in samples["p#t0-n01"].output.completion
    assert {f"p#{rollout.id}" for rollout in found.rollouts} <= set(samples)
    assert found.discrepancies() == ()
