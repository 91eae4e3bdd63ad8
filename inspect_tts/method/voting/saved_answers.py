"""Refuse a saved vote or investigation that does not fit what is asked."""

from collections.abc import Sequence

from ..records import Vote
from .close_matches import Investigation


def check_vote(vote: Vote, *, index: int, order: Sequence[str], grades: bool) -> None:
    """Raise a ValueError unless a vote answers this question."""
    if (vote.index, vote.order) != (index, tuple(order)):
        raise ValueError(f"it is vote {vote.index} on {' '.join(vote.order)[:200]}")
    ended = [end for end in (vote.verdict, vote.grade, vote.abstention) if end is not None]
    if len(ended) != 1:
        raise ValueError("it needs one of verdict, grade and abstention")
    if (vote.verdict if grades else vote.grade) is not None:
        raise ValueError(f"a {'grade' if grades else 'verdict'} was asked for")
    _check_verdict(vote.verdict, order)


def check_investigation(found: Investigation, *, order: Sequence[str]) -> None:
    """Raise a ValueError unless an investigation is of these results."""
    if found.order != tuple(order):
        raise ValueError(f"it is on {' '.join(found.order)[:200]}")
    if (found.verdict is None) == (found.ended == "verdict"):
        raise ValueError(f"it ended with {found.ended!r}, and its verdict is {found.verdict!r}")
    _check_verdict(found.verdict, order)


def _check_verdict(verdict: str | None, order: Sequence[str]) -> None:
    if verdict is not None and verdict not in order:
        raise ValueError(f"its verdict {verdict[:200]!r} is not one of {' '.join(order)}")
