"""Options of `choose`."""

from typing import Any, Self

from inspect_ai.model import Model
from pydantic import SkipValidation

from inspect_tts.errors import UserError

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

    def checked_needs(self, selection: str, dedupe_behavior: bool) -> Self:
        """Refuse options that would execute candidates, since these have no sandbox."""
        executes = self.takes_evidence or dedupe_behavior or selection == "behavior"
        if executes or self.close == "investigate":
            raise UserError(
                "choose() executes nothing: leave out check, evidence, dedupe_behavior, "
                "selection='behavior' and close='investigate'. For patches of problems that have "
                "an image, use `inspect-tts select --check ... --image-template ...`"
            )
        return self
