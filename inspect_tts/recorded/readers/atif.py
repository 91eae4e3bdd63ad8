"""ATIF, the trajectory format of Harbor (versions 1.0 to 1.8), in the folder of its trial.

After `harbor.models` of the package harbor 0.26, and lenient where other writers are.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
)
from inspect_ai.tool import ToolCall
from pydantic import AliasChoices, BaseModel, Field

from inspect_tts.core.records import Status, Usage

from ..records import Malformed, Recorded
from .files import read_json

_LEVELS = 4  # from a trajectory up to the folder of its trial


class _Part(BaseModel):
    type: str = "text"
    text: str | None = None


class _Call(BaseModel):
    tool_call_id: str | None = None
    function_name: str = Field(validation_alias=AliasChoices("function_name", "tool_name"))
    arguments: dict[str, Any] = Field(default_factory=dict)


class _Result(BaseModel):
    source_call_id: str | None = None
    content: str | list[_Part] | None = None


class _Observation(BaseModel):
    results: list[_Result] = Field(default_factory=list)


class _Metrics(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    cost_usd: float | None = None


class _FinalMetrics(BaseModel):
    total_prompt_tokens: int | None = None
    total_completion_tokens: int | None = None
    total_cached_tokens: int | None = None
    total_cost_usd: float | None = None


class _Step(BaseModel):
    source: Literal["system", "user", "agent"]
    message: str | list[_Part] = ""
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None
    observation: _Observation | None = None
    metrics: _Metrics | None = None
    is_copied_context: bool | None = None
    llm_call_count: int | None = None


class _Agent(BaseModel):
    name: str
    model_name: str | None = None


class Trajectory(BaseModel):
    """An ATIF document."""

    agent: _Agent
    steps: list[_Step] = Field(min_length=1)
    final_metrics: _FinalMetrics | None = None
    continued_trajectory_ref: str | None = None

    @property
    def problem_text(self) -> str | None:
        """What the user asked first."""
        return next((_text(step.message) for step in self.steps if step.source == "user"), None)

    @property
    def turns(self) -> int:
        """Model generations; a step that does not count them is one."""
        own = [step.llm_call_count for step in self.steps if step.source == "agent"]
        return sum(1 if count is None else count for count in own)

    def messages(self) -> list[ChatMessage]:
        """The conversation; what a step observed follows it, one message a result."""
        return [message for step in self.steps for message in _messages(step)]

    def usage(self) -> Usage:
        """The totals, or where there are none the sum of the steps."""
        total = self.final_metrics
        if total is not None and (total.total_prompt_tokens or total.total_cost_usd):
            return usage(
                total.total_prompt_tokens,
                total.total_cached_tokens,
                total.total_completion_tokens,
                total.total_cost_usd,
            )
        each = [step.metrics for step in self.steps if step.metrics is not None]
        spent = (
            usage(m.prompt_tokens, m.cached_tokens, m.completion_tokens, m.cost_usd) for m in each
        )
        return sum(spent, Usage())


class _ModelInfo(BaseModel):
    name: str


class _AgentInfo(BaseModel):
    model_info: _ModelInfo | None = None


class _Verdict(BaseModel):
    rewards: dict[str, float | int] | None = None


class _Exception(BaseModel):
    exception_type: str
    exception_message: str = ""


class _Timing(BaseModel):
    started_at: datetime | None = None
    finished_at: datetime | None = None


class _Trial(BaseModel):
    """`result.json` of a trial."""

    task_name: str
    agent_info: _AgentInfo | None = None
    verifier_result: _Verdict | None = None
    exception_info: _Exception | None = None
    started_at: datetime | None = None
    agent_execution: _Timing | None = None


_BEFORE_GRADING = ("Agent", "Environment", "NonZeroAgent")
"""How exceptions of Harbor begin that arise before a rollout is graded."""


class AtifReader:
    """A file is one rollout; the trial's `result.json` above it names problem and reward."""

    name = "atif"
    patterns = ("trajectory.json", "*.atif.json")

    def read(self, path: Path, part: str | None = None) -> Iterator[Recorded | Malformed]:
        """Read a file; see `Reader`."""
        whole = _whole(path)
        trial = _trial(path)
        folders = path.absolute().parents
        step = folders[1].name if len(folders) > 2 and folders[2].name == "steps" else None
        problem = trial.task_name if trial else _problem(path)
        status, reason, limit = _ended(trial)
        rewards = trial.verifier_result.rewards if trial and trial.verifier_result else None
        info = trial.agent_info.model_info if trial and trial.agent_info else None
        timing = trial.agent_execution if trial else None
        yield Recorded(
            problem=f"{problem}/{step}" if step else problem,
            text=whole.problem_text,
            messages=whole.messages(),
            started=trial.started_at.isoformat() if trial and trial.started_at else None,
            status=status,
            reason=reason,
            limit=limit,
            model=whole.agent.model_name or (info.name if info else whole.agent.name),
            turns=whole.turns,
            usage=whole.usage(),
            seconds=_seconds(timing),
            scores=headline_first(rewards) if rewards and not step else None,
        )


def headline_first(rewards: dict[str, float | int]) -> dict[str, float | int]:
    """Rewards by name, the one called `reward` before others."""
    return dict(sorted(rewards.items(), key=lambda item: item[0] != "reward"))


def usage(asked: int | None, cached: int | None, said: int | None, cost: float | None) -> Usage:
    """Usage as a record; prompt tokens include the cached ones."""
    read, written = asked or 0, said or 0
    kept = min(cached or 0, read)
    return Usage(
        input_tokens=read - kept,
        cache_read_tokens=kept,
        output_tokens=written,
        total_tokens=read + written,
        cost=cost,
    )


def _whole(path: Path) -> Trajectory:
    """A trajectory with what continues it in other files."""
    first = last = Trajectory.model_validate(read_json(path))
    steps, seen = list(first.steps), {path.name}
    while last.continued_trajectory_ref and last.continued_trajectory_ref not in seen:
        seen.add(last.continued_trajectory_ref)
        further = path.parent / last.continued_trajectory_ref
        last = Trajectory.model_validate(read_json(further))
        steps += [step for step in last.steps if not step.is_copied_context]
    return last.model_copy(update={"steps": steps})


def _problem(path: Path) -> str:
    """The problem of a file without `result.json`, from its folder `<problem>__<trial>` or name."""
    if path.name != "trajectory.json":
        return path.name.removesuffix(".json").removesuffix(".atif")
    folder = path.absolute().parent
    return (folder.parent if folder.name == "agent" else folder).name.partition("__")[0]


def _trial(path: Path) -> _Trial | None:
    for folder in list(path.absolute().parents)[:_LEVELS]:
        result = folder / "result.json"
        if result.is_file() and "task_name" in (found := read_json(result)):
            return _Trial.model_validate(found)
    return None


def _ended(trial: _Trial | None) -> tuple[Status, str | None, str | None]:
    raised = trial.exception_info if trial else None
    if raised is None or not raised.exception_type.startswith(_BEFORE_GRADING):
        return "completed", None, None  # what grading raised must not reach a judge
    reason = f"{raised.exception_type}: {raised.exception_message}"[:1000]
    timed_out = raised.exception_type == "AgentTimeoutError"
    return ("limit", reason, "time") if timed_out else ("error", reason, None)


def _seconds(timing: _Timing | None) -> float:
    if timing is None or timing.started_at is None or timing.finished_at is None:
        return 0.0
    return (timing.finished_at - timing.started_at).total_seconds()


def _messages(step: _Step) -> Iterator[ChatMessage]:
    text = _text(step.message)
    if step.source != "agent":
        yield (ChatMessageSystem if step.source == "system" else ChatMessageUser)(content=text)
        return
    calls = [
        ToolCall(id=c.tool_call_id or f"call_{i}", function=c.function_name, arguments=c.arguments)
        for i, c in enumerate(step.tool_calls or [])
    ]
    said = "\n".join(part for part in (step.reasoning_content, text) if part)
    yield ChatMessageAssistant(content=said, tool_calls=calls or None)
    for number, result in enumerate(step.observation.results if step.observation else []):
        id = result.source_call_id or (calls[number].id if number < len(calls) else None)
        yield ChatMessageTool(content=_text(result.content), tool_call_id=id)


def _text(content: str | Sequence[_Part] | None) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join(p.text if p.text is not None else f"[{p.type}]" for p in content)
