"""What Terminus leaves in the store."""

from inspect_ai.util import StoreModel
from pydantic import Field

from inspect_tts.method.records import PromptRecord


class TerminusRecord(StoreModel):
    """Counts and settings of one run of the agent, in the store of its rollout."""

    turns: int = 0
    """Answers of the model."""
    format_errors: int = 0
    """Answers that could not be read."""
    timeouts: int = 0
    """Blocking commands that did not end in time."""
    ended: str = ""
    """`complete` (the model said so), `max_turns`, or the model's stop reason."""
    max_turns: int = 0
    prompts: list[PromptRecord] = Field(default_factory=list)
    """The prompts that were used."""
