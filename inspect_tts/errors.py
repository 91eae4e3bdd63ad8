"""Mistakes of a user, reported without a traceback."""

from ._inspect import PrerequisiteError


class UserError(PrerequisiteError):
    """A bad argument or a missing prerequisite: names the value, what is allowed, the next step."""
