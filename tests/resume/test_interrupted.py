"""What an eval that was stopped says: what is kept, and the command that goes on."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from shlex import split

import pytest
from click.testing import CliRunner
from commands import run_command
from inspect_ai.log import list_eval_logs, read_eval_log

from inspect_tts.cli import main
from inspect_tts.resume.kept import counted, retry_command, stopped_text, taken_over_text

TASK_FILE = """
import itertools, os, signal
import scripted
from inspect_ai import Task, task
from inspect_ai.hooks import Hooks, hooks
from inspect_ai.solver import solver
from inspect_tts import rtv

first, problems = os.environ.get("STOP_BY"), int(os.environ.get("PROBLEMS") or 1)
judged = itertools.count(1)

@solver
def agent():
    async def solve(state, generate):
        state = await generate(state)
        state.output.completion = "#good"
        return state
    return solve

def judge(messages, config):
    if first and next(judged) == problems:
        os.kill(os.getpid(), getattr(signal, first))
    return scripted.prefer("#good")(messages, config)

@hooks(name="early", description="Stops before a sample begins")
class Early(Hooks):
    async def on_sample_init(self, data):
        os.kill(os.getpid(), getattr(signal, first))

    def enabled(self):
        return bool(first and os.environ.get("EARLY"))

@task
def refused():
    return Task(solver=rtv(n=2, preflight=False), model=scripted.model(scripted.echo))

@task
def attempts():
    made = stopped()
    made.solver = agent()
    return made

@task
def stopped():
    made = scripted.problem(problems)
    made.solver = rtv(n=2, votes=1, agent=agent(), preflight=False)
    made.model = scripted.model(scripted.echo)
    made.model_roles = {
        "judge": scripted.model(judge, "judge"),
        "summarizer": scripted.model(scripted.summarize, "summarizer"),
    }
    return made
"""


def inspect(
    folder: Path,
    *arguments: str,
    stop_by: str = "",
    early: bool = False,
    width: int = 200,
    problems: int = 1,
) -> str:
    """Run a command of Inspect in a process of its own."""
    support = Path(__file__).parents[1] / "support"
    paths = os.pathsep.join([str(support), os.environ.get("PYTHONPATH", "")])
    env = {"PYTHONPATH": paths, "STOP_BY": stop_by, "EARLY": "1" * early, "COLUMNS": str(width)}
    env["PROBLEMS"] = str(problems)
    done = run_command("inspect", *arguments, cwd=folder, env=env)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("stop_by", "form", "folder"), [("SIGINT", "json", "logs"), ("SIGTERM", "eval", "my logs")]
)
def test_a_stopped_eval_says_what_is_kept_and_how_to_go_on(
    stop_by: str, form: str, folder: str, tmp_path: Path
) -> None:
    (tmp_path / "stopped.py").write_text(TASK_FILE)
    logs = tmp_path / folder
    options = ("--display", "plain", "--log-dir", folder, "--log-format", form)
    told = inspect(tmp_path, "eval", "stopped.py@stopped", *options, stop_by=stop_by)
    assert "the eval was interrupted; saved: 2 rollouts, 2 summaries" in told, told
    assert "exit status already read" not in told
    [info] = list_eval_logs(str(logs))
    log = read_eval_log(info, header_only=True)
    assert log.status == "cancelled"
    name = Path(log.location).name
    if folder == "logs":  # where Inspect writes by default
        assert f"inspect eval-retry logs/{name}\n" in told
    else:
        assert f"inspect eval-retry 'my logs/{name}' --log-dir 'my logs'\n" in told

    status = CliRunner().invoke(main, ["status", str(logs)]).output
    [command] = re.findall("was cancelled; to continue: inspect (eval-retry .*)", status)
    assert "saved for a retry: 2 rollouts, 2 summaries" in status
    assert "0 of 1 problem, rollouts 2/2, " in status
    assert "tournament 0 round 1" in status

    without = tmp_path / name
    shutil.copy(logs / name, without)
    problem = CliRunner().invoke(main, ["status", str(without)]).output.splitlines()[2]
    assert problem.split() == ["p0", "cancelled"], "also where no saved results tell it"

    shown = CliRunner().invoke(main, ["report", "--no-html", str(logs)])
    assert shown.exit_code == 0
    assert "1 of 1 sample was cancelled" in shown.output
    assert "samples ended with an error" not in shown.output

    again = inspect(tmp_path, *split(command), *options[:2])
    assert "reused from an earlier run: 2 rollouts, 2 summaries" in again, again
    assert "to continue" not in again
    assert "Steps:   2/2 100%" in again, "what was taken over counts as done"
    after = CliRunner().invoke(main, ["status", str(logs)]).output
    assert " finished\n" in after
    assert "cancelled" not in after


@pytest.mark.parametrize(("stop_by", "form"), [("SIGINT", "json"), ("SIGTERM", "eval")])
def test_an_eval_that_is_stopped_before_a_sample_begins_says_how_to_go_on(
    stop_by: str, form: str, tmp_path: Path
) -> None:
    (tmp_path / "stopped.py").write_text(TASK_FILE)
    options = ("--display", "plain", "--log-format", form)
    early = ("eval", "stopped.py@stopped", *options)
    told = inspect(tmp_path, *early, "--log-dir", "early", stop_by=stop_by, early=True)
    assert "the eval was interrupted; nothing is saved yet" in told, told
    place = f"({re.escape(str(tmp_path))}/)?early"  # as the log tells it, if there is one
    assert re.search(f"to continue: inspect eval-retry {place}/.* --log-dir {place}\n", told)

    told = inspect(tmp_path, "eval", "stopped.py@stopped", *options, stop_by=stop_by)
    for _ in range(2):
        assert "the eval was interrupted; saved: 2 rollouts, 2 summaries" in told, told
        [command] = re.findall("to continue: inspect (eval-retry .*)", told)
        told = inspect(tmp_path, *split(command), *options[:2], stop_by=stop_by, early=True)
    [command] = re.findall("to continue: inspect (eval-retry .*)", told)
    again = inspect(tmp_path, *split(command), *options[:2])
    assert "reused from an earlier run: 2 rollouts, 2 summaries" in again, again
    assert not (tmp_path / "logs" / ".inspect_tts").exists()


def test_sigterm_ends_an_eval_that_a_script_has_started_in_the_background(tmp_path: Path) -> None:
    (tmp_path / "stopped.py").write_text(TASK_FILE)
    support = Path(__file__).parents[1] / "support"
    paths = os.pathsep.join([str(support), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(  # sh lets what is before the & ignore SIGINT
        [
            "sh",
            "-c",
            f"{sys.executable} -m inspect_ai eval stopped.py@stopped --display plain & wait",
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": paths, "STOP_BY": "SIGTERM"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    told = done.stdout + done.stderr
    assert "the eval was interrupted; saved: 2 rollouts, 2 summaries" in told, told
    [info] = list_eval_logs(str(tmp_path / "logs"))
    assert read_eval_log(info, header_only=True).status == "cancelled"


def test_a_retry_names_the_samples_that_had_finished(tmp_path: Path) -> None:
    (tmp_path / "stopped.py").write_text(TASK_FILE)
    options = ("--display", "plain", "--max-samples", "1")
    told = inspect(tmp_path, "eval", "stopped.py@stopped", *options, stop_by="SIGTERM", problems=3)
    assert "saved: 2 finished samples, 6 rollouts, 6 summaries, 2 votes" in told, told
    [command] = re.findall("to continue: inspect (eval-retry .*)", told)
    again = inspect(tmp_path, *split(command), *options, problems=3)
    assert "reused from an earlier run: 2 finished samples, 2 rollouts, 2 summ" in again, again


def test_finished_rollouts_of_a_scaled_eval_are_kept_and_taken_over(tmp_path: Path) -> None:
    (tmp_path / "stopped.py").write_text(TASK_FILE)
    args = 'strategy_args={"n": 2, "votes": 1, "preflight": false}'
    parts = ("-T", "task=stopped.py@attempts", "-T", "strategy=rtv", "-T", args)
    options = ("--display", "plain")
    told = inspect(tmp_path, "eval", "inspect_tts/scaled", *parts, *options, stop_by="SIGINT")
    assert "the eval was interrupted; saved: 2 finished samples" in told, told
    [command] = re.findall("to continue: inspect (eval-retry .*)", told)
    again = inspect(tmp_path, *split(command), *options)
    assert "reused from an earlier run: 2 finished samples" in again, again


def test_the_command_is_one_line_in_a_narrow_terminal(tmp_path: Path) -> None:
    (tmp_path / "stopped.py").write_text(TASK_FILE)
    words = ("eval", "stopped.py@stopped", "--display", "rich", "--log-dir", str(tmp_path))
    told = inspect(tmp_path, *words, stop_by="SIGINT", early=True, width=60)
    assert re.search(r"inspect eval-retry \S+\.eval --log-dir \.\n", told), told


def test_what_can_only_fail_again_has_no_command_that_goes_on(tmp_path: Path) -> None:
    (tmp_path / "stopped.py").write_text(TASK_FILE)
    told = inspect(tmp_path, "eval", "stopped.py@refused", "--display", "plain")
    assert "which needs an agent to run" in told, told
    assert "to continue" not in told
    assert "nothing is saved" not in told


def test_results_are_counted_in_words() -> None:
    assert counted({"rollout": 97, "summary": 98, "vote": 1, "snapshot": 9}) == (
        "97 rollouts, 98 summaries, 1 vote"
    )
    assert counted({}) == ""


@pytest.mark.parametrize(
    ("log", "default", "command"),
    [
        ("logs/a.eval", None, "inspect eval-retry logs/a.eval"),
        ("a.eval", None, "inspect eval-retry a.eval --log-dir ."),
        ("file:///x y/a.eval", None, "inspect eval-retry '/x y/a.eval' --log-dir '/x y'"),
        ("/tmp/x/a.eval", "/tmp/x/", "inspect eval-retry /tmp/x/a.eval"),
        ("logs/a.eval", "/tmp/x", "inspect eval-retry logs/a.eval --log-dir logs"),
        ("s3://b/x/a.eval", "s3://b/x", "inspect eval-retry s3://b/x/a.eval"),
        ("s3://b/x/a.eval", "s3://b", "inspect eval-retry s3://b/x/a.eval --log-dir s3://b/x"),
    ],
)
def test_a_retry_is_written_beside_its_log(
    log: str, default: str | None, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INSPECT_LOG_DIR", raising=False)
    if default is not None:
        monkeypatch.setenv("INSPECT_LOG_DIR", default)
    assert retry_command(log) == command


def test_what_goes_on_depends_on_the_command_and_the_place() -> None:
    kept = counted({"finished sample": 2, "vote": 3})
    text = stopped_text(kept, log="a.eval", cancelled=False, place="s3://x", eval_set=True)
    assert text.splitlines() == [
        "inspect_tts: the eval ended with an error; saved: 2 finished samples, 3 votes in s3://x",
        "to continue: run the same eval-set command again",
    ]
    nothing = stopped_text("", log="a.eval", cancelled=True, place=None, eval_set=False)
    assert "nothing is saved yet" in nothing
    assert nothing.endswith("inspect eval-retry a.eval --log-dir .")
    assert taken_over_text({"vote": 2}).endswith("reused from an earlier run: 2 votes")
    assert taken_over_text({"check": 2}) == taken_over_text({"finished sample": 0}) == ""
