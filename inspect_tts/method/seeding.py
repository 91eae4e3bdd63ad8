"""Seeded random draws, which can be recomputed from the log on any machine.

Draws use a hash, not a random generator. They depend only on the seed, on a key that names the
draw, and on the options, not on the order in which rollouts end or on the Python version.
"""

from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import count
from typing import Any

_LETTERS = "bcdfghjkmnpqrstvwxz"  # without vowels, so that no real word results
_WORD_LENGTH = 12


def seeded_shuffle(options: Iterable[str], *, seed: int, key: str) -> tuple[str, ...]:
    """Order distinct options by a seeded random draw."""
    names = list(options)
    if len(set(names)) != len(names):
        raise ValueError(f"a draw needs distinct options, got {names}")
    return tuple(sorted(names, key=lambda name: _ticket(f"{seed}\0{key}\0{name}")))


Shares = Sequence[str] | Mapping[str, int]
"""Names that share places evenly, or how many places each has."""


def counts_of(shares: Shares, places: int, *, seed: int, key: str) -> dict[str, int]:
    """How many places each name gets; a draw decides which names of a list get one more."""
    if isinstance(shares, Mapping):
        return dict(shares)
    names = seeded_shuffle(shares, seed=seed, key=f"{key}/names")
    each, more = divmod(places, len(names))
    return {name: each + (place < more) for place, name in enumerate(names)}


def dealt(
    first: Shares,
    second: Shares,
    places: Sequence[str],
    *,
    seed: int,
    key: str,
    ends: Sequence[int] = (),
) -> dict[str, tuple[str, str]]:
    """Deal a pair of names to each place, so that the names of either kind meet evenly.

    Args:
        first: The names of one kind.
        second: The names of the other kind.
        places: The places to which pairs are dealt, for example rollout ids.
        seed: Seed of the draw.
        key: Key of the draw.
        ends: Numbers of places after which the rest may not be used. The places up to each of these
            are dealt evenly, too.

    Returns:
        The pair of each place.
    """
    blocks = counts_of(first, len(places), seed=seed, key=f"{key}/first")
    spread = counts_of(second, len(places), seed=seed, key=f"{key}/second")
    ones = [name for name, count in blocks.items() for _ in range(count)]
    at = [((i + 0.5) / count, name) for name, count in spread.items() for i in range(count)]
    others = [name for _, name in sorted(at)]
    pairs = [*zip(ones, others, strict=True)]
    drawn = [*seeded_shuffle(places, seed=seed, key=key)]
    if ends:
        pairs = _spread(pairs, seed=seed, key=f"{key}/pairs")
        wave = {place: bisect(ends, index) for index, place in enumerate(places)}
        drawn.sort(key=lambda place: wave[place])
    return dict(zip(drawn, pairs, strict=True))


def _spread(pairs: Sequence[tuple[str, str]], *, seed: int, key: str) -> list[tuple[str, str]]:
    """Order pairs so that, at any point, each name and pair has appeared by about its share."""
    kinds = {f"{one}\0{other}": (one, other) for one, other in pairs}
    drawn = [kinds[name] for name in seeded_shuffle(kinds, seed=seed, key=key)]
    total = [Counter(column) for column in (*zip(*pairs, strict=True), pairs)]
    used: list[Counter[Any]] = [Counter() for _ in total]
    found: list[tuple[str, str]] = []

    def missing(pair: tuple[str, str]) -> tuple[int, int]:
        """How far its names, then the pair itself, are behind their shares."""
        one, other, both = (
            all[name] * (len(found) + 1) - had[name] * len(pairs)
            for all, had, name in zip(total, used, (*pair, pair), strict=True)
        )
        return one + other, both

    while len(found) < len(pairs):
        left = [pair for pair in drawn if used[2][pair] < total[2][pair]]
        found.append(max(left, key=missing))
        for had, name in zip(used, (*found[-1], found[-1]), strict=True):
            had[name] += 1
    return found


def cache_scope(*parts: object) -> int:
    """The number of a cache scope, for example the scope of one vote or rollout."""
    digest = int(_ticket("\0".join(map(str, parts)))[:16], 16)
    return 2**31 + digest % (2**52 - 2**31)


def words(*, seed: int, key: str) -> Iterator[str]:
    """Draw an endless series of words of 12 consonants."""
    for number in count():
        ticket = int(_ticket(f"{seed}\0{key}\0word\0{number}"), 16)
        places = (ticket // len(_LETTERS) ** place for place in range(_WORD_LENGTH))
        yield "".join(_LETTERS[place % len(_LETTERS)] for place in places)


def _ticket(text: str) -> str:
    return sha256(text.encode()).hexdigest()
