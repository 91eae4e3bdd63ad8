"""Which commands of a rollout try something out, and which files a run of pytest tests."""

import pytest

from inspect_tts.evidence.shell import simple_commands
from inspect_tts.execution.commands import checks_something, pytest_run

CHECKS = {
    "python try.py --version": True,
    "python try.py --help": True,
    "pytest --version": False,
    "node -h": False,
    "python -m unittest tests.test_a": True,
    "python -m http.server": False,
    "python -m venv env": False,
    "python -m pip.__main__ list": False,
    "python -m flake8": False,
    "python -u try.py": True,
    "python": False,
    "python data.json": False,
    "make -k test": True,
    "make -j4 all test": False,
    "make check": True,
    "cargo run": True,
    "cargo build --bin test": False,
    "npm install": False,
    "npm run lint": True,
    "npx jest": True,
    "npx cowsay": False,
    "go build ./...": False,
    "./run": True,
    "./run --help": False,
    "/@tree@/bin/run": True,
    "/bin/run": False,
    "node try.js": True,
    "cat try.py": False,
    "bash": False,
    "sh build": False,
}


@pytest.mark.parametrize(("command", "expected"), CHECKS.items(), ids=CHECKS)
def test_what_tries_something_out(command: str, expected: bool) -> None:
    assert [checks_something(each) for each in simple_commands(command)] == [expected]


FILES: dict[str, tuple[str, ...] | None] = {
    "pytest a.py b.py a.py": ("a.py", "b.py"),
    "pytest a.py::test_x a.py::test_y": ("a.py",),
    "pytest -k test_a.py b.py": ("b.py",),
    "pytest -c conf.py --rootdir x.py b.py": ("b.py",),
    "pytest -x b.py": ("b.py",),
    "pytest b.py > out.py": ("b.py",),
    "pytest b.py 2> out.py": ("b.py",),
    "pytest -k test_a.py": None,
    "pytest": None,
    "python -m unittest tests/a.py": None,
    "python -m mypy a.py": None,
    "mypy a.py": None,
}


@pytest.mark.parametrize(("command", "files"), FILES.items(), ids=FILES)
def test_the_files_that_pytest_tests(command: str, files: tuple[str, ...] | None) -> None:
    run = pytest_run(command)
    assert (run and run.files) == files
