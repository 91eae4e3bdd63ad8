"""When enough rollouts agree, and when refinement has nothing left to settle."""

from collections.abc import Sequence

import pytest
from test_selections import rollout

from inspect_tts.method.candidates import agreed, eligible, failed, next_wave, waves_run
from inspect_tts.method.parameters import Waves
from inspect_tts.method.records import (
    Facts,
    Match,
    Patch,
    Rollout,
    Round,
    Selection,
    Status,
    Vote,
)


def selection(selected: Sequence[int], matches: Sequence[Sequence[int | None]]) -> Selection:
    """Matches as the rollouts that their votes named; the first of them has won."""
    ids = {index: f"t0-n{index:02d}" for index in range(4)}
    played = [
        Match(
            id=f"t0-r1-m{number}",
            group=tuple(ids[i] for i in {*verdicts} if i is not None),
            votes=tuple(
                Vote(index=i, order=(), verdict=None if v is None else ids[v], model="m")
                for i, v in enumerate(verdicts)
            ),
            tally={},
            winner=ids[next(v for v in verdicts if v is not None)],
            decided_by="votes",
        )
        for number, verdicts in enumerate(matches)
    ]
    return Selection(
        id="t0",
        kind="tournament",
        iteration=0,
        seed=0,
        keep=len(selected),
        group_size=2,
        votes=8,
        population=tuple(ids.values()),
        rounds=(Round(number=1, matches=tuple(played)),),
        ranking=tuple(ids.values()),
        selected=tuple(ids[i] for i in selected),
    )


CASES = {
    "same patch, one mind": ("aaab", (0, 1), [(0, 0, 0)], True),
    "an abstention is no dissent": ("aaab", (0, 1), [(0, None, 0)], True),
    "nobody was judged": ("aaaa", (0, 1), [], True),
    "a vote for one that left the same is no dissent": ("aabb", (0, 1), [(0, 1, 0)], True),
    "one vote for something else": ("aabb", (0, 1), [(0, 2, 0)], False),
    "dissent in a match of others": ("aabc", (0, 1), [(2, 3, 2)], False),
    "the selected differ": ("abaa", (0, 1), [(0, 0)], False),
    "what they left is unknown": ("??aa", (0, 1), [(0, 0)], False),
    "one selected agrees with nobody": ("aaaa", (0,), [(0, 0)], False),
}


@pytest.mark.parametrize(("prints", "selected", "matches", "expected"), CASES.values(), ids=CASES)
def test_agreed(
    prints: str,
    selected: Sequence[int],
    matches: Sequence[Sequence[int | None]],
    expected: bool,
) -> None:
    rollouts = [
        rollout(index, fingerprint=None if mark == "?" else f"patch:{mark}")
        for index, mark in enumerate(prints)
    ]
    assert agreed(selection(selected, matches), rollouts) is expected


def made(letters: str, patch: str | None = "diff") -> list[Rollout]:
    """Rollouts with these patches: `-` failed, `?` nothing known of what it left."""
    return [
        rollout(i).model_copy(
            update={
                "status": "error" if letter == "-" else "completed",
                "facts": Facts(
                    status="completed", fingerprint=None if letter == "?" else letter.lower()
                ),
                "patch": None if patch is None else Patch(text=patch),
            }
        )
        for i, letter in enumerate(letters)
    ]


@pytest.mark.parametrize(
    ("letters", "further"),
    [
        pytest.param("", 3, id="the first wave has min_n"),
        pytest.param("aaa", 0, id="all agree"),
        pytest.param("aab", 2, id="fewer than min_n agree"),
        pytest.param("aaabb", 0, id="more than half"),
        pytest.param("aaabbb", 1, id="just half; no more than max_n"),
        pytest.param("aaabbbc", 0, id="max_n"),
        pytest.param("---", 2, id="failed alike"),
        pytest.param("???", 2, id="nothing is known"),
    ],
)
def test_next_wave(letters: str, further: int) -> None:
    assert next_wave(Waves(least=3, most=7, wave=2), made(letters)) == further


def test_what_agrees() -> None:
    waves = Waves(least=2, most=4, wave=1)
    assert next_wave(waves, made("aa", patch="")) == 1, "nobody changed anything"
    assert next_wave(waves, made("aa", patch=None)) == 0, "answers"
    assert [waves_run(waves, made(each)) for each in ("aa", "abbb", "abcd")] == [2, 3, 4]
    assert waves_run(waves, made("aba")) == 3
    assert waves_run(waves, made("ab")) == 3, "one is missing"


def test_what_behaves_alike_agrees() -> None:
    waves, alike = Waves(least=2, most=4, wave=1), [["t0-n00", "t0-n02"], ["t0-n01"]]
    assert next_wave(waves, made("abc")) == 1
    assert next_wave(waves, made("abc"), alike) == 0
    assert next_wave(waves, made("ab-"), alike) == 1, "one of them failed"
    assert next_wave(waves, made("abcd"[:2]), alike) == 1, "fewer than min_n"
    assert waves_run(waves, made("abcd"), {3: alike}) == 3
    assert waves_run(waves, made("abcd"), {2: alike}) == 4


def test_who_reached_for_the_solution_stays_out_unless_all_did() -> None:
    a, b = (each.model_copy(update={"leaks": ("fetches it",)}) for each in made("ab"))
    [clean] = [each.model_copy(update={"id": "t0-n02"}) for each in made("c")]
    assert eligible([a, clean, b], leak_guard=True) == (clean.id,)
    assert eligible([a, clean, b], leak_guard=False) == (a.id, clean.id, b.id)
    assert eligible([a, b], leak_guard=True) == (a.id, b.id)


@pytest.mark.parametrize("status", ["limit", "refused", "error", "completed"])
def test_what_did_not_end_by_itself_has_failed(status: Status) -> None:
    assert failed(rollout(0, status=status)) == (status != "completed")
