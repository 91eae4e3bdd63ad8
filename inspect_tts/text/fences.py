"""Blocks of a prompt that no text inside can end, imitate or add to.

A block begins and ends with a line of its own, `WORD <tag>` and `WORD </tag>`. The word is drawn
for the prompt from what all of its blocks tell, so nobody who wrote one of them knows it, and it
occurs in none of them. What looks like a tag inside of a text gets a `~` behind its bracket, which
`original` takes away again; all else stands as it was.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice
from typing import NamedTuple

from inspect_tts.method.seeding import words

_TAG = (
    r"(?P<tag>\s{0,3}+/?\s{0,3}+(?:"
    r"(?i:solution|attempt|facts)[\s_-]{0,2}+\d"
    # not the Problem of a List<Problem>
    r"|(?:problem|PROBLEM|trajectory|TRAJECTORY|checks|CHECKS)\s{0,3}+>))"
)
_LIKE_TAG = re.compile(rf"<(?P<marks>~*+){_TAG}")
_MARKED_TAG = re.compile(rf"<~(?P<marks>~*+){_TAG}")
# a prompt of a user's may have text before and behind a block
_OPENS = re.compile(r"(?<![a-z])([a-z]{12}) <(\w+)>\n")
_CLOSES = re.compile(r"\n([a-z]{12}) </(\w+)>")

_MOST_TRIES = 100
"""A text cannot know the next word, so the first one fits except by a chance of 1 in 10**15."""


class Block(NamedTuple):
    """A block of a prompt."""

    tag: str
    text: str
    """The text before it was made harmless."""


def harmless(text: str) -> str:
    """A text in which nothing can be taken for a tag of a block; `original` reverts it."""
    return _LIKE_TAG.sub(r"<~\g<marks>\g<tag>", text)


def original(shown: str) -> str:
    """The text that was passed to `harmless`."""
    return _MARKED_TAG.sub(r"<\g<marks>\g<tag>", shown)


def tags_in(text: str) -> tuple[str, ...]:
    """The parts of a text that could be taken for a tag of a block."""
    return tuple(found[0] for found in _LIKE_TAG.finditer(text))


def fence_word(texts: Iterable[str], *, seed: int, key: str, inside: Iterable[str]) -> str:
    """Draw the word that fences the blocks of a prompt."""
    shown = [text.casefold() for text in inside]
    possible = _possible(texts, seed=seed, key=key)
    return next(word for word in possible if not any(word in text for text in shown))


def is_possible_fence(word: str, texts: Iterable[str], *, seed: int, key: str) -> bool:
    """Whether `fence_word` can have drawn a word, whatever else was in the prompt."""
    return word in islice(_possible(texts, seed=seed, key=key), _MOST_TRIES)


def fenced(word: str, tag: str, text: str) -> str:
    """A block, its text made harmless."""
    return f"{word} <{tag}>\n{harmless(text)}\n{word} </{tag}>"


def blocks(prompt: str) -> list[Block]:
    """The blocks of a prompt, each with its original text."""
    closes = dict[tuple[str, str], list[re.Match[str]]]()
    for close in _CLOSES.finditer(prompt):
        closes.setdefault((close[1], close[2]), []).append(close)
    found, place = list[Block](), 0
    for opens in _OPENS.finditer(prompt):
        ends = closes.get((opens[1], opens[2]), [])
        at = bisect_left(ends, opens.end(), key=lambda close: close.start())
        if opens.start() >= place and at < len(ends):
            found.append(Block(opens[2], original(prompt[opens.end() : ends[at].start()])))
            place = ends[at].end()
    return found


def _possible(texts: Iterable[str], *, seed: int, key: str) -> Iterator[str]:
    """The endless sequence of words that may fence a prompt's blocks, in the order of trial."""
    digest = sha256()
    for text in texts:
        digest.update(sha256(text.encode(errors="surrogatepass")).digest())
    return words(seed=seed, key=f"{key}/fence/{digest.hexdigest()}")
