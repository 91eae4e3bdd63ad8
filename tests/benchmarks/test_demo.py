"""The demo's problems are what they claim to be: proven by running them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import run_command
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox

import inspect_tts.sim.provider  # noqa: F401 - registers the simulated model
from inspect_tts.benchmarks.demo.__main__ import _finding
from inspect_tts.benchmarks.demo.problems import SETUP, Problem, load_problems
from inspect_tts.benchmarks.demo.task import demo
from inspect_tts.errors import UserError
from inspect_tts.sim.playbook import Fix, Playbook, demo_playbooks, find_playbook

PROBLEMS = {problem.id: problem for problem in load_problems()}
BOOKS = {book.id: book for book in demo_playbooks()}
WRONG = [(book.id, fix) for book in BOOKS.values() for fix in book.wrong]


def named(value: object) -> str | None:
    return value.name if isinstance(value, Fix) else None


def checkout(problem: Problem, folder: Path) -> Path:
    for name, text in problem.repo.items():
        (folder / name).write_text(text)
    return folder


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
    )


def apply(fix: Fix, folder: Path) -> None:
    for command in fix.shell():
        done = shell(command, folder)
        assert done.returncode == 0, done.stderr


def passes(command: str, folder: Path) -> bool:
    return shell(command, folder).returncode == 0


def passes_hidden(problem: Problem, folder: Path) -> bool:
    command = [sys.executable, "-B", "-"]
    done = subprocess.run(
        command, input=problem.hidden_test, cwd=folder, capture_output=True, text=True
    )
    return done.returncode == 0


def test_there_are_ten_problems_of_varied_difficulty() -> None:
    assert PROBLEMS.keys() == BOOKS.keys()
    assert len(PROBLEMS) == 10
    rates = sorted(book.solve_rate for book in BOOKS.values())
    assert rates[0] <= 0.15
    assert rates[-1] >= 0.9
    assert all(2 <= len(book.wrong) <= 3 for book in BOOKS.values())
    assert all(any(fix.passes_visible for fix in book.wrong) for book in BOOKS.values())


@pytest.mark.parametrize("name", PROBLEMS)
def test_untouched_repository_fails(name: str, tmp_path: Path) -> None:
    folder = checkout(PROBLEMS[name], tmp_path)
    assert not passes(BOOKS[name].test, folder)
    assert not passes_hidden(PROBLEMS[name], folder)


@pytest.mark.parametrize("name", PROBLEMS)
def test_right_fix_passes_everything(name: str, tmp_path: Path) -> None:
    book, folder = BOOKS[name], checkout(PROBLEMS[name], tmp_path)
    apply(book.right, folder)
    assert passes(book.test, folder)
    assert passes_hidden(PROBLEMS[name], folder)
    assert book.probe is not None
    assert passes(book.probe, folder)


@pytest.mark.parametrize(("name", "fix"), WRONG, ids=named)
def test_wrong_fix_is_caught_by_the_hidden_test(name: str, fix: Fix, tmp_path: Path) -> None:
    book, folder = BOOKS[name], checkout(PROBLEMS[name], tmp_path)
    apply(fix, folder)
    assert not passes_hidden(PROBLEMS[name], folder)
    assert passes(book.test, folder) == fix.passes_visible
    assert book.probe is not None
    assert not passes(book.probe, folder)


@pytest.mark.parametrize(("name", "fix"), WRONG, ids=named)
def test_wrong_fix_can_be_taken_back(name: str, fix: Fix, tmp_path: Path) -> None:
    folder = checkout(PROBLEMS[name], tmp_path)
    apply(fix, folder)
    for edit in reversed(fix.edits):
        assert passes(edit.undo().command(), folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == PROBLEMS[name].repo


@pytest.mark.parametrize("book", BOOKS.values(), ids=lambda book: book.id)
def test_each_fix_is_told_from_the_others_by_its_text(book: Playbook) -> None:
    fixes = (book.right, *book.wrong)
    for fix in fixes:
        text = "\n".join(fix.shell())
        assert [other.name for other in fixes if other.found_in(text)] == [fix.name]
    untouched = "\n".join(PROBLEMS[book.id].repo.values())
    assert not any(fix.found_in(untouched) for fix in fixes)


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=lambda problem: problem.id)
def test_the_marker_finds_exactly_one_playbook(problem: Problem) -> None:
    assert [b.id for b in BOOKS.values() if b.marker in problem.statement] == [problem.id]
    assert find_playbook(problem.statement, demo_playbooks()) is BOOKS[problem.id]


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=lambda problem: problem.id)
def test_no_hidden_text_reaches_the_sample(problem: Problem) -> None:
    sample = problem.sample()
    told = sample.model_dump_json() + "\n".join((sample.files or {}).values())
    shared = {line.strip() for line in problem.repo["test_visible.py"].splitlines()}
    secret = [line for line in problem.hidden_test.splitlines() if line.strip()]
    own = [s for line in secret if (s := line.strip()) not in shared and len(s) > 24]
    assert len(own) >= 4
    assert not [line for line in own if line in told]
    assert not any("hidden" in name or "playbook" in name for name in sample.files or {})


def test_setup_makes_a_repository_with_a_fixed_commit(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    heads = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        checkout(PROBLEMS["bill-shares"], folder)
        assert passes(SETUP, folder)
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__" / "x.pyc").write_text("")
        assert shell("git status --porcelain", folder).stdout == ""
        heads.append(shell("git rev-parse HEAD", folder).stdout)
    assert heads[0] == heads[1] != ""


def test_setup_does_without_git(tmp_path: Path) -> None:
    done = subprocess.run(
        [shutil.which("bash") or "bash", "-c", SETUP],
        cwd=tmp_path,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "k8s", "Docker"])
def test_unknown_sandbox_is_refused_by_name(name: str) -> None:
    with pytest.raises(UserError, match=f"sandbox='{name}': .* local or docker"):
        demo(name)


def test_docker_uses_the_compose_file_of_the_package() -> None:
    sandbox_spec = demo("docker").sandbox
    assert sandbox_spec is not None
    assert sandbox_spec.type == "docker"
    text = Path(str(sandbox_spec.config)).read_text(encoding="utf-8")
    for needed in ("x-local: true", "init: true", "network_mode: none", "INSPECT_TTS_DEMO_IMAGE"):
        assert needed in text


@solver
def fixed(right: bool) -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        book = BOOKS[str(state.sample_id)]
        for command in (book.right if right else book.wrong[0]).shell():
            assert (await sandbox().exec(["bash", "-c", command])).success
        before = await sandbox().exec(["ls", "-A"])
        state.metadata["before"] = before.stdout
        return state

    return solve


@solver
def endless() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        await sandbox().write_file("busy.py", "while True: pass\n")
        return state

    return solve


def run(solution: Solver, sample_id: str, tmp_path: Path, **options: Any) -> EvalLog:
    return inspect_eval(
        demo(),
        solver=solution,
        sample_id=sample_id,
        model="simulated/coder",
        log_dir=str(tmp_path),
        display="none",
        **options,
    )[0]


@pytest.mark.parametrize(("right", "value"), [(True, "C"), (False, "I")])
def test_scorer_grades_the_sandbox(right: bool, value: str, tmp_path: Path) -> None:
    log = run(fixed(right), "bill-shares", tmp_path)
    assert log.status == "success", log.error
    assert log.samples is not None
    score = (log.samples[0].scores or {})["hidden_test"]
    assert score.value == value
    assert ("0 failed" in (score.explanation or "")) == right


def test_scorer_stops_a_test_that_hangs(tmp_path: Path) -> None:
    from inspect_tts.benchmarks.demo.task import hidden_test

    task = demo()
    task.scorer = [hidden_test(timeout=2)]
    task.solver = endless()
    log = inspect_eval(
        task,
        sample_id="busy-times",
        model="simulated/coder",
        log_dir=str(tmp_path),
        display="none",
    )[0]
    assert log.samples is not None
    score = (log.samples[0].scores or {})["hidden_test"]
    assert score.value == "I"
    assert "longer than 2 seconds" in (score.explanation or "")


def test_samples_are_independent_objects() -> None:
    one: Sample = PROBLEMS["bill-shares"].sample()
    assert one.files is not None
    one.files.clear()
    assert PROBLEMS["bill-shares"].sample().files


def test_the_finding_has_an_interval_where_there_is_one() -> None:
    scores = {name: {"value": 0.5, "low": 0.1, "high": 0.9} for name in ("selected", "pass_1")}
    run: dict[str, Any] = {
        "strategy": "rtv",
        "scores": scores | {"gain": {"value": 0.3, "low": 0.1, "high": 0.5}},
    }
    assert _finding(run).endswith("(+30 points, 95% interval +10 to +50)")
    run["scores"]["gain"] |= {"low": None, "high": None}
    assert _finding(run).endswith("(+30 points)")


def test_make_demo_ends_with_the_page_the_finding_and_the_viewer(tmp_path: Path) -> None:
    pytest.importorskip("plotly")
    script = tmp_path / "short_demo.py"
    graded = {"n": 2, "score_rollouts": True}
    strategies = {"rtv": graded, "pdr_rtv": {**graded, "top_k": 1}}
    script.write_text(
        "from inspect_tts.benchmarks.demo.__main__ import main\n"
        f"assert main({strategies}, limit=1) == 0\n"
    )
    done = run_command(script, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = done.stdout
    [page] = (tmp_path / "logs").glob("demo-*/report.html")
    end = told[told.index("\nreport: ") :].strip().splitlines()
    assert end[0] == f"report: {page.resolve()}"
    assert re.fullmatch(
        r"With a simulated model, whose judge is set to prefer the better of two rollouts in 80% "
        r"of votes, rtv solves \d+% of the "
        r"problems and a single rollout \d+% \(.* points\); pdr_rtv solves .*\. "
        r"This says nothing about real models\.",
        end[2],
    )
    assert end[4] == (
        "From the same 3 rollouts of version-order, 2 votes per match select t0-n01, "
        "which is wrong; with a user's check as evidence, t0-n00, which is right "
        f"(logs in {page.parent.relative_to(tmp_path)}-check)."
    )
    assert end[-1].endswith(f"inspect view --log-dir {page.parent.relative_to(tmp_path)}")
    assert len(list(page.parent.glob("*.eval"))) == 2
    assert "rtv      " in told[: told.index("\nreport: ")], "progress is shown"
