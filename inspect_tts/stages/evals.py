"""What happens when an eval begins and when it ends."""

from inspect_ai.log import EvalSpec

from inspect_tts._inspect import register_spec_hook

from .leftovers import register_projects, remove_leftovers
from .recovered import complete_log


def watch_evals() -> None:
    """Have it done in every eval from now on; called when a stage is built."""
    register_spec_hook(_begin, complete_log)


async def _begin(spec: EvalSpec) -> None:
    register_projects(spec)
    await remove_leftovers(spec)
