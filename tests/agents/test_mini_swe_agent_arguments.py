"""mini-SWE-agent as a package: how it is imported, and which arguments are refused."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inspect_tts import UserError, mini_swe_agent
from inspect_tts.extras import install_command

pytest.importorskip("minisweagent", reason="needs the extra `swe`")

HYGIENE = """
import os, sys
home = sys.argv[1]
os.environ["HOME"] = home
import inspect_tts
assert "minisweagent" not in sys.modules, "imported before it is asked for"
inspect_tts.mini_swe_agent()
assert "minisweagent" in sys.modules
assert "litellm" not in sys.modules
assert "MSWEA_SILENT_STARTUP" not in os.environ
assert not any(os.scandir(home)), os.listdir(home)
"""


def test_the_package_is_imported_without_a_banner_files_or_litellm(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HYGIENE, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
    assert "mini-swe-agent" not in ran.stderr


def test_a_missing_package_is_one_message() -> None:
    code = (
        "import sys; sys.modules['minisweagent'] = None\n"
        "from inspect_tts import UserError, mini_swe_agent\n"
        "try:\n    mini_swe_agent()\nexcept UserError as error:\n    print(error)"
    )
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert f"package mini-swe-agent: {install_command('swe')}" in ran.stdout, ran.stderr


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"variant": "xml"}, ["variant='xml'", "'tools', 'text'"]),
        ({"config": "swebnch"}, ["config='swebnch'", "swebench_backticks"]),
        ({"step_limit": -1}, ["step_limit=-1", ">= 0"]),
        ({"timeout": 0}, ["timeout=0", ">= 1"]),
        ({"steps": 3}, ["no argument steps", "step_limit"]),
    ],
)
def test_a_bad_argument_names_what_is_allowed(given: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(UserError) as raised:
        mini_swe_agent(**given)
    for word in words:
        assert word in str(raised.value)
