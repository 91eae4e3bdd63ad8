"""Terminal-Bench 2.0 as an ordinary Inspect task."""

from math import isfinite, nan

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import TaskState
from inspect_ai.util import OutputLimitExceededError, sandbox

from inspect_tts.agents.terminus import terminus
from inspect_tts.arguments import known_task_arguments
from inspect_tts.errors import UserError

from .harbor import inspect_harbor, load_samples


@task
@known_task_arguments
def terminal_bench(
    path: str | None = None,
    exclude: str | list[str] | None = None,
    ref: str = "latest",
    timeout_multiplier: float = 1.0,
    sandbox: str = "docker",
    override_cpus: int | None = None,
    override_memory_mb: int | None = None,
) -> Task:
    """Terminal-Bench 2.0: 89 tasks in a terminal, each graded by tests of its own.

    Each task's own limits on processors, memory and time apply to its agent and to its tests.

    Args:
        path: A folder of tasks, or of one task; by default, tasks come from the Harbor hub.
        exclude: Ids of tasks to leave out, or globs, as a list or separated by commas.
        ref: Version on the hub.
        timeout_multiplier: Multiplies the time limits of agents and tests; above 0.
        sandbox: Sandbox provider.
        override_cpus: Number of processors, instead of the task's own.
        override_memory_mb: Memory in MB, instead of the task's own.

    Returns:
        The task. Its own solver is Terminus.

    Raises:
        UserError: If inspect-harbor is missing, an argument is wrong, or a task cannot be loaded.
    """
    if not (isfinite(timeout_multiplier) and timeout_multiplier > 0):
        raise UserError(f"timeout_multiplier={timeout_multiplier!r}: must be a number above 0")
    given = exclude.split(",") if isinstance(exclude, str) else exclude or []
    options = {
        "sandbox_env_name": sandbox,
        "override_cpus": override_cpus,
        "override_memory_mb": override_memory_mb,
    }
    samples = load_samples(
        path,
        exclude=[each.strip() for each in given if each.strip()],
        ref=ref,
        timeout_multiplier=timeout_multiplier,
        options=options,
    )
    return Task(
        name="terminal_bench",
        dataset=MemoryDataset(samples, name="terminal-bench-2"),
        solver=terminus(),
        scorer=terminal_tests(),
        version=1,
    )


_NO_VERDICT = {"RewardFileEmptyError", "VerifierOutputParseError"}
"""Names of errors that inspect-harbor does not export; a full disk can cause them, for example."""

_CLEAR = """
rm -rf /tests /logs/verifier
for left in /tests /logs/verifier; do [ ! -e $left ] && [ ! -L $left ] || echo $left; done
"""


async def _left(seconds: float) -> str:
    """Remove what an agent put where the tests and their reward belong; what could not be removed.

    If the sandbox cannot be reached, running the tests says so.
    """
    return (await sandbox().exec(["sh", "-c", _CLEAR], timeout=int(seconds))).stdout


async def _written_reward() -> Score:
    """Read the reward of tests that printed more than Inspect reads."""
    said = "The tests printed more than Inspect reads."
    try:
        reward = float(await sandbox().read_file("/logs/verifier/reward.txt"))
    except (OSError, ValueError):
        reward = nan
    if not isfinite(reward):
        return Score(value=0.0, explanation=f"{said} They left no reward.")
    return Score(value=reward, explanation=said)


@scorer(metrics=[accuracy(), stderr()])
def terminal_tests() -> Scorer:
    """Run the task's tests in the sandbox, with inspect-harbor's scorer.

    Tests that do not finish, or finish without a verdict, count as failed: the agent left a
    container in which they cannot pass. Files that an agent left in `/tests` and `/logs/verifier`
    are removed first, so that no agent can write its own reward.

    Returns:
        The scorer. Its value is the reward that the tests wrote, 0 or 1.

    Raises:
        UserError: If inspect-harbor is missing.
    """
    run_tests = inspect_harbor().harbor_scorer()

    async def score(state: TaskState, target: Target) -> Score:
        try:
            if left := await _left(state.metadata["verifier_timeout_sec"]):
                said = f"What the agent left there cannot be removed: {', '.join(left.split())}"
                return Score(value=0.0, explanation=said)
            graded: Score | None = await run_tests(state, target)
        except TimeoutError:
            limit = state.metadata["verifier_timeout_sec"]
            return Score(value=0.0, explanation=f"The tests took longer than {limit:g} seconds.")
        except FileNotFoundError as error:
            return Score(value=0.0, explanation=f"The tests wrote no reward: {error}")
        except OutputLimitExceededError:
            return await _written_reward()
        except Exception as error:
            if type(error).__name__ not in _NO_VERDICT:
                raise
            return Score(value=0.0, explanation=f"The tests left no verdict: {error}")
        return graded or Score(value=0.0, explanation="The tests gave no score.")

    return score
