"""Claude Code as npm has it, for images that shall hold it."""

import subprocess
from platform import machine
from shutil import which
from typing import Any

import scripted
from inspect_ai.model import ChatMessage, Model, ModelOutput, get_model
from inspect_ai.tool import ToolInfo
from platformdirs import user_cache_path

VERSION = "2.1.332"
PACKED = "claude.tgz"
"""How the Dockerfile's lines call the package."""
DOCKERFILE = f"ADD {PACKED} /opt\nRUN ln -s /opt/package/claude /usr/local/bin/claude\n"
AVAILABLE = which("npm") is not None and machine() == "x86_64"


def packed() -> bytes:
    """The package, fetched once on this machine."""
    cache = user_cache_path("inspect_tts") / "claude_code"
    name = f"anthropic-ai-claude-code-linux-x64-{VERSION}.tgz"
    if not (cache / name).is_file():
        cache.mkdir(parents=True, exist_ok=True)
        package = f"@anthropic-ai/claude-code-linux-x64@{VERSION}"
        subprocess.run(["npm", "pack", "--silent", package], cwd=cache, check=True)
    return (cache / name).read_bytes()


def running(command: str) -> Model:
    """A model that runs a command with Claude Code's own tool, and is done then."""

    def acts(input: list[ChatMessage], tools: list[ToolInfo], *_: Any) -> ModelOutput:
        if "Bash" in {tool.name for tool in tools} and input[-1].role != "tool":
            output = ModelOutput.for_tool_call("mockllm/model", "Bash", {"command": command})
            output.usage = scripted.reply("").usage  # else tokens are counted by what is elsewhere
            return output
        return scripted.reply("It is done.")

    return get_model("mockllm/model", custom_outputs=acts, memoize=False)
