"""Blocks of a prompt that no text inside can end, imitate or add to.

A block begins and ends with a line of its own: `WORD <tag>` and `WORD </tag>`. The word is derived
from the texts of all blocks, so the author of one block cannot know it, and it occurs in none of
them. Inside a text, anything that looks like a tag gets a `~` after its `<`, which `original`
removes; everything else stays as it is.
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
# a user's own prompt may have text before and after a block
_OPENS = re.compile(r"(?<![a-z])([a-z]{12}) <(\w+)>\n")
_CLOSES = re.compile(r"\n([a-z]{12}) </(\w+)>")

_MOST_TRIES = 100
"""Words to check. No text can predict them, so the first one fits but for 1 case in 10**15."""


class Block(NamedTuple):
    """A block of a prompt."""

    tag: str
    text: str
    """The original text, before `harmless` changed it."""


def harmless(text: str) -> str:
    """Mark everything in a text that could be taken for a tag of a block; `original` reverts it."""
    return _LIKE_TAG.sub(r"<~\g<marks>\g<tag>", text)


def original(shown: str) -> str:
    """Restore the text that was passed to `harmless`."""
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
    """Whether `fence_word` could have drawn a word, whatever else the prompt contained."""
    return word in islice(_possible(texts, seed=seed, key=key), _MOST_TRIES)


def fenced(word: str, tag: str, text: str) -> str:
    """Build a block, with its text made harmless."""
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
    """The endless sequence of words that may fence a prompt's blocks, in the order to try them."""
    digest = sha256()
    for text in texts:
        digest.update(sha256(text.encode(errors="surrogatepass")).digest())
    return words(seed=seed, key=f"{key}/fence/{digest.hexdigest()}")
