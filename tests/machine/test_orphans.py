"""Which folders of a killed process are deleted: its sandboxes in the temp folder, nothing else."""

import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from uuid import uuid4

import pytest
from crowd import crowd
from helpers import IMAGE, docker_missing
from inspect_ai import Task
from inspect_ai.dataset import Sample
from scripted import last_words, run

from inspect_tts import rtv
from inspect_tts.machine.orphans import _OwnRegister, registers
from inspect_tts.machine.registers import SandboxRegister


def test_folders_that_a_register_names_are_deleted_in_the_temp_folder_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temp = tmp_path / "temp"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(tempfile, "tempdir", str(temp))
    (tmp_path / "home").mkdir()
    folders = {
        temp / "sandbox": True,
        tmp_path / "home": False,
        temp / "others" / "nested": False,
        tmp_path / "temporary": False,
    }
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "file").touch()
    (temp / "link").symlink_to(tmp_path / "home")
    named = [*map(str, folders), f"{temp}/..", f"{temp}/../home", f"{temp}/link", str(temp), "home"]
    dead = registers() / "1-dead.json"
    dead.parent.mkdir(parents=True)
    register = SandboxRegister(host=socket.gethostname(), folders=tuple(named))
    dead.write_text(register.model_dump_json(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    task = Task(dataset=[Sample(input="Go.", target="#r0")], scorer=last_words(), sandbox="local")
    log = run(task, rtv(n=2, votes=1, agent=crowd()), tmp_path / "logs")

    assert log.status == "success"
    assert not dead.exists(), "the register was read"
    for folder, deleted in folders.items():
        assert (folder / "file").exists() != deleted, folder


def test_a_register_of_another_machine_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "sandbox").mkdir()
    other = registers() / "1-other.json"
    other.parent.mkdir(parents=True)
    register = SandboxRegister(host="another machine", folders=(str(tmp_path / "sandbox"),))
    other.write_text(register.model_dump_json(), encoding="utf-8")

    task = Task(dataset=[Sample(input="Go.", target="#r0")], scorer=last_words())
    log = run(task, rtv(n=2, votes=1, agent=crowd()), tmp_path / "logs")

    assert log.status == "success"
    assert other.exists()
    assert (tmp_path / "sandbox").is_dir()


ENDS = """
import sys
from inspect_tts.machine.orphans import _OwnRegister
own = _OwnRegister()
for project in sys.argv[1:]:
    own.started(project)
"""


@pytest.mark.parametrize("projects", [[], ["inspect-demo-iabc123"]], ids=["nothing", "a project"])
def test_a_process_that_ends_leaves_its_register_for_what_may_still_run(
    projects: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    subprocess.run([sys.executable, "-c", ENDS, *projects], check=True)
    left = [SandboxRegister.model_validate_json(p.read_text()) for p in registers().glob("*.json")]
    assert [[*register.projects] for register in left] == ([projects] if projects else [])
    assert projects or not [*registers().iterdir()]


@pytest.mark.docker
def test_a_project_that_docker_failed_to_remove_is_removed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing := docker_missing():
        pytest.skip(missing)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    names = {name: f"{name}-{uuid4().hex[:8]}" for name in ("gone", "running")}
    for name in names.values():
        label = f"com.docker.compose.project={name}"
        command = ["docker", "create", "--name", name, "--label", label, IMAGE, "true"]
        subprocess.run(command, check=True, capture_output=True)
    own = _OwnRegister()
    for name in names.values():
        own.started(name)
    own.down(names["gone"])
    own.check()
    left = subprocess.run(["docker", "ps", "-a"], check=True, capture_output=True, text=True)
    subprocess.run(["docker", "rm", "-f", *names.values()], check=False, capture_output=True)
    assert names["gone"] not in left.stdout
    assert names["running"] in left.stdout
    assert own.now.projects == (names["running"],)
