"""Import the package `mini-swe-agent` without side effects; no other module imports it.

On import, the package prints a banner, makes a folder in the user's home and reads a `.env` file
there. Here it is silenced and uses an empty temporary folder. Nothing here imports litellm.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from inspect_ai.tool import ToolInfo, ToolParams

from inspect_tts.errors import UserError
from inspect_tts.extras import install_command
from inspect_tts.paths import user_path


@contextmanager
def _quiet() -> Iterator[None]:
    with TemporaryDirectory() as folder:
        ours = {"MSWEA_SILENT_STARTUP": "1", "MSWEA_GLOBAL_CONFIG_DIR": folder}
        before = {name: os.environ[name] for name in ours if name in os.environ}
        os.environ.update(ours)
        try:
            yield
        finally:
            for name in ours:
                del os.environ[name]
            os.environ.update(before)


try:
    with _quiet():
        from minisweagent import __version__
        from minisweagent.agents.default import DefaultAgent
        from minisweagent.config import builtin_config_dir, get_config_from_spec, get_config_path
        from minisweagent.environments.local import LocalEnvironment
        from minisweagent.exceptions import FormatError
        from minisweagent.models.utils.actions_text import (
            format_observation_messages,
            parse_regex_actions,
        )
        from minisweagent.models.utils.actions_toolcall import (
            BASH_TOOL,
            format_toolcall_observation_messages,
            parse_toolcall_actions,
        )
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "minisweagent":
        raise
    raise UserError(
        f"mini_swe_agent needs the package mini-swe-agent: {install_command('swe')}"
    ) from error

logging.getLogger("minisweagent").handlers.clear()  # its handler would bypass Inspect's display

ACTION_REGEX = r"```mswea_bash_command\s*\n(.*?)\n```"
"""Matches the command in a text, unless the configuration has another pattern. It is the default of
the package's own text model, whose module cannot be imported without litellm."""

_function: Any = BASH_TOOL["function"]
BASH = ToolInfo(
    name=_function["name"],
    description=_function["description"],
    parameters=ToolParams.model_validate(_function["parameters"]),
)
"""The package's only tool."""

__all__ = [
    "ACTION_REGEX",
    "BASH",
    "DefaultAgent",
    "FormatError",
    "LocalEnvironment",
    "__version__",
    "format_observation_messages",
    "format_toolcall_observation_messages",
    "load_config",
    "parse_regex_actions",
    "parse_toolcall_actions",
]

_SECTIONS = ("agent", "environment", "model")
_TEXTS = ("observation_template", "format_error_template")


def load_config(name: str) -> dict[str, dict[str, Any]]:
    """Read a configuration of the package, or a YAML file, as its sections."""
    try:
        path = get_config_path(str(user_path(name)))
    except FileNotFoundError as error:
        shipped = sorted(path.stem for path in Path(builtin_config_dir).rglob("*.yaml"))
        raise UserError(
            f"config={name!r} is neither a YAML file nor a configuration of mini-swe-agent "
            f"{__version__}; it ships {', '.join(shipped)}"
        ) from error
    try:
        config = get_config_from_spec(str(path))
        sections = {section: dict(config.get(section, {})) for section in _SECTIONS}
    except Exception as error:  # a YAML reader raises many kinds of errors
        raise UserError(f"config={name!r}: {path} cannot be read: {error}") from error
    missing = [f"agent.{key}" for key in ("system_template", "instance_template")]
    missing += [f"model.{key}" for key in _TEXTS]
    lacks = [key for key in missing if key.split(".")[1] not in sections[key.split(".")[0]]]
    if lacks:
        raise UserError(f"config={name!r}: {path} is missing {', '.join(lacks)}")
    return sections


def agent_settings(agent: Mapping[str, Any]) -> dict[str, Any]:
    """The agent section as keyword arguments of `DefaultAgent`, without its class and output."""
    return {key: value for key, value in agent.items() if key not in ("agent_class", "output_path")}
