"""A context that is full, through the real client: less is shown, or the agent ends."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openai_api import Body, Reply, Server, answer, role_of, said, serving, text_of
from scripted import pool
from test_provider_errors import run


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def full(role: str, most: int, status: int = 400, body: Body | None = None) -> Any:
    """A server whose context takes so many characters of a role's prompt."""
    error = body or said("the request exceeds the available context size, try increasing it")

    def reply(asked: Body) -> Reply:
        if role_of(asked) == role and len(text_of(asked)) > most:
            return status, error
        return answer(asked)

    return reply


def test_a_vote_that_does_not_fit_shows_less_of_each_solution(
    server: Server, tmp_path: Path
) -> None:
    long = '{"requirements": [], "strategy": "' + "y" * 20_000 + '", "final_state": "ended"}'
    fits = full("judge", 12_000)

    def reply(asked: Body) -> Reply:
        return long if role_of(asked) == "summarizer" else fits(asked)

    server.reply = reply
    log = run(server, tmp_path)
    [vote] = pool(log).selections[0].rounds[0].matches[0].votes
    assert vote.verdict is not None
    assert vote.shortened_to is not None
    prompt = text_of(server.of("judge")[-1])
    shown = [len(part) for part in prompt.split("characters left out")]
    assert len(shown) == 3, "both are cut"
    assert abs(prompt.count("y") / 2 - vote.shortened_to) < 200


def test_an_agent_that_outgrew_its_context_ended_at_a_limit(server: Server, tmp_path: Path) -> None:
    server.reply = full("agent", 0)
    log = run(server, tmp_path)
    [first, _] = pool(log).rollouts
    assert (first.status, first.fault) == ("limit", None)
    assert "available context size" in (first.reason or "")


def test_a_trajectory_that_does_not_fit_is_shortened(server: Server, tmp_path: Path) -> None:
    limit = full("summarizer", 12_000)

    def reply(asked: Body) -> Reply:
        return "z" * 60_000 if role_of(asked) == "agent" else limit(asked)

    server.reply = reply
    log = run(server, tmp_path, trajectory_tokens=20_000)
    assert {r.summary.status for r in pool(log).rollouts} == {"structured"}
    assert all(r.summary.shortened_to for r in pool(log).rollouts)
