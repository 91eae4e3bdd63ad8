"""`votes=auto` asks until its test settles a match, not a vote more, and errs as stated."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspect_tts.method.voting.early_stopping import ODDS, AutoVotes, allowed_error, further_votes

NAMES = ("a", "b", "c", "d")
RULE = AutoVotes(least=2, most=16, error=0.05)


def needed(verdicts: Sequence[str | None], matches: int = 1, rule: AutoVotes = RULE) -> int:
    return further_votes(
        "ab", verdicts, votes=rule.most, early_stop=True, auto=rule, matches=matches
    )


@pytest.mark.parametrize(
    ("verdicts", "matches", "more"),
    [
        pytest.param("", 1, 4, id="a final needs a lead of 4"),
        pytest.param("", 2, 3, id="a semifinal 3"),
        pytest.param("", 4, 2, id="a quarterfinal 2"),
        pytest.param("", 8, 2, id="before it min_votes, then a lead of 1"),
        pytest.param("ab", 8, 1, id="equal votes settle nothing"),
        pytest.param("ab" * 3, 8, 1, id="however many there are"),
        pytest.param("ab", 64, 1, id="and however many matches"),
        pytest.param("aa", 4, 0, id="a lead of 2 in a quarterfinal"),
        pytest.param("aab", 4, 1, id="a lead that shrank"),
        pytest.param("abbb", 1, 2, id="the other one leads"),
        pytest.param("a--aaa", 1, 0, id="abstentions count for nobody"),
        pytest.param("a" + "ab" * 7, 1, 1, id="the last vote could make a tie"),
        pytest.param("aa" + "ab" * 6, 1, 1, id="so could two"),
        pytest.param("ab" * 8, 1, 0, id="max_votes"),
        pytest.param("aaa" + "ab" * 6, 1, 0, id="the missing one cannot change the winner"),
    ],
)
def test_further_votes(verdicts: str, matches: int, more: int) -> None:
    given_ = [None if letter == "-" else letter for letter in verdicts]
    assert needed(given_, matches) == more


def test_a_limit_below_min_votes_holds() -> None:
    rule = AutoVotes(least=8, most=16, error=0.05)
    assert further_votes("ab", "", votes=1, early_stop=True, auto=rule) == 1
    assert further_votes("ab", "a", votes=1, early_stop=True, auto=rule) == 0
    assert needed("a" * 7, rule=rule) == 1
    assert needed("a" * 8, rule=rule) == 0


@st.composite
def matches(draw: st.DrawFn) -> tuple[tuple[str, ...], list[str | None], AutoVotes, int]:
    group = NAMES[: draw(st.integers(2, 4))]
    most = draw(st.integers(1, 14))
    verdicts = draw(st.lists(st.sampled_from([*group, None]), min_size=most, max_size=most))
    error = draw(st.floats(0.01, 0.4))
    rule = AutoVotes(least=draw(st.integers(1, most)), most=most, error=error)
    return group, verdicts, rule, draw(st.integers(1, 8))


@settings(max_examples=300, deadline=None)
@given(matches())
def test_waves_ask_what_single_votes_would(
    match: tuple[tuple[str, ...], list[str | None], AutoVotes, int],
) -> None:
    group, verdicts, rule, number = match

    def further(count: int) -> int:
        return further_votes(
            group,
            verdicts[:count],
            votes=rule.most,
            early_stop=True,
            auto=rule,
            matches=number,
        )

    waves = single = 0
    while more := further(waves):
        waves += more
    while further(single):
        single += 1
    assert waves == single <= rule.most


@pytest.mark.parametrize("number", [1, 2, 4, 8])
@pytest.mark.parametrize("error", [0.02, 0.05, 0.1])
def test_a_judge_who_is_right_in_70_of_100_votes_errs_as_rarely_as_stated(
    error: float, number: int
) -> None:
    rule, right = AutoVotes(least=1, most=60, error=error), ODDS / (1 + ODDS)
    open_, wrong = {0: 1.0}, 0.0
    for cast in range(1, rule.most + 1):
        chances: dict[int, float] = {}
        for lead, chance in open_.items():
            for step, share in ((1, right), (-1, 1 - right)):
                chances[lead + step] = chances.get(lead + step, 0.0) + chance * share
        said = {lead: "a" * ((cast + lead) // 2) + "b" * ((cast - lead) // 2) for lead in chances}
        open_ = {x: p for x, p in chances.items() if needed(said[x], number, rule)}
        wrong += sum(p for lead, p in chances.items() if lead not in open_ and lead < 0)
    assert 0 < wrong <= allowed_error(rule, number) + 1e-9
