"""Trajectories of mini-SWE-agent: `<problem>.traj.json`, formats 1 and 1.1."""

import json
import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
)
from inspect_ai.tool import ToolCall
from pydantic import BaseModel, Field, ValidationError, model_validator

from inspect_tts.errors import why
from inspect_tts.evidence.facts import last_commands
from inspect_tts.method.records import CommandFact, Status, Usage
from inspect_tts.recorded.records import DAMAGED, Malformed, Recorded, reader
from inspect_tts.text.trajectory import closed_fences

from .atif import tokens
from .beside import Attempt
from .files import read_json
from .reports import resolved
from .sound import Cost, Count, Name
from .swe_bench import is_patch

_ACTION = re.compile(r"```(?:bash|mswea_bash_command)\s*\n(.*?)\n```", re.DOTALL)
_SUBMITTED = "Submitted"
_LIMITS = {
    "LimitsExceeded": ("its step or cost limit was reached", "turn"),
    "TimeExceeded": ("its time limit was reached", "time"),
}
_NO_STATUS = "it ended without an exit status"
_CODE = re.compile(r"<returncode>\s*(-?\d{1,9})\s*</returncode>")


class _Stats(BaseModel):
    instance_cost: Cost | None = None
    api_calls: Count | None = None


class _Info(BaseModel):
    exit_status: str | None = None
    submission: str | None = None
    exception_str: str | None = None
    model_stats: _Stats = Field(default_factory=_Stats)
    config: dict[str, Any] = Field(default_factory=dict)

    @property
    def model(self) -> str:
        """Name of the model."""
        model = self.config.get("model")
        return str((model.get("model_name") if isinstance(model, dict) else None) or "unknown")

    @property
    def patch(self) -> str:
        """The submitted patch. After an error, format 1 puts the error's text in its place."""
        given = self.submission or ""
        if self.exit_status == _SUBMITTED or (self.exit_status in _LIMITS and is_patch(given)):
            return given
        return ""


class _File(BaseModel):
    info: _Info
    messages: list[dict[str, Any]]
    instance_id: Name | None = None

    @model_validator(mode="after")
    def complete(self) -> "_File":
        """Check that a rollout that submitted has messages and a submission."""
        if self.info.exit_status == _SUBMITTED:
            if not self.messages:
                raise ValueError("messages is empty")
            if "submission" not in self.info.model_fields_set:
                raise ValueError("info.submission is missing")
        return self


@reader(name="mini-swe-agent", patterns=("*.traj.json", "*.traj.json.gz"))
def mini_swe_agent(path: Path) -> Iterator[Recorded | Malformed]:
    """Read a file as one rollout. Its score is from a SWE-bench report in a folder above, if any.

    A damaged file is also a rollout if its folder is named after it or a report has its outcome.
    """
    try:
        yield _recorded(path)
    except Exception as error:  # external input: it can be broken in any way
        problem = path.name.partition(".traj.json")[0]
        solved = resolved(path, Attempt(problem, "unknown", None))
        if solved is None and path.absolute().parent.name != problem:
            raise
        yield Malformed(why(error))
        yield Recorded(
            problem=problem,
            text=None,
            messages=(),
            status="error",
            reason=DAMAGED,
            scores=None if solved is None else {"resolved": solved},
        )


def _recorded(path: Path) -> Recorded:
    file = _File.model_validate(read_json(path))
    messages = list(_messages(file.messages))
    problem = file.instance_id or path.name.partition(".traj.json")[0]
    status, reason, limit = _ended(file.info)
    turns = sum(message.role == "assistant" for message in messages)
    handed_in, calls = file.info.submission or "", file.info.model_stats.api_calls
    solved = resolved(path, Attempt(problem, file.info.model, handed_in))
    return Recorded(
        problem=problem,
        text=next((m.text for m in messages if m.role == "user"), None),
        messages=messages,
        status=status,
        reason=reason,
        limit=limit,
        model=file.info.model,
        turns=turns if calls is None else calls,
        usage=_usage(file),
        patch=file.info.patch,
        handed_in=handed_in,
        commands=_commands(file.messages),
        scores=None if solved is None else {"resolved": solved},
        ids=_ids(file.messages),
    )


def _ids(messages: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Hash of the messages, if response ids or timestamps make them unique."""
    extras = [extra for raw in messages if isinstance(extra := raw.get("extra"), dict)]
    responses = [each.get("response") for each in extras]
    told = any(isinstance(each, dict) and each.get("id") for each in responses)
    if not told and not any(each.get("timestamp") for each in extras):
        return ()
    content = json.dumps(messages, sort_keys=True).encode()
    return (f"mini-swe-agent/{sha256(content).hexdigest()}",)


def _messages(given: Sequence[dict[str, Any]]) -> Iterator[ChatMessage]:
    for number, raw in enumerate(given):
        try:
            message = chat_message(raw)
        except Exception as error:  # external input: it can be wrong in any way
            raise ValueError(f"messages.{number}: {type(error).__name__}: {error}") from error
        if message is not None:
            yield message


def chat_message(raw: dict[str, Any]) -> ChatMessage | None:
    """Convert a message of chat completions, the Responses API or plain text; None for `exit`."""
    text, role = _text(raw), raw.get("role")
    if raw.get("type") == "function_call_output":
        return ChatMessageTool(content=text, tool_call_id=raw.get("call_id"))
    if raw.get("object") == "response" or role == "assistant":
        return ChatMessageAssistant(content=text, tool_calls=_calls(raw) or None)
    if role == "tool":
        return ChatMessageTool(content=text, tool_call_id=raw.get("tool_call_id"))
    if role in ("system", "developer"):
        return ChatMessageSystem(content=text)
    if role == "user":
        return ChatMessageUser(content=text)
    if role == "exit":
        return None
    raise ValueError(f"a message has the role {role!r}")


def _text(raw: dict[str, Any]) -> str:
    output = raw.get("output")
    if isinstance(output, str):
        return output
    content = raw.get("content")
    if isinstance(output, list):
        content = [c for i in output if i.get("type") == "message" for c in i.get("content", [])]
    if isinstance(content, str) or content is None:
        return content or ""
    return "\n".join(item["text"] for item in content if item.get("text"))


def _calls(raw: dict[str, Any]) -> list[ToolCall]:
    calls = [
        (call.get("id"), call.get("function", {}).get("name"), call.get("function", {}))
        for call in raw.get("tool_calls") or []
    ]
    output = raw.get("output")
    if isinstance(output, list):
        asked = [item for item in output if item.get("type") == "function_call"]
        calls += [(item.get("call_id"), item.get("name"), item) for item in asked]
    return [
        ToolCall(id=id or f"call_{i}", function=name or "bash", arguments=_arguments(call))
        for i, (id, name, call) in enumerate(calls)
    ]


def _arguments(call: dict[str, Any]) -> dict[str, Any]:
    given = call.get("arguments") or "{}"
    try:
        found = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"arguments": str(given)}


def _ended(info: _Info) -> tuple[Status, str | None, str | None]:
    status = info.exit_status
    if status == _SUBMITTED and info.submission is not None:
        return "completed", None, None
    if status in _LIMITS:
        return "limit", *_LIMITS[status]
    told = (info.exception_str or info.submission or "").strip().partition("\n")[0]
    if status == _SUBMITTED:
        told = told or "info.submission is null"
    return "error", ": ".join(filter(None, (status, told)))[:500] or _NO_STATUS, None


def _commands(messages: Sequence[dict[str, Any]]) -> tuple[CommandFact, ...]:
    """Commands with return codes: from `extra` since format 1.1, from the text in format 1."""
    executed: list[tuple[str, int | None]] = []
    asked: list[str] = []
    for raw in messages:
        extra = raw.get("extra")
        extra = extra if isinstance(extra, dict) else {}
        if raw.get("role") == "assistant" or raw.get("object") == "response":
            actions = extra.get("actions")
            actions = actions if isinstance(actions, list) else []
            told = [str(action.get("command")) for action in actions if isinstance(action, dict)]
            asked = told or _actions(_text(raw))
        elif asked:
            code = extra.get("returncode")
            found = _CODE.search(_text(raw))
            if code is None and found:
                code = int(found[1])
            if isinstance(code, int) and abs(code) < 2**32:
                executed.append((asked.pop(0), code))
    return last_commands(executed)


def _actions(text: str) -> list[str]:
    found: list[str] = _ACTION.findall(closed_fences(text))
    return found


def _usage(file: _File) -> Usage:
    total = Usage()
    for number, raw in enumerate(file.messages):
        extra = raw.get("extra")
        response = extra.get("response") if isinstance(extra, dict) else None
        used = response.get("usage") if isinstance(response, dict) else raw.get("usage")
        if isinstance(used, dict):
            try:
                total += _Used.model_validate(used).record
            except ValidationError as error:
                raise ValueError(f"messages.{number}.usage: {why(error)}") from error
    # mini-swe-agent counts a call whose price it does not know as free
    return total.model_copy(update={"cost": file.info.model_stats.instance_cost or None})


class _Details(BaseModel):
    cached_tokens: Count | None = None


class _Used(BaseModel):
    """Usage as chat completions or the Responses API write it."""

    prompt_tokens: Count | None = None
    input_tokens: Count | None = None
    completion_tokens: Count | None = None
    output_tokens: Count | None = None
    prompt_tokens_details: _Details | None = None
    input_tokens_details: _Details | None = None

    @property
    def record(self) -> Usage:
        """Convert it to a `Usage`."""
        details = self.prompt_tokens_details or self.input_tokens_details or _Details()
        asked = self.prompt_tokens or self.input_tokens or 0
        return tokens(asked, details.cached_tokens, self.completion_tokens or self.output_tokens)
