"""Mistakes in arguments are refused before anything is paid for."""

from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample

from inspect_tts import UserError, bash_agent, pdr_rtv, rollouts, rtv, tournament
from inspect_tts.models.roles import NEEDS_MODEL
from inspect_tts.scaled.task import scaled

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["demo", "swe_verified", "terminal_bench", "recorded", "replay"])
@pytest.mark.parametrize("given", ["sandbx", "problms"])
def test_a_misspelled_argument_of_a_task_is_refused(name: str, given: str) -> None:
    with pytest.raises(UserError, match=f"{name} has no argument {given}"):
        inspect_eval(f"inspect_tts/{name}", task_args={given: "docker"}, model="mockllm/model")


@pytest.mark.parametrize("file", ["demo", "swe_verified", "terminal_bench"])
def test_so_is_one_of_a_task_file(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(UserError, match="has no argument sandbx; did you mean sandbox"):
        inspect_eval(f"tasks/{file}.py", task_args={"sandbx": "docker"}, model="mockllm/model")


def test_a_task_file_takes_what_it_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    [log] = inspect_eval(
        "tasks/demo.py",
        task_args={"sandbox": "local"},
        model="simulated/coder",
        limit=1,
        log_dir=str(tmp_path),
        display="none",
    )
    assert log.status == "success"
    assert log.eval.task_args == {"sandbox": "local"}


@pytest.mark.parametrize(
    ("made", "given"),
    [
        (rtv, {"early_stop": "nein"}),
        (rtv, {"score_rollouts": "yes"}),
        (pdr_rtv, {"keep_parents": 0}),
        (rollouts, {"keep_sandboxes": "false"}),
        (tournament, {"dedupe": None}),
    ],
)
def test_what_is_true_or_false_is_nothing_else(made: Any, given: dict[str, Any]) -> None:
    [(name, value)] = given.items()
    with pytest.raises(UserError) as refused:
        made(**given)
    assert f"{name}={value!r} is neither true nor false; give {name}=true" in str(refused.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"agent": "inspect_tts/rtv"}, "agent='inspect_tts/rtv' is a strategy"),
        ({"agent_args": "n=2"}, "agent_args='n=2' is not a mapping; give agent_args='{"),
        ({"time_limit": 0}, "time_limit=0 does not allow a single step; give time_limit > 0"),
        ({"cost_limit": 0.0}, "cost_limit=0 does not allow a single step"),
        ({"resume": "lgo"}, "resume='lgo' is not a place to save results: for a new folder"),
    ],
)
def test_other_mistakes_of_a_strategy(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as refused:
        rtv(**given)
    assert said in str(refused.value)


def test_a_folder_that_is_there_may_be_named_by_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kept").mkdir()
    rtv(resume="kept")
    rtv(resume="./fresh")


@pytest.mark.parametrize("form", ["solver", "samples"])
def test_without_a_model_nothing_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.delenv("INSPECT_EVAL_MODEL", raising=False)
    opened = tmp_path / "opened"
    sample = Sample(input="Go.", setup=f"echo x >> {opened}")
    task = Task(dataset=[sample], solver=rtv(n=3, agent=bash_agent()), sandbox="local")
    if form == "samples":
        task = scaled(task="inspect_tts/demo", strategy="rtv", limit=1)
    [log] = inspect_eval(task, log_dir=str(tmp_path), display="none")
    assert log.status == "error"
    assert NEEDS_MODEL in str(log.error)
    if form == "solver":
        assert opened.read_text() == "x\n", "the sample's own sandbox, and none of a rollout"
