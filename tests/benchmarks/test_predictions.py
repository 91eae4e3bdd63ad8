"""`inspect-tts predictions`: the official form, from logs with and without a strategy."""

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from click.testing import CliRunner, Result
from helpers import Script, prefer, run_eval, shell_then_submit
from inspect_ai import Task
from inspect_ai.agent import as_solver, react
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Score, Scorer, Target, accuracy, includes, scorer
from inspect_ai.solver import Solver, TaskState
from inspect_ai.tool import bash

from inspect_tts import rtv
from inspect_tts.cli import main

SETUP = """
git init -q . && git config user.name a && git config user.email a@example.org
echo base >code && echo test >test_code && git add -A && git commit -q -m base
"""
TESTS = "diff --git a/test_code b/test_code\n--- a/test_code\n+++ b/test_code\n"


@scorer(metrics=[accuracy()])
def with_patch(patch: str = f"diff --git a/code b/code\n+graded\n{TESTS}") -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=1, metadata={"model_patch": patch})

    return score


def log_of(solver: Solver, tmp_path: Path, *, grade: Scorer | None = None, epochs: int = 1) -> str:
    metadata = {"test_patch": TESTS}
    task = Task(
        dataset=[
            Sample(id=id, input="Work.", target="x", setup=SETUP, metadata=metadata)
            for id in ("p1", "p2")
        ],
        scorer=grade or includes(),
        sandbox="local",
        epochs=epochs,
    )
    work = "echo {me} >>code; echo {me} >>test_code; touch new"
    script = Script(shell_then_submit(work), prefer())
    log = run_eval(task, solver, script, tmp_path / "logs")
    assert log.status == "success", log.error
    return log.location


AGENT = react(tools=[bash()])


def predictions(*args: str) -> Result:
    return CliRunner().invoke(main, ["predictions", *args])


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_adopted_rollouts_patch_is_written_without_what_grading_overwrites(
    tmp_path: Path,
) -> None:
    said = predictions(log_of(rtv(n=2, votes=1, agent=AGENT), tmp_path))
    assert said.exit_code == 0, said.output
    found = rows(said.stdout)
    assert {row["instance_id"] for row in found} == {"p1", "p2"}
    for row in found:
        assert sorted(row) == ["instance_id", "model_name_or_path", "model_patch"]
        assert row["model_name_or_path"] == "mockllm/model inspect_tts/rtv"
        assert "diff --git a/code b/code" in row["model_patch"]
        assert "diff --git a/new b/new" in row["model_patch"]
        assert "test_code" not in row["model_patch"]


def test_all_rollouts_go_to_a_file_each(tmp_path: Path) -> None:
    log = log_of(rtv(n=2, votes=1, agent=AGENT), tmp_path)
    folder = tmp_path / "out"
    said = predictions(log, "--all-rollouts", "-o", str(folder), "--model-name", "mine")
    assert said.exit_code == 0, said.output
    assert sorted(file.name for file in folder.iterdir()) == ["t0-n00.jsonl", "t0-n01.jsonl"]
    for file in folder.iterdir():
        found = rows(file.read_text("utf-8"))
        assert {row["instance_id"] for row in found} == {"p1", "p2"}
        assert {row["model_name_or_path"] for row in found} == {f"mine {file.stem}"}


def test_a_log_without_a_strategy_gives_what_the_scorer_saw(tmp_path: Path) -> None:
    said = predictions(log_of(as_solver(AGENT), tmp_path, grade=with_patch()))
    assert {row["model_patch"] for row in rows(said.stdout)} == {
        "diff --git a/code b/code\n+graded\n"
    }


FORMS = {
    "mnemonic prefixes": "diff --git i/x.py w/x.py\n--- i/x.py\n+++ w/x.py\n@@ -1 +1 @@\n-a\n+b\n",
    "no prefixes": "diff --git x.py x.py\n--- x.py\n+++ x.py\n@@ -1 +1 @@\n-a\n+b\n",
    "no header of git": "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n",
    "a text before": "Fixes it.\n\ndiff --git a/x.py b/x.py\nold mode 100644\nnew mode 100755\n",
    "CR LF, form feed, no newline at the end": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\r\n+b\f\u2028\r",
    "no diff": "whatever it is",
}  # fmt: skip


@pytest.mark.parametrize("patch", FORMS.values(), ids=FORMS)
def test_patches_are_written_byte_for_byte(patch: str, tmp_path: Path) -> None:
    log = log_of(as_solver(AGENT), tmp_path, grade=with_patch(patch))
    assert {row["model_patch"] for row in rows(predictions(log).stdout)} == {patch}


def test_a_sample_that_is_cut_off_is_named_and_the_others_are_written(tmp_path: Path) -> None:
    log = log_of(rtv(n=1, agent=AGENT), tmp_path)
    with ZipFile(log) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with ZipFile(log, "w") as new:
        for name, data in parts.items():
            new.writestr(name, data[:100] if name.startswith("samples/p2") else data)
    said = predictions(log)
    assert said.exit_code == 0
    assert "p2" in said.stderr
    assert "malformed" in said.stderr
    assert [json.loads(line)["instance_id"] for line in said.stdout.splitlines()] == ["p1"]


def test_one_epoch_of_several_is_written(tmp_path: Path) -> None:
    log = log_of(rtv(n=1, agent=AGENT), tmp_path, epochs=2)
    for epoch in ("1", "2"):
        assert len(rows(predictions(log, "--epoch", epoch).stdout)) == 2


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["no/such.eval"], ["no/such.eval", "cannot be read"]),
        (["LOG", "--all-rollouts"], ["give a folder with -o"]),
        (["LOG", "--epoch", "3"], ["no patch of epoch 3"]),
        (["LOG"], ["p1: has neither rollouts nor a graded patch"]),
    ],
)
def test_a_mistake_is_one_message(args: list[str], words: list[str], tmp_path: Path) -> None:
    log = log_of(as_solver(AGENT), tmp_path) if "LOG" in args else ""
    said = predictions(*[log if arg == "LOG" else arg for arg in args])
    assert said.exit_code == 1
    assert said.output.startswith("Error: ")
    for word in words:
        assert word in said.output
