"""Relative paths mean what the user saw when the command was given."""

from pathlib import Path

import pytest

from inspect_tts.errors import UserError
from inspect_tts.paths import check_task_file, user_path


@pytest.mark.parametrize("where", ["here", "there", "both", "nowhere"])
def test_a_relative_path_is_found_from_here_or_from_where_the_command_was_given(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "tasks", tmp_path
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("PWD", str(there))
    for folder in {"here": [here], "there": [there], "both": [here, there], "nowhere": []}[where]:
        (folder / "data.jsonl").write_text(folder.name, encoding="utf-8")
    found = user_path("data.jsonl")
    if where == "nowhere":
        assert found == Path("data.jsonl")
    else:
        assert found.read_text(encoding="utf-8") == (there if where == "there" else here).name


def test_home_and_absolute_paths_are_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_path("~/x") == tmp_path / "x"
    assert user_path(str(tmp_path / "y")) == tmp_path / "y"


@pytest.mark.parametrize("task", ["{file}", "{file}@count"])
def test_a_task_whose_file_is_missing_or_no_python_is_refused(task: str, tmp_path: Path) -> None:
    file = tmp_path / "task.py"
    named = task.replace("{file}", str(file))
    with pytest.raises(UserError, match=r"task: there is no file .*task.py$"):
        check_task_file(named, "task")
    file.write_text("def count():\n    retrun 3\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"task: SyntaxError: invalid syntax \(.*task.py, line 2\)"):
        check_task_file(named, "task")
    file.write_text("def count():\n    return 3\n", encoding="utf-8")
    check_task_file(named, "task")


def test_a_task_of_a_package_has_no_file_to_look_at() -> None:
    check_task_file("inspect_tts/demo", "task")
