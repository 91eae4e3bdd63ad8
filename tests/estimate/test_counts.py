"""Counts that follow from the arguments, averages of records, and how they are shown."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from inspect_tts.cli import main
from inspect_tts.estimate.counts import Averages, counts, mean_usage, measured
from inspect_tts.method.records import Match, Round, Selection, Usage, Vote
from inspect_tts.options import PdrRtvOptions, RtvOptions

FULL, RTV = PdrRtvOptions().arguments(), RtvOptions().arguments()


def asked(*words: str) -> str:
    done = CliRunner().invoke(main, ["estimate", *words], env={"COLUMNS": "100"})
    assert done.exit_code == 0, done.output
    return done.output


def rows(*words: str) -> dict[str, Any]:
    found = json.loads(asked(*words, "--json"))
    return {row["what"]: row["each"] for row in found["rows"]}


def test_in_waves_the_fewest_are_the_first_wave_and_sandboxes_are_for_all() -> None:
    found = counts({**RTV, "n": "auto", "min_n": 4, "max_n": 12, "votes": 1})
    assert (found.fewest_rollouts, found.rollouts, found.sandboxes) == (4, 12, 12)
    assert (found.fewest_votes, found.votes, found.matches) == (3, 11, 11)


def test_votes_until_a_test_stops_are_at_most_its_own_maximum() -> None:
    given = {**RTV, "n": 2, "votes": "auto", "max_votes": 5, "min_votes": 3}
    found = counts(given)
    assert (found.fewest_votes, found.votes) == (3, 5)


FEWEST: dict[str, tuple[dict[str, Any], int]] = {
    "half of them and one": ({"votes": 3}, 2),
    "all of grades": ({"votes": 3, "selection": "pointwise"}, 2 * 3),
    "all without an early stop": ({"votes": 3, "early_stop": False}, 3),
    "all of a close match": ({"votes": 3, "close": "investigate"}, 3),
    "none of a baseline": ({"votes": 3, "selection": "first"}, 0),
}


@pytest.mark.parametrize(("given", "fewest"), FEWEST.values(), ids=FEWEST)
def test_a_match_of_two_takes_at_least(given: dict[str, Any], fewest: int) -> None:
    assert counts({**RTV, "n": 2, **given}).fewest_votes == fewest


@pytest.mark.parametrize(
    ("context", "final", "votes"),
    [("select", True, 27), ("select", False, 12), ("random", True, 15), ("random", False, 0)],
)
def test_a_tournament_counts_where_there_is_one(context: str, final: bool, votes: int) -> None:
    given = {**FULL, "n": 16, "top_k": 4, "votes": 1, "context": context}
    assert counts(given, final=final).votes == votes


def test_parents_that_are_kept_are_in_the_last_tournament() -> None:
    given = {**FULL, "n": 8, "top_k": 2, "votes": 1, "keep_parents": True}
    assert counts(given).votes == 6 + 9
    assert counts({**given, "iterations": 1}).votes == 7


def test_pdr_ends_without_a_tournament() -> None:
    given = ("-S", "n=16", "-S", "top_k=4", "-S", "votes=1")
    assert (rows("pdr", *given)["votes"], rows("pdr_rtv", *given)["votes"]) == ([12] * 2, [27] * 2)


# --- averages


def usage(tokens: int, cost: float | None = None) -> Usage:
    return Usage(
        input_tokens=tokens,
        output_tokens=2 * tokens,
        cache_read_tokens=3 * tokens,
        cache_write_tokens=4 * tokens,
        total_tokens=10 * tokens,
        cost=cost,
    )


def test_the_mean_is_of_all_kinds_of_tokens_and_of_dollars() -> None:
    assert mean_usage([usage(1, 0.5), usage(3, 1.5)]) == usage(2, 1.0)
    assert mean_usage([usage(1, 0.5), usage(3)]) == usage(2)
    assert mean_usage([usage(0), usage(4)]) == usage(2)
    assert mean_usage([]) == Usage()


def test_a_total_counts_a_summary_for_each_rollout() -> None:
    each = Averages(rollout=usage(100, 4.0), summary=usage(10, 0.5), vote=usage(1, 0.125))
    assert each.total(2, votes=3) == usage(223, 9.375)
    for part in ("rollout", "summary", "vote"):
        free = each.model_copy(update={part: usage(0)})
        assert free.total(2, votes=3).cost is None, "a part without a price"


def voted(*judges: tuple[str | None, str, int]) -> Selection:
    votes = tuple(
        Vote(index=i, order=("a", "b"), verdict="a", judge=judge, model=model, usage=usage(tokens))
        for i, (judge, model, tokens) in enumerate(judges)
    )
    match = Match(
        id="m",
        group=("a", "b"),
        votes=votes,
        tally={"a": len(votes)},
        winner="a",
        decided_by="votes",
    )
    return Selection(
        id="t0",
        kind="tournament",
        iteration=0,
        seed=0,
        keep=1,
        group_size=2,
        votes=8,
        population=("a", "b"),
        rounds=(Round(number=1, matches=(match,)),),
        ranking=("a", "b"),
        selected=("a",),
    )


CAST = (("x", "m/x", 1), ("x", "m/x", 3), ("y", "m/y", 8))
SHARED = {
    "without names of judges": ((), CAST, 4),
    "by name": (("x", "y"), CAST, 5),
    "by model": (("m/x", "m/y"), CAST, 5),
    "one has not voted": (("x", "y", "z"), CAST, 4),
}


@pytest.mark.parametrize(("judges", "cast", "tokens"), SHARED.values(), ids=SHARED)
def test_each_judge_weighs_equally_if_all_have_voted(judges: Any, cast: Any, tokens: int) -> None:
    assert measured([], [voted(*cast)], judges).vote == usage(tokens)


def test_votes_of_several_selections_count() -> None:
    both = measured([], [voted(CAST[0]), voted(CAST[1])])
    assert (both.vote, both.rollout, both.summary) == (usage(2), Usage(), Usage())


# --- what is printed


def test_a_table_shows_bounds_numbers_and_what_is_missing() -> None:
    told = asked("rtv", "-S", "n=4", "-S", "votes=3", "--problems", "2000")
    assert "rtv on 2000 problems" in told
    cells = [line.replace("│", " ").split() for line in told.splitlines()]
    assert ["votes", *["6", "to", "9"], *["12,000", "to", "18,000"]] in cells
    assert ["rollouts", "4", "8,000"] in cells
    assert "Tokens and dollars need averages: give --pilot LOG or --tokens." in told
    words = " ".join(told.split())
    assert "plus the larger of n and the sandbox limit for the rollouts" in words
    assert "(up to 4 per problem)" in words


def test_small_numbers_have_cents_and_one_problem_is_singular() -> None:
    given = ("rtv", "-S", "n=1", "-S", "max_rollouts=3", "--tokens", "10,2,3")
    told = asked(*given, "--cost", "99.5,0.25,1")
    assert "rtv on 1 problem\n" in "".join(f"{line.strip()}\n" for line in told.splitlines())
    assert "99.75" in told
    assert "need averages" not in told
    assert "plus 3 for the rollouts" in told
    assert "100\n" in asked(*given, "--cost", "99.5,0.5,1").replace(" │", "")


def test_dollars_are_shown_only_if_they_are_known() -> None:
    assert list(rows("rtv")) == ["rollouts", "summaries", "votes"]
    known = rows("rtv", "-S", "n=2", "-S", "votes=1", "--tokens", "10,2,3")
    assert list(known) == ["rollouts", "summaries", "votes", "tokens"]
    assert known["summaries"] == known["rollouts"] == [2, 2]
    assert known["tokens"] == [27, 27]


def test_tokens_of_investigations_are_not_known() -> None:
    given = ("rtv", "-S", "close=investigate", "--tokens", "10,2,3", "--cost", "1,1,1")
    found = rows(*given)
    assert "tokens without investigations" in found
    assert "tokens" not in found
    assert "dollars" in found


def test_votes_are_shared_by_judges_only_where_several_vote() -> None:
    def shares(*words: str) -> list[list[float]]:
        found = rows("rtv", "-S", "n=2", "-S", "votes=4", "-S", "early_stop=false", *words)
        return [each for what, each in found.items() if what.startswith("votes of")]

    two = ("-S", 'judges=["mockllm/a", "mockllm/b"]')
    assert shares(*two) == [[2.0, 2.0]] * 2
    assert shares("-S", "judges=mockllm/a") == []
    assert shares(*two, "-S", "n=1") == []


@pytest.mark.parametrize("problems", ["0", "-1", "x"])
def test_there_is_at_least_one_problem(problems: str) -> None:
    done = CliRunner().invoke(main, ["estimate", "rtv", "--problems", problems])
    assert done.exit_code == 2
