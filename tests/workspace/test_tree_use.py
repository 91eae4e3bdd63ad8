"""What a tree tells of its start, and of what cannot be put on it."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from executed import REPOSITORY, repository
from inspect_ai.solver import Generate, Solver, TaskState, solver
from scripted import only, run

from inspect_tts.workspace.inside import run_inside
from inspect_tts.workspace.tree import Tree, TreeError, open_tree

Use = Callable[[], Awaitable[None]]


@solver
def using(use: Use) -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        await use()
        return state

    return solve


def used(use: Use, tmp_path: Path, setup: str = REPOSITORY) -> None:
    sample = only(run(repository(setup, "local"), using(use), tmp_path))
    assert sample.error is None, sample.error.traceback


async def ended(tree: Tree, command: str, seconds: float = 60) -> tuple[int | None, str | None]:
    made, _ = await tree.run(command, folder="", files={}, seconds=seconds)
    return made.returncode, made.problem


def test_a_tree_is_known_by_its_commit_and_files_and_comes_back(tmp_path: Path) -> None:
    async def use() -> None:
        tree = await open_tree("local")
        assert [len(each) for each in tree.identity.split(" ")] == [40, 40]
        assert (tree.home, tree.alone) == ("", False)
        assert await tree.standing(["tests", "none", "sums.py"]) == {"tests", "sums.py"}
        assert await tree.standing([]) == set()
        assert await ended(tree, "exit 124") == (124, None), "it says so, long before its time"
        await ended(tree, "for n in $(seq 2001); do : >new$n; done")
        await tree.restore()
        assert await tree.standing(["new1", "new2001"]) == set()
        shutil.rmtree(tree.top)
        with pytest.raises(TreeError, match="a result could not be put on the tree"):
            await tree.put("")
        await tree.close()

    used(use, tmp_path)


@pytest.mark.parametrize(
    ("setup", "why"),
    [
        ("#!/bin/sh\necho x >a", "its workspace is no git repository"),
        (
            f"{REPOSITORY}\nhead -c 6000000 /dev/zero | tr '\\0' x >big",
            "what differs from its commit at the start could not be read",
        ),
    ],
)
def test_a_workspace_that_cannot_be_a_tree_says_why(setup: str, why: str, tmp_path: Path) -> None:
    async def use() -> None:
        with pytest.raises(TreeError, match=why):
            await open_tree("local")

    used(use, tmp_path, setup)


def test_a_command_of_the_harness_that_the_sandbox_cannot_run_is_no_error(tmp_path: Path) -> None:
    async def use() -> None:
        assert await run_inside(["true"], folder="/nowhere") is None
        done = await run_inside(["sh", "-c", "pwd; exit 3"], folder="/")
        assert done is not None
        assert (done.stdout, done.returncode) == ("/\n", 3)

    used(use, tmp_path)
