"""Which events of a sample are a rollout's, and the commands among them."""

from pathlib import Path
from time import time

from helpers import Script, run_eval
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox, span

from inspect_tts.workspace.commands import commands_run, events_within, find_leaks


@solver
def two_rollouts() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        async with span("one", id="one"):
            await sandbox().exec(["echo", "1"])
            async with span("nested", type="agent", id="nested"):
                await sandbox().exec(["echo", "2"])
            async with span("graded", type="scorer", id="graded"):
                await sandbox().exec(["echo", "3"])
        async with span("two", id="two"):
            await sandbox().exec(["false"])
        found = {id: commands_run(events_within(id)) for id in ("one", "nested", "two", "none")}
        state.metadata["found"] = found
        return state

    return solve


def test_commands_are_those_of_the_span_and_of_spans_in_it_but_scorers(tmp_path: Path) -> None:
    task = Task(dataset=[Sample("Work.")], sandbox="local")
    log = run_eval(task, two_rollouts(), Script(), tmp_path)
    assert log.status == "success", log.error
    [sample] = log.samples or []
    assert {id: [*map(tuple, found)] for id, found in sample.metadata["found"].items()} == {
        "one": [("echo 1", 0), ("echo 2", 0)],
        "nested": [("echo 2", 0)],
        "two": [("false", 1)],
        "none": [],
    }


COMMIT = "git -c user.name=a -c user.email=a@b commit -q --allow-empty"


@solver
def reads_history() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        async def shell(line: str) -> str:
            done = await sandbox().exec(["sh", "-ec", line])
            assert done.success, done.stderr
            return done.stdout.strip()

        old = "GIT_COMMITTER_DATE=2001-01-01T00:00:00Z"
        start = await shell(f"git init -q . && {old} {COMMIT} -m start && git rev-parse HEAD")
        await shell(f"{old} {COMMIT} -m fix && git branch fix && git checkout -qb work {start}")
        began = time()
        await shell(f"{COMMIT} -m mine && git branch mine")
        executed = [(f"git show {name}", 0) for name in ("fix", "mine", start, "none")]
        state.metadata["found"] = await find_leaks(
            executed, [], repo=None, commit=start, began=began
        )
        return state

    return solve


def test_commits_that_a_rollout_made_itself_are_no_later_history(tmp_path: Path) -> None:
    task = Task(dataset=[Sample("Work.")], sandbox="local")
    log = run_eval(task, reads_history(), Script(), tmp_path)
    assert log.status == "success", log.error
    [sample] = log.samples or []
    assert [*sample.metadata["found"]] == ["reads later history: fix"]
