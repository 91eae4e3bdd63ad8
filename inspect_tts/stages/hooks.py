"""What happens when an eval begins and when it ends."""

from inspect_ai.log import EvalSpec

from inspect_tts._inspect import register_spec_hook
from inspect_tts.machine.orphans import register_projects, remove_orphans
from inspect_tts.progress.hooks import begin_progress
from inspect_tts.progress.reporter import line_every
from inspect_tts.resume.log_repair import repair_log


def install_hooks() -> None:
    """Install the hooks for every later eval; called when a stage is built."""
    line_every()
    register_spec_hook(_begin, repair_log)


async def _begin(spec: EvalSpec) -> None:
    register_projects(spec)
    await begin_progress(spec)
    await remove_orphans(spec)
