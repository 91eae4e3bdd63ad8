"""What a scaled run reads of its samples, and what it makes of them."""

from typing import Any

import anyio
import pytest
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.event import StoreEvent
from inspect_ai.log import EvalError, EvalSample
from inspect_ai.model import ChatMessageUser, ModelName, ModelOutput, ModelUsage
from inspect_ai.scorer import Score
from inspect_ai.solver import TaskState
from inspect_ai.util import LimitExceededError, SandboxEnvironmentSpec
from outcome_cases import rollout
from scaled_runs import one_problem

from inspect_tts import RolloutPool
from inspect_tts.method.records import Usage
from inspect_tts.rollout.source import Contexts
from inspect_tts.scaled.records import Finished, Problem, finished_rollout, without_record
from inspect_tts.scaled.rollout import _is_the_samples
from inspect_tts.scaled.scheduler import ScheduledSample
from inspect_tts.scaled.selection import adopted_scores
from inspect_tts.scaled.source import ScaledSource
from inspect_tts.scaled.task import _cleanup, scaled

RECORD = rollout("t0-n01")[0]
LOCAL = SandboxEnvironmentSpec("local")


def sample(**given: Any) -> EvalSample:
    fields = {"id": "p#t0-n01", "epoch": 1, "input": "x", "target": "y"}
    return EvalSample(**{**fields, **given})


def state(id: str) -> TaskState:
    return TaskState(ModelName("mockllm/model"), id, 1, "x", [])


def source() -> ScaledSource:
    made = scaled(task=one_problem.__name__, strategy="rtv", strategy_args={"n": 2, "votes": 1})
    assert isinstance(made.sample_source, ScaledSource)
    return made.sample_source


def test_a_problem_sums_up_its_samples_and_began_with_the_first() -> None:
    problem = Problem(Sample(input="x"), [])
    used = {"a": ModelUsage(total_tokens=3), "b": ModelUsage(total_tokens=4)}
    for hour in (11, 10, 12):
        problem.note(sample(model_usage=used, started_at=f"2026-01-01T{hour}:00:00+00:00"))
    problem.note(sample())
    assert problem.elsewhere.total_tokens == 21
    assert problem.began is not None
    assert "T10:00" in problem.began


def test_each_rollout_has_the_context_of_its_place() -> None:
    contexts: list[Contexts] = [((), ()), (("t0-n01",), ("t0-n00", "t0-n01"))]
    problem = Problem(Sample(input="x"), contexts)
    assert problem.context("t0-n01") == ()
    assert problem.context("t1-n01") == ("t0-n00", "t0-n01")


@pytest.mark.parametrize("messages", [True, False])
def test_a_rollout_is_read_as_it_ended(messages: bool) -> None:
    score = Score(value=1.0, metadata={"scores": {"first": {"value": "C"}}})
    found = finished_rollout(
        sample(
            store={"ScaledRollout:record": RECORD.model_dump(mode="json")},
            scores={"rollout": score, "first": Score(value="I")},
            messages=[ChatMessageUser(content="Solve it.")],
            output=ModelOutput.from_content("m", "done"),
        ),
        (),
        model="other",
        messages=messages,
    )
    assert found.record == RECORD
    assert found.output.completion == "done"
    assert {name: each.value for name, each in (found.scores or {}).items()} == {"first": "C"}
    assert found.score_error is None
    assert [each.text for each in found.messages] == (["Solve it."] if messages else [])


def test_a_rollout_of_a_killed_process_is_read_from_the_events_with_its_long_texts() -> None:
    long, name = "What it did. " * 50, "a" * 32
    whole = RECORD.model_copy(update={"reason": long})
    kept = whole.model_dump(mode="json") | {"reason": f"attachment://{name}"}
    change = {"op": "add", "path": "/ScaledRollout:record", "value": kept}
    events = [StoreEvent.model_validate({"changes": [change]})]
    recovered = sample(events=events, attachments={name: long})
    assert finished_rollout(recovered, (), model="other", messages=False).record == whole


def test_a_rollout_whose_grading_failed_has_its_record_and_no_score() -> None:
    why = EvalError(message="ValueError('no')", traceback="", traceback_ansi="")
    store = {"ScaledRollout:record": RECORD.model_dump(mode="json")}
    found = finished_rollout(sample(store=store, error=why), (), model="m", messages=False)
    assert (found.record, found.scores, found.score_error) == (RECORD, None, "ValueError('no')")


def test_a_rollout_that_nothing_tells_of_is_a_mistake() -> None:
    with pytest.raises(RuntimeError, match=r"p#t0-n01 left no record.* without --no-score"):
        finished_rollout(sample(), (), model="m", messages=False)


def test_a_record_of_nothing_but_an_end() -> None:
    found = without_record("p#t1-n02", ("t0-n00",), "x" * 2000, "m", Usage(), "mine")
    assert (found.id, found.iteration, found.index) == ("t1-n02", 1, 2)
    assert (found.status, found.turns, found.agent, found.model) == ("error", 0, "mine", "m")
    assert found.context == ("t0-n00",)
    assert found.reason == found.facts.reason == "x" * 1000


def test_the_end_of_a_problem_has_the_scores_of_its_adopted_rollout() -> None:
    run = source()
    end, between = state("p"), state("p#t0")
    assert adopted_scores(end, run) is None, "nothing was adopted"
    for each in (end, between):
        each.store_as(RolloutPool).adopted = "t0-n01"
    assert adopted_scores(between, run) is None
    finished = run.problem("p", 1).finished
    finished["t0-n01"] = Finished(RECORD, ModelOutput(), scores={"first": Score(value=1)})
    finished["t0-n00"] = Finished(RECORD, ModelOutput(), scores={"first": Score(value=0)})
    scores = adopted_scores(end, run)
    assert scores is not None
    assert scores["first"].value == 1
    finished["t0-n01"] = Finished(RECORD, ModelOutput())
    assert adopted_scores(end, run) == {}
    finished["t0-n01"] = Finished(RECORD, ModelOutput(), score_error="the tests did not run")
    with pytest.raises(RuntimeError, match="t0-n01 has no score: the tests did not run"):
        adopted_scores(end, run)


def test_epochs_of_a_problem_are_apart() -> None:
    run = source()
    run.problem("p", 1).finished["t0-n01"] = Finished(RECORD, ModelOutput())
    assert run.problem("p", 2).finished == {}
    assert run.problem("p", 1) is run.problem("p", 1)
    assert run.problem("p", 1).contexts == [((), ())]


def test_only_rollouts_have_a_sandbox_and_samples_are_copies() -> None:
    run = source()
    held = run._samples["p"]
    held.sandbox, held.files, held.setup = LOCAL, {"a": "b"}, "make"
    held.metadata = {"known": ["a"]}
    made = [run._sample(ScheduledSample("p", part)) for part in ("t0-n01", "t0", "")]
    assert [each.id for each in made] == ["p#t0-n01", "p#t0", "p"]
    assert [each.sandbox for each in made] == [LOCAL, None, None]
    assert [each.files for each in made] == [{"a": "b"}, None, None]
    assert [each.setup for each in made] == ["make", None, None]
    (made[0].metadata or {})["known"].append("b")
    assert held.metadata == {"known": ["a"]}
    assert [each.id for each in run.initial_samples()] == ["p#t0-n00", "p#t0-n01"]


def test_a_tasks_cleanup_follows_its_rollouts_alone() -> None:
    seen: list[object] = []

    async def cleanup(state: TaskState) -> None:
        seen.append(state.sample_id)

    after = _cleanup(Task(cleanup=cleanup))
    for id in ("p#t0-n00", "p#t0", "p"):
        anyio.run(after, state(id))
    assert seen == ["p#t0-n00"]
    assert _cleanup(Task()) is None


def test_a_message_limit_is_the_samples_if_it_is_the_same() -> None:
    limited = state("p#t0-n00")
    limited.message_limit = 5
    own, others = (LimitExceededError("message", value=n, limit=n) for n in (5, 3))
    assert _is_the_samples(own, limited)
    assert not _is_the_samples(others, limited)
