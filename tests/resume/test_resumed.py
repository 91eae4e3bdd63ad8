"""What a later run takes over is what the first one had, for every kind of task."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from conftest import Box
from crowd import crowd
from cut_off import SETUP, SteadyAPI
from helpers import Script, compose_file, eval_one, run_eval, shell_then_submit
from inspect_ai import Task, eval_retry, task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessageSystem, ChatMessageUser
from inspect_ai.scorer import Score, Scorer, Target, choice, includes, mean, scorer
from inspect_ai.solver import TaskState, multiple_choice
from scripted import only, pool, problem, reply, run

from inspect_tts import bash_agent, rtv
from inspect_tts.resume.saved_results import SavedResults
from inspect_tts.resume.store import FileStore
from inspect_tts.rollout import saved as resume
from inspect_tts.text.writable import plain

FIRST: dict[str, Any] = {"n": 2, "votes": 1, "seed": 1}
ALL = {"rollout": 2, "summary": 2, "vote": 1}


def twice(folder: Path, make: Any, *, own: Any = None, **options: Any) -> tuple[EvalLog, EvalLog]:
    """The same run two times, with one place for its saved results."""

    def once() -> EvalLog:
        given = {**FIRST, "resume": str(folder / "saved"), "agent": own or crowd()}
        return run(make(), rtv(**given), folder / "logs", **options)

    return once(), once()


def test_messages_as_input(tmp_path: Path) -> None:
    def make() -> Task:
        return problem(input=[ChatMessageSystem(content="Hi."), ChatMessageUser(content="Go.")])

    _, again = twice(tmp_path, make)
    assert pool(again).taken_over == ALL


def test_a_compose_file_in_another_folder(tmp_path: Path) -> None:
    folders = iter(("a", "b"))

    def make() -> Task:
        folder = tmp_path / next(folders)
        folder.mkdir()
        sandbox = ("local", compose_file(folder))
        sample = Sample(id="p", input="Go.", target="#r0", sandbox=sandbox)
        return Task(dataset=[sample], scorer=includes())

    _, again = twice(tmp_path, make)
    assert pool(again).taken_over == ALL


def test_metadata_that_is_no_json(tmp_path: Path) -> None:
    class Odd:
        pass

    def make() -> Task:
        metadata = {"odd": Odd(), "call": make, "some": {"b", "a"}}
        sample = Sample(id="p", input="Go.", target="#r0", metadata=metadata)
        return Task(dataset=[sample], scorer=includes())

    log = run(make(), rtv(**FIRST, agent=crowd(), resume="off"), tmp_path)
    assert log.status == "success", log.error


class Array:
    def __init__(self, *values: int) -> None:
        self.values = values

    def tolist(self) -> list[int]:
        return list(self.values)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"x": {"c", "a", "b"}}, {"x": ["a", "b", "c"]}),
        ((frozenset({3, 1}),), [[1, 3]]),
        (b"\xff", "_w=="),
        ([Array(1, 2)], [[1, 2]]),
        (Array, "Array"),
    ],
)
def test_data_is_written_the_same_in_each_process(value: object, written: object) -> None:
    assert plain(value) == written


def test_the_answer_to_a_multiple_choice_question(tmp_path: Path) -> None:
    def make() -> Task:
        sample = Sample(id="p", input="Which?", choices=["no", "yes"], target="B")
        return Task(dataset=[sample], scorer=choice())

    first, again = twice(tmp_path, make, own=multiple_choice(), agent=lambda *_: reply("ANSWER: B"))
    assert pool(again).taken_over == ALL
    scores = [(only(log).scores or {})["choice"].value for log in (first, again)]
    assert scores == ["C", "C"]


@scorer(metrics=[mean()])
def pairs() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=(1, 0))

    return score


@pytest.mark.parametrize("resume", ["off", "log"])
def test_a_score_that_is_a_tuple(tmp_path: Path, resume: str) -> None:
    task = Task(dataset=[Sample(id="p", input="Go.")], scorer=pairs())
    log = run(task, rtv(**FIRST, agent=crowd(), resume=resume, score_rollouts=True), tmp_path)
    assert {rollout.score_error for rollout in pool(log).rollouts} == {None}


def test_summaries_that_read_alike_are_not_mistaken_for_each_other(tmp_path: Path) -> None:
    def refuses(input: Any, config: Any) -> Any:
        return reply("I cannot.")

    given: dict[str, Any] = {
        "n": 4,
        "votes": 1,
        "agent": crowd(),
        "resume": str(tmp_path / "saved"),
    }
    for seed in range(4):
        log = run(problem(), rtv(**{**given, "seed": seed}), tmp_path / "logs", summarizer=refuses)
        assert log.status == "success", log.error
        assert pool(log).discrepancies() == ()


# --- retries whose logs are elsewhere


@scorer(metrics=[mean()])
def fails_at_first(folder: str) -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        if not (Path(folder) / "mended").exists():
            raise ValueError("not yet")
        return Score(value=1)

    return score


@task
def graded_later(folder: str) -> Task:
    return Task(
        dataset=[Sample(id="p", input="Go.", setup=SETUP)],
        solver=bash_agent(),
        scorer=fails_at_first(folder),
        sandbox="local",
    )


def test_a_retry_goes_on_where_the_first_run_began_wherever_its_log_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUT_OFF_CALLS", str(tmp_path / "calls"))
    quiet: dict[str, Any] = {"display": "none", "ctl_server": False}
    made = graded_later(folder=str(tmp_path))
    [log] = inspect_eval(
        made, model="steady/model", solver=rtv(n=2, votes=1), log_dir="a/b", **quiet
    )
    assert log.status == "error"
    calls = SteadyAPI.calls
    [second] = eval_retry(f"a/b/{Path(log.location).name}", log_dir="c", **quiet)
    assert second.status == "error"
    kept = {path.name for path in Path("c/.inspect_tts").rglob("*") if path.is_file()}
    assert kept == {"elsewhere", "status.json"}
    (tmp_path / "mended").touch()
    [third] = eval_retry(second, log_dir="d", **quiet)
    assert third.status == "success", third.error
    assert SteadyAPI.calls == calls, "nothing is paid for again"
    assert list(tmp_path.rglob(".inspect_tts")) == []


# --- what cannot be read, kept or restored


@pytest.mark.parametrize("name", ["restore_snapshot", "open_sandbox"])
@pytest.mark.parametrize("error", [TimeoutError("120 s"), RuntimeError("compose up failed")])
def test_a_sandbox_that_cannot_be_restored_costs_its_rollout_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, error: Exception
) -> None:
    def once(script: Script) -> Any:
        task = Task(dataset=[Sample(id="p", input="Go.")], scorer=includes(), sandbox="local")
        given = {**FIRST, "resume": str(tmp_path / "saved"), "agent": bash_agent()}
        return eval_one(task, rtv(**given), script, tmp_path / "logs")

    async def fails(*_: Any) -> None:
        raise error

    once(Script())
    monkeypatch.setattr(resume, name, fails)
    again = once(Script())
    assert "rollout" not in again.pool.taken_over
    assert again.pool.adopted is not None
    assert {rollout.status for rollout in again.pool.rollouts} == {"completed"}


class Unreachable(FileStore):
    """A file system whose errors are its own."""

    async def read(self, kind: Any, key: str) -> bytes | None:
        raise LookupError("endpoint")

    async def write(self, kind: Any, key: str, data: bytes) -> None:
        raise LookupError("endpoint")


def test_a_file_system_with_errors_of_its_own_does_not_stop_the_run() -> None:
    saved = SavedResults(Unreachable("memory://none"))
    assert anyio.run(saved.get_bytes, "snapshot", "ab") is None
    assert not anyio.run(saved.put_bytes, "snapshot", "ab", b"x")


@pytest.mark.docker
@pytest.mark.faults
def test_services_without_a_change_and_files_in_memory(tmp_path: Path, docker_box: Box) -> None:
    memory = "network_mode: none\n    tmpfs: [/mem]"
    config = compose_file(tmp_path, ("default", "other"), network=memory)
    command = "test {me} = a0 && echo x > /mem/x"
    for _ in range(2):
        task = Task(
            name=docker_box.task_name,
            dataset=[Sample(id="p", input="Do it.", target="a")],
            scorer=includes(),
            sandbox=("docker", config),
        )
        given = {**FIRST, "agent": bash_agent(), "resume": str(tmp_path / "saved")}
        log = run_eval(task, rtv(**given), Script(act=shell_then_submit(command)), tmp_path)
        assert log.status == "success", log.error
    assert pool(log).taken_over["rollout"] == 1
