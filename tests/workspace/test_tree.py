"""A tree that results are put on: commands are bounded, and the start is proven to be back."""

import json
import os
from pathlib import Path

import pytest
from conftest import Box, docker_in_faults
from executed import REPOSITORY, repository
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox
from scripted import only, run

from inspect_tts.machine.orphans import registers
from inspect_tts.workspace.tree import RawRun, Tree, TreeError, open_tree

DIRTY = f"{REPOSITORY}\necho dirty > dirty.txt\n"
PATCH = (
    "diff --git a/dirty.txt b/dirty.txt\nnew file mode 100644\n--- /dev/null\n+++ b/dirty.txt\n"
    "@@ -0,0 +1 @@\n+dirty\n"
    "diff --git a/sums.py b/sums.py\n--- a/sums.py\n+++ b/sums.py\n@@ -1,2 +1,2 @@\n"
    " def add(a, b):\n-    return a - b\n+    return a + b\n"
)


async def ran(tree: Tree, command: str, seconds: float = 60) -> tuple[RawRun, bool]:
    files = {"sub/try.py": "print(6 * 7)"}
    return await tree.run(command, folder="", files=files, seconds=seconds)


async def use(tree: Tree) -> None:
    made, clean = await ran(tree, "python3 sub/try.py; ls")
    assert (made.returncode, clean) == (0, True)
    assert made.output.startswith("42\n")
    assert await tree.standing(["sub", "sub/try.py"]) == set(), "its files go with it"

    wrote, clean = await ran(tree, "echo >> sums.py; touch new")
    assert (wrote.edited, clean) == (("sums.py",), False)
    await tree.restore()
    gone, clean = await ran(tree, "rm -rf $PWD; echo gone")
    assert (set(gone.edited) >= {"sums.py", "dirty.txt"}, clean) == (True, False)
    await tree.restore()
    back, clean = await ran(tree, "git status --short *.*; cat sums.py")
    assert (back.output, clean) == ("?? dirty.txt\ndef add(a, b):\n    return a - b\n", True)

    odd = "rm -r tests; ln -s /var/empty tests; rm sums.py; mkdir -p sums.py/in; chmod 700 .git"
    _, clean = await ran(tree, f"{odd}; touch 'a b' $'c\\nd'; git gc -q; chmod +x dirty.txt")
    assert not clean
    await tree.restore()
    back, clean = await ran(tree, "git status --short *.*; head -n 1 tests/test_sums.py")
    assert (back.output, clean) == ("?? dirty.txt\nimport sys\n", True)

    many, _ = await ran(tree, "yes | head -c 3000000")
    assert 190_000 < len(many.output) <= 200_000
    late, _ = await ran(tree, "sleep 600", seconds=2)
    assert (late.returncode, late.problem) == (None, "did not end within 2 s")
    for seconds, way in ((611, "(sleep 611 &)"), (612, "setsid sleep 612 & sleep 1")):
        left, _ = await ran(tree, f"{way}; echo begun")
        assert left.output == "begun\n"
        still = await sandbox().exec(["sh", "-c", f"pgrep -f '[s]leep {seconds}' || true"])
        assert still.stdout == ""

    await tree.restore()
    assert await tree.put(PATCH) is None, "what differed at the start is part of each patch"
    assert (await ran(tree, "tail -n 1 sums.py"))[0].output == "    return a + b\n"
    await tree.restore()
    assert "does not apply" in (await tree.put(PATCH.replace("a - b", "a / b")) or "")
    await tree.restore()

    await ran(tree, f"echo >> {tree.own}/start/sums.py; echo >> sums.py")
    with pytest.raises(TreeError, match="back to its start"):
        await tree.restore()


def registered() -> set[str]:
    """The folders that this process has noted, for whoever removes what it left."""
    files = registers().glob(f"{os.getpid()}-*.json")
    return {name for file in files for name in json.loads(file.read_text())["folders"]}


@solver
def using(local: bool) -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        before = registered()
        tree = await open_tree("local" if local else "docker")
        assert await tree.standing(["sums.py", "none.py"]) == {"sums.py"}
        noted = registered() - before
        assert all((folder in noted) == local for folder in (tree.own, tree.beside))
        assert sum(Path(folder).name.startswith(".workspace-") for folder in noted) == local
        await use(tree)
        await tree.copy("solution_1")
        await tree.close()
        left = await sandbox().exec(["ls", "-d", tree.own, tree.beside])
        assert left.stdout == ""
        return state

    return solve


@docker_in_faults
def test_a_tree_is_used_and_brought_back(box: Box, tmp_path: Path) -> None:
    log = run(repository(DIRTY, box.spec), using(box.kind == "local"), tmp_path)
    sample = only(log)
    assert sample.error is None, sample.error.traceback
