"""A prompt in pieces: what it quotes stands alone, and the whole stays what it was."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspect_tts.text.trajectory import split_at

LONG, OTHER = "x y " * 99 + "x y.", "z " * 250 + "z"


@pytest.mark.parametrize(
    ("text", "quoted", "pieces"),
    [
        ("", [], []),
        ("short", ["short"], ["short"]),
        (f"a{LONG}b", [], [f"a{LONG}b"]),
        (f"a{LONG}b", [LONG], ["a", LONG, "b"]),
        (f"a{LONG}b", [LONG[:-1]], [f"a{LONG}b"]),
        (LONG, [LONG], [LONG]),
        (f"a{LONG}b", [f" {LONG}\n"], ["a", f" {LONG}\n", "b"]),
        (f"a{LONG}b", [f"{LONG}{' ' * 10}"], [f"a{LONG}b"]),
        (LONG + OTHER, [OTHER, LONG], [LONG, OTHER]),
        (LONG * 2, [LONG, OTHER, LONG], [LONG, LONG]),
        (f"{LONG}\n{OTHER}", [LONG, OTHER], [f"{LONG}\n", OTHER]),
        (f"{LONG}{OTHER}c", [LONG, OTHER], [LONG, OTHER, "c"]),
    ],
)
def test_long_quoted_texts_stand_alone(text: str, quoted: list[str], pieces: list[str]) -> None:
    assert split_at(text, quoted) == pieces


@pytest.mark.parametrize(("misses", "pieces"), [(200, ["a", LONG]), (201, [f"a{LONG}"])])
def test_after_200_texts_that_are_not_there_no_more_are_searched(
    misses: int, pieces: list[str]
) -> None:
    absent = [f"{OTHER} {number}" for number in range(misses)]
    assert split_at(f"a{LONG}", [*absent, LONG]) == pieces


parts = st.lists(
    st.builds(
        lambda text, times, around: around + text * times + around,
        st.text(max_size=20),
        st.sampled_from([1, 30, 300]),
        st.sampled_from(["", "\n", " " * 40]),
    ),
    max_size=12,
)


@settings(deadline=None)
@given(told=parts, quoted=parts)
def test_the_pieces_are_the_prompt(told: list[str], quoted: list[str]) -> None:
    text = "and".join(told)
    pieces = split_at(text, [*quoted, *told])
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(piece.strip() for piece in pieces) or not text.strip()
