"""The options of investigations. `close` itself is in `method/parameters.py`."""

from pydantic import Field

from ..arguments import Options
from ..errors import UserError
from ..method.parameters import JudgeParameters
from ..method.selection_specs import SelectionSpec


class InvestigationOptions(Options):
    """How an agent investigates a close match."""

    investigation_turns: int = Field(default=30, ge=1)
    """With `close=investigate`, model generations of each investigation."""
    investigation_cost: float = Field(default=1.0, gt=0)
    """With `close=investigate`, dollars of each investigation, where the model's price is known."""
    investigator_prompt: str | None = None
    """Replaces the investigator prompt: the text, or the path of a file."""


def check_close(options: JudgeParameters) -> None:
    """Refuse to investigate matches of more than two rollouts."""
    if options.close == "investigate" and options.group_size != 2:
        raise UserError(
            f"close='investigate' compares two results, but group_size={options.group_size}; give "
            "group_size=2, or close='votes'"
        )


def check_close_selection(options: JudgeParameters, spec: SelectionSpec, name: str) -> None:
    """Refuse to investigate in a selection that does not go by the winners of matches."""
    if options.close == "investigate" and not (spec.answer == "verdict" and spec.can_stop_early):
        raise UserError(
            f"close='investigate' decides who wins a match, but selection={name!r} does not use "
            "winners; give selection='tournament', or close='votes'"
        )
