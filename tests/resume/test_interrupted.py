"""What an eval that was stopped says: what is kept, and the command that goes on."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from commands import run_command
from inspect_ai.log import list_eval_logs, read_eval_log

from inspect_tts.cli import main
from inspect_tts.resume.kept import counted, stopped_text, taken_over_text

TASK_FILE = """
import os, signal
import scripted
from inspect_ai import Task, task
from inspect_ai.solver import solver
from inspect_tts import rtv

first = os.environ.get("STOP_BY")

@solver
def agent():
    async def solve(state, generate):
        state = await generate(state)
        state.output.completion = "#good"
        return state
    return solve

def judge(messages, config):
    if first:
        os.kill(os.getpid(), getattr(signal, first))
    return scripted.prefer("#good")(messages, config)

@task
def stopped():
    made = scripted.problem(1)
    made.solver = rtv(n=2, votes=1, agent=agent(), preflight=False)
    made.model = scripted.model(scripted.echo)
    made.model_roles = {
        "judge": scripted.model(judge, "judge"),
        "summarizer": scripted.model(scripted.summarise, "summarizer"),
    }
    return made
"""


def inspect(folder: Path, *arguments: str, stop_by: str = "") -> str:
    """Run a command of Inspect in a process of its own."""
    support = Path(__file__).parents[1] / "support"
    paths = os.pathsep.join([str(support), os.environ.get("PYTHONPATH", "")])
    env = {"PYTHONPATH": paths, "STOP_BY": stop_by, "COLUMNS": "200"}
    done = run_command("inspect", *arguments, cwd=folder, env=env)
    return done.stdout + done.stderr


@pytest.mark.parametrize(("stop_by", "form"), [("SIGINT", "json"), ("SIGTERM", "eval")])
def test_a_stopped_eval_says_what_is_kept_and_how_to_go_on(
    stop_by: str, form: str, tmp_path: Path
) -> None:
    (tmp_path / "stopped.py").write_text(TASK_FILE)
    options = ("--display", "plain", "--log-dir", "logs", "--log-format", form)
    told = inspect(tmp_path, "eval", "stopped.py", *options, stop_by=stop_by)
    assert "the eval was interrupted; kept: 2 rollouts, 2 summaries" in told, told
    assert "exit status already read" not in told
    [info] = list_eval_logs(str(tmp_path / "logs"))
    log = read_eval_log(info, header_only=True)
    assert log.status == "cancelled"
    assert f"inspect eval-retry logs/{Path(log.location).name}" in told

    status = CliRunner().invoke(main, ["status", str(tmp_path / "logs")]).output
    assert "was cancelled; to go on: inspect eval-retry /" in status
    assert "kept for a retry: 2 rollouts, 2 summaries" in status
    assert "0 of 1 problem, rollouts 2/2, " in status
    assert "tournament 0 round 1" in status

    shown = CliRunner().invoke(main, ["report", "--no-html", str(tmp_path / "logs")])
    assert shown.exit_code == 0
    assert "1 of 1 sample was cancelled" in shown.output
    assert "samples ended with an error" not in shown.output

    again = inspect(tmp_path, "eval-retry", str(log.location), *options[:4])
    assert "taken over from an earlier run: 2 rollouts, 2 summaries" in again, again
    assert "to go on" not in again
    assert "Steps:   2/2 100%" in again, "what was taken over counts as done"


def test_results_are_counted_in_words() -> None:
    assert counted({"rollout": 97, "summary": 98, "vote": 1, "snapshot": 9}) == (
        "97 rollouts, 98 summaries, 1 vote"
    )
    assert counted({}) == ""


def test_what_goes_on_depends_on_the_command_and_the_place() -> None:
    kept = counted({"finished sample": 2, "vote": 3})
    text = stopped_text(kept, log="a.eval", cancelled=False, place="s3://x", eval_set=True)
    assert text.splitlines() == [
        "inspect_tts: the eval ended with an error; kept: 2 finished samples, 3 votes in s3://x",
        "to go on:    give the same eval-set command again",
    ]
    nothing = stopped_text("", log="a.eval", cancelled=True, place=None, eval_set=False)
    assert "nothing is kept yet" in nothing
    assert nothing.endswith("inspect eval-retry a.eval")
    assert taken_over_text({"vote": 2}).endswith("taken over from an earlier run: 2 votes")
