"""Act when an eval of one of our tasks is over.

Private: `registry_has` tells whether the hook is there already. It is registered when a task is
made and not on import: Inspect announces hooks that it finds at its start.
"""

from collections.abc import Callable

import anyio
from inspect_ai._util.registry import registry_has
from inspect_ai.hooks import Hooks, TaskEnd, hooks
from inspect_ai.log import EvalLog

_act: dict[str, Callable[[EvalLog], None]] = {}


def when_finished(task: str, act: Callable[[EvalLog], None]) -> None:
    """Have something done with each log of a task, once it is written.

    Args:
        task: Registry name of the task.
        act: Called in a thread of its own. Inspect logs what it raises as a warning.
    """
    _act[task] = act
    if registry_has("hooks", "inspect_tts/inspect_tts_finished"):
        return

    @hooks(name="inspect_tts_finished", description="Writes what inspect_tts selected to files")
    class Finished(Hooks):
        async def on_task_end(self, data: TaskEnd) -> None:
            act = _act.get(data.log.eval.task_registry_name or "")
            if act is not None:
                await anyio.to_thread.run_sync(act, data.log)
