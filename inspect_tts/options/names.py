"""Checks of arguments that name models or agents."""

from typing import Any

from ..errors import UserError

_JUDGES = 'give judges=\'["provider/name", "judge2"]\': models, or roles given with --model-role'


def checked_judges(judges: Any) -> Any:
    """Refuse what names no judges, or one of them twice."""
    if judges is None:
        return None
    names = [judges] if isinstance(judges, str) else judges
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise UserError(f"judges={judges!r} is no list of names; {_JUDGES}")
    if not names or not all(name.strip() for name in names):
        raise UserError(f"judges={judges!r} names nobody; {_JUDGES}, or leave it out")
    if twice := [name for name in names if names.count(name) > 1]:
        raise UserError(
            f"judges={judges!r} names {twice[0]!r} twice, so its votes would count twice; name "
            "each judge once"
        )
    return judges if isinstance(judges, str) else list(names)
