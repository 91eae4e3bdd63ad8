"""Which checks are made of what rollouts ran, in which order, and which of them fit."""

import pytest
from checked import A, B, cross

from inspect_tts.execution.kits import Kit, KitCommand
from inspect_tts.execution.records import Check
from inspect_tts.execution.schedule import (
    cross_checks,
    fitting,
    repository_checks,
    user_checks,
    without_repeats,
)

STANDING = {"x.py", "tests/x.py", "tests/y.py"}


def kit(author: str, *commands: str, folder: str = "", **files: str) -> Kit:
    return Kit(author, files, tuple(KitCommand(command, folder) for command in commands))


def of_repository(*kits: Kit) -> list[tuple[str, str]]:
    return [(check.command, check.folder) for check in repository_checks(kits, STANDING)]


def test_the_file_that_most_rollouts_ran_comes_first() -> None:
    kits = [kit(a, "pytest tests/x.py") for a in "ab"] + [
        kit(a, "pytest tests/y.py") for a in "cde"
    ]
    assert of_repository(*kits) == [("pytest tests/y.py", ""), ("pytest tests/x.py", "")]


def test_a_file_is_run_as_most_rollouts_ran_it() -> None:
    kits = [kit("a", "pytest x.py"), *(kit(author, "python -m pytest x.py") for author in "bc")]
    assert of_repository(*kits) == [("python -m pytest x.py", "")]


def test_a_file_is_looked_for_in_the_folder_of_its_command() -> None:
    kits = [kit(author, "pytest y.py", folder="tests") for author in "ab"]
    assert of_repository(*kits) == [("pytest y.py", "tests")]
    assert of_repository(*(kit(author, "pytest y.py") for author in "ab")) == []
    assert of_repository(kit("a", "pytest x.py", folder="tests"), kit("b", "pytest x.py")) == []


@pytest.mark.parametrize(
    ("command", "taken"),
    [
        ("./runtests app", True),
        ("./run app", False),
        ("python - <<'E'\ntest()\nE", False),
        ("python -c 'import test'", False),
        ("pytest tests", False),
        ("python test_mine.py", False),
    ],
)
def test_a_command_without_files_is_the_repositorys_if_it_runs_tests(
    command: str, taken: bool
) -> None:
    kits = [Kit(author, {"test_mine.py": "1"}, (KitCommand(command),)) for author in "ab"]
    checks = repository_checks(kits, STANDING)
    assert [(check.command, check.junit) for check in checks] == [(command, False)] * taken


def test_a_check_is_named_by_the_beginning_of_its_first_line() -> None:
    long = "python try.py " + "x" * 90
    found = cross_checks([kit("a", long, "python - <<'E'\nf()\nE")])
    assert [check.name for check in found] == [long[:80], "python - <<'E'"]
    assert [check.id for check in found] == ["c01", "c02"]


def test_the_users_checks_are_numbered_in_their_order() -> None:
    found = user_checks({"unit": "make test", "types": "mypy"})
    assert [(c.id, c.name, c.command) for c in found] == [
        ("u01", "unit", "make test"),
        ("u02", "types", "mypy"),
    ]


SAME = cross(A)
OTHERS = {
    "the same": ({}, 1),
    "of another rollout": ({"authors": (B,)}, 1),
    "in another folder": ({"folder": "docs"}, 2),
    "with other files": ({"files": {"try.py": "1"}}, 2),
    "another command": ({"command": "python other.py"}, 2),
}


@pytest.mark.parametrize(("change", "left"), OTHERS.values(), ids=OTHERS)
def test_what_runs_the_same_twice_is_left_out(change: dict[str, object], left: int) -> None:
    other: Check = SAME.model_copy(update={"id": "c02", **change})
    assert without_repeats([SAME, other]) == [SAME, other][:left]


def test_a_check_that_takes_all_the_time_that_is_left_fits() -> None:
    checks = [cross(A, id=f"c{i}") for i in range(2)]
    assert fitting(checks, {"c0": 4, "c1": 6}, seconds=10) == (checks, [])
    assert fitting(checks, {"c0": 4, "c1": 6.1}, seconds=10)[0] == checks[:1]
