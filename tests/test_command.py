"""The command `inspect-tts` itself: fast at the prompt, and sound where it lists its commands."""

import subprocess
import sys

import click
import pytest

import inspect_tts
from inspect_tts.cli import main


@pytest.mark.parametrize("words", ["--version", "--help", "report --help", "no-such-command"])
def test_the_prompt_answers_without_importing_inspect(words: str) -> None:
    code = "\n".join(
        [
            "import sys",
            "from inspect_tts.cli import main",
            "try:",
            "    main(sys.argv[1:])",
            "finally:",
            "    print('inspect_ai' in sys.modules, file=sys.stderr)",
        ]
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, *words.split()], capture_output=True, text=True
    )
    assert ran.stderr.splitlines()[-1] == "False", ran.stderr


def test_every_command_that_the_help_lists_can_be_run() -> None:
    context = click.Context(main)
    names = main.list_commands(context)
    assert names == sorted(names)
    for name in names:
        command = main.get_command(context, name)
        assert command is not None
        assert command.name == name


def test_every_exported_name_is_there() -> None:
    for name in inspect_tts.__all__:
        assert getattr(inspect_tts, name) is not None
        assert name in dir(inspect_tts)
    with pytest.raises(AttributeError, match="no attribute 'rtvv'"):
        inspect_tts.rtvv  # noqa: B018
