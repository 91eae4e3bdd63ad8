"""Arguments of commands: precedence, options from the environment, and the problems they choose."""

import json
from pathlib import Path
from typing import Any

import anyio
import click
import pytest
from inspect_ai.dataset import MemoryDataset, Sample

from inspect_tts._inspect import command
from inspect_tts._inspect.command import (
    chosen_by,
    environment_options,
    eval_options,
    eval_parameters,
    merged_args,
    new_log_name,
    quiet_display,
    selected_ids,
    shard_folders,
    task_dataset,
)


def test_the_command_line_has_precedence_over_a_file(tmp_path: Path) -> None:
    file = tmp_path / "args.json"
    file.write_text(json.dumps({"n": 8, "votes": 4}))
    assert merged_args(["n=2", "seed=1"], str(file)) == {"n": 2, "votes": 4, "seed": 1}
    assert merged_args(["n=2"], None) == {"n": 2}


# --- options from the environment

SET: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "a value": ({"INSPECT_EVAL_MODEL": "a/b"}, ("--model=a/b",)),
    "several values": (
        {"INSPECT_EVAL_TASK_ARGS": "x=1 y=2"},
        ("-T", "x=1", "-T", "y=2"),
    ),
    "a flag": ({"INSPECT_EVAL_TRACE": "true"}, ("--trace",)),
    "a flag that is off and has no opposite": ({"INSPECT_EVAL_TRACE": "off"}, ()),
    "a flag that is off": (
        {"INSPECT_EVAL_LOG_REFUSALS": "false"},
        ("--no-log-refusals",),
    ),
    "a flag that is off, in another word": (
        {"INSPECT_EVAL_LOG_REFUSALS": " No"},
        ("--no-log-refusals",),
    ),
    "nothing": ({"INSPECT_EVAL_MODEL": ""}, ()),
    "another variable": ({"INSPECT_LOG_DIR": "x"}, ()),
}


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No variable of Inspect is set, and there is no `.env` file."""
    import os

    for name in [name for name in os.environ if name.startswith("INSPECT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.mark.parametrize(("variables", "options"), SET.values(), ids=SET)
def test_what_the_environment_sets_is_given_as_options(
    bare: pytest.MonkeyPatch, variables: dict[str, str], options: tuple[str, ...]
) -> None:
    for name, value in variables.items():
        bare.setenv(name, value)
    assert environment_options([], []) == options


def test_an_argument_comes_before_the_environment(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("INSPECT_EVAL_MODEL", "a/b")
    bare.setenv("INSPECT_EVAL_EPOCHS", "3")
    assert environment_options(["--model", "c/d"], []) == ("--epochs=3",)
    assert environment_options([], ["--epochs"]) == ("--model=a/b",)
    assert eval_parameters(["--model", "c/d"])["model"] == "c/d"
    assert eval_parameters([])["model"] == "a/b"


def test_a_wrong_option_is_a_mistake_of_usage(bare: pytest.MonkeyPatch) -> None:
    with pytest.raises(click.UsageError, match="--modle"):
        eval_parameters(["--modle", "x"])


def test_an_env_file_sets_options(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("INSPECT_EVAL_MODEL=e/f\n")
    bare.setenv("INSPECT_EVAL_MODEL", "")  # restored after the test
    bare.delenv("INSPECT_EVAL_MODEL")
    assert eval_parameters([])["model"] == "e/f"


OURS = (
    *("tasks", "solver", "solver_config", "t", "task_config", "run_config", "epochs", "sandbox"),
    *("epochs_reducer", "no_epochs_reducer", "detach", "json_output", "model"),
)


def test_options_of_inspect_are_hidden_and_ours_are_left_out() -> None:
    eval_command: click.Command = vars(command)["eval_command"]
    options = {str(option.name): option for option in eval_options(["model"])}
    assert not set(OURS) & set(options)
    theirs = {p.name for p in eval_command.params if isinstance(p, click.Option)}
    assert set(options) == theirs - set(OURS)
    assert all(isinstance(o, click.Option) and o.hidden for o in options.values())
    shown = {p.name for p in eval_command.params if isinstance(p, click.Option) and not p.hidden}
    assert "limit" in shown, "Inspect's own options stay as they are"


# --- problems


def dataset() -> MemoryDataset:
    return MemoryDataset([Sample(input=id, id=id) for id in ("a-1", "a-2", "b", "4")])


CHOSEN: dict[str, tuple[str | None, str | None, list[str]]] = {
    "all": (None, None, ["a-1", "a-2", "b", "4"]),
    "the first": ("2", None, ["a-1", "a-2"]),
    "a range": ("2-3", None, ["a-2", "b"]),
    "an id": (None, "b", ["b"]),
    "ids": (None, "b,a-1", ["a-1", "b"]),
    "a pattern": (None, "a-*", ["a-1", "a-2"]),
}


@pytest.mark.parametrize(("limit", "id", "ids"), CHOSEN.values(), ids=CHOSEN)
def test_problems_are_chosen_as_inspect_does(
    limit: str | None, id: str | None, ids: list[str]
) -> None:
    assert selected_ids(dataset(), limit, id) == ids
    if limit is None and id is not None:
        assert chosen_by(dataset(), id) == ids


@pytest.mark.parametrize("id", ["\u00b2", "none"])
def test_an_id_on_which_inspect_fails_chooses_nothing(
    id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert chosen_by(dataset(), id) == []
    assert capsys.readouterr().out == ""


TASKS = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import get_model

@task
def asking(size: int = 1):
    samples = [Sample(input=str(get_model())), Sample(input="x", id="own")]
    return Task(dataset=samples + [Sample(input="y")] * size)

@task
def other():
    return Task()
"""


def test_a_task_is_loaded_for_its_problems_without_a_model(
    bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "asking.py").write_text(TASKS)
    name, found = task_dataset("asking.py@asking", {"size": 1})
    assert name == "asking"
    assert [sample.id for sample in found] == [1, "own", 3]
    assert found[0].input == "mockllm/model"
    with pytest.raises(ValueError, match=r"names 2 tasks: name one, as in file\.py@task"):
        task_dataset("asking.py", {})


# --- what is shown, and where shards are


def test_a_display_that_is_set_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from inspect_ai.util import display_type

    monkeypatch.setenv("INSPECT_DISPLAY", "log")
    before = display_type()
    with quiet_display():
        assert display_type() == "log"
    assert display_type() == before


def test_shards_are_listed_while_an_event_loop_runs(tmp_path: Path) -> None:
    async def listed() -> Any:
        return shard_folders(str(tmp_path))

    assert anyio.run(listed) == ({}, ())


def test_names_of_logs_differ() -> None:
    one, other = new_log_name("pkg/made", "a/b"), new_log_name("pkg/made", "a/b")
    assert one != other
    assert "made" in one
