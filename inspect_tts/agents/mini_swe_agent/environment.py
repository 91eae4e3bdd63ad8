"""Inspect's sandbox as an environment of mini-SWE-agent."""

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from inspect_ai.util import ExecResult, OutputLimitExceededError

from inspect_tts.evidence.facts import MERGED_OUTPUT

from .package import LocalEnvironment

UNAME = ("system", "node", "release", "version", "machine")

_OF_THE_COMMAND = (TimeoutError, OutputLimitExceededError, OSError, ValueError)
"""Errors that a command can cause: too slow, too much output, no permission, invalid text."""


Exec = Callable[..., ExecResult[str]]
"""`sandbox().exec` from the agent's thread."""


class SandboxEnvironment(LocalEnvironment):
    """An environment for mini-SWE-agent's loop. The package recognizes submissions."""

    def __init__(self, config: Mapping[str, Any], run: Exec, uname: Mapping[str, str]) -> None:
        super().__init__(**{key: config[key] for key in ("cwd", "env", "timeout") if key in config})
        self._interpreter = list(config.get("interpreter", ["bash", "-c"]))
        self._run, self._uname = run, uname

    def execute(
        self, action: dict[str, Any], cwd: str = "", *, timeout: int | None = None
    ) -> dict[str, Any]:
        """Run a command; its standard output and error come merged, in the order printed."""
        command = ["sh", "-c", MERGED_OUTPUT, "sh", *self._interpreter, action.get("command", "")]
        seconds = timeout or self.config.timeout
        began = monotonic()
        try:
            done = self._run(
                command,
                cwd=cwd or self.config.cwd or None,
                env=dict(self.config.env),
                timeout=seconds,
            )
        except ConnectionError:  # the sandbox is gone
            raise
        except _OF_THE_COMMAND as error:
            output = {
                "output": getattr(error, "truncated_output", None) or "",
                "returncode": -1,
                "exception_info": f"An error occurred while executing the command: {error}",
                "extra": {"exception_type": type(error).__name__, "exception": str(error)},
            }
            if isinstance(error, TimeoutError) and monotonic() - began < seconds:
                # a `timeout` inside the command, which Inspect mistakes for its own
                output = {"output": output["output"], "returncode": 124, "exception_info": ""}
        else:
            printed = done.stdout + done.stderr  # stderr only if the shell could not start
            output = {"output": printed, "returncode": done.returncode, "exception_info": ""}
        self._check_finished(output)
        return output

    def get_template_vars(self, **kwargs: Any) -> dict[str, Any]:
        """Values about the sandbox that templates may use; none about this machine."""
        return {**self.config.model_dump(), **self._uname, **kwargs}

    def serialize(self) -> dict[str, Any]:
        """Save nothing: Inspect writes the log."""
        return {}
