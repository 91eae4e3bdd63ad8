"""The commands that install the package's extras; no other module spells them out."""

import json
from collections.abc import Mapping
from importlib.metadata import Distribution
from typing import Any
from urllib.parse import unquote, urlsplit


def install_command(extra: str) -> str:
    """The command that adds an extra to this installation."""
    url = Distribution.from_name("inspect_tts").read_text("direct_url.json")
    return command_for(extra, json.loads(url) if url else None)


def command_for(extra: str, origin: Mapping[str, Any] | None) -> str:
    """The command for a package that was installed from an index (None), a folder, or elsewhere.

    `origin` is the record of PEP 610: the URL from which pip installed the package.
    """
    if origin is None:
        return f"pip install 'inspect_tts[{extra}]'"
    url, about = str(origin.get("url", "")), origin.get("dir_info")
    if (vcs := origin.get("vcs_info")) is not None:
        url = f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
    if about is None:
        return f"pip install 'inspect_tts[{extra}] @ {url}'"
    editable = "-e " if about.get("editable") else ""
    return f"pip install {editable}'{unquote(urlsplit(url).path)}[{extra}]'"
