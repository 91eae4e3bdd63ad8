"""What a plan makes of arguments, files and the environment, when it begins and when it goes on."""

import json
import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog
from inspect_ai.solver import generate
from scripted import run

from inspect_tts import UserError
from inspect_tts._inspect import command as inspects
from inspect_tts._inspect.command import eval_parameters
from inspect_tts.shards import command
from inspect_tts.shards.command import shard
from inspect_tts.shards.launch import changed_load, check_again, new_plan
from inspect_tts.shards.plan import ShardPlan
from inspect_tts.shards.sets import ShardSet, ShardState
from inspect_tts.shards.worker import next_command

TASK = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import get_model

@task
def made(ids: list = ["a", "b", "c"]) -> Task:
    get_model(), get_model(role="judge")
    return Task(dataset=[Sample(id=id, input="x") for id in ids])
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "task.py").write_text(TASK)
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("INSPECT_EVAL_")]:
        monkeypatch.delenv(name)
    return tmp_path


def begun(*words: str, pilot: str | None = None, at_once: int | None = None) -> ShardPlan:
    given = ("task.py", "--solver", "rtv", "--log-dir", "logs", *words)
    return new_plan(given, shards=2, at_once=at_once, seed=0, pilot=pilot)


def test_a_task_that_asks_for_the_model_is_planned_without_calling_it() -> None:
    assert set(begun("--model", "openai/no-key-needed").ids) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-T", 'ids=["1", "001", "2"]'], "cannot be told apart"),
        (["-T", 'ids=["²", "2"]'], "cannot be told apart"),
        (["-T", "ids=[-1, 1]"], "the problem -1 cannot be told apart"),
        (["-T", 'ids={"a":'], "cannot be loaded: while parsing"),
        (["--limit", "0"], "--limit 0 leaves none of the 3 problems"),
        (["--limit", "abc"], "--limit abc and"),
        (["--solver-config", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_what_no_shard_could_run_is_refused_when_it_is_planned(words: list[str], said: str) -> None:
    with pytest.raises(Exception, match=said):
        begun(*words)


def test_the_plan_holds_what_the_environment_of_its_machine_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INSPECT_EVAL_MODEL", "mockllm/model")
    monkeypatch.setenv("INSPECT_EVAL_SOLVER_ARGS", "n=2")
    monkeypatch.setenv("INSPECT_EVAL_EPOCHS", "2")
    monkeypatch.setenv("INSPECT_EVAL_NO_FAIL_ON_ERROR", "true")
    monkeypatch.setenv("INSPECT_EVAL_LIMIT", "2")
    plan = begun()
    for name in ("MODEL", "SOLVER_ARGS", "EPOCHS", "NO_FAIL_ON_ERROR", "LIMIT"):
        monkeypatch.delenv(f"INSPECT_EVAL_{name}")
    given = eval_parameters(plan.arguments)
    assert (given["model"], given["epochs"], given["limit"]) == ("mockllm/model", 2, None)
    assert given["no_fail_on_error"]
    assert given["s"] == ("n=2", f"resume={ShardSet(plan.set).saved}")
    assert set(plan.ids) == {"a", "b"}


def test_an_option_counts_more_than_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECT_EVAL_MODEL", "mockllm/other")
    assert eval_parameters(begun("--model", "mockllm/model").arguments)["model"] == "mockllm/model"


def test_a_place_for_results_in_a_file_of_solver_arguments_counts(folder: Path) -> None:
    (folder / "solver.json").write_text(json.dumps({"resume": "./here"}))
    assert eval_parameters(begun("--solver-config", "solver.json").arguments)["s"] == ()


def test_a_set_goes_on_from_any_folder_with_the_arguments_it_began_with(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["-S", "n=2", "--limit", "2", "--log-format", "eval"]
    plan = begun(*words)
    check_again(plan, ["task.py", "--solver", "rtv", "--log-dir", "logs", *words])
    with pytest.raises(UserError, match=r"-S is .*n=2.* in the plan"):
        check_again(plan, ["-S", "n=3"])
    with pytest.raises(UserError, match="choose 1 problems, which are not the 2 of the plan"):
        check_again(plan, ["--limit", "1"])
    with pytest.raises(UserError, match=r"--log-dir is '.*logs' in the plan, but 'other'"):
        check_again(plan, ["--log-dir", "other"])
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    check_again(plan, ())
    (folder / "task.py").unlink()
    with pytest.raises(UserError, match=r"there is no file task\.py"):
        check_again(plan, ())


def test_connections_of_a_resume_are_divided_over_the_shards_it_runs_at_once() -> None:
    plan = begun("--max-connections", "8", at_once=1)
    assert plan.connections == 8
    assert changed_load(plan, 2, ()).connections == 4
    assert changed_load(plan, 2, ("--max-connections", "6")).connections == 3
    with pytest.raises(UserError, match="give at least 2"):
        changed_load(plan, 2, ("--max-connections", "1"))


def test_a_shard_that_goes_on_keeps_its_variables_and_its_part_of_the_connections() -> None:
    plan = begun("--env", "A=1", "--max-connections", "8")
    state = ShardState("x.eval", EvalLog.model_construct(), ("x.eval",))
    command = next_command(ShardSet(plan.set), plan, plan.shards[0], state)
    assert "--env=A=1" in command
    assert command[command.index("--max-connections") + 1] == "4"


def test_a_problem_that_a_pilot_ran_twice_costs_the_mean(folder: Path) -> None:
    pilot = Task(dataset=[Sample(id=id, input="x") for id in "abc"])
    for ids in (["a"], ["a", "b", "c"]):  # echo uses 15 tokens
        run(pilot, generate(), folder / "pilot", sample_id=ids)
    assert sorted(shard.cost for shard in begun(pilot="pilot").shards) == [15, 30]


def test_a_pilot_of_another_task_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    summary = type("S", (), {"id": "z", "model_usage": {"m": type("U", (), {"total_cost": 1.0})}})
    name = "inspect_tts.shards.launch.read_eval_log_sample_summaries"
    monkeypatch.setattr(name, lambda log: [summary])
    with pytest.raises(
        UserError, match=r"has none of these problems \(a, ...\) but others, such as z"
    ):
        begun(pilot="x.eval")


def test_only_commands_are_printed_and_a_url_of_a_file_is_its_path(folder: Path) -> None:
    words = ["task.py", "--shards", "2", "--executor", "print", "--log-dir", f"file://{folder}/a b"]
    done = CliRunner().invoke(shard, words)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"inspect-tts shard --run '{folder}/a b/") for line in lines)


@pytest.mark.parametrize("text", ["[]", "{", None])
def test_a_runtime_environment_that_cannot_be_read_is_named(text: str | None, folder: Path) -> None:
    pytest.importorskip("ray")
    if text is not None:
        (folder / "env.json").write_text(text)
    words = ["task.py", "--shards", "2", "--executor", "ray", "--ray-runtime-env", "env.json"]
    done = CliRunner().invoke(shard, [*words, "--log-dir", "logs"])
    assert isinstance(done.exception, UserError)
    assert "--ray-runtime-env env.json cannot be read" in str(done.exception)
    assert not (folder / "logs").exists()


def test_saved_results_stay_until_no_problem_has_an_error(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    saved: list[Path] = []

    def run_with_errors(found: ShardSet, plan: ShardPlan, numbers: list[int]) -> list[int]:
        saved.append(Path(found.saved) / "votes" / "x")
        saved[0].parent.mkdir(parents=True)
        saved[0].touch()
        return []

    monkeypatch.setattr(command, "run_local", run_with_errors)
    words = ["task.py", "--solver", "rtv", "--shards", "2", "--log-dir", "logs"]
    done = CliRunner().invoke(shard, words)
    assert saved[0].exists()
    assert "with errors in some problems of shards 0, 1" in done.output


def test_merging_calls_inspects_command_where_there_is_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    @click.command(context_settings={"ignore_unknown_options": True})
    @click.argument("given", nargs=-1)
    def merge_shards(given: tuple[str, ...]) -> None:
        asked.append(given)

    commands = vars(inspects)["log_command"].commands
    monkeypatch.setitem(commands, "merge-shards", merge_shards)
    plan = begun()
    found = ShardSet(plan.set)
    found.write("plan.json", plan.model_dump_json())
    done = CliRunner().invoke(shard, ["--merge", plan.set, "--overwrite"], catch_exceptions=False)
    assert asked == [(found.place, "--overwrite")]
    assert "not finished yet: shards 0, 1" in done.stderr
