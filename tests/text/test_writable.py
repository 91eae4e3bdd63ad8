"""Halves of surrogate pairs, which no UTF-8 can hold, and values as JSON data."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inspect_tts.text.writable import plain, writable, writable_values


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain é 💡", "plain é 💡"),
        ("\ud83d", "�"),
        ("a\udca1b", "a�b"),
        ("\ud83d\udca1", "💡"),
        ("\udca1\ud83d", "��"),
        ("\ud83d\ud83d\udca1", "�💡"),
        ("", ""),
    ],
    ids=ascii,
)
def test_text_becomes_writable(text: str, written: str) -> None:
    assert writable(text) == written


def test_texts_within_values_become_writable() -> None:
    value = {"a\ud83d": ["b\ud83d", {"c": ("d\ud83d", 1, None)}]}
    assert writable_values(value) == {"a�": ["b�", {"c": ["d�", 1, None]}]}


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ({"a": [1, (2.5, None)], "b": True}, {"a": [1, [2.5, None]], "b": True}),
        ([{3, 1, 2}, [frozenset("cab")]], [[1, 2, 3], [["a", "b", "c"]]]),
        ({"deep": [{"er": {("b", 2), ("a", 1)}}]}, {"deep": [{"er": [["a", 1], ["b", 2]]}]}),
        (b"\x00\xff", "AP8="),
        (Path("a/b"), "a/b"),
        (np.array([[1, 2]]), [[1, 2]]),
        (np.ndarray, "ndarray"),
        (plain, "plain"),
        (object(), "object"),
    ],
    ids=["nested", "sets", "sets within", "bytes", "path", "array", "type", "function", "object"],
)
def test_a_value_as_json_data(value: Any, data: Any) -> None:
    assert plain(value) == data
