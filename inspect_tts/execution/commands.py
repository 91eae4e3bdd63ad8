"""Find a rollout's commands that try something out, and those that run the repository's tests."""

import re
from dataclasses import dataclass

from inspect_tts.evidence.shell import Program, SimpleCommand, programs

_PYTHON = re.compile(r"(?:python|pypy)[\d.]*+")
_NO_CHECK_MODULES = {"pip", "venv", "http", "build", "black", "ruff", "isort", "flake8", "pdb"}
_SCRIPT = re.compile(r"(?:\./|/@tree@/).+|.*\.(?:py|sh|js|mjs|ts|rb|pl|php)")
_RUNNERS = {
    *("pytest", "py.test", "tox", "nose2", "nosetests", "unittest", "rspec", "ctest", "phpunit"),
    *("node", "deno", "bun", "ruby", "perl", "php", "java", "Rscript", "julia", "lua"),
}
_WITH_TASK = {
    "npm": ("test", "run"),
    "yarn": ("test", "run"),
    "pnpm": ("test", "run"),
    "npx": ("jest", "mocha", "vitest", "ts-node"),
    "go": ("test", "run"),
    "cargo": ("test", "run"),
    "make": ("test", "check"),
    "mvn": ("test",),
    "gradle": ("test",),
    "gradlew": ("test",),
    "dotnet": ("test", "run"),
    "bundle": ("exec",),
}
_ALONE = re.compile(r"-{1,2}(?:version|help|V|h)")
_PYTEST_VALUES = {"-k", "-m", "-n", "-o", "-p", "-c", "--tb", "--maxfail", "--timeout", "--rootdir"}
_SETTINGS = re.compile(
    r"""(?:env[ \t]++)?+((?:[A-Za-z_]\w*+=(?:'[^']*+'|"[^"]*+"|[^\s'"`;&|<>()])*+[ \t]++)++)"""
)
_REDIRECTION = re.compile(r"\d*>.*")


def checks_something(command: SimpleCommand) -> bool:
    """Whether a command tries something out. Whether it edits files shows only when it runs."""
    found = programs(command.text)
    if not found:  # a shell that runs a file
        return any(word.endswith(".sh") for word in command.words[1:])
    return _runs(found[0])


def _runs(program: Program) -> bool:
    name, arguments = program.name, program.arguments
    if any(_ALONE.fullmatch(argument) for argument in arguments[:1]):
        return False
    if _PYTHON.fullmatch(name):
        return _python(program)
    if name in _WITH_TASK:
        return any(argument in _WITH_TASK[name] for argument in arguments[:2])
    return name in _RUNNERS or _SCRIPT.fullmatch(program.path) is not None


def _python(program: Program) -> bool:
    arguments = program.arguments
    if "-m" in arguments[:-1]:
        module = arguments[arguments.index("-m") + 1]
        return module.partition(".")[0] not in _NO_CHECK_MODULES
    if program.code:
        return True
    first = next((word for word in arguments if not word.startswith("-")), "")
    return first.endswith(".py") and not first.endswith("setup.py")


@dataclass(frozen=True)
class TestRun:
    """A run of test files with pytest."""

    __test__ = False  # pytest must not collect it
    launcher: str
    """For example `pytest` or `PYTHONPATH=src python3 -m pytest`."""
    files: tuple[str, ...]
    """The files as they were given, without the names of single tests."""


def pytest_run(text: str) -> TestRun | None:
    """Parse a command that runs pytest on named files; None for other commands."""
    found = programs(text)
    if not found:
        return None
    program = found[0]
    launcher, arguments = program.path, list(program.arguments)
    if _PYTHON.fullmatch(program.name) and "-m" in arguments[:-1]:
        at = arguments.index("-m")
        launcher = f"{program.path} -m {arguments[at + 1]}"
        arguments = arguments[at + 2 :]
        if launcher.rpartition(" ")[2] not in ("pytest", "py.test"):
            return None
    elif program.name not in ("pytest", "py.test"):
        return None
    files, skip = dict[str, None](), False
    for word in arguments:
        if skip or word.startswith("-") or _REDIRECTION.fullmatch(word):
            skip = word in _PYTEST_VALUES or word.endswith(">")
        elif word.partition("::")[0].endswith(".py"):
            files[word.partition("::")[0]] = None
    settings = _SETTINGS.match(text)
    return TestRun((settings[1] if settings else "") + launcher, tuple(files)) if files else None
