"""Random streams of the simulated model. Draws are hashes, so each depends on its names alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True)
class Stream:
    """A source of named draws; the same names give the same draws on any machine."""

    key: tuple[object, ...]

    def unit(self, name: str) -> float:
        """Draw a number from 0 up to 1."""
        text = "\0".join(map(str, (*self.key, name)))
        return int(sha256(text.encode()).hexdigest()[:13], 16) / 16**13

    def happens(self, probability: float, name: str) -> bool:
        """Draw whether an event of this probability happens."""
        return self.unit(name) < probability

    def pick(self, options: Sequence[_T], name: str) -> _T:
        """Draw one of several options."""
        if not options:
            raise ValueError(f"nothing to pick from for {name!r}")
        return options[int(self.unit(name) * len(options))]
