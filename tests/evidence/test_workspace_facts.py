"""Fingerprints of rollouts, and what the script that reads a workspace prints."""

import base64

import pytest

from inspect_tts.evidence.facts import (
    Workspace,
    answer_fingerprint,
    parse_workspace,
    patch_record,
    workspace_fingerprint,
)
from inspect_tts.method.records import FileFact, Patch

ANSWERS = {
    "white space": ("4 2", " 4\n\n2\t\n", True),
    "another answer": ("42", "43", False),
    "white space that parts words": ("4 2", "42", False),
    "case": ("a", "A", False),
    "half a surrogate pair": ("\ud800", " \ud800", True),
}


@pytest.mark.parametrize(("one", "other", "equal"), ANSWERS.values(), ids=ANSWERS)
def test_answers(one: str, other: str, equal: bool) -> None:
    assert (answer_fingerprint(one) == answer_fingerprint(other)) is equal


def test_form_of_an_answers_fingerprint() -> None:
    expected = "answer:2c26b46b68ffc68ff99b453c1d30413413422d70"  # the start of sha256("foo")
    assert answer_fingerprint("foo") == expected
    assert answer_fingerprint("") is None
    assert answer_fingerprint(" \n\t\u00a0") is None


SHA1, SHA256 = "0123456789" * 4, "01234567" * 8
OUTPUTS = {
    "no change": (f"c\n{SHA1}\n", Workspace("c", (), SHA1)),
    "changes": (
        f"c\n{SHA1}\n1\t2\ta\n-\t-\tb\n",
        Workspace("c", (FileFact(path="a", added=1, deleted=2), FileFact(path="b")), SHA1),
    ),
    "a repository of SHA-256": (f"c\n{SHA256}\n", Workspace("c", (), SHA256)),
    "an empty patch": ("c\ne69de29bb2d1d6434b8b29ae775ad8c2e48c5391\n", Workspace("c", (), "none")),
    "an empty patch by SHA-256": (
        "c\n473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813\n",
        Workspace("c", (), "none"),
    ),
    "unknown": ("c\n\n1\t2\ta\n", Workspace("c", (FileFact(path="a", added=1, deleted=2),), None)),
    "no hash": ("c\nfatal: no\n", Workspace("c", (), None)),
    "half a hash": (f"c\n{SHA1[:39]}\n", Workspace("c", (), None)),
    "cut short": ("c", Workspace("c", (), None)),
}


@pytest.mark.parametrize(("output", "expected"), OUTPUTS.values(), ids=OUTPUTS)
def test_output_of_the_script(output: str, expected: Workspace) -> None:
    assert parse_workspace(output) == expected


def at(patch: str | None) -> Workspace:
    return Workspace("c", (), patch)


ANSWER = answer_fingerprint("42")
FINGERPRINTS = {
    "changed": (at("none"), at(SHA1), "42", f"patch:{SHA1}"),
    "nothing changed": (at("none"), at("none"), "42", ANSWER),
    "nothing changed, no answer": (at("none"), at("none"), " ", None),
    "dirty before": (at(SHA256), at(SHA256), "42", ANSWER),
    "dirty before, and changed": (at(SHA256), at(SHA1), "42", f"patch:{SHA1}"),
    "dirty before, and reverted": (at(SHA256), at("none"), "42", "patch:none"),
    "no workspace": (None, None, "42", None),
    "workspace gone": (at("none"), None, "42", None),
    "unknown before": (at(None), at(SHA1), "42", None),
    "unknown after": (at("none"), at(None), "42", None),
    "unknown before and after": (at(None), at(None), "42", None),
}


@pytest.mark.parametrize(
    ("before", "after", "answer", "expected"), FINGERPRINTS.values(), ids=FINGERPRINTS
)
def test_workspace(
    before: Workspace | None, after: Workspace | None, answer: str, expected: str | None
) -> None:
    assert workspace_fingerprint(before, after, answer) == expected


# --- reading the script's output


@pytest.mark.parametrize(
    "tail", ["x", "1x", "-1", "9" * 5000, "\u0663", "3\nYQ==", "1\n*", "1\n=YQ"]
)
def test_what_no_script_of_ours_prints_is_refused(tail: str) -> None:
    with pytest.raises(ValueError, match=r"bytes|base64|padding|character"):
        parse_workspace(f"{'a' * 40}\n{'b' * 40}\n\n{tail}\n")


@pytest.mark.parametrize(
    ("tail", "size", "diff"),
    [
        ("", None, None),
        ("\n0\n", 0, b""),
        (f"\n3\n{base64.b64encode(b'a|b').decode()}\n", 3, b"a|b"),
        ("\n9999999\n", 9999999, None),
    ],
    ids=["not asked for", "empty", "there", "too large"],
)
@pytest.mark.parametrize("numstat", ["", "1\t2\ta b\n-\t-\tbin\n"], ids=["unchanged", "changed"])
def test_the_patch_stands_behind_the_numbers(
    numstat: str, tail: str, size: int | None, diff: bytes | None
) -> None:
    read = parse_workspace(f"{'a' * 40}\n{'b' * 40}\n{numstat}{tail}")
    assert [change.path for change in read.changes] == (["a b", "bin"] if numstat else [])
    assert (read.size, read.diff) == (size, diff)


START = Workspace("start", (), "none", 0, b"")
ENDS = {
    "read": (Workspace("c", (), SHA1, 2, "é".encode()), Patch(commit="start", size=2, text="é")),
    "unchanged": (START, Patch(commit="start", size=0, text="")),
    "lost": (None, Patch(commit="start", notice="the workspace could not be read at the end")),
    "unread": (
        Workspace("c", (), None),
        Patch(
            commit="start",
            notice="git could not read the workspace at the end, or it held too many new files; "
            "the names of changed files are known",
        ),
    ),
    "too large": (
        Workspace("c", (), SHA1, 1_000_001),
        Patch(
            commit="start",
            size=1_000_001,
            notice="the patch has 1000001 bytes, more than the 1000000 that are kept",
        ),
    ),
    "no text": (
        Workspace("c", (), SHA1, 1, b"\xff"),
        Patch(commit="start", size=1, notice="the patch holds bytes that are no UTF-8"),
    ),
}


@pytest.mark.parametrize(("after", "expected"), ENDS.values(), ids=ENDS)
def test_a_patch_is_against_the_start_or_says_why_it_is_missing(
    after: Workspace | None, expected: Patch
) -> None:
    assert patch_record(START, after) == expected


def test_bytes_that_are_no_text_are_said() -> None:
    before = parse_workspace(f"{'a' * 40}\n{'b' * 40}\n")
    after = parse_workspace(
        f"{'a' * 40}\n{'b' * 40}\n\n1\n{base64.b64encode(bytes([255])).decode()}\n"
    )
    patch = patch_record(before, after)
    assert patch is not None
    assert patch.notice == "the patch holds bytes that are no UTF-8"
    assert patch_record(None, after) is None
