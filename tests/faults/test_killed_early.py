"""What a killed process leaves is removed by the next run, also what Inspect itself had started."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import local_box
from helpers import (
    IMAGE,
    Script,
    compose_file,
    containers,
    docker_missing,
    eval_one,
    images,
    networks,
    remove_containers,
)
from inspect_ai import Task
from inspect_ai.dataset import Sample

from inspect_tts import bash_agent, rtv
from inspect_tts.resume import log_repair

pytestmark = [pytest.mark.docker, pytest.mark.faults]

TASK_FILE = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_tts import bash_agent, rtv

@task
def begins(config: str, setup: str) -> Task:
    return Task(
        name={name!r},
        dataset=[Sample(input="Go on.", setup=setup)],
        solver=rtv(n=2, votes=1, agent=bash_agent()),
        sandbox=("docker", config),
    )
"""


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Of a task whose sandboxes nobody else has; registers are in a folder of the test."""
    if missing := docker_missing():
        pytest.skip(missing)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    name = local_box(tmp_path).task_name
    yield name
    remove_containers(name)


def begin(folder: Path, name: str, config: str, *options: str) -> "subprocess.Popen[bytes]":
    """Start an eval whose own sandbox has a setup script that does not end."""
    (folder / "begins.py").write_text(TASK_FILE.format(name=name))
    command = [sys.executable, "-m", "inspect_ai", "eval", "begins.py", "--log-dir", "logs"]
    given = ["-T", f"config={config}", "-T", "setup=echo begun > /work/begun; sleep 600"]
    with (folder / "output").open("w") as output:
        return subprocess.Popen(
            [*command, *given, "--model", "mockllm/model", "--display", "plain", *options],
            cwd=folder,
            stdout=output,
            stderr=output,
        )


def wait_for(process: "subprocess.Popen[bytes]", moment: Callable[[], bool]) -> None:
    while not moment():
        assert process.poll() is None, "see the file output"
        time.sleep(0.02)


def in_setup(name: str) -> Callable[[], bool]:
    """Whether the setup script runs, so that our first step did not begin."""

    def moment() -> bool:
        command = ["docker", "exec", *containers(name)[:1], "test", "-e", "/work/begun"]
        return bool(containers(name)) and subprocess.run(command, check=False).returncode == 0

    return moment


def run_another(folder: Path) -> None:
    box = local_box(folder)
    solver = rtv(n=2, votes=1, agent=bash_agent())
    task = Task(dataset=[Sample(input="Go on.")], solver=solver, sandbox=box.spec)
    eval_one(task, None, Script(), folder / "logs")


def everything(name: str) -> list[str]:
    return containers(name) + networks(name) + images(name)


def test_a_sandbox_that_inspect_was_starting_is_removed(tmp_path: Path, name: str) -> None:
    config = compose_file(tmp_path, network="networks: [default]")
    process = begin(tmp_path, name, config)
    wait_for(process, lambda: bool(networks(name)))
    process.kill()
    process.wait()
    run_another(tmp_path)
    assert everything(name) == []


def test_nothing_of_a_living_process_is_removed(tmp_path: Path, name: str) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(f"FROM {IMAGE}\nRUN mkdir -p /work\nWORKDIR /work\n")
    process = begin(tmp_path, name, str(dockerfile))
    wait_for(process, in_setup(name))
    before = everything(name)
    assert containers(name)
    assert images(name)
    run_another(tmp_path)
    assert everything(name) == before
    process.kill()
    process.wait()
    run_another(tmp_path)
    assert everything(name) == []


def test_what_is_to_be_kept_is_kept(tmp_path: Path, name: str) -> None:
    process = begin(tmp_path, name, compose_file(tmp_path), "--no-sandbox-cleanup")
    wait_for(process, in_setup(name))
    process.kill()
    process.wait()
    run_another(tmp_path)
    assert len(containers(name)) == 1


def test_what_docker_failed_to_remove_is_removed_when_the_eval_ends(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    async def fails(project: object, quiet: bool = True) -> None:
        seen.extend(containers(name))

    monkeypatch.setattr("inspect_ai.util._sandbox.docker.cleanup.compose_down", fails)
    task = Task(
        name=name,
        dataset=[Sample(input="Go on.")],
        solver=rtv(n=2, votes=1, agent=bash_agent()),
        sandbox=("docker", compose_file(tmp_path, network="networks: [default]")),
    )
    eval_one(task, None, Script(), tmp_path / "logs")
    assert len(set(seen)) == 3, "the sample's, and those of its rollouts"
    assert everything(name) == []


def test_what_is_done_at_an_evals_end_does_not_depend_on_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(location: str) -> list[object]:
        raise OSError("the log cannot be read just now")

    monkeypatch.setattr(log_repair, "read_eval_log_sample_summaries", broken)
    run_another(tmp_path)
    assert list((tmp_path / "logs").glob("*.eval"))
    assert not (tmp_path / "logs" / ".inspect_tts").exists(), "units go all the same"
