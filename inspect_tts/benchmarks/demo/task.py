"""The demo as an Inspect task."""

from importlib.resources import files

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset
from inspect_ai.scorer import (
    CORRECT,
    INCORRECT,
    Score,
    Scorer,
    Target,
    accuracy,
    scorer,
    stderr,
)
from inspect_ai.solver import TaskState
from inspect_ai.util import SandboxEnvironmentType, sandbox

from inspect_tts.agents.bash import bash_agent
from inspect_tts.arguments import known_task_arguments
from inspect_tts.errors import UserError
from inspect_tts.scores import strategy_view

from .problems import load_problems

_SANDBOXES = ("local", "docker")
_TAIL = 2000


@task
@known_task_arguments
def demo(sandbox: str = "local") -> Task:
    """Ten small repositories with one bug each, graded by hidden tests.

    Args:
        sandbox: Where rollouts run: `local` or `docker`.

    Returns:
        The task.

    Raises:
        UserError: If `sandbox` is anything else.
    """
    return Task(
        name="demo",
        dataset=MemoryDataset([problem.sample() for problem in load_problems()], name="demo"),
        solver=bash_agent(),
        scorer=hidden_test(),
        sandbox=_sandbox_spec(sandbox),
        message_limit=60,
        version=1,
        viewer=strategy_view(["hidden_test"]),
    )


@scorer(metrics=[accuracy(), stderr()])
def hidden_test(timeout: int = 60) -> Scorer:
    """Grade the end state of the sandbox with the problem's hidden test.

    Python reads the test from standard input. So the test is never a file in the sandbox, and
    grading leaves nothing behind.

    Args:
        timeout: Seconds that the test may take.

    Returns:
        The scorer: correct if the test exits with 0. The explanation is the end of the output.
    """
    tests = {problem.id: problem.hidden_test for problem in load_problems()}

    async def score(state: TaskState, target: Target) -> Score:
        test = tests[str(state.sample_id)]
        try:
            # -B: no __pycache__ in the workspace that is being graded
            result = await sandbox().exec(["python3", "-B", "-"], input=test, timeout=timeout)
        except TimeoutError:
            text = f"The hidden test took longer than {timeout} seconds."
            return Score(value=INCORRECT, explanation=text)
        output = f"{result.stdout}\n{result.stderr}".strip()
        value = CORRECT if result.success else INCORRECT
        return Score(value=value, explanation=output[-_TAIL:] or "The hidden test printed nothing.")

    return score


def _sandbox_spec(name: str) -> SandboxEnvironmentType:
    if name not in _SANDBOXES:
        raise UserError(f"sandbox={name!r}: the demo runs on {' or '.join(_SANDBOXES)}")
    if name == "local":
        return "local"
    return ("docker", str(files("inspect_tts").joinpath("benchmarks", "demo", "compose.yaml")))
