"""Blocks of a prompt that no text inside can end, imitate or add to.

A block begins and ends with a line of its own, `WORD <tag>` and `WORD </tag>`. The word is drawn
for the prompt from what all of its blocks tell, so nobody who wrote one of them knows it, and it
occurs in none of them. What looks like a tag inside of a text gets a `~` behind its bracket, which
`original` takes away again; all else stands as it was.
"""

import re
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
_BLOCK = re.compile(
    # a prompt of a user's may have text before and behind a block
    r"(?<![a-z])(?P<word>[a-z]{12}) <(?P<tag>\w+)>\n(?P<text>.*?)\n(?P=word) </(?P=tag)>",
    re.DOTALL,
)


_MOST_TRIES = 100
"""Nobody knows the next word, so the first is the one unless by a chance of 1 in 10**15."""


class Block(NamedTuple):
    """A block of a prompt."""

    tag: str
    text: str
    """As it was before it was shown."""


def harmless(text: str) -> str:
    """A text without anything that could pass for a tag of a block; see `original`."""
    return _LIKE_TAG.sub(r"<~\g<marks>\g<tag>", text)


def original(shown: str) -> str:
    """The text that `harmless` made this of."""
    return _MARKED_TAG.sub(r"<\g<marks>\g<tag>", shown)


def tags_in(text: str) -> tuple[str, ...]:
    """What in a text could pass for a tag of a block."""
    return tuple(found[0] for found in _LIKE_TAG.finditer(text))


def fence_word(texts: Iterable[str], *, seed: int, key: str, inside: Iterable[str]) -> str:
    """Draw the word that fences the blocks of a prompt."""
    shown = [text.casefold() for text in inside]
    possible = _possible(texts, seed=seed, key=key)
    return next(word for word in possible if not any(word in text for text in shown))


def is_possible_fence(word: str, texts: Iterable[str], *, seed: int, key: str) -> bool:
    """Whether `fence_word` can have drawn a word, whatever else the prompt showed."""
    return word in islice(_possible(texts, seed=seed, key=key), _MOST_TRIES)


def fenced(word: str, tag: str, text: str) -> str:
    """A block, its text made harmless."""
    return f"{word} <{tag}>\n{harmless(text)}\n{word} </{tag}>"


def blocks(prompt: str) -> list[Block]:
    """Read the blocks of a prompt back, each with its text as it was."""
    return [Block(each["tag"], original(each["text"])) for each in _BLOCK.finditer(prompt)]


def _possible(texts: Iterable[str], *, seed: int, key: str) -> Iterator[str]:
    """The words that may fence a prompt's blocks, without end, in the order they are tried."""
    digest = sha256()
    for text in texts:
        digest.update(sha256(text.encode(errors="surrogatepass")).digest())
    return words(seed=seed, key=f"{key}/fence/{digest.hexdigest()}")
