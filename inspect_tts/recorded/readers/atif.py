"""ATIF, the trajectory format of Harbor (versions 1.0 to 1.8).

Follows `harbor.models` of the package harbor 0.26, but accepts what other writers leave out.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
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

from inspect_tts.errors import why
from inspect_tts.method.records import Usage

from .files import read_json
from .sound import Cost, Count

_MOST_FILES = 1000


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
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    cached_tokens: Count | None = None
    cost_usd: Cost | None = None


class _FinalMetrics(BaseModel):
    total_prompt_tokens: Count | None = None
    total_completion_tokens: Count | None = None
    total_cached_tokens: Count | None = None
    total_cost_usd: Cost | None = None


class _Step(BaseModel):
    source: Literal["system", "user", "agent"]
    message: str | list[_Part] = ""
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None
    observation: _Observation | None = None
    metrics: _Metrics | None = None
    timestamp: str | None = None
    is_copied_context: bool | None = None
    llm_call_count: Count | None = None


class _Agent(BaseModel):
    name: str
    model_name: str | None = None


class Trajectory(BaseModel):
    """An ATIF document."""

    session_id: str | None = None
    agent: _Agent
    steps: list[_Step] = Field(min_length=1)
    final_metrics: _FinalMetrics | None = None
    continued_trajectory_ref: str | None = None

    @property
    def problem_text(self) -> str | None:
        """The user's request, without blocks that an agent's harness inserted before it."""
        sources = [step.source for step in self.steps]
        begun = sources.index("agent") if "agent" in sources else len(sources)
        said = [_text(step.message) for step in self.steps[:begun] if step.source == "user"]
        later = (_text(step.message) for step in self.steps[begun:] if step.source == "user")
        return asked(said) or asked(islice(later, 1)) or None

    @property
    def turns(self) -> int:
        """The number of model generations. A step without a count counts as one."""
        own = [step.llm_call_count for step in self.steps if step.source == "agent"]
        return sum(1 if count is None else count for count in own)

    def messages(self) -> list[ChatMessage]:
        """The conversation. Each result that a step observed follows it as a message."""
        return [message for step in self.steps for message in _messages(step)]

    def usage(self) -> Usage:
        """The recorded totals; tokens or a cost that they lack are the sum over the steps."""
        each = [step.metrics for step in self.steps if step.metrics is not None]
        spent = (
            tokens(m.prompt_tokens, m.cached_tokens, m.completion_tokens, m.cost_usd) for m in each
        )
        total, steps = self.final_metrics or _FinalMetrics(), sum(spent, Usage())
        told = tokens(
            total.total_prompt_tokens,
            total.total_cached_tokens,
            total.total_completion_tokens,
            total.total_cost_usd,
        )
        cost = steps.cost if told.cost is None else told.cost
        return (told if total.total_prompt_tokens else steps).model_copy(update={"cost": cost})


def tokens(
    asked: int | None, cached: int | None, said: int | None, cost: float | None = None
) -> Usage:
    """Convert token counts to a `Usage`. The tokens `asked` include the cached ones."""
    read, written = asked or 0, said or 0
    kept = min(cached or 0, read)
    return Usage(
        input_tokens=read - kept,
        cache_read_tokens=kept,
        output_tokens=written,
        total_tokens=read + written,
        cost=cost,
    )


class Counted(BaseModel):
    """What Harbor counted of an agent, its subagents included."""

    n_input_tokens: Count | None = None
    n_cache_tokens: Count | None = None
    n_output_tokens: Count | None = None
    cost_usd: Cost | None = None

    def usage(self) -> Usage:
        """The counts as a `Usage`."""
        return tokens(self.n_input_tokens, self.n_cache_tokens, self.n_output_tokens, self.cost_usd)


def fuller(one: Usage, other: Usage) -> Usage:
    """The usage that has more tokens, with the cost of the other if it has none."""
    most = max(one, other, key=lambda each: each.total_tokens)
    cost = (each.cost for each in (most, one, other) if each.cost is not None)
    return most.model_copy(update={"cost": next(cost, None)})


def read_trajectory(path: Path) -> tuple[Trajectory, str | None]:
    """Read a trajectory and its continuations in other files of its folder.

    Returns the whole trajectory, and a note if a continuation is missing.
    """
    first = last = Trajectory.model_validate(read_json(path))
    steps, seen, missing = list(first.steps), {path.name}, None
    while last.continued_trajectory_ref and last.continued_trajectory_ref not in seen:
        name = last.continued_trajectory_ref
        seen.add(name)
        further = path.parent / name
        if Path(name).name != name or further.resolve().parent != path.parent.resolve():
            raise ValueError(f"continued_trajectory_ref: {name!r} is not a file in the same folder")
        if not further.exists():
            missing = f"its continuation {name} is missing"
            break
        if len(seen) > _MOST_FILES:
            raise ValueError(f"continued_trajectory_ref: more than {_MOST_FILES} files")
        try:
            last = Trajectory.model_validate(read_json(further))
        except (ValueError, RecursionError, OSError, EOFError) as error:
            raise ValueError(f"continued_trajectory_ref: {name}: {why(error)}") from error
        steps += [step for step in last.steps if not step.is_copied_context]
    if last is first:
        return first, missing
    told = (None, first.final_metrics, last.final_metrics)  # some writers put running totals there
    whole = [first.model_copy(update={"steps": steps, "final_metrics": each}) for each in told]
    return max(whole, key=lambda each: each.usage().total_tokens), missing


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


_NEXT = re.compile(r"\S")
_TAG = re.compile(r"<([A-Za-z][\w -]{0,60})>")
_INSERTED = re.compile(
    r"(environment|system|user|session|workspace|project|ide)[_ -](context|info|reminder)"
    r"|([\w-]+[_ -])?instructions|system-reminder|local-command-\w+|command-\w+|ide_\w+"
    r"|collaboration_mode|turn_aborted|user_shell_command|skills?|plugins|apps?",
    re.IGNORECASE,
)
"""Tags of blocks that Codex, Claude Code and others insert."""
_OPENINGS = (
    "# AGENTS.md instructions",
    "This is the Gemini CLI.",
    "This is the Qwen Code.",
    "Caveat: The messages below were generated by the user while running local commands",
)
"""Beginnings of other inserted text: a heading before a block, or a whole message."""


def asked(messages: Iterable[str]) -> str:
    """The task in the messages of a user, without what a harness inserted."""
    said = [message.strip() for message in messages]
    own = [text for message in said if (text := without_preamble(message))]
    return "\n\n".join(own or [message for message in said if message])


def without_preamble(message: str) -> str:
    """A message without the blocks that a harness inserts at its beginning."""
    text, at = _of_terminus(message.strip()), 0
    while True:
        opening = next((o for o in _OPENINGS if text.startswith(o, at)), None)
        if opening is not None:
            block = text.find("\n\n<", at) if opening.startswith("#") else -1
            at = block + 2 if block >= 0 else len(text)
        tag = _TAG.match(text, at)
        if tag is None or not _INSERTED.fullmatch(tag[1]):
            return text[at:]
        closing = f"</{tag[1]}>"
        closed = text.find(closing, tag.end())
        if closed < 0:
            return text[at:]
        rest = _NEXT.search(text, closed + len(closing))
        at = rest.start() if rest else len(text)


def _of_terminus(text: str) -> str:
    """Extract the task from the first prompt of Terminus, which begins with format instructions."""
    if not text.startswith("You are an AI assistant tasked with solving command-line tasks"):
        return text
    _, begun, rest = text.partition("\n\nTask Description:\n")
    task, ended, _ = rest.rpartition("\n\nCurrent terminal state:\n")
    return task.strip() if begun and ended and task.strip() else text
