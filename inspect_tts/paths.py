"""Paths that users give."""

import os
from ast import parse
from pathlib import Path

from .errors import UserError


def user_path(text: str) -> Path:
    """The path that an argument names.

    Inspect changes to a task file's folder while it loads or runs the task, so a relative path that
    does not exist from there is looked up from the folder in which the command was given (`PWD`).
    """
    path = Path(text).expanduser()
    given_in = os.environ.get("PWD")
    if path.is_absolute() or given_in is None or path.exists():
        return path
    from_there = Path(given_in) / path
    return from_there if from_there.exists() else path


def check_python_file(path: Path, given: str, otherwise: str = "") -> None:
    """Refuse an argument that should be the path of a Python file and is not."""
    if path.suffix != ".py" or not path.is_file():
        wrong = f"{path} is not a .py file" if path.exists() else f"there is no file {path}"
        raise UserError(f"{given}: {wrong}{otherwise}")
    try:
        parse(path.read_bytes())
    except SyntaxError as error:
        what = f"{type(error).__name__}: {error.msg}"
        raise UserError(f"{given}: {what} ({path}, line {error.lineno})") from error


def check_task_file(task: str, given: str) -> None:
    """Refuse a task `FILE.py` or `FILE.py@NAME` if there is no such Python file."""
    file, at, _ = task.rpartition("@")
    path = file if at else task
    if path.endswith(".py"):
        check_python_file(user_path(path), given)
