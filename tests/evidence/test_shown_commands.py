"""How commands are shown in facts: the last ones, shortened, as the script that a shell ran."""

import shlex

import pytest

from inspect_tts.evidence.facts import (
    MERGED_OUTPUT,
    last_commands,
    shell_command,
    shortened_commands,
)

MERGED = ("sh", "-c", MERGED_OUTPUT, "sh")
SHOWN = {
    "a script": (["bash", "-c", "cd a && ls"], "cd a && ls"),
    "of a shell in a folder": (["/usr/bin/bash", "-c", "ls"], "ls"),
    "of sh": (["sh", "-c", "ls"], "ls"),
    "options before": (["bash", "--login", "-c", "ls"], "ls"),
    "blanks around": (["bash", "-c", "\n ls  \n"], "ls"),
    "with merged output": ([*MERGED, "bash", "-c", "ls"], "ls"),
    "of another program": (["python", "-c", "print()"], None),
    "no script": (["bash", "-c"], None),
    "no shell": (["ls", "-l"], None),
    "nothing": ([], None),
}


@pytest.mark.parametrize(("words", "shown"), SHOWN.values(), ids=SHOWN)
def test_the_script_is_shown_in_place_of_its_shell(words: list[str], shown: str | None) -> None:
    line = shlex.join(words)
    assert shell_command(line) == (line if shown is None else shown)


def test_a_line_with_an_open_quotation_is_shown_as_it_is() -> None:
    assert shell_command("bash -c 'ls") == "bash -c 'ls"


def test_the_last_five_are_kept_in_order_with_their_return_codes() -> None:
    shown = last_commands([(f"run {n}", n if n < 8 else None) for n in range(9)])
    assert [(c.command, c.returncode) for c in shown] == [
        ("run 4", 4),
        ("run 5", 5),
        ("run 6", 6),
        ("run 7", 7),
        ("run 8", None),
    ]
    assert [c.command for c in shortened_commands([("a", 0), ("b", 1)], 1)] == ["b"]
    assert last_commands([]) == ()


def test_a_long_command_is_cut_to_300_characters() -> None:
    [whole], [cut] = (last_commands([("x" * n, 0)]) for n in (300, 301))
    assert whole.command == "x" * 300
    assert cut.command != "x" * 301
    assert len(cut.command.replace("x", "")) > 0
    assert cut.command.count("x") <= 300
    [script] = last_commands([(shlex.join(["bash", "-c", "y" * 300]), 0)])
    assert script.command == "y" * 300, "the shell around it does not count"
