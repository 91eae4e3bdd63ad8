"""A task for shards: problems whose decisions depend on nothing but who is asked what.

Each call of its model adds a line to the file `$CUT_OFF_CALLS`; see `cut_off.py`.
"""

import sys
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import get_model

sys.path.insert(0, str(Path(__file__).parent))

from cut_off import SETUP, answer_file

from inspect_tts import bash_agent


@task
def sharded(
    name: str = "sharded", kind: str = "local", config: str | None = None, problems: int = 6
) -> Task:
    """Problems `p0`, `p1`, ..."""
    return Task(
        name=name,
        dataset=[
            Sample(id=f"p{number}", input=f"Problem {number}", setup=SETUP)
            for number in range(problems)
        ],
        solver=bash_agent(),
        scorer=answer_file(),
        sandbox=(kind, config) if config else kind,
        model=get_model("steady/model"),
    )
