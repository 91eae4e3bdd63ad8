"""Grades by probabilities: the mean of what a judge might have said, where its provider tells."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import exp, log
from pathlib import Path
from random import Random
from typing import Any

import pytest
from openai_api import Body, Reply, Server, answer, said, serving, text_of
from scripted import acting, mark, model, pool, problem, run, says, summarize

from inspect_tts import RolloutPool, rtv
from inspect_tts.method.records import Vote


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def graded(
    server: Server, folder: Path, names: Sequence[str] = ("good", "bad", "ugly")
) -> RolloutPool:
    roles = {"judge": server.model("judge"), "summarizer": model(summarize, "summarizer")}
    agent = acting(*(says(f"#{name}") for name in names))
    strategy = rtv(n=len(names), votes=1, selection="pointwise", agent=agent)
    return pool(run(problem(), strategy, folder, model_roles=roles))


def votes(found: RolloutPool) -> list[Vote]:
    [round] = found.selections[0].rounds
    return [vote for match in round.matches for vote in match.votes]


def grades(body: Body) -> Reply:
    """Everything gets the same grade."""
    return "It may work.\n\nFinal grade: 14" if "Final grade" in text_of(body) else answer(body)


def surer_of_the_good(body: Body, text: str) -> Body | None:
    """But what might have been said differs."""
    if not body.get("logprobs"):
        return None
    assert body["top_logprobs"] == 20
    higher = 18 if "#good" in text_of(body) else 11
    top = [("14", 0.6), (str(higher), 0.4)]
    listed = [{"token": t, "logprob": log(p), "bytes": None} for t, p in top]
    head = {"token": text.removesuffix("14"), "logprob": 0.0, "bytes": None, "top_logprobs": []}
    return {"content": [head, {**listed[0], "top_logprobs": listed}]}


def test_equal_grades_are_told_apart_by_what_else_was_likely(
    server: Server, tmp_path: Path
) -> None:
    server.reply, server.logprobs = grades, surer_of_the_good
    found = graded(server, tmp_path)
    assert {vote.grade for vote in votes(found)} == {14}
    assert sorted(v.expected_grade or 0 for v in votes(found)) == pytest.approx([12.8, 12.8, 15.6])
    assert "#good" in found.by_id(found.adopted or "").summary.text
    assert found.discrepancies() == ()


def chances(body: Body) -> dict[int, float]:
    """How likely each grade is for the rollout that a prompt shows: `#12-3` is worth 12.3."""
    worth = float(mark(text_of(body)).removeprefix("#").replace("-", "."))
    raw = {grade: exp(-((grade - worth) ** 2) / 4) for grade in range(1, 21)}
    return {grade: weight / sum(raw.values()) for grade, weight in raw.items()}


def unsure(body: Body) -> Reply:
    """A grade drawn from them."""
    if "Final grade" not in text_of(body):
        return answer(body)
    drawn = Random(mark(text_of(body))).choices(*zip(*chances(body).items(), strict=True))[0]
    return f"It may work.\n\nFinal grade: {drawn}"


def as_drawn(body: Body, text: str) -> Body | None:
    """And the probabilities of all of them."""
    if not body.get("logprobs"):
        return None
    listed = [{"token": str(g), "logprob": log(p)} for g, p in chances(body).items()]
    head, _, said = text.rpartition(" ")
    tokens = [{"token": f"{head} ", "logprob": 0.0, "top_logprobs": []}]
    return {"content": [*tokens, {"token": said, "logprob": 0.0, "top_logprobs": listed}]}


def test_probabilities_leave_fewer_ties_and_a_better_choice(server: Server, tmp_path: Path) -> None:
    worths = [f"{worth // 10}-{worth % 10}" for worth in range(80, 160, 5)]
    ties, chosen = [], []
    for given in (as_drawn, lambda body, text: None):
        server.reply, server.logprobs = unsure, given
        found = graded(server, tmp_path, worths)
        marks = [m.grade for m in found.selections[0].rounds[0].matches]
        ties.append(sum(one == other for one, other in combinations(marks, 2)))
        chosen.append(mark(found.by_id(found.adopted or "").summary.text))
    assert (ties[0], chosen[0]) == (0, "#15-5")
    assert ties[1] > 5
    assert chosen[1] != "#15-5"


def test_what_was_expected_is_audited(server: Server, tmp_path: Path) -> None:
    server.reply, server.logprobs = grades, surer_of_the_good
    found = graded(server, tmp_path)
    vote = votes(found)[0]
    object.__setattr__(vote, "expected_grade", 1.0)
    assert "the votes give" in "; ".join(found.discrepancies())


def refuses_logprobs(body: Body) -> Reply:
    if body.get("logprobs"):
        return (400, said("this model does not support logprobs"))
    return grades(body)


@pytest.mark.parametrize("reply", [grades, refuses_logprobs], ids=["ignores", "refuses"])
def test_without_probabilities_the_sampled_grade_counts(
    server: Server, tmp_path: Path, reply: Any
) -> None:
    server.reply = reply
    found = graded(server, tmp_path)
    assert [(vote.grade, vote.expected_grade) for vote in votes(found)] == [(14, None)] * 3
    assert {match.grade for match in found.selections[0].rounds[0].matches} == {14}
    assert found.discrepancies() == ()
    server.asked.clear()
    graded(server, tmp_path)
    assert not any(body.get("logprobs") for body in server.asked), "it is found out once"


def test_a_comparison_asks_for_no_probabilities(server: Server, tmp_path: Path) -> None:
    roles = {"judge": server.model("judge"), "summarizer": model(summarize, "summarizer")}
    run(problem(), rtv(n=2, votes=1, agent=acting(says("#a"))), tmp_path, model_roles=roles)
    assert server.asked
    assert not any(body.get("logprobs") for body in server.asked)
