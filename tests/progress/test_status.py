"""What a run tells while it goes on, and `inspect-tts status` while it runs and after."""

import json
import os
import re
from collections.abc import Callable
from math import nan
from pathlib import Path
from socket import gethostname
from time import sleep, time
from typing import Any

import pytest
from bad_ends import PRICE
from click.testing import CliRunner
from commands import run_command
from inspect_ai.log import EvalMetric, EvalResults, EvalScore, write_eval_log
from inspect_ai.model import ChatMessage, GenerateConfig, ModelInfo, ModelOutput, set_model_info
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver
from investigating import paid
from scripted import echo, model, prefer, problem, run, summarize

from inspect_tts import UserError, pdr_rtv, rtv
from inspect_tts.cli import main
from inspect_tts.progress.reporter import FILE, SWITCH
from inspect_tts.progress.state import RunState
from inspect_tts.progress.status import told
from inspect_tts.scores import SCORE, mark_unknown


def status(place: Path, *options: str) -> Any:
    told = CliRunner().invoke(main, ["status", str(place), *options])
    assert told.exit_code == 0, told.output
    return json.loads(told.stdout) if "--json" in options else told.output


def wait_for(done: Callable[[], Any]) -> Any:
    """What a function returns once it returns anything."""
    for _ in range(600):
        if found := done():
            return found
        sleep(0.1)
    raise AssertionError("it never came")


def test_another_terminal_sees_the_same_while_it_runs_and_after(tmp_path: Path) -> None:
    seen: dict[str, Any] = {}

    def judge(messages: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        if not seen and "Solution 1" in messages[-1].text:

            def both_ended() -> Any:
                [found] = status(tmp_path, "--json")
                told = (found["state"] or {"states": {}})["states"].get("p0/1")
                return found if told and told["phases"][0]["done"] == 3 else None

            seen.update(wait_for(both_ended), shown=status(tmp_path))
        return prefer("#good")(messages, config)

    strategy = pdr_rtv(n=3, top_k=2, votes=4, agent=generate())
    log = run(problem(2), strategy, tmp_path, judge=judge, max_samples=1)
    assert log.status == "success"

    state = RunState.model_validate(seen["state"])
    assert (state.strategy, state.problems) == ("pdr_rtv", 2)
    # 3 rollouts, 1 match for 2 of them, 3 rollouts, 2 matches
    assert [(phase.kind, phase.total) for phase in state.plan] == [
        ("rollouts", 3),
        ("votes", 4),
        ("rollouts", 3),
        ("votes", 8),
    ]
    rollouts, votes = state.totals("rollouts"), state.totals("votes")
    assert (rollouts.done, rollouts.total, rollouts.running) == (3, 12, 0)
    assert (votes.done <= 4, votes.total) == (True, 24)
    assert state.states["p0/1"].doing == "tournament 0 round 1"
    assert len(state.states["p0/1"].leaders) == 3
    assert seen["told"].startswith("running (process ")
    assert "3 rollouts" in seen["kept"]
    assert re.search(r"rollouts 3/12, \d of at most 24 votes", seen["shown"])
    assert "tournament 0 round 1" in seen["shown"]

    after = status(tmp_path)
    assert " finished\n" in after
    assert "adopted t1-n0" in after
    assert not (tmp_path / ".inspect_tts").exists(), "nothing is left of a run that ended well"


TASK_FILE = """
import sys
sys.path.insert(0, {support!r})
import scripted
from inspect_ai import Task, task
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver
from inspect_tts import rtv
from inspect_tts.scaled.task import scaled

ROLES = dict(
    judge=scripted.model(scripted.prefer("#good"), "judge"),
    summarizer=scripted.model(scripted.summarize, "summarizer"),
)

@task
def inner():
    made = scripted.problem(2)
    made.solver = generate()
    return made

@task
def one():
    made = inner()
    made.solver = rtv(n=2, votes=1, agent=generate(), preflight=False)
    made.model, made.model_roles = scripted.model(scripted.echo), ROLES
    return made

@task
def parts():
    arguments = dict(n=2, votes=1, preflight=False)
    made = scaled(task=__file__ + "@inner", strategy="rtv", strategy_args=arguments)
    made.model, made.model_roles = scripted.model(scripted.echo), ROLES
    return made

@task
def waves():
    arguments = dict(n="auto", min_n=2, max_n=5, votes=1, preflight=False)
    made = scaled(task=__file__ + "@inner", strategy="rtv", strategy_args=arguments)
    made.model, made.model_roles = scripted.model(scripted.echo), ROLES
    return made
"""


def shown(folder: Path, *arguments: str) -> tuple[str, list[str]]:
    """What an eval of the file's tasks prints, and its lines of progress."""
    support = str(Path(__file__).parents[1] / "support")
    (folder / "tasks.py").write_text(TASK_FILE.format(support=support))
    done = run_command(
        *("inspect", "eval", *arguments, "--log-dir", "logs"),
        cwd=folder,
        env={SWITCH: "0.05", "COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [each for each in done.stdout.splitlines() if "inspect_tts: rtv on" in each]
    assert lines, done.stdout
    return done.stdout, lines


def test_rollouts_that_waves_do_not_need_are_not_waited_for(tmp_path: Path) -> None:
    _, lines = shown(tmp_path, "tasks.py@waves", "--display", "plain")
    counts = re.findall(r"rollouts (\d+)/(\d+)", " ".join(lines))
    assert counts[0][1] == "10"
    assert counts[-1] == ("4", "4")


@pytest.mark.parametrize("name", ["one", "parts"])
def test_without_a_terminal_lines_are_printed_and_steps_are_rollouts(
    name: str, tmp_path: Path
) -> None:
    output, lines = shown(tmp_path, f"tasks.py@{name}", "--display", "plain")
    assert all(each.startswith("inspect_tts") for each in lines)
    assert "of 2 problems, rollouts" in lines[-1]
    assert "/4" in lines[0], "totals are known from the start"
    shares = [int(share) for share in re.findall(r"Steps: .*?/4 +(\d+)%", output)]
    assert max(shares) == 100
    assert "nan" not in output
    assert output.count("cost is -: no price is known for mockllm/model") == 1


@pytest.mark.parametrize("level", [(), ("--log-level", "info")], ids=["hidden", "shown"])
def test_the_display_log_has_lines_at_each_level(level: tuple[str, ...], tmp_path: Path) -> None:
    _, lines = shown(tmp_path, "tasks.py@one", "--display", "log", *level)
    assert all(each.startswith("inspect_tts") != bool(level) for each in lines)


def test_a_number_of_seconds_that_is_none_is_refused_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(SWITCH, "often")
    with pytest.raises(UserError, match="INSPECT_TTS_PROGRESS='often' is not a number of seconds"):
        rtv(n=2)


@solver
def fails() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        raise ValueError("the last step fails")

    return solve


def test_a_run_that_failed_says_what_is_kept_and_how_to_go_on(tmp_path: Path) -> None:
    log = run(problem(1), [rtv(n=2, votes=1, agent=generate()), fails()], tmp_path)
    assert log.status == "error"
    [found] = status(tmp_path, "--json")
    assert found["told"].startswith("ended with an error; to continue: inspect eval-retry /")
    assert "2 rollouts, 2 summaries" in found["kept"]
    assert RunState.model_validate(found["state"]).failed == 1
    assert "0 of 1 problem (1 failed), rollouts 2/2" in status(tmp_path)


def test_a_narrow_terminal_shows_whole_ids(tmp_path: Path) -> None:
    task = problem(1)
    task.dataset[0].id = "a" * 100 + "-end"
    run(task, rtv(n=2, votes=1, agent=generate()), tmp_path)
    told = CliRunner().invoke(main, ["status", str(tmp_path)], env={"COLUMNS": "60"})
    assert "".join(line.split(" ")[0] for line in told.output.splitlines()).count("a") >= 100
    assert "-end" in told.output


def test_a_state_that_is_older_than_what_is_saved_does_not_contradict_it(tmp_path: Path) -> None:
    log = run(problem(1), [rtv(n=2, votes=1, agent=generate()), fails()], tmp_path)
    file = tmp_path / ".inspect_tts" / log.eval.task_id / FILE
    state = RunState.model_validate_json(file.read_text())
    state.states["p0/1"].phases[0].done = 0
    state.updated = time() - 30
    file.write_text(state.model_dump_json())
    told = status(tmp_path)
    assert "saved for a retry: 2 rollouts" in told
    assert "rollouts 2/2" in told
    assert "ago" not in told, "that is how it ended"
    log.status = "started"
    write_eval_log(log)
    assert re.search(r"rollouts 2/2.* \(as of 3\d s ago\)\n", status(tmp_path))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "running (process "),
        (
            {"process": 2**22 + 1},
            "its process 4194305 is gone; to continue: inspect eval-retry a.e",
        ),
        ({"host": "elsewhere"}, "running (process "),
        ({"host": "elsewhere", "updated": 0.0}, "on elsewhere has ended, to continue"),
        ({"updated": 0.0}, "no update for "),
    ],
)
def test_a_state_says_whether_its_run_lives(given: dict[str, Any], said: str) -> None:
    here = {"host": gethostname(), "process": os.getpid(), "updated": time()}
    state = RunState(task="t", model="m", strategy="rtv", log="a.eval", problems=1)
    assert said in told("started", "file://a.eval", state.model_copy(update={**here, **given}))


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    nothing = CliRunner().invoke(main, ["status", str(tmp_path)])
    assert nothing.exit_code == 1
    assert "contains no log of a strategy" in nothing.output
    absent = CliRunner().invoke(main, ["status", str(tmp_path / "nosuchdir")])
    assert absent.exit_code == 1
    assert "nosuchdir' does not exist: " in absent.output
    log = run(problem(1), rtv(n=2, votes=1, agent=generate()), tmp_path)
    (tmp_path / "cut.eval").write_bytes(Path(log.location).read_bytes()[:500])
    assert "cut.eval cannot be read: the file is cut off" in status(tmp_path)
    folder = tmp_path / ".inspect_tts" / log.eval.task_id
    folder.mkdir(parents=True)
    (folder / FILE).write_text("{}")
    assert " finished\n" in status(tmp_path), "a state of another version is no state"


def test_numbers_that_nobody_has_are_dashes_with_the_reason_once(tmp_path: Path) -> None:
    log = run(problem(1), rtv(n=2, votes=1, agent=generate()), tmp_path)
    numbers = {"cost": nan, "selected": nan, "votes": 3.0}
    shown = EvalResults(
        scores=[
            EvalScore(name=name, scorer=SCORE, metrics={"mean": EvalMetric(name="mean", value=n)})
            for name, n in numbers.items()
        ]
    )
    cost, selected = mark_unknown(log, shown)
    assert cost.startswith("inspect_tts: cost is -: no price is known for ")
    assert selected == "inspect_tts: selected is -: the task's first scorer gave no number"
    assert [f"{s.metrics['mean'].value:.3f}" for s in shown.scores] == ["-", "-", "3.000"]
    assert mark_unknown(log, None) == []


def test_a_run_without_prices_leaves_the_dollars_of_the_others_known(tmp_path: Path) -> None:
    set_model_info("mockllm/priced", ModelInfo(cost=PRICE))

    def priced(messages: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        answer = summarize if "<trajectory>" in messages[0].text else echo
        return paid(answer(messages, config), 0.5)

    strategy, agent = rtv(n=1, agent=generate()), model(priced, "priced")
    run(problem(1), strategy, tmp_path / "priced", agent=agent, model_roles={})
    run(problem(1), strategy, tmp_path / "not priced")
    dollars = [round(each["dollars"], 2) for each in status(tmp_path, "--json")]
    assert sorted(dollars) == [0.0, 1.0]
    assert "in total: 2 of 2 problems, $1.00\n" in status(tmp_path)
