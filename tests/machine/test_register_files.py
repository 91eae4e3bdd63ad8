"""What a process writes down of its sandboxes, and what docker is told to remove."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalSpec
from inspect_ai.util import SandboxEnvironmentSpec
from scripted import acting, last_words, run, says

from inspect_tts import rtv
from inspect_tts.machine.orphans import (
    STARTS_AT_ONCE,
    _is_dead,
    _own,
    _OwnRegister,
    register_folders,
    registers,
)
from inspect_tts.machine.registers import SandboxRegister

OURS, OTHERS = "inspect-demo-iabc123", "inspect-demo-ixyz789"

LISTED = f"""
case "$1 $2" in
  "ps --all") printf 'c1\\t{OURS}\\nc2\\t{OTHERS}\\nc3\\t{OURS}\\n' ;;
  "network ls") printf 'n1\\t{OURS}\\nn2\\t{OTHERS}\\n' ;;
  "volume ls") printf 'v1\\t{OURS}\\nv2\\t{OTHERS}\\n' ;;
  "image ls") printf '{OURS}-default\\n{OTHERS}-default\\ndebian\\n' ;;
esac
"""
REMOVALS = [
    "container rm --force --volumes c1 c3",
    "network rm n1",
    "volume rm v1",
    f"image rm {OURS}-default",
]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


class Docker:
    """A program `docker` in the path that notes what it is told."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "bin"
        self.folder.mkdir()
        monkeypatch.setenv("PATH", str(self.folder), prepend=":")
        self.answers(LISTED)

    def answers(self, script: str) -> None:
        program = self.folder / "docker"
        program.write_text(f'#!/bin/sh\necho "$@" >> {self.folder}/told\n{script}')
        program.chmod(0o755)

    def told(self, word: str = "") -> list[str]:
        file = self.folder / "told"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [line for line in lines if not word or word in line.split()]


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    return Docker(tmp_path, monkeypatch)


def names() -> set[str]:
    return {path.name for path in registers().iterdir()}


def test_a_register_is_written_before_a_project_starts_and_whole_each_time() -> None:
    own = _OwnRegister()
    own.started(OURS)
    own.folder("/tmp/x")
    written = json.loads(own.file.read_text())
    assert (written["projects"], written["folders"]) == ([OURS], ["/tmp/x"])
    assert written["host"] == socket.gethostname()
    assert names() == {own.file.name, own.file.with_suffix(".lock").name}


def test_what_docker_failed_to_remove_is_removed_and_nothing_else(docker: Docker) -> None:
    own = _OwnRegister()
    own.started(OURS)
    own.started(OTHERS)
    own.check()
    assert docker.told() == [], "docker was told to remove nothing"
    own.down(OURS)
    own.check()
    assert docker.told("rm") == REMOVALS
    assert own.now.projects == (OTHERS,)
    own.check()
    assert docker.told() == [], "it is removed once"


@pytest.mark.parametrize("answer", ["exit 1", "echo not a container"])
def test_a_project_is_forgotten_once_docker_could_be_asked(answer: str, docker: Docker) -> None:
    docker.answers(answer)
    own = _OwnRegister()
    own.started(OURS)
    own.down(OURS)
    own.check()
    assert own.now.projects == ((OURS,) if answer == "exit 1" else ())
    assert docker.told("rm") == []
    docker.answers(LISTED)
    own.check()
    assert own.now.projects == ()


def written(name: str, **fields: Any) -> Path:
    file = registers() / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    register = SandboxRegister(host=fields.pop("host", socket.gethostname()), **fields)
    file.write_text(register.model_dump_json())
    return file


def test_whose_process_is_dead() -> None:
    assert _is_dead(written("1-dead"))
    assert not _is_dead(written("1-elsewhere", host="another machine"))
    broken = written("1-broken")
    for text in ("", "{", '{"host": 3}', '{"host": "a", "more": 1}'):
        broken.write_text(text)
        assert not _is_dead(broken), text
    assert not _is_dead(broken.with_name("1-gone.json"))
    alive = written("1-alive")
    with FileLock(alive.with_suffix(".lock")):
        assert not _is_dead(alive)
    assert _is_dead(alive)
    own = _OwnRegister()
    assert not _is_dead(own.file)


def evaluated(folder: Path, sandbox: str | None = None, **options: Any) -> None:
    task = Task(dataset=[Sample(input="Go.", target="#r")], scorer=last_words(), sandbox=sandbox)
    log = run(task, rtv(n=2, votes=1, agent=acting(says("#r"))), folder / "logs", **options)
    assert log.status == "success"


@pytest.mark.parametrize("answers", [True, False])
def test_the_register_of_a_dead_process_is_kept_until_docker_could_be_asked(
    answers: bool, docker: Docker, tmp_path: Path
) -> None:
    docker.answers(LISTED if answers else "exit 1")
    dead = written("1-dead", projects=(OURS,))
    FileLock(dead.with_suffix(".lock")).acquire()
    dead.with_suffix(".lock").touch()
    alive = written("1-alive", projects=(OTHERS,))
    with FileLock(alive.with_suffix(".lock")):
        evaluated(tmp_path)
    assert docker.told("rm") == (REMOVALS * 2 if answers else []), "at the start and at the end"
    assert dead.exists() != answers
    assert dead.with_suffix(".lock").exists() != answers
    assert alive.exists()


@pytest.mark.parametrize("cleanup", [True, False])
def test_local_sandboxes_are_noted_unless_they_are_to_stay(cleanup: bool, tmp_path: Path) -> None:
    before = len(_own().now.folders)
    evaluated(tmp_path, sandbox="local", sandbox_cleanup=cleanup)
    assert (len(_own().now.folders) > before) == cleanup


def test_only_folders_of_local_sandboxes_are_noted() -> None:
    before = _own().now
    spec = EvalSpec.model_validate(
        {
            "created": "2026-01-01T00:00:00+00:00",
            "task": "t",
            "dataset": {},
            "model": "m",
            "config": {},
        }
    )
    elsewhere: Any = {"default": object()}
    register_folders(SandboxEnvironmentSpec("docker"), spec, elsewhere)
    register_folders(None, spec, {})
    assert _own().now == before


def test_at_least_four_sandboxes_start_at_once() -> None:
    assert STARTS_AT_ONCE >= 4
    assert STARTS_AT_ONCE % 2 == 0
