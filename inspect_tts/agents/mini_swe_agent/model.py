"""Inspect's model as a model of mini-SWE-agent: with tool calls, or one command in each text."""

import json
from collections.abc import Callable, Mapping, Sequence
from time import time
from types import SimpleNamespace
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ModelOutput,
    StopReason,
)
from inspect_ai.tool import ToolCall, ToolInfo

from inspect_tts.text.trajectory import closed_fences

from .package import (
    ACTION_REGEX,
    BASH,
    FormatError,
    format_observation_messages,
    format_toolcall_observation_messages,
    parse_regex_actions,
    parse_toolcall_actions,
)

_FINISH: dict[StopReason, str] = {"max_tokens": "length", "model_length": "length"}
"""Stop reasons that the package names differently, as the OpenAI API does."""


Generate = Callable[[list[ChatMessage], list[ToolInfo]], ModelOutput]
"""Ask the model for the answer to a conversation, from the agent's thread."""


class InspectModel:
    """A model for mini-SWE-agent's loop. Answers are parsed, and messages made, by the package."""

    def __init__(
        self, name: str, config: Mapping[str, Any], *, tools: bool, generate: Generate
    ) -> None:
        self.config = {**config, "model_name": name}
        self.conversation: list[ChatMessage] = []
        """The agent's messages, as messages of Inspect. Unreadable answers are left out, since the
        agent does not send them again."""
        self.trajectory: list[ChatMessage] = []
        """The conversation including the unreadable answers."""
        self.output: ModelOutput | None = None
        """The last answer."""
        self._read = 0
        self._tools, self._generate = tools, generate

    def query(self, messages: list[dict[str, Any]], **kwargs: Any) -> dict[str, Any]:
        """Ask for the next message."""
        self.follow(messages)
        output = self._generate(self.conversation, [BASH] if self._tools else [])
        self.output = output
        self.trajectory.append(output.message)
        spent = output.usage.total_cost if output.usage else None
        extra: dict[str, Any] = {"cost": spent or 0.0, "timestamp": time()}
        try:
            actions = self._actions(output)
        except FormatError as error:
            error.messages[0]["extra"].update(extra)
            raise
        self.conversation.append(output.message)
        self._read += 1
        extra["actions"] = actions
        return {"role": "assistant", "content": output.completion, "extra": extra}

    def follow(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Copy the messages that the agent has added to its conversation."""
        for message in messages[self._read :]:
            ours = _as_inspect(message)
            if ours is not None:
                self.conversation.append(ours)
                self.trajectory.append(ours)
            elif message["role"] == "exit" and message["extra"]["exit_status"] == "Submitted":
                self.trajectory += _observed(self.conversation, str(message["content"]))
        self._read = len(messages)

    def _actions(self, output: ModelOutput) -> list[dict[str, Any]]:
        reason = _FINISH.get(output.stop_reason, str(output.stop_reason))
        texts: dict[str, Any] = {
            "format_error_template": self.config["format_error_template"],
            "template_kwargs": {"finish_reason": reason},
        }
        if self._tools:
            calls = [_tool_call(call) for call in output.message.tool_calls or []]
            return parse_toolcall_actions(calls, **texts)
        regex = self.config.get("action_regex", ACTION_REGEX)
        text = output.completion
        if regex.endswith(r"\n```"):
            text = closed_fences(text)
        return parse_regex_actions(text, action_regex=regex, **texts)

    def format_message(self, **kwargs: Any) -> dict[str, Any]:
        """Build a message of the agent's conversation."""
        return kwargs

    def format_observation_messages(
        self,
        message: dict[str, Any],
        outputs: list[dict[str, Any]],
        template_vars: dict[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """Render the output of a message's commands with the configuration's templates."""
        template = self.config["observation_template"]
        if self._tools:
            return format_toolcall_observation_messages(
                actions=message["extra"]["actions"],
                outputs=outputs,
                observation_template=template,
                template_vars=template_vars,
            )
        return format_observation_messages(
            outputs, observation_template=template, template_vars=template_vars
        )

    def get_template_vars(self, **kwargs: Any) -> dict[str, Any]:
        """Values about the model that templates may use."""
        return dict(self.config)

    def serialize(self) -> dict[str, Any]:
        """Save nothing: Inspect writes the log."""
        return {}


def _tool_call(call: ToolCall) -> SimpleNamespace:
    """A tool call in the package's form; one that Inspect could not parse stays malformed."""
    arguments = call.parse_error or json.dumps(call.arguments)
    function = SimpleNamespace(name=call.function, arguments=arguments)
    return SimpleNamespace(id=call.id, function=function)


def _as_inspect(message: Mapping[str, Any]) -> ChatMessage | None:
    content = str(message["content"])
    match message["role"]:
        case "system":
            return ChatMessageSystem(content=content)
        case "user":
            return ChatMessageUser(content=content)
        case "tool":
            call_id = message["tool_call_id"]
            return ChatMessageTool(content=content, tool_call_id=call_id, function="bash")
    return None


def _observed(conversation: Sequence[ChatMessage], text: str) -> list[ChatMessage]:
    """The output of the command that ended the rollout; the agent itself does not read it."""
    last = conversation[-1] if conversation else None
    calls = last.tool_calls if isinstance(last, ChatMessageAssistant) else None
    if not calls:
        return [ChatMessageUser(content=text)]
    return [ChatMessageTool(content=text, tool_call_id=calls[-1].id, function=calls[-1].function)]
