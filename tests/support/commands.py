"""Commands as a user types them, each in a process forked from one that has imported everything.

Imports take a command several seconds, most of the work of a small eval.
"""

import atexit
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points, packages_distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

SECONDS = 600
"""After which a command is killed."""


def run_command(
    *words: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run `inspect`, `inspect-tts` or a Python file with its arguments.

    Args:
        words: The command and its arguments.
        cwd: The working directory.
        env: What differs from this process's environment.
    """
    args = [str(word) for word in words]
    with TemporaryDirectory() as folder:
        streams = [Path(folder) / name for name in ("stdout", "stderr")]
        request: dict[str, Any] = {"args": args, "streams": [str(path) for path in streams]}
        request |= {"cwd": str(cwd or Path.cwd()), "env": {**os.environ, **(env or {})}}
        server = _server()
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        stdout, stderr = (path.read_text("utf-8") for path in streams)
    return subprocess.CompletedProcess(args, code, stdout, stderr)


@cache
def _server() -> "subprocess.Popen[str]":
    """The process that commands are forked from; it ends when this one does."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # what forks has best one thread
        text=True,
    )


def _serve() -> None:
    """Fork a process for each request, and tell how it ended."""
    for each in entry_points(group="inspect_ai"):
        each.load()
    for name in ("anthropic", "openai", "fastapi", "uvicorn"):
        import_module(name)  # Inspect does, once an eval runs
    for name in ("estimate.command", "recorded.commands", "report.predictions"):
        import_module(f"inspect_tts.{name}")  # the command does, once it is asked for
    for name in ("inspect", "inspect-tts"):
        _console_script(name)
    found = packages_distributions()
    package = import_module("inspect_ai._util.package")
    setattr(package, "packages_distributions", lambda: found)  # noqa: B010 - mypy knows no such name
    gc.collect()
    gc.freeze()  # no collection of a child goes over all of this again
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(args: list[str], streams: list[str], cwd: str, env: dict[str, str]) -> NoReturn:
    """Run the command in this process, and end it as the interpreter would, but at once."""
    signal.alarm(SECONDS)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background ignore it
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, path in enumerate(streams, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    command, sys.argv = args[0], args
    sys.path[0] = str(Path(command if command.endswith(".py") else sys.executable).parent)
    sys.path[1:1] = filter(None, env.get("PYTHONPATH", "").split(os.pathsep))
    code: Any = 0
    try:
        if command.endswith(".py"):
            runpy.run_path(command, run_name="__main__")
        else:
            code = _console_script(command)()
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    if isinstance(code, str):
        print(code, file=sys.stderr)
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


def _console_script(name: str) -> Any:
    [found] = entry_points(group="console_scripts", name=name)
    return found.load()


if __name__ == "__main__":
    _serve()
