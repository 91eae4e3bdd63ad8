"""Votes are independent samples, shown in balanced orders, recorded whole; ties go to a lot."""

from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput
from inspect_ai.solver import Solver
from scripted import (
    Policy,
    acting,
    calls,
    mark,
    model,
    pool,
    prefer,
    problem,
    reply,
    run,
    says,
    solutions,
    summarize,
)

from inspect_tts import Match, RolloutPool, Vote, rtv


def first_match(log: EvalLog) -> Match:
    return pool(log).selections[0].rounds[0].matches[0]


def duel(votes: int, *, n: int = 2, group_size: int = 2, early_stop: bool = False) -> Solver:
    agent = acting(*(says(f"#n{i}") for i in range(n)))
    return rtv(n=n, votes=votes, group_size=group_size, early_stop=early_stop, agent=agent)


class Counted:
    """Answers that differ from call to call, as those of a model at temperature 1."""

    def __init__(self, wording: str) -> None:
        self.wording, self.number = wording, count()

    @property
    def calls(self) -> int:
        return next(self.number)

    def __call__(self, input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        return reply(self.wording.format(next(self.number)))


# --- independence


@pytest.mark.parametrize(("n", "group_size", "votes"), [(2, 2, 8), (3, 3, 7)])
def test_a_cache_never_makes_one_vote_of_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int, group_size: int, votes: int
) -> None:
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    found: list[list[str]] = []
    for expected_calls in (votes, 0):
        judge = Counted("Thought {} times.\n\nFinal verdict: Solution 1")
        strategy = duel(votes, n=n, group_size=group_size)
        log = run(problem(), strategy, tmp_path, judge=judge, cache=True)
        assert judge.calls == expected_calls
        found.append([vote.text for vote in first_match(log).votes])
    cold, warm = found
    assert len(set(cold)) == votes
    assert warm == cold


def test_a_cache_never_makes_one_rollout_of_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    found: list[list[str]] = []
    for expected_calls in (8, 0):
        agent = Counted("#take{}")
        strategy = rtv(n=4, votes=1, agent=acting(says("go", "go on")))
        log = run(problem(epochs=1), strategy, tmp_path, agent=agent, cache=True)
        assert agent.calls == expected_calls
        found.append([mark(rollout.summary.text) for rollout in pool(log).rollouts])
    cold, warm = found
    assert len(set(cold)) == 4
    assert warm == cold


def test_epochs_and_problems_do_not_share_cached_votes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    judge = Counted("Thought {} times.\n\nFinal verdict: Solution 1")
    log = run(problem(epochs=3), duel(2), tmp_path, judge=judge, cache=True)
    assert log.status == "success"
    assert judge.calls == 6


@pytest.mark.parametrize(
    ("votes", "given", "used"), [(3, 0.0, 1.0), (2, 0.0, 0.0), (3, 0.3, 0.3), (3, None, None)]
)
@pytest.mark.parametrize("where", ["eval", "role"])
def test_votes_on_the_same_order_are_sampled_not_repeated(
    tmp_path: Path, where: str, votes: int, given: float | None, used: float | None
) -> None:
    judge = model(prefer("#n0"), "judge", GenerateConfig(temperature=given))
    roles = {"judge": judge} if where == "role" else None
    config: dict[str, Any] = {"temperature": given} if where == "eval" else {}
    log = run(problem(), duel(votes), tmp_path, agent=plays_all, model_roles=roles, **config)
    events = [*calls(log, None), *calls(log, "judge"), *calls(log, "summarizer")]
    asked = [solutions(call.input[0].text) != [] for call in events]
    temperatures = [call.config.temperature for call in events]
    assert [t for t, judged in zip(temperatures, asked, strict=True) if judged] == [used] * votes
    others = {t for t, judged in zip(temperatures, asked, strict=True) if not judged}
    assert others == {given if where == "eval" else None}
    overridden = 1.0 if given == 0 and votes > 2 else None
    assert pool(log).stages[1].parameters["temperature"] == overridden


def test_smaller_groups_than_asked_for_have_no_repeated_votes(tmp_path: Path) -> None:
    roles = {"judge": model(prefer("#n0"), "judge", GenerateConfig(temperature=0.0))}
    strategy = duel(4, n=8, group_size=4)
    log = run(problem(), strategy, tmp_path, agent=plays_all, model_roles=roles)
    final = pool(log).selections[0].rounds[-1].matches[0]
    assert len(final.group) == 2
    assert {call.config.temperature for call in calls(log, "judge")} == {1.0}


def plays_all(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    """The model under evaluation where it also is the judge and the summarizer."""
    if "<trajectory>" in input[0].text:
        return summarize(input, config)
    if "<solution_1>" in input[0].text:
        return prefer("#n0")(input, config)
    return reply(f"said {input[-1].text}")


# --- the record


@pytest.mark.parametrize(("group_size", "votes"), [(2, 8), (3, 6), (4, 8)])
def test_everybody_is_shown_equally_often_in_every_place(
    tmp_path: Path, group_size: int, votes: int
) -> None:
    log = run(problem(), duel(votes, n=group_size, group_size=group_size), tmp_path)
    match = first_match(log)
    for place in range(group_size):
        shown = Counter(vote.order[place] for vote in match.votes)
        assert shown == dict.fromkeys(match.group, votes // group_size)


def test_every_vote_is_recorded_whole(tmp_path: Path) -> None:
    def judge(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        shown = [mark(text) for text in solutions(input[0].text)]
        choice = shown.index("#n2") + 1
        return reply(f"Saw {' '.join(shown)}.\n\n**Final verdict: Solution {choice}**", tokens=50)

    log = run(problem(), duel(6, n=3, group_size=3), tmp_path, judge=judge)
    match, marks = first_match(log), {r.id: mark(r.summary.text) for r in pool(log).rollouts}
    [best] = [id for id, name in marks.items() if name == "#n2"]
    assert len(match.votes) == 6
    for number, vote in enumerate(match.votes):
        assert vote.index == number
        assert set(vote.order) == set(match.group)
        assert vote.text.startswith(f"Saw {' '.join(marks[id] for id in vote.order)}.")
        assert vote.verdict == best
        assert (vote.usage.total_tokens, vote.model) == (50, "mockllm/judge")
        assert vote.seconds > 0
        assert (vote.abstention, vote.reasked) == (None, False)
    assert match.tally == {id: 6 if id == best else 0 for id in match.group}
    assert (match.winner, match.decided_by, match.tied) == (best, "votes", ())


def test_the_votes_decide_not_the_place(tmp_path: Path) -> None:
    def judge(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        """Three of four votes for #n1, one of them in each place at least."""
        shown = [mark(text) for text in solutions(input[0].text)]
        first = next(number)
        return reply(f"Final verdict: Solution {shown.index('#n0' if first == 0 else '#n1') + 1}")

    number = count()
    log = run(problem(), duel(4), tmp_path, judge=judge)
    match, found = first_match(log), pool(log)
    assert mark(found.by_id(match.winner).summary.text) == "#n1"
    assert sorted(match.tally.values()) == [1, 3]


# --- early stop


def always(place: int) -> Policy:
    return lambda input, config: reply(f"Final verdict: Solution {place}")


def for_mark(name: str) -> Policy:
    def judge(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        shown = [mark(text) for text in solutions(input[0].text)]
        return reply(f"Final verdict: Solution {shown.index(name) + 1}")

    return judge


@pytest.mark.parametrize(("early_stop", "asked"), [(True, 5), (False, 8)])
def test_votes_stop_where_the_rest_could_not_change_the_winner(
    early_stop: bool, asked: int, tmp_path: Path
) -> None:
    log = run(problem(), duel(8, early_stop=early_stop), tmp_path, judge=for_mark("#n1"))
    match = first_match(log)
    assert (len(match.votes), match.skipped_votes) == (asked, 8 - asked)
    assert len(calls(log, "judge")) == asked
    assert [vote.index for vote in match.votes] == list(range(asked))
    assert pool(log).discrepancies() == ()


def test_votes_go_on_while_the_winner_is_open(tmp_path: Path) -> None:
    match = first_match(run(problem(), duel(8, early_stop=True), tmp_path, judge=always(1)))
    assert (len(match.votes), match.skipped_votes, match.decided_by) == (8, 0, "random")


# --- ties


def test_a_judge_who_only_sees_places_decides_nothing(tmp_path: Path) -> None:
    log = run(problem(), duel(8), tmp_path, judge=always(1))
    match, found = first_match(log), pool(log)
    assert set(match.tally.values()) == {4}
    assert match.decided_by == "random"
    assert set(match.tied) == set(match.group)
    [lot] = [draw for draw in found.draws if draw.key == f"p0/1/t0/{match.id}/tie"]
    assert set(lot.options) == set(match.tied)
    assert lot.order[0] == match.winner == found.adopted


def test_only_the_tied_take_part_in_the_lot(tmp_path: Path) -> None:
    votes = iter(["#n0", "#n1", "#n0", "#n1", "#n2"])

    def judge(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        shown = [mark(text) for text in solutions(input[0].text)]
        return reply(f"Final verdict: Solution {shown.index(next(votes)) + 1}")

    log = run(problem(), duel(5, n=3, group_size=3), tmp_path, judge=judge)
    match, found = first_match(log), pool(log)
    tied = {mark(found.by_id(id).summary.text) for id in match.tied}
    assert tied == {"#n0", "#n1"}
    assert match.winner in match.tied


@pytest.mark.parametrize("place", [1, 2])
def test_ties_are_not_broken_by_place_or_number(tmp_path: Path, place: int) -> None:
    log = run(problem(12), duel(2), tmp_path, judge=always(place))
    matches = [
        sample.store_as(RolloutPool).selections[0].rounds[0].matches[0]
        for sample in log.samples or []
    ]
    assert len(matches) == 12
    assert {match.decided_by for match in matches} == {"random"}
    assert {match.group.index(match.winner) for match in matches} == {0, 1}
    assert {match.winner for match in matches} == {"t0-n00", "t0-n01"}


def test_votes_read_from_a_log_are_what_they_were(tmp_path: Path) -> None:
    log = run(problem(), duel(2), tmp_path, judge=lambda input, config: reply("hm"))
    vote = first_match(log).votes[0]
    assert Vote.model_validate_json(vote.model_dump_json(exclude_none=True)) == vote
