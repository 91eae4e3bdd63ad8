"""The files in `tasks/` are the registered tasks under the names of files."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from inspect_ai import eval as inspect_eval

import inspect_tts._registry as registered

ROOT = Path(__file__).parents[2]
NAMES = ("demo", "swe_verified", "terminal_bench")


def test_inspect_lists_each() -> None:
    command = [sys.executable, "-m", "inspect_ai", "list", "tasks", "tasks"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == [f"tasks/{name}.py@{name}" for name in NAMES], done.stderr


@pytest.mark.parametrize("made", ["tasks/demo.py", "inspect_tts/demo"])
def test_the_log_has_name_and_defaults(
    made: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    [log] = inspect_eval(
        made, model="mockllm/model", limit=1, log_dir=str(tmp_path), display="none"
    )
    assert log.eval.task_args == {"sandbox": "local"}
    assert log.eval.task_registry_name == made.removeprefix("tasks/").removesuffix(".py")
    assert log.eval.task_file == (made if made.startswith("tasks/") else None)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_takes_the_arguments_of_its_task(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tasks"))
    own = __import__(name)
    assert inspect.signature(getattr(own, name)) == inspect.signature(getattr(registered, name))
