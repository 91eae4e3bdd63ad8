"""Scripted models and agents: what a test wants to happen, played through a real `eval()`."""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.event import ModelEvent, SpanBeginEvent
from inspect_ai.log import EvalLog, EvalSample, resolve_sample_attachments
from inspect_ai.model import (
    ChatMessage,
    GenerateConfig,
    Model,
    ModelOutput,
    ModelUsage,
    StopReason,
    get_model,
)
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from inspect_tts import RolloutPool
from inspect_tts.text.fences import blocks

Policy = Callable[[list[ChatMessage], GenerateConfig], ModelOutput]
Act = Callable[[TaskState], Awaitable[TaskState]]

SUMMARY = '{{"requirements": [], "strategy": "{0}", "final_state": "ended"}}'


def reply(text: str, *, stop: StopReason = "stop", tokens: int = 15) -> ModelOutput:
    output = ModelOutput.from_content("mockllm/model", text, stop_reason=stop)
    output.usage = ModelUsage(input_tokens=tokens - 5, output_tokens=5, total_tokens=tokens)
    return output


def model(policy: Policy, name: str = "model", config: GenerateConfig | None = None) -> Model:
    """A model that answers with what the policy makes of its input."""

    def outputs(
        input: list[ChatMessage], tools: Any, tool_choice: Any, config: GenerateConfig
    ) -> ModelOutput:
        return policy(input, config)

    settings = GenerateConfig() if config is None else config
    return get_model(f"mockllm/{name}", config=settings, custom_outputs=outputs, memoize=False)


def echo(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    """Repeats the last line of its input: an agent that says what the test told it to."""
    return reply(f"said {input[-1].text.splitlines()[-1]}")


def mark(text: str) -> str:
    """The first `#word` in a text: how scripts recognize whom they read about."""
    found = re.search(r"#[\w-]+", text)
    return found[0] if found else "#none"


def summarize(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    """A summary that consists of the trajectory's mark."""
    trajectory = input[0].text.rpartition("<trajectory>")[2]
    return reply(SUMMARY.format(mark(trajectory)))


def solutions(prompt: str) -> list[str]:
    """What a judge is shown, by position."""
    return [block.text for block in blocks(prompt) if block.tag.startswith("solution_")]


def prefer(*marks: str) -> Policy:
    """A judge that names the first solution with one of these marks, best first, else the first."""

    def judge(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        shown = [mark(text) for text in solutions(input[0].text)]
        ranks = [marks.index(m) if m in marks else len(marks) for m in shown]
        return reply(f"Final verdict: Solution {ranks.index(min(ranks)) + 1}")

    return judge


def acting(*acts: Act) -> Solver:
    """An agent whose first rollout plays the first act, and so on, around again."""
    turn: Iterator[Act] = cycle(acts)

    @solver(name="acting")
    def factory() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            return await next(turn)(state)

        return solve

    return factory()


def says(*texts: str) -> Act:
    """One turn for each text."""

    async def act(state: TaskState) -> TaskState:
        for text in texts:
            await turn(state, text)
        return state

    return act


async def turn(state: TaskState, text: str) -> TaskState:
    """One model generation, asked with a text, answered into the state."""
    state.messages.append(state.user_prompt.model_copy(update={"content": text, "id": None}))
    state.output = await get_model().generate(state.messages)
    state.messages.append(state.output.message)
    return state


@scorer(metrics=[accuracy()])
def last_words() -> Scorer:
    """Scores 1 where the sample's output contains the target."""

    async def score(state: TaskState, target: Target) -> Score:
        return Score(
            value=float(target.text in state.output.completion), answer=state.output.completion
        )

    return score


def problem(
    count: int = 1, *, input: str | list[ChatMessage] = "Solve it.", **options: Any
) -> Task:
    """A task without a sandbox."""
    dataset = [Sample(id=f"p{i}", input=input, target="#good") for i in range(count)]
    return Task(dataset=dataset, scorer=last_words(), **options)


def run(
    task: Task,
    strategy: Solver | Sequence[Solver] | None,
    log_dir: Path,
    *,
    agent: Policy | Model = echo,
    summarizer: Policy = summarize,
    judge: Policy | None = None,
    **options: Any,
) -> EvalLog:
    """Evaluate with scripted models."""
    roles = {
        "summarizer": model(summarizer, "summarizer"),
        "judge": model(judge or prefer("#good"), "judge"),
    }
    chosen = list(strategy) if isinstance(strategy, Sequence) else strategy
    log = eval(
        task,
        solver=chosen,
        model=agent if isinstance(agent, Model) else model(agent),
        model_roles=options.pop("model_roles", roles),
        display="none",
        log_dir=str(log_dir),
        ctl_server=False,
        log_realtime=options.pop("log_realtime", False),  # nobody watches meanwhile
        **options,
    )[0]
    log.samples = [resolve_sample_attachments(sample) for sample in log.samples or []]
    return log


def only(log: EvalLog) -> EvalSample:
    """The one sample of a log."""
    assert log.samples is not None
    assert len(log.samples) == 1
    return log.samples[0]


def pool(log: EvalLog) -> RolloutPool:
    """What the strategy recorded on the one sample of a log that did not fail."""
    sample = only(log)
    assert sample.error is None, sample.error.traceback
    return sample.store_as(RolloutPool)


def calls(log: EvalLog, role: str | None) -> list[ModelEvent]:
    """Model calls of a role, in order; None for the agents'."""
    events = [event for event in only(log).events if isinstance(event, ModelEvent)]
    return [event for event in events if event.role == role]


def spans(log: EvalLog) -> dict[str, SpanBeginEvent]:
    """All spans of a sample by id."""
    return {event.id: event for event in only(log).events if isinstance(event, SpanBeginEvent)}


def span_path(found: dict[str, SpanBeginEvent], id: str | None) -> list[SpanBeginEvent]:
    """A span and all around it, outermost first."""
    path: list[SpanBeginEvent] = []
    while id is not None:
        path.insert(0, found[id])
        id = found[id].parent_id
    return path


def agent_calls(log: EvalLog) -> dict[str, list[ModelEvent]]:
    """Model calls of the agents by rollout."""
    made: dict[str, list[ModelEvent]] = {}
    found = spans(log)
    for call in calls(log, None):
        [rollout] = [s.id for s in span_path(found, call.span_id) if s.name[:8] == "rollout "]
        made.setdefault(rollout, []).append(call)
    return made
