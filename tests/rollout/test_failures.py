"""A bad rollout, summary or vote is data; only the sample's own limits end the sample."""

from copy import copy
from pathlib import Path
from typing import Any

import anyio
import pytest
from bad_ends import ACTS, EXPECTED, LIMITS, PRICE, asks_again, good, policy, sleeps, talks
from inspect_ai import Task
from inspect_ai.agent import Agent, AgentState, agent
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog
from inspect_ai.model import (
    ModelInfo,
    get_model,
    set_model_info,
)
from inspect_ai.solver import TaskState, chain
from scripted import (
    Act,
    acting,
    calls,
    last_words,
    model,
    only,
    pool,
    problem,
    run,
    turn,
)
from shaky import Boxes, failing_boxes

from inspect_tts import Rollout, RolloutPool, rtv
from inspect_tts._inspect import TerminateSampleError


def shaky_task() -> Task:
    sample = Sample(input="Solve it.", target="#good")
    return Task(dataset=[sample], scorer=last_words(), sandbox="shaky")


@pytest.fixture(scope="module")
def bad_company(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    """One good rollout among every kind of bad one; the last one has no sandbox."""
    set_model_info("mockllm/priced", ModelInfo(cost=PRICE))
    with failing_boxes(len(ACTS) + 1):
        return run(
            shaky_task(),
            rtv(n=len(ACTS) + 1, votes=1, agent=acting(*ACTS.values()), **LIMITS),
            tmp_path_factory.mktemp("logs"),
            agent=model(policy, "priced"),
        )


def by_mark(log: EvalLog, mark: str) -> Rollout:
    [found] = [r for r in pool(log).rollouts if f'"{mark}"' in r.summary.text]
    return found


@pytest.mark.parametrize("mark", EXPECTED)
def test_a_bad_end_is_recorded_with_its_reason_and_summarized(
    bad_company: EvalLog, mark: str
) -> None:
    rollout = by_mark(bad_company, mark)
    status, limit, reason = EXPECTED[mark]
    assert (rollout.status, rollout.limit) == (status, limit)
    assert (reason in (rollout.reason or "")) if reason else rollout.reason is None
    assert (rollout.facts.status, rollout.facts.reason) == (status, rollout.reason)
    assert rollout.fault == ("agent" if status == "error" else None)
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


def test_a_rollout_without_a_sandbox_scores_zero(tmp_path: Path) -> None:
    with failing_boxes(2):
        solve = rtv(n=2, votes=1, agent=acting(good, good), score_rollouts=True)
        log = run(shaky_task(), solve, tmp_path, agent=model(policy))
    numbers = (only(log).scores or {})["inspect_tts/rollouts"].as_dict()
    assert (numbers["iteration_0"], numbers["selected"]) == (0.5, 1)


def test_neither_siblings_nor_the_sample_are_taken_along(bad_company: EvalLog) -> None:
    sample = only(bad_company)
    assert bad_company.status == "success"
    assert sample.limit is None
    assert pool(bad_company).adopted == by_mark(bad_company, "#good").id
    assert (sample.scores or {})["last_words"].value == 1


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


def test_what_earlier_steps_of_an_agent_returned_is_kept(tmp_path: Path) -> None:
    async def hands_over(state: TaskState) -> TaskState:
        another = copy(state)
        another.messages = [*state.messages]
        return await turn(another, "#before")

    async def drops_it(state: TaskState) -> TaskState:
        raise RuntimeError("dropped")

    agent = chain(acting(hands_over), acting(drops_it))
    [rollout] = pool(run(problem(), rtv(n=1, agent=agent), tmp_path)).rollouts
    assert (rollout.status, rollout.messages) == ("error", 3)
    assert "#before" in rollout.summary.text


def test_a_sandbox_that_cannot_be_closed_is_reported_and_no_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with failing_boxes(unclosable=0):  # the sample's own, which gives way to the adopted
        log = run(shaky_task(), rtv(n=3, votes=1, agent=acting(good)), tmp_path)
    assert log.status == "success"
    assert "a shaky sandbox could not be closed: sandbox 0 is stuck" in caplog.text


def test_a_fresh_sandbox_is_opened_with_what_the_samples_own_was(tmp_path: Path) -> None:
    with failing_boxes():
        log = run(shaky_task(), rtv(n=2, votes=1, agent=acting(good)), tmp_path)
    own, *fresh = Boxes.told
    assert own["__sample_id__"] == only(log).id, "providers name and label sandboxes by it"
    assert fresh == [own, own]


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
    ("options", "kind", "act"),
    [
        ({"turn_limit": 10}, "turn", asks_again),
        ({"time_limit": 3}, "time", sleeps),
    ],
)
def test_a_limit_of_the_sample_ends_the_sample_as_a_limit(
    tmp_path: Path, options: dict[str, Any], kind: str, act: Act
) -> None:
    with failing_boxes():
        log = run(shaky_task(), rtv(n=3, agent=acting(good, act)), tmp_path, **options)
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
