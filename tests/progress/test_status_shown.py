"""What `inspect-tts status` shows of states and logs."""

import json
import os
from pathlib import Path
from socket import gethostname
from time import time
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai.log import EvalError, EvalLog, write_eval_log
from inspect_ai.solver import generate
from scripted import problem, run

from inspect_tts import rtv
from inspect_tts.cli import main
from inspect_tts.progress.reporter import FILE
from inspect_tts.progress.state import Phase, ProblemState, RunState, Spent


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    """The log of a strategy that ended well."""
    return run(problem(1), rtv(n=1, agent=generate()), tmp_path_factory.mktemp("ended"))


def write(folder: Path, log: EvalLog, *, name: str = "a.eval", **changes: Any) -> EvalLog:
    """Write a log with changes, into another folder."""
    log = log.model_copy(update=changes, deep=True)
    log.location = str(folder / name)
    write_eval_log(log, log.location)
    return log


def keep(of: EvalLog, states: dict[str, ProblemState], **given: Any) -> RunState:
    """Write the state of a log's run beside it."""
    fields = {"task": "t", "model": "m", "strategy": "rtv", "log": of.location, "problems": 50}
    here = {"host": gethostname(), "process": os.getpid(), "updated": time()}
    state = RunState.model_validate({**fields, **here, **given, "states": states})
    folder = Path(of.location).parent / ".inspect_tts" / of.eval.task_id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(state.model_dump_json())
    return state


def told(folder: Path, *options: str) -> str:
    said = CliRunner().invoke(main, ["status", str(folder), *options], env={"COLUMNS": "200"})
    assert said.exit_code == 0, said.output
    return said.output


def state(**given: Any) -> ProblemState:
    phases = [
        Phase(kind="rollouts", total=2, done=2, failed=1, running=0, begun=True),
        Phase(kind="rollouts", total=2, done=1, failed=1, running=1, begun=True),
    ]
    return ProblemState(**{"phases": phases, "doing": "iteration 1", **given})


def rows(text: str) -> dict[str, list[str]]:
    """The rows of the table, by problem."""
    _, _, table = text.partition("spent")
    return {line.split()[0]: line.split()[1:] for line in table.splitlines() if line.split()}


def test_a_row_tells_where_a_problem_is(tmp_path: Path, ended: EvalLog) -> None:
    log = write(tmp_path, ended, status="started")
    spent = Spent(tokens=1200.0, dollars=1.5)
    five = [f"t0-n0{i}" for i in range(5)]
    keep(
        log,
        {
            "p[b]/1": state(leaders=five, spent=spent),
            "p/2": state(phases=[], leaders=five[:4]),
            "q/1": state(ended="failed"),
            "done/1": state(ended="done"),
        },
    )
    shown = rows(told(tmp_path))
    assert shown == {
        "p[b]": ["iteration", "1", "3/4", "(2", "failed)", "-", *five[:4], "+1", "$1.50"],
        "p/2": ["iteration", "1", "-", "-", *five[:4], "-"],
        "q": ["failed", "3/4", "(2", "failed)", "-", "-", "-"],
    }
    assert "done" in rows(told(tmp_path, "--all"))
    keep(log, {"p/1": state(spent=spent)}, priced=False)
    assert rows(told(tmp_path))["p"][-2:] == ["1,200", "tokens"]


def test_the_first_forty_problems_are_shown(tmp_path: Path, ended: EvalLog) -> None:
    log = write(tmp_path, ended, status="started")
    keep(log, {f"p{i}/1": state(ended="done" if i == 0 else "") for i in range(43)})
    few = told(tmp_path)
    assert [name for name in rows(few) if name != "and"] == [f"p{i}" for i in range(1, 41)]
    assert "\nand 2 more: --all shows them\n" in few
    all = told(tmp_path, "--all")
    assert len(rows(all)) == 43
    assert "more" not in all


def test_a_state_belongs_to_its_log_alone(tmp_path: Path, ended: EvalLog) -> None:
    log = write(tmp_path, ended, status="started")
    keep(log, {"p/1": state()}, log="elsewhere/b.eval")
    assert told(tmp_path).startswith("a.eval started\n")
    keep(log, {"p/1": state()}, log="elsewhere/a.eval")
    assert told(tmp_path).startswith("a.eval running (process ")
    write(tmp_path, ended, status="success")
    [found] = json.loads(told(tmp_path, "--json"))
    assert (found["told"], found["state"]) == ("finished", None), "an old state was left behind"


@pytest.mark.parametrize(
    ("status", "process", "running"),
    [("started", os.getpid(), 1), ("started", 2**22 + 1, 0), ("cancelled", os.getpid(), 0)],
    ids=["runs", "its process is gone", "cancelled"],
)
def test_nothing_runs_in_a_run_that_has_ended(
    status: str, process: int, running: int, tmp_path: Path, ended: EvalLog
) -> None:
    log = write(tmp_path, ended, status=status)
    keep(log, {"p/1": state()}, process=process, seconds_left=60.0, updated=time() - 60)
    [found] = json.loads(told(tmp_path, "--json"))
    assert found["state"]["states"]["p/1"]["phases"][1]["running"] == running
    assert found["state"]["seconds_left"] == (60.0 if running else None)
    assert (" (as of " in told(tmp_path)) == (status == "started")


def test_of_an_eval_and_its_retries_the_last_is_shown(tmp_path: Path, ended: EvalLog) -> None:
    def at(hour: int) -> Any:
        return ended.eval.model_copy(update={"created": f"2026-01-01T{hour:02}:00:00+00:00"})

    write(tmp_path, ended, name="1.eval", eval=at(3), status="cancelled")
    write(tmp_path, ended, name="2.eval", eval=at(5), status="success")
    write(tmp_path, ended, name="3.eval", eval=at(4), status="error")
    other = at(2).model_copy(update={"task_id": "another"})
    write(tmp_path, ended, name="4.eval", eval=other, status="cancelled")
    found = json.loads(told(tmp_path, "--json"))
    assert [Path(each["log"]).name for each in found] == ["4.eval", "2.eval"], "the oldest first"


def test_a_cancelled_problem_has_no_error(tmp_path: Path, ended: EvalLog) -> None:
    [first] = ended.samples or []

    def failed(id: str, message: str) -> Any:
        why = EvalError(message=message, traceback="", traceback_ansi="")
        return first.model_copy(update={"id": id, "scores": {}, "error": why})

    samples = [first, failed("c1", "CancelledError()"), failed("c2", "Cancelled('by you')")]
    samples.append(failed("e1", "x" * 500))
    write(tmp_path, ended, status="error", samples=samples)
    shown = told(tmp_path)
    assert [" ".join(line.split()) for line in shown.splitlines() if line.startswith("c")] == [
        "c1 cancelled",
        "c2 cancelled",
    ]
    assert 150 < shown.count("x") < 250, "no more than 200 characters of an error"


def test_logs_of_other_evals_are_left_out(tmp_path: Path, ended: EvalLog) -> None:
    run(problem(1), generate(), tmp_path)
    said = CliRunner().invoke(main, ["status", str(tmp_path)])
    assert (said.exit_code, "contains no log of a strategy" in said.output) == (1, True)
    write(tmp_path, ended)
    assert len(json.loads(told(tmp_path, "--json"))) == 1
