"""The strategies as a task in which each rollout is an Inspect sample."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from helpers import TOKENS, Script, run_eval, say, summary_of
from inspect_ai import Epochs, Task, task
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import ChatMessage, ChatMessageUser, ModelOutput
from inspect_ai.scorer import CORRECT, INCORRECT, Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver
from scripted import solutions

from inspect_tts import RolloutPool, strategies
from inspect_tts._inspect import current_cache_scope
from inspect_tts.method.records import STOP
from inspect_tts.scaled.scheduler import split_id
from inspect_tts.scaled.task import scaled
from inspect_tts.scores import SCORE

PROBLEMS = ("one", 2, "three#3")
CANARY = "canary-7f3a"


class ByLane(Script):
    """An agent that is told from others by its stream of model calls, in whatever order it runs."""

    async def _act(self, messages: list[ChatMessage]) -> ModelOutput:
        known = "refined" if "<attempt_1>" in messages[-1].text else "without_context"
        output = say(f"{known} {digest(f'{current_cache_scope()} {messages[-1].text}') % 3}")
        output.usage = TOKENS
        return output


def digest(text: str) -> int:
    return int(sha256(text.encode()).hexdigest()[:8], 16)


def judge(prompt: str) -> str:
    """Prefers one to another whatever the order, but for now and then a change of mind."""
    shown = [digest(text) for text in solutions(prompt)]
    named = shown.index(min(shown)) if digest(prompt) % 8 else digest(prompt) % len(shown)
    return f"Final verdict: Solution {named + 1}"


def summarize(prompt: str) -> str:
    """A summary that tells in which stream of calls it was written."""
    return summary_of(prompt).replace("unknown", f"as {current_cache_scope()} would")


def model() -> ByLane:
    return ByLane(judge=judge, summarize=summarize)


@scorer(metrics=[accuracy(), stderr()])
def lucky() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        assert state.sample_id in PROBLEMS
        state.messages.append(ChatMessageUser(content=CANARY))
        right = digest(f"{state.sample_id} {state.output.completion}") % 2 == 0
        return Score(
            value=CORRECT if right else INCORRECT,
            answer=CANARY,
            explanation=f"{CANARY} {target.text}",
            metadata={CANARY: CANARY},
        )

    return score


@solver
def note_id() -> Solver:
    """A step before the agent."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.metadata["seen"] = state.sample_id
        return state

    return solve


@task
def luck(epochs: int = 1, scorers: int = 1) -> Task:
    return Task(
        dataset=[
            Sample(
                id=id,
                input=f"Problem {id}.",
                target=f"{CANARY} target",
                metadata={"secret": CANARY},
            )
            for id in PROBLEMS
        ],
        setup=note_id(),
        solver=generate(),
        scorer=[lucky()] * scorers,
        epochs=Epochs(epochs, "max"),
        name="luck",
    )


def run_scaled(folder: Path, strategy: str = "pdr_rtv", **options: Any) -> EvalLog:
    task_args = options.pop("task_args", {})
    script = options.pop("script", model())
    arguments = options.pop("arguments", {"n": 4, "top_k": 2, "votes": 4})
    made = scaled(
        task=f"{__file__}@luck", strategy=strategy, task_args=task_args, strategy_args=arguments
    )
    return run_eval(made, None, script, folder, **options)


def ends(log: EvalLog) -> dict[tuple[str, int], EvalSample]:
    """The samples that ended problems."""
    assert log.status == "success", log.error
    return {(str(s.id), s.epoch): s for s in log.samples or [] if not split_id(s.id)[1]}


def decisions(sample: EvalSample) -> dict[str, Any]:
    """All that a strategy recorded, but for times and for what says that all are graded."""
    pool = sample.store_as(RolloutPool)
    assert pool.discrepancies() == ()
    found: dict[str, Any] = without_times(pool.model_dump(mode="json"))
    return found


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        skip = {"seconds", "keep_sandboxes", "score_rollouts"}
        return {k: without_times(v) for k, v in value.items() if k not in skip}
    return [without_times(v) for v in value] if isinstance(value, list) else value


def metrics(log: EvalLog) -> dict[str, dict[str, float]]:
    assert log.results is not None
    return {
        score.name: {name: metric.value for name, metric in score.metrics.items()}
        for score in log.results.scores
        if score.name != "rollout"
    }


STRATEGIES: dict[str, tuple[str, dict[str, Any]]] = {
    "rtv": ("rtv", {"n": 5, "votes": 3}),
    "rtv of one": ("rtv", {"n": 1}),
    "pdr": ("pdr", {"n": 3, "top_k": 2, "votes": 2}),
    "pdr, random": ("pdr", {"n": 4, "top_k": 2, "context": "random", "without_context": 1}),
    "pdr, single, three iterations": ("pdr", {"n": 2, "context": "single", "iterations": 3}),
    "pdr_rtv": ("pdr_rtv", {"n": 4, "top_k": 2, "votes": 4}),
    "pdr_rtv, three iterations": ("pdr_rtv", {"n": 3, "top_k": 1, "votes": 1, "iterations": 3}),
    "carried over": ("pdr_rtv", {"n": 3, "top_k": 2, "votes": 2, "keep_parents": True}),
    "agreed": ("pdr_rtv", {"n": 4, "top_k": 2, "votes": 1, "stop_on_consensus": True, "seed": 2}),
    "trajectories": ("rtv", {"n": 3, "votes": 2, "judge_input": "trajectory"}),
    "robust": ("robust", {"n": 4, "top_k": 2, "votes": 2}),
    "cheap": ("cheap", {"n": 3, "top_k": 2, "votes": 2}),
    "waves": ("rtv", {"n": "auto", "min_n": 2, "wave": 1, "max_n": 4, "votes": 2}),
    "waves, refined": (
        "pdr_rtv",
        {"n": "auto", "min_n": 2, "wave": 1, "max_n": 5, "top_k": 2, "votes": 1},
    ),
    "pointwise": ("pdr_rtv", {"n": 3, "top_k": 2, "selection": "pointwise", "votes": 1}),
}


@pytest.mark.parametrize("case", STRATEGIES)
def test_decisions_and_metrics_are_those_of_the_solver(case: str, tmp_path: Path) -> None:
    strategy, arguments = STRATEGIES[case]
    made = getattr(strategies, strategy)(**arguments, score_rollouts=True)
    plain = run_eval(luck(), made, model(), tmp_path / "solver")
    log = run_scaled(tmp_path / "scaled", strategy, arguments=arguments)

    expected, found = ends(plain), ends(log)
    assert set(found) == {(str(id), 1) for id in PROBLEMS}
    for key, sample in expected.items():
        assert decisions(found[key]) == decisions(sample), key
        own = (sample.scores or {})["lucky"].value
        assert (found[key].scores or {})["lucky"].value == own
    assert metrics(plain).items() <= metrics(log).items()
    stops = [
        STOP in {stage.name for stage in s.store_as(RolloutPool).stages} for s in found.values()
    ]
    assert any(stops) == (case == "agreed")
    counts = {len(s.store_as(RolloutPool).population(0)) for s in found.values()}
    assert (len(counts) > 1) == ("waves" in case)


def test_each_epoch_is_a_run_of_its_own(tmp_path: Path) -> None:
    made = strategies.rtv(n=3, votes=2, score_rollouts=True)
    plain = run_eval(luck(epochs=2), made, model(), tmp_path / "solver")
    log = run_scaled(
        tmp_path / "scaled", "rtv", task_args={"epochs": 2}, arguments={"n": 3, "votes": 2}
    )

    expected, found = ends(plain), ends(log)
    assert len(found) == 2 * len(PROBLEMS)
    for key, sample in expected.items():
        assert decisions(found[key]) == decisions(sample), key
    assert metrics(plain).items() <= metrics(log).items()


def test_each_rollout_is_a_sample_with_its_record_score_and_conversation(tmp_path: Path) -> None:
    log = run_scaled(tmp_path, task_args={"scorers": 2})
    samples = {str(s.id): s for s in log.samples or []}
    assert len(samples) == 3 * (4 + 1 + 4 + 1)
    pool = samples["one"].store_as(RolloutPool)
    for rollout in pool.rollouts:
        sample = samples[f"one#{rollout.id}"]
        score = (sample.scores or {})["rollout"]
        assert list(sample.scores or {}) == ["rollout"]
        assert sample.store["ScaledRollout:record"]["id"] == rollout.id
        assert sample.metadata["seen"] == "one"
        assert sample.messages[-1].text == sample.output.completion != ""
        assert set((score.metadata or {})["scores"]) == {"lucky", "lucky1"}
        own = {"C": 1.0, "I": 0.0}[(score.metadata or {})["scores"]["lucky"]["value"]]
        assert score.value == own
        if rollout.id == pool.adopted:
            assert (samples["one"].scores or {})["lucky"].value == {1.0: "C", 0.0: "I"}[own]
        else:
            assert rollout.scores is not None
            assert set(rollout.scores) == {"lucky", "lucky1"}
    assert samples["one#t0"].scores in (None, {})
    assert set(samples["one"].scores or {}) == {"lucky", "lucky1", SCORE}


@pytest.mark.parametrize("reads", ["summary", "trajectory"])
def test_no_prompt_holds_a_score_though_all_are_known_before_the_votes(
    reads: str, tmp_path: Path
) -> None:
    script = model()
    arguments = {"n": 4, "top_k": 2, "votes": 4, "judge_input": reads}
    log = run_scaled(tmp_path, script=script, arguments=arguments)

    graded = [s for s in log.samples or [] if "rollout" in (s.scores or {})]
    assert any(CANARY in (s.scores or {})["rollout"].model_dump_json() for s in graded)
    assert {call.role for call in script.calls} >= {"judge", "summarizer"}
    assert len(script.calls) > 40
    asked = [call.text for call in script.calls]
    events = [e for s in log.samples or [] for e in s.events if e.event == "model"]
    asked += ["\n".join(m.model_dump_json() for m in e.input) for e in events]
    assert len(asked) > 100
    assert [text for text in asked if CANARY in text] == []
