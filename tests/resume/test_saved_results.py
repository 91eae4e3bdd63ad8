"""What is kept for a retry, for how long, and for whom: nothing stale, nothing that failed."""

from pathlib import Path
from typing import Any

import pytest
from crowd import crowd
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessage, GenerateConfig, Model, ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import TaskState
from scripted import (
    Policy,
    agent_calls,
    calls,
    mark,
    model,
    pool,
    prefer,
    problem,
    reply,
    run,
    summarize,
)

from inspect_tts import pdr_rtv, rtv

# --- a refined rollout depends on what it started from

N = 3
FIRST: dict[str, Any] = {"n": N, "top_k": 1, "votes": 1, "seed": 1}


def judged_by(favourite: str) -> dict[str, Model]:
    """Roles with a judge of its own name, so that its votes are its own as well."""
    judge = model(prefer(favourite), favourite.strip("#"))
    return {"judge": judge, "summarizer": model(summarize, "summarizer")}


@pytest.mark.parametrize(
    ("favourite", "change", "anew"),
    [
        pytest.param("#r0", {}, 0, id="the same judge"),
        pytest.param("#r2", {}, N, id="another judge selects another context"),
        pytest.param("#r0", {"top_k": 2}, N, id="a larger context"),
        pytest.param("#r0", {"refinement_prompt": "See: {summaries}"}, N, id="another prompt"),
        pytest.param("#r0", {"without_context": 1}, 1, id="one starts without context"),
    ],
)
def test_refined_rollouts_are_taken_over_with_their_context_only(
    tmp_path: Path, favourite: str, change: dict[str, Any], anew: int
) -> None:
    given = {**FIRST, "resume": str(tmp_path / "saved")}
    run(problem(), pdr_rtv(**given, agent=crowd()), tmp_path, model_roles=judged_by("#r0"))
    strategy = pdr_rtv(**{**given, **change}, agent=crowd())
    again = run(problem(), strategy, tmp_path, model_roles=judged_by(favourite))
    found, made = pool(again), agent_calls(again)
    assert len(made) == anew
    assert {found.by_id(id).iteration for id in made} <= {1}, "the first iteration has no context"
    assert found.taken_over["rollout"] == 2 * N - anew
    for id, asked in made.items():
        for context in found.by_id(id).context:
            assert mark(found.by_id(context).summary.text) in asked[0].input[0].text
    selected = [found.by_id(id) for id in found.selections[0].selected]
    assert favourite in [mark(rollout.summary.text) for rollout in selected]
    assert found.discrepancies() == ()


# --- until when it is kept


@scorer(metrics=[accuracy()])
def cannot_score(id: str) -> Scorer:
    """Fails on one sample, so that the sample fails."""

    async def score(state: TaskState, target: Target) -> Score:
        if state.sample_id == id:
            raise ValueError("the tests did not run")
        return Score(value=1)

    return score


@pytest.mark.parametrize(
    ("fails", "options", "status", "kept"),
    [
        pytest.param("none", {}, "success", False, id="all samples are there"),
        pytest.param("p1", {"limit": 1}, "success", False, id="all that were asked for"),
        pytest.param("none", {"epochs": 2}, "success", False, id="all epochs"),
        pytest.param("p1", {"fail_on_error": False}, "success", True, id="any may fail"),
        pytest.param("p1", {"fail_on_error": 0.9}, "success", True, id="a part may fail"),
        pytest.param("p1", {"fail_on_error": True}, "error", True, id="none may fail"),
        pytest.param("p1", {"continue_on_fail": True}, "error", True, id="fails at the end"),
    ],
)
def test_what_is_beside_the_log_stays_while_a_sample_is_missing(
    tmp_path: Path, fails: str, options: dict[str, Any], status: str, kept: bool
) -> None:
    samples = [Sample(id=id, input=f"Solve {id}.") for id in ("p0", "p1")]
    task = Task(dataset=samples, scorer=cannot_score(fails))
    log = run(task, rtv(n=2, votes=1, agent=crowd()), tmp_path, **options)
    assert log.status == status
    assert any((tmp_path / ".inspect_tts").rglob("*.unit")) == kept


# --- votes that the provider failed to give


def failing(first: ModelOutput | Exception) -> Policy:
    """A judge that fails once, and from then on has a favourite."""
    failures = [first]

    def judge(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        if failures:
            failure = failures.pop()
            if isinstance(failure, Exception):
                raise failure
            return failure
        return prefer("#r0")(input, config)

    return judge


@pytest.mark.parametrize(
    ("failure", "asked_again"),
    [
        pytest.param(RuntimeError("the provider is down"), 1, id="an error"),
        pytest.param(reply("", stop="model_length"), 1, id="too long a prompt"),
        pytest.param(reply("Final verdict: Solution 2"), 0, id="a vote"),
    ],
)
def test_a_vote_that_the_provider_failed_to_give_is_asked_again(
    tmp_path: Path, failure: ModelOutput | Exception, asked_again: int
) -> None:
    votes = 4
    place = str(tmp_path / "saved")
    strategy: dict[str, Any] = {"n": 2, "votes": votes, "early_stop": False, "resume": place}
    first = pool(run(problem(), rtv(**strategy, agent=crowd()), tmp_path, judge=failing(failure)))
    [match] = first.selections[0].rounds[0].matches
    assert [bool(vote.abstention) for vote in match.votes].count(True) == asked_again
    again = run(problem(), rtv(**strategy, agent=crowd()), tmp_path, judge=prefer("#r0"))
    assert len(calls(again, "judge")) == asked_again
    assert pool(again).taken_over["vote"] == votes - asked_again
    [match] = pool(again).selections[0].rounds[0].matches
    assert [vote.abstention for vote in match.votes] == [None] * votes
    assert pool(again).discrepancies() == ()
