"""A bad rollout, summary or vote is data; only the sample's own limits end the sample."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from inspect_ai import Task
from inspect_ai.agent import Agent, AgentState, agent
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog
from inspect_ai.model import (
    ChatMessage,
    GenerateConfig,
    ModelCost,
    ModelInfo,
    ModelOutput,
    ModelUsage,
    get_model,
    set_model_info,
)
from inspect_ai.solver import TaskState
from inspect_ai.util import token_limit
from scripted import (
    Act,
    acting,
    calls,
    echo,
    last_words,
    only,
    pool,
    problem,
    reply,
    run,
    turn,
)
from shaky import failing_boxes

from inspect_tts import Rollout, RolloutPool, rtv
from inspect_tts._inspect import TerminateSampleError

PRICE = ModelCost(input=0, output=0, input_cache_write=0, input_cache_read=1)


def shaky_task() -> Task:
    sample = Sample(input="Solve it.", target="#good")
    return Task(dataset=[sample], scorer=last_words(), sandbox="shaky")


# --- acts that end badly, each after it has said something


async def burns_tokens(state: TaskState) -> TaskState:
    await turn(state, "#token")
    return await turn(state, "burn 900")


async def talks(state: TaskState) -> TaskState:
    await turn(state, "#message")
    while True:
        await turn(state, "and on")


async def asks_again(state: TaskState) -> TaskState:
    await turn(state, "#turn")
    while True:
        await get_model().generate("short")


async def sleeps(state: TaskState) -> TaskState:
    await turn(state, "#time")
    await anyio.sleep(60)
    return state


async def spends(state: TaskState) -> TaskState:
    await turn(state, "#cost")
    return await turn(state, "spend")


async def raises(state: TaskState) -> TaskState:
    await turn(state, "#error")
    raise KeyError("lost my way")


async def is_refused(state: TaskState) -> TaskState:
    await turn(state, "#refused")
    return await turn(state, "refuse")


async def is_refused_strictly(state: TaskState) -> TaskState:
    await turn(state, "#strict")
    await get_model().generate("refuse", config=GenerateConfig(fail_on_refusal=True))
    return state


async def overruns_itself(state: TaskState) -> TaskState:
    await turn(state, "#inner")
    with token_limit(20):
        return await turn(await turn(state, "a"), "b")


async def good(state: TaskState) -> TaskState:
    return await turn(state, "#good")


def policy(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    last = input[-1].text
    if last == "refuse":
        return reply("I will not.", stop="content_filter")
    if last.startswith("burn"):
        return reply("burnt", tokens=int(last.split()[1]))
    output = echo(input, config)
    if last == "spend":
        output.usage = ModelUsage(output_tokens=1, total_tokens=1, input_tokens_cache_read=10**6)
    return output


LIMITS: dict[str, Any] = {
    "token_limit": 800,
    "message_limit": 9,
    "turn_limit": 6,
    "time_limit": 3,
    "cost_limit": 0.5,
}
ACTS: dict[str, Act] = {
    "#good": good,
    "#token": burns_tokens,
    "#message": talks,
    "#turn": asks_again,
    "#time": sleeps,
    "#cost": spends,
    "#error": raises,
    "#refused": is_refused,
    "#strict": is_refused_strictly,
    "#inner": overruns_itself,
}
EXPECTED = {
    "#good": ("completed", None, None),
    "#token": ("limit", "token", "limit: 800"),
    "#message": ("limit", "message", "limit: 9"),
    "#turn": ("limit", "turn", "limit: 6"),
    "#time": ("limit", "time", "limit: 3"),
    "#cost": ("limit", "cost", "limit: $0.5"),
    "#error": ("error", None, "KeyError: 'lost my way'"),
    "#refused": ("refused", None, "refused"),
    "#strict": ("refused", None, "refusal"),
    "#inner": ("limit", "token", "limit: 20"),
}


@pytest.fixture(scope="module")
def bad_company(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    """One good rollout among every kind of bad one; the last one has no sandbox."""
    set_model_info("mockllm/model", ModelInfo(cost=PRICE))
    with failing_boxes(len(ACTS) + 1):
        return run(
            shaky_task(),
            rtv(n=len(ACTS) + 1, votes=1, agent=acting(*ACTS.values()), **LIMITS),
            tmp_path_factory.mktemp("logs"),
            agent=policy,
        )


def by_mark(log: EvalLog, mark: str) -> Rollout:
    [found] = [r for r in pool(log).rollouts if f'"{mark}"' in r.summary.text]
    return found


@pytest.mark.parametrize("mark", EXPECTED)
def test_a_bad_end_is_recorded_with_its_reason_and_summarised(
    bad_company: EvalLog, mark: str
) -> None:
    rollout = by_mark(bad_company, mark)
    status, limit, reason = EXPECTED[mark]
    assert (rollout.status, rollout.limit) == (status, limit)
    assert (reason in (rollout.reason or "")) if reason else rollout.reason is None
    assert (rollout.facts.status, rollout.facts.reason) == (status, rollout.reason)
    assert rollout.summary.status == "structured"
    assert rollout.turns >= 1
    assert rollout.messages >= 3


@pytest.mark.parametrize("mark", EXPECTED)
def test_what_was_produced_before_the_bad_end_reaches_the_summarizer(
    bad_company: EvalLog, mark: str
) -> None:
    prompts = [call.input[0].text for call in calls(bad_company, "summarizer")]
    assert sum(f"said {mark}\n" in prompt for prompt in prompts) == 1


def test_a_sandbox_that_does_not_start_is_a_record(bad_company: EvalLog) -> None:
    [lost] = [r for r in pool(bad_company).rollouts if r.turns == 0]
    assert lost.status == "error"
    assert lost.reason == "RuntimeError: no room for sandbox 11"
    assert lost.summary.status == "empty"


def test_neither_siblings_nor_the_sample_are_taken_along(bad_company: EvalLog) -> None:
    sample = only(bad_company)
    assert bad_company.status == "success"
    assert sample.limit is None
    assert pool(bad_company).adopted == by_mark(bad_company, "#good").id
    assert {name: score.value for name, score in (sample.scores or {}).items()} == {"last_words": 1}


def test_meters_of_a_rollout_count_its_own_calls_only(bad_company: EvalLog) -> None:
    assert by_mark(bad_company, "#good").usage.total_tokens == 15
    assert by_mark(bad_company, "#token").usage.total_tokens == 915
    assert by_mark(bad_company, "#turn").turns == 7  # Inspect stops at the first one too many
    assert by_mark(bad_company, "#cost").usage.cost == pytest.approx(1.0)


def test_an_agent_stopped_by_a_limit_keeps_its_messages(tmp_path: Path) -> None:
    @agent
    def sleeper() -> Agent:
        async def execute(state: AgentState) -> AgentState:
            state.messages.append((await get_model().generate("#slow")).message)
            await anyio.sleep(60)
            return state

        return execute

    log = run(problem(), rtv(n=1, time_limit=1, agent=sleeper()), tmp_path)
    [rollout] = pool(log).rollouts
    assert (rollout.status, rollout.limit, rollout.messages) == ("limit", "time", 2)
    assert "#slow" in rollout.summary.text
    assert only(log).output.completion == "" or "#slow" in only(log).output.completion


def test_a_sandbox_that_cannot_be_closed_is_reported_and_no_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with failing_boxes(unclosable=2):
        log = run(shaky_task(), rtv(n=3, votes=1, agent=acting(good)), tmp_path)
    assert log.status == "success"
    assert "a shaky sandbox could not be closed: sandbox 2 is stuck" in caplog.text


# --- when the sample does end


def test_no_rollout_started_fails_the_sample_with_the_first_cause(tmp_path: Path) -> None:
    with failing_boxes(1, 2, 3):
        log = run(shaky_task(), rtv(n=3, agent=acting(good)), tmp_path)
    error = only(log).error
    assert log.status == "error"
    assert error is not None
    assert "none of the 3 rollouts could be started" in error.message
    assert "no room for sandbox 1" in error.message
    assert len(only(log).store_as(RolloutPool).rollouts) == 3


@pytest.mark.parametrize(
    ("options", "kind"), [({"token_limit": 100}, "token"), ({"time_limit": 3}, "time")]
)
def test_a_limit_of_the_sample_ends_the_sample_as_a_limit(
    tmp_path: Path, options: dict[str, Any], kind: str
) -> None:
    acts = (talks, sleeps) if kind == "token" else (good, sleeps)
    with failing_boxes():
        log = run(shaky_task(), rtv(n=3, agent=acting(*acts)), tmp_path, **options)
    sample = only(log)
    assert (log.status, sample.error) == ("success", None)
    assert sample.limit is not None
    assert sample.limit.type == kind
    assert sample.store_as(RolloutPool).adopted is None


def test_the_message_limit_of_the_sample_is_one_for_each_rollout(tmp_path: Path) -> None:
    log = run(problem(), rtv(n=3, votes=1, agent=acting(good, talks)), tmp_path, message_limit=5)
    found = [(r.status, r.limit, r.messages) for r in pool(log).rollouts]
    assert sorted(found) == [
        ("completed", None, 3),
        ("completed", None, 3),
        ("limit", "message", 5),
    ]
    assert only(log).limit is None
    assert pool(log).adopted is not None


def test_an_operator_who_ends_the_sample_ends_it(tmp_path: Path) -> None:
    async def ended(state: TaskState) -> TaskState:
        raise TerminateSampleError("enough")

    with failing_boxes():
        log = run(shaky_task(), rtv(n=3, agent=acting(good, ended)), tmp_path)
    sample = only(log)
    assert sample.error is None
    assert sample.limit is not None
    assert sample.limit.type == "operator"
    assert sample.store_as(RolloutPool).adopted is None
