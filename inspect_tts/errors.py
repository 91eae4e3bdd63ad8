"""Mistakes of a user, reported without a traceback."""

from rich.markup import escape

from ._inspect import PrerequisiteError


class UserError(PrerequisiteError):
    """A bad argument or a missing prerequisite: names the value, what is allowed, the next step.

    Args:
        message: Plain text. Brackets in it, as in a value that the user gave, are no markup.
    """

    def __init__(self, message: str) -> None:
        super().__init__(escape(message))
        self._text = message

    def __str__(self) -> str:
        return self._text
