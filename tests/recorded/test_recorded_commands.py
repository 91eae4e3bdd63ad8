"""The commands `inspect-tts select` and `inspect-tts replay`, as a user types them."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from commands import run_command
from helpers import Outcome
from inspect_ai.log import list_eval_logs, read_eval_log
from openai_api import said as error_body
from openai_api import serving
from recorded_logs import lines
from recorded_runs import agents, expect, run

from inspect_tts.cli import main
from inspect_tts.report.page.page import page_missing


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A run of pdr_rtv whose rollouts are all graded."""
    return run(tmp_path_factory.mktemp("original"), agents())


def command(*words: str) -> Result:
    return CliRunner().invoke(main, words, catch_exceptions=False)


def simulated(folder: Path) -> Path:
    """A log of rtv with the simulated model."""
    words = ["inspect", "eval", "inspect_tts/demo", "--solver", "rtv", "-S", "n=4"]
    words += ["-S", "votes=2", "--model", "simulated/coder", "--limit", "2", "--display", "none"]
    done = run_command(*words, "--log-dir", folder)
    assert done.returncode == 0, done.stderr
    [log] = folder.glob("*.eval")
    return log


def test_the_commands_as_a_user_types_them(tmp_path: Path) -> None:
    log = simulated(tmp_path / "logs")
    told = command("replay", str(log), "--votes", "4", "--group-size", "4", "--dry-run").output
    assert "2 problems, 8 rollouts" in told
    assert "Model calls:" in told
    assert list((tmp_path / "logs").iterdir()) == [log], "a dry run writes nothing"

    words = ["inspect-tts", "replay", str(log), "--log-dir", str(tmp_path / "new")]
    done = run_command(*words, "--display", "none")
    assert done.returncode == 0, done.stderr
    assert "Model calls: 0 votes." in done.stdout
    [new] = (tmp_path / "new").glob("*.eval")
    header = read_eval_log(str(new), header_only=True)
    assert header.eval.model == "none/none", "no model is needed, so none is made"
    assert len(lines(new.with_suffix("") / "selections.jsonl")) == 2
    page = new.with_suffix("") / "report.html"
    assert page.is_file() == (page_missing() is None)
    assert "pass@1" in done.stdout, "and its tables"
    assert "replay_recorded" in done.stdout

    told = command("select", str(log), "--votes", "3", "--dry-run").output
    assert "2 rollouts of 2 problems (2 with 1)" in told
    assert "2 summaries and 0 votes" in told
    assert "run `inspect-tts replay LOG`" in told


def test_what_is_told_is_about_the_problems_and_arguments_that_are_given(
    original: Outcome,
) -> None:
    log = original.log.location
    told = command("replay", log, "--limit", "1", "--dry-run").output
    assert told.startswith("1 problems")
    for words, said in {
        ("select", log, "--sample-id", "nope"): "No matches",
        ("select", log, "-S", "vote=3"): "did you mean votes",
        ("select", log, "-S", "trajectory_tokens=1"): "trajectory_tokens=1 is too small",
        ("select", log, "--problems", "nope.jsonl"): "nope.jsonl",
        ("replay", log, "-S", "resume=nofs://x"): "resume='nofs://x' is not a place",
        ("replay", log, "--judge-input", "trajectory"): "holds no trajectories",
    }.items():
        refused = command(*words, "--dry-run")
        assert refused.exit_code != 0, words
        assert said in refused.output, words
        assert "Model calls" not in refused.output


def test_the_recorded_judge_is_asked_what_is_missing(original: Outcome) -> None:
    told = command("replay", original.log.location, "--votes", "6", "--dry-run").output
    reused, least, most = expect(original, votes=6)
    assert f"Certain to be reused: {reused} votes of mockllm/model." in told
    assert f"Model calls: {least} to {most} votes." in told
    other = command(
        "replay", original.log.location, "--model-role", "judge=m/other", "--dry-run"
    ).output
    assert "cannot be used: cast by mockllm/model" in other


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["replay", "nowhere.eval"], "nowhere.eval cannot be read"),
        (["select", "nowhere"], "nowhere does not exist"),
        (["replay", "tests"], "tests is a folder; give one of its .eval files"),
        (["predictions", "tests"], "tests is a folder; give one of its .eval files"),
        (["select", "--format", "zip", "x"], "format='zip' is not known"),
        (["select"], "Missing argument 'PATHS...'"),
    ],
    ids=["no log", "no path", "a folder", "a folder of predictions", "no format", "nothing"],
)
def test_a_mistake_on_the_command_line_is_one_sentence(words: list[str], told: str) -> None:
    found = command(*words)
    assert found.exit_code != 0
    assert told in found.output
    assert "Traceback" not in found.output


def predictions(folder: Path) -> list[str]:
    for name in ("one", "two"):
        row = {"instance_id": "p", "model_patch": f"+ {name}", "model_name_or_path": name}
        (folder / f"preds_{name}.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    texts = folder / "problems.jsonl"
    texts.write_text(json.dumps({"instance_id": "p", "problem_statement": "Do it."}), "utf-8")
    return ["select", str(folder), "--problems", str(texts), "--display", "none"]


def test_a_command_whose_eval_failed_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_API_KEY", "none")
    words = [*predictions(tmp_path), "--log-dir", str(tmp_path / "logs")]
    with serving() as server:
        server.reply = lambda body: (401, error_body("bad key"))
        model = ["--model", "openai-api/local/m", "--model-base-url", f"{server.url}/v1"]
        done = run_command("inspect-tts", *words, *model)
    assert done.returncode == 1
    assert "Error: the eval ended with status error: " in done.stderr
    assert "bad key" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "there is no model for the summarizer and the judge; give --model NAME"),
        (["--model", "none/none"], "there is no model for the summarizer and the judge"),
        (["--selection", "first"], "there is no model for the summarizer; give --model NAME"),
        (["--model-role", "judge=mockllm/model"], "there is no model for the summarizer;"),
    ],
    ids=["none", "none by name", "no judge is needed", "a judge alone"],
)
def test_select_without_a_model_says_so_and_leaves_nothing(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INSPECT_EVAL_MODEL", raising=False)
    given, logs = predictions(tmp_path), tmp_path / "logs"
    found = command(*given, "--log-dir", str(logs), *words)
    assert found.exit_code == 1
    assert told in found.output
    assert not logs.exists()
    assert command(*given, *words, "--dry-run").exit_code == 0


def test_a_model_may_stand_in_a_file_env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INSPECT_EVAL_MODEL", raising=False)
    (tmp_path / ".env").write_text("INSPECT_EVAL_MODEL=simulated/coder\n", "utf-8")
    done = run_command("inspect-tts", *predictions(tmp_path), "--votes", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    [log] = list_eval_logs(str(tmp_path / "logs"))
    assert read_eval_log(log.name, header_only=True).eval.model == "simulated/coder"


def test_every_option_of_inspect_eval_is_there() -> None:
    for name in ("select", "replay"):
        found = main.get_command(click.Context(main), name)
        assert found is not None
        options = {option for each in found.params for option in each.opts}
        assert {"--model", "-M", "--model-role", "--cache", "--limit", "-S"} <= options
        assert {"--token-limit", "--cost-limit", "--max-connections", "--log-dir"} <= options
        assert not {"--solver", "-T", "--epochs"} & options, "those are the command's own"
    help_text = command("select", "--help").output
    assert "The options of `inspect eval`" in help_text
    assert json.dumps(help_text).count("--max-connections") == 1
