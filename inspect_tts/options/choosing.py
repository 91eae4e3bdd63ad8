"""Arguments of `choose`."""

from typing import Any

from inspect_ai.model import Model
from pydantic import SkipValidation

from . import SelectRecordedOptions


class ChooseOptions(SelectRecordedOptions):
    """How `choose` selects: as `inspect-tts select`, with these models."""

    model: SkipValidation[str | Model | None] = None
    """Judges and summarizes. Default: `INSPECT_EVAL_MODEL`."""
    model_roles: SkipValidation[dict[str, str | Model] | None] = None
    """Other models for the roles `judge` and `summarizer`."""
    log_dir: str | None = None
    """Folder of the log. Default: that of `inspect eval`."""
    eval_args: dict[str, Any] | None = None
    """Further arguments of `inspect_ai.eval_async`, such as `cost_limit` or `max_connections`."""
