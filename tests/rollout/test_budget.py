"""The sample's own limit on tokens or cost is the budget of the whole strategy."""

from pathlib import Path

import pytest
from bad_ends import PRICE
from click.testing import CliRunner
from inspect_ai.model import (
    ChatMessage,
    GenerateConfig,
    ModelInfo,
    ModelOutput,
    ModelUsage,
    set_model_info,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver
from investigating import paid
from scripted import (
    Policy,
    acting,
    calls,
    model,
    only,
    pool,
    prefer,
    problem,
    reply,
    run,
    says,
    summarize,
)

from inspect_tts import pdr, pdr_rtv, rtv
from inspect_tts.cli import main
from inspect_tts.method.records import STOP
from inspect_tts.rollout.budget import Budget

TURN, SUMMARY, VOTE = 10_000, 2_000, 1_000
"""Tokens of one call."""


def agent(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    return reply(f"said {input[-1].text.splitlines()[-1]}", tokens=TURN)


def summarizer(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    return reply(summarize(input, config).completion, tokens=SUMMARY)


def judge(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    return reply(prefer("#good")(input, config).completion, tokens=VOTE)


MODELS = {"agent": agent, "summarizer": summarizer, "judge": judge}
ROLLOUT = TURN + SUMMARY


def cuts(found: object) -> list[tuple[str, int, int, int]]:
    return [
        (stage.name, stage.iteration, stage.cut.planned, stage.cut.started)
        for stage in found.stages  # type: ignore[attr-defined]
        if stage.cut
    ]


def test_a_limit_that_suffices_changes_nothing(tmp_path: Path) -> None:
    strategy = pdr_rtv(n=4, top_k=2, votes=2)
    acts = [says(f"#a{i}") for i in range(8)]
    free = run(problem(), [acting(*acts), strategy], tmp_path / "a", **MODELS)
    ample = run(problem(), [acting(*acts), strategy], tmp_path / "b", token_limit=10**7, **MODELS)
    assert cuts(pool(ample)) == []
    for found in (free, ample):
        assert len(pool(found).rollouts) == 8
        assert pool(found).discrepancies() == ()


def test_fewer_rollouts_are_started_and_those_are_finished_and_compared(tmp_path: Path) -> None:
    limit = 10 * ROLLOUT
    strategy = rtv(n=16, votes=2, agent=acting(says("#bad"), says("#good"), says("#bad")))
    log = run(problem(), strategy, tmp_path, token_limit=limit, **MODELS)
    found = pool(log)
    assert len(found.rollouts) == 9, "nine tenths of the limit"
    assert {rollout.status for rollout in found.rollouts} == {"completed"}
    assert cuts(found)[0] == ("rollouts", 0, 16, 9)
    stage = found.stages[0]
    assert stage.cut is not None
    assert (stage.cut.token_limit, stage.cut.tokens) == (limit, 9 * ROLLOUT)
    assert found.selections[0].rounds[0].matches[0].votes
    assert "#good" in only(log).output.completion
    assert found.discrepancies() == ()
    assert only(log).limit is None
    told = CliRunner().invoke(main, ["report", str(tmp_path), "--markdown"]).output
    assert "1 samples were cut short by their token or cost limit" in told
    assert sum(usage.total_tokens for usage in log.stats.model_usage.values()) <= limit


def talkative(policy: Policy) -> Policy:
    """The same answers, of which two fifths of the tokens are output."""

    def answer(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        output = policy(input, config)
        total = output.usage.total_tokens if output.usage else 0
        said = total * 2 // 5
        output.usage = ModelUsage(input_tokens=total - said, output_tokens=said, total_tokens=total)
        return output

    return answer


TALKATIVE = {role: talkative(policy) for role, policy in MODELS.items()}


@pytest.mark.parametrize(
    ("metered", "limit", "started", "votes"),
    [
        pytest.param("all", 10 * ROLLOUT, 9, 0, id="all tokens"),
        pytest.param("output", 4 * ROLLOUT, 9, 1, id="output tokens"),
        pytest.param("output", 10 * ROLLOUT, 16, 2, id="room for all of them in output tokens"),
        pytest.param("(input*0.5)+output", 7 * ROLLOUT, 9, 0, id="a formula"),
    ],
)
def test_tokens_are_counted_as_the_limit_counts_them(
    metered: str, limit: int, started: int, votes: int, tmp_path: Path
) -> None:
    strategy = rtv(n=16, votes=2, agent=acting(says("#bad"), says("#good")))
    task = problem(input="Solve it. " * 200)
    log = run(task, strategy, tmp_path, token_limit=f"{metered}:{limit}", **TALKATIVE)
    found = pool(log)
    assert len(found.rollouts) == started
    assert {rollout.status for rollout in found.rollouts} == {"completed"}
    [first, *_] = found.selections[0].rounds[0].matches
    assert len(first.votes) == votes, "as many as fit, if one of about 1800 tokens is 500 of output"
    assert only(log).limit is None
    assert found.discrepancies() == ()


def test_fewer_votes_are_asked_the_same_number_in_every_match(tmp_path: Path) -> None:
    limit = 5 * ROLLOUT
    strategy = rtv(n=4, votes=8, early_stop=False, agent=acting(says("#bad"), says("#good")))
    log = run(problem(), strategy, tmp_path, token_limit=limit, **MODELS)
    found = pool(log)
    assert len(found.rollouts) == 4
    matches = [match for round in found.selections[0].rounds for match in round.matches]
    assert all(len(match.votes) + match.cut == 8 for match in matches)
    assert sum(match.cut for match in matches) > 0
    [cut] = [stage.cut for stage in found.stages if stage.cut]
    assert (cut.planned, cut.started) == (24, sum(len(match.votes) for match in matches))
    assert found.discrepancies() == ()
    assert found.adopted is not None


def test_an_iteration_that_does_not_fit_is_left_out_and_the_best_so_far_adopted(
    tmp_path: Path,
) -> None:
    big = says(*["#bad"] * 7)
    strategy = pdr_rtv(n=4, top_k=2, votes=1, agent=acting(says("#good"), big, big, big))
    log = run(problem(), strategy, tmp_path, token_limit=250_000, **MODELS)
    found = pool(log)
    assert [rollout.id for rollout in found.rollouts] == [f"t0-n0{i}" for i in range(4)]
    stop = next(stage for stage in found.stages if stage.name == STOP)
    assert stop.cut is not None
    assert (stop.cut.planned, stop.cut.started) == (4, 0)
    assert found.adopted in found.selections[0].selected
    assert found.discrepancies() == ()


def test_plain_pdr_ends_early_as_well(tmp_path: Path) -> None:
    big = says(*["#bad"] * 7)
    log = run(
        problem(),
        pdr(n=2, top_k=1, context="random", agent=acting(big)),
        tmp_path,
        token_limit=100_000,
        **MODELS,
    )
    found = pool(log)
    assert found.adopted is not None
    assert any(stage.name == STOP for stage in found.stages)
    assert found.discrepancies() == ()


@pytest.mark.parametrize("limit", [15_000, 35_000, 100_000])
def test_a_limit_that_strikes_ends_rollouts_and_adopts_what_is_there(
    limit: int, tmp_path: Path
) -> None:
    endless = says(*["#good"] * 50)
    strategy = rtv(n=4, votes=2, agent=acting(endless))
    log = run(problem(), strategy, tmp_path, token_limit=limit, **MODELS)
    found, sample = pool(log), only(log)
    assert log.status == "success"
    assert {(r.status, r.limit) for r in found.rollouts} == {("limit", "token")}
    assert found.adopted is not None
    assert sample.error is None
    assert sample.scores is not None
    assert sample.scores["last_words"].value == float("#good" in sample.output.completion)
    assert found.discrepancies() == ()


def test_matches_without_a_vote_go_to_the_evidence(tmp_path: Path) -> None:
    endless = says(*["#bad"] * 50)
    strategy = rtv(n=4, votes=4, agent=acting(says("#good"), endless, endless, endless))
    log = run(problem(), strategy, tmp_path, token_limit=60_000, **MODELS)
    found = pool(log)
    assert [rollout.status for rollout in found.rollouts] == ["completed", *["limit"] * 3]
    matches = [match for round in found.selections[0].rounds for match in round.matches]
    assert {match.cut for match in matches} == {4}
    assert calls(log, "judge") == []
    assert found.adopted == "t0-n00"
    assert found.discrepancies() == ()


def test_an_investigation_gets_no_more_dollars_than_are_left(tmp_path: Path) -> None:
    set_model_info("mockllm/priced", ModelInfo(cost=PRICE))
    left: list[float | None] = []

    @solver
    def spends_a_dollar() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            budget = Budget()
            budget.begin("selection")
            left.extend(budget.dollars_left(most) for most in (0.5, 5.0))
            state = await generate(state)
            left.append(budget.dollars_left(5.0))
            return state

        return solve

    def priced(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        return paid(reply("#good"), 1.0)

    agent = model(priced, "priced")
    run(problem(), spends_a_dollar(), tmp_path, agent=agent, model_roles={}, cost_limit=1.5)
    assert left == [0.5, 1.5, 0.5]
