"""Check that the packages of the extra `swe` are installed."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from inspect_tts.errors import UserError
from inspect_tts.extras import install_command

_NEEDED = {
    "inspect_evals": "inspect-evals",
    "swebench": "swebench",
    "minisweagent": "mini-swe-agent",
}
_SWEBENCH_BELOW = 5


def check_extra() -> None:
    """Check that the packages of the extra are installed, before anything imports them."""
    missing = [package for module, package in _NEEDED.items() if find_spec(module) is None]
    if missing:
        raise UserError(f"swe_verified needs {', '.join(missing)}: {install_command('swe')}")
    try:
        installed = version("swebench")
    except PackageNotFoundError:
        return
    if int(installed.partition(".")[0]) >= _SWEBENCH_BELOW:
        raise UserError(
            f"swebench {installed} is installed, but the scorer of inspect_evals needs a version "
            f"below {_SWEBENCH_BELOW}: {install_command('swe')}"
        )
