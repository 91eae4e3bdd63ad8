"""Saved results as bytes: keys that cover everything, damage that is always noticed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tts.resume.format import (
    KINDS,
    CorruptResultError,
    Kind,
    pack,
    saved_key,
    unpack,
)

PARTS: dict[str, Any] = {"agent": ["a", {"x": 1}], "index": 3, "refinement": ""}


def test_the_order_of_parts_does_not_matter() -> None:
    assert saved_key("vote", PARTS) == saved_key("vote", dict(reversed(PARTS.items())))


@pytest.mark.parametrize(
    "change", [{"agent": ["a", {"x": 2}]}, {"index": 4}, {"refinement": " "}, {"more": None}]
)
def test_each_part_changes_the_key(change: dict[str, Any]) -> None:
    assert saved_key("vote", PARTS) != saved_key("vote", PARTS | change)


def test_kinds_do_not_share_keys() -> None:
    assert len({saved_key(kind, PARTS) for kind in KINDS}) == len(KINDS)


def test_a_part_that_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError):
        saved_key("vote", {"model": object()})


@given(st.binary(max_size=300), st.sampled_from(KINDS))
def test_what_was_written_is_read(value: bytes, kind: Kind) -> None:
    assert unpack(kind, "k", pack(kind, "k", value)) == value


@given(st.data(), st.binary(min_size=1, max_size=60))
def test_any_damage_is_noticed(data: st.DataObject, value: bytes) -> None:
    whole = pack("summary", "k", value)
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :]
    for damaged in (flipped, whole[:at], whole + b"x", b""):
        with pytest.raises(CorruptResultError, match="the summary k is damaged"):
            unpack("summary", "k", damaged)


@pytest.mark.parametrize(("kind", "key"), [("vote", "k"), ("summary", "other")])
def test_a_saved_result_stands_for_one_kind_and_key(kind: Kind, key: str) -> None:
    with pytest.raises(CorruptResultError):
        unpack(kind, key, pack("summary", "k", b"x"))
