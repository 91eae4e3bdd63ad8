"""A release says the same of itself everywhere, and messages name a command that works."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from inspect_tts import __version__
from inspect_tts.extras import command_for, install_command

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

ORIGINS: dict[str, tuple[dict[str, Any] | None, str]] = {
    "an index": (None, "pip install 'inspect_tts[swe]'"),
    "a checkout": (
        {"url": "file:///home/me/my%20code/tts", "dir_info": {"editable": True}},
        "pip install -e '/home/me/my code/tts[swe]'",
    ),
    "a folder": ({"url": "file:///src/tts", "dir_info": {}}, "pip install '/src/tts[swe]'"),
    "a wheel": (
        {"url": "file:///tmp/inspect_tts-0.2.0-py3-none-any.whl", "archive_info": {}},
        "pip install 'inspect_tts[swe] @ file:///tmp/inspect_tts-0.2.0-py3-none-any.whl'",
    ),
    "a repository": (
        {"url": "https://git.example.org/tts.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
        "pip install 'inspect_tts[swe] @ git+https://git.example.org/tts.git@abc'",
    ),
}


@pytest.mark.parametrize(("origin", "command"), ORIGINS.values(), ids=ORIGINS)
def test_the_command_fits_where_the_package_came_from(
    origin: dict[str, Any] | None, command: str
) -> None:
    assert command_for("swe", origin) == command


def test_this_checkout_is_named_here() -> None:
    assert install_command("report") == f"pip install -e '{ROOT}[report]'"


def test_no_message_has_a_command_of_its_own() -> None:
    sources = (ROOT / "inspect_tts").rglob("*.py")
    told = [path.name for path in sources if "pip install" in path.read_text("utf-8")]
    assert told == ["extras.py"]


def test_the_version_is_the_same_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    newest = (ROOT / "CHANGELOG.md").read_text("utf-8").partition("\n## ")[2].splitlines()[0]
    assert __version__ == PROJECT["version"] == citation["version"] == newest
    assert citation["title"] == PROJECT["name"]
    assert citation["license"] == PROJECT["license"]
