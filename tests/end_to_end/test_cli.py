"""The strategies as users meet them: `inspect eval --solver rtv`, and mistakes."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from commands import run_command
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.solver import Solver

from inspect_tts import (
    RolloutPool,
    UserError,
    pdr,
    pdr_rtv,
    random_selection,
    rollouts,
    rtv,
    tournament,
)

ROOT = Path(__file__).parents[2]

TOY = """
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import solver

from inspect_tts import rtv


def play(input, tools, tool_choice, config):
    if "<trajectory>" in input[0].text:
        text = '{"requirements": [], "strategy": "x", "final_state": "y"}'
    else:
        text = "Final verdict: Solution 1" if "<solution_1>" in input[0].text else "the answer"
    output = ModelOutput.from_content("mockllm/model", text)
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return output


@solver
def fragile():
    async def solve(state, generate):
        if Path(__file__).with_name("broken").exists():
            raise RuntimeError("the machine is broken")
        return await generate(state)

    return solve


def a_task(**given):
    return Task(
        dataset=[Sample(input="Say the answer.", target="the answer")],
        scorer=includes(),
        model=get_model("mockllm/model", custom_outputs=play),
        **given,
    )


@task
def toy(sandbox=None):
    return a_task(solver=fragile(), sandbox=sandbox)


@task
def nested():
    return a_task(solver=rtv(n=2))
"""


@dataclass(frozen=True)
class Ran:
    """What a command printed, how it ended, and the newest log it left."""

    code: int
    output: str
    logs: Path

    @property
    def log(self) -> EvalLog:
        newest = max(self.logs.glob("*.eval"), key=lambda path: path.stat().st_mtime)
        return read_eval_log(str(newest))


def inspect_cli(folder: Path, cwd: Path, *args: str) -> Ran:
    logs = folder / "logs"
    args = tuple(os.path.relpath(a, cwd) if Path(a).is_absolute() else a for a in args)
    wide = {"COLUMNS": "1000", "INSPECT_LOG_DIR": str(logs)}
    ran = run_command("inspect", *args, "--display", "plain", cwd=cwd, env=wide)
    return Ran(ran.returncode, ran.stdout + ran.stderr, logs)


def toy_in(folder: Path, *, broken: bool = False) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "toy.py").write_text(TOY, encoding="utf-8")
    if broken:
        (folder / "broken").touch()
    return str(folder / "toy.py@toy")


# --- runs

GIVEN: dict[str, Any] = {"n": 2, "votes": 3, "seed": 7, "agent": "toy.py@fragile", "top_k": 1}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Ran, Ran]:
    """From the repository, from elsewhere with a task that fails, and that again."""
    here, there = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("there")
    toy, broken = toy_in(here), toy_in(there, broken=True)
    arguments = [part for name, value in GIVEN.items() for part in ("-S", f"{name}={value}")]
    few = ("-S", "n=3", "-S", "votes=1")

    first = inspect_cli(here, ROOT, "eval", toy, "--solver", "rtv", *few)
    failed = inspect_cli(
        there, there, "eval", broken, "--solver", "inspect_tts/pdr_rtv", *arguments
    )
    (there / "broken").unlink()
    [log] = failed.logs.glob("*.eval")
    retried = inspect_cli(there, there, "eval-retry", str(log))
    return first, failed, retried


def test_a_bare_name_works_from_the_repository(runs: tuple[Ran, Ran, Ran]) -> None:
    ran, _, _ = runs
    assert ran.code == 0, ran.output
    log = ran.log
    assert log.status == "success"
    assert log.eval.solver == "rtv"
    assert log.eval.solver_args_passed == {"n": 3, "votes": 1}
    assert [step.solver for step in log.plan.steps] == ["rtv"]
    assert log.plan.steps[0].params["group_size"] == 2
    [sample] = log.samples or []
    assert len(sample.store_as(RolloutPool).rollouts) == 3
    assert (sample.scores or {})["includes"].value == "C"


def test_a_qualified_name_works_from_any_folder_with_its_arguments(
    runs: tuple[Ran, Ran, Ran],
) -> None:
    log = runs[2].log
    assert log.eval.solver == "inspect_tts/pdr_rtv"
    assert log.eval.solver_args_passed == GIVEN
    params = log.plan.steps[0].params
    assert {name: params[name] for name in GIVEN} == GIVEN
    assert params["context"] == "select"


def test_a_failed_log_is_retried_with_the_same_recipe_and_arguments(
    runs: tuple[Ran, Ran, Ran],
) -> None:
    _, failed, retried = runs
    assert "none of the 2 rollouts could be started" in failed.output
    assert "the machine is broken" in failed.output
    assert retried.code == 0, retried.output
    log = retried.log
    assert log.status == "success"
    assert (log.eval.solver, log.eval.solver_args_passed) == ("inspect_tts/pdr_rtv", GIVEN)
    [sample] = log.samples or []
    found = sample.store_as(RolloutPool)
    assert found.adopted is not None
    assert [stage.parameters["seed"] for stage in found.stages if "seed" in stage.parameters] == [
        7
    ] * 4
    assert all(len(m.votes) == 3 for s in found.selections for r in s.rounds for m in r.matches)


# --- mistakes on the command line


@pytest.fixture(scope="module")
def mistakes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """A few of the mistakes below as commands: how they are shown is the same for all."""
    folder = tmp_path_factory.mktemp("mistakes")
    toy = toy_in(folder)
    given = {
        "value": ("--solver", "rtv", "-S", "group_size=1"),
        "argument": ("--solver", "inspect_tts/pdr", "-S", "contxt=random"),
        "role": ("--solver", "rtv", "-S", "n=2", "--model-role", "jugde=mockllm/model"),
        "prompt": ("--solver", "pdr_rtv", "-S", "judge_prompt=no/such.md"),
        "room": ("-T", "sandbox=local", "--solver", "rtv", "-S", "max_rollouts=4"),
        "own": ("toy.py@nested", "--solver", "rtv"),
        "running": ("toy.py@nested",),
    }

    def command(name: str, *args: str) -> Ran:
        chosen = args if args[0].startswith("toy.py") else (toy, *args)
        return inspect_cli(folder / name, folder, "eval", *chosen)

    return {name: command(name, *args) for name, args in given.items()}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("value", ["group_size=1", "give group_size >= 2"]),
        ("argument", ["contxt", "did you mean context?"]),
        ("role", ["--model-role jugde=", "did you mean 'judge'?"]),
        ("prompt", ["'no/such.md'", "is not a file", "give the path"]),
        ("room", ["max_rollouts=4 is too small", "16 rollouts", "Give max_rollouts >= 16"]),
        ("own", ["solver of task 'nested' is inspect_tts/rtv", "pass agent='package/name'"]),
    ],
)
def test_a_mistake_is_one_message_before_anything_runs(
    mistakes: dict[str, Ran], name: str, words: list[str]
) -> None:
    ran = mistakes[name]
    for word in words:
        assert word in ran.output
    assert "Traceback" not in ran.output
    assert ran.code != 0
    assert not list(ran.logs.glob("*.eval"))


def test_a_mistake_that_only_a_running_sample_shows_is_one_message_too(
    mistakes: dict[str, Ran],
) -> None:
    ran = mistakes["running"]
    assert "UserError: the solver of task 'nested' is inspect_tts/rtv" in ran.output
    assert "Traceback" not in ran.output
    assert not re.search(r"\bsolve\b", ran.output), "no frame of a stage"
    assert ran.log.status == "error"


# --- mistakes when a strategy is built


@pytest.mark.parametrize(
    ("factory", "given", "words"),
    [
        (rtv, {"n": 0}, ["n=0", ">= 1"]),
        (rtv, {"n": "many"}, ["n='many'", "number"]),
        (rtv, {"n": True}, ["n=True", "number"]),
        (rtv, {"group_size": 1}, ["group_size=1", ">= 2"]),
        (rtv, {"votes": 0}, ["votes=0", ">= 1"]),
        (pdr, {"top_k": 5, "n": 4}, ["top_k=5", "<= 4", "from n rollouts"]),
        (pdr, {"top_k": 0}, ["top_k=0", ">= 1"]),
        (pdr, {"iterations": 0}, ["iterations=0", ">= 1"]),
        (pdr, {"context": "best"}, ["context='best'", "'select', 'random', 'single'"]),
        (rollouts, {"context": "best"}, ["context='best'", "'select'"]),
        (tournament, {"keep": 0}, ["keep=0", ">= 1"]),
        (random_selection, {"keep": 0}, ["keep=0", ">= 1"]),
        (rtv, {"selection": "swis"}, ["selection='swis'", "'swiss'"]),
        (rtv, {"selection": "oracle"}, ["'oracle' would read scores", "'tournament'"]),
        (rtv, {"tie": "first"}, ["tie='first'", "'random', 'evidence'"]),
        (rtv, {"token_limit": 0}, ["token_limit=0", ">= 1"]),
        (rtv, {"time_limit": -1}, ["time_limit=-1", "> 0"]),
        (rtv, {"max_rollouts": 0}, ["max_rollouts=0", ">= 1"]),
        (rtv, {"trajectory_tokens": 10}, ["trajectory_tokens=10", ">= 500"]),
        (
            rollouts,
            {"score_rollouts": True, "keep_sandboxes": False},
            ["score_rollouts=true", "keep_sandboxes=true"],
        ),
        (rtv, {"vots": 3}, ["no argument vots", "did you mean votes?"]),
        (tournament, {"grupsize": 3}, ["no argument grupsize", "group_size"]),
        (rtv, {"judge_prompt": "Choose from {solutions}"}, ["judge", "{problem}"]),
        (rtv, {"summarizer_prompt": "{problem}"}, ["summarizer", "{trajectory}"]),
        (pdr_rtv, {"refinement_prompt": "Try again."}, ["refinement", "{summaries}"]),
        (rtv, {"judge_prompt": "/no/such/prompt.md"}, ["'/no/such/prompt.md'", "not a file"]),
        (rtv, {"agent": "inspect_tts/bash_agnt"}, ["bash_agnt", "inspect_tts/bash_agent"]),
    ],
)
def test_a_mistake_names_the_value_and_the_next_step(
    factory: Callable[..., Solver], given: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(UserError) as raised:
        factory(**given)
    for word in words:
        assert word in str(raised.value)
    assert str(raised.value) == raised.value.message
