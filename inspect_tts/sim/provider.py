"""The model provider `simulated`: a simulated coding model for demos, tests and load tests.

It is not a language model. It plays the agent from a playbook, and the summarizer and the judge by
reading their prompts with regular expressions. No measurement with it says anything about a real
model.
"""

from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Any

import anyio
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelCost,
    ModelInfo,
    ModelOutput,
    ModelUsage,
    modelapi,
    set_model_info,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from inspect_tts._inspect import current_cache_scope
from inspect_tts.arguments import checked

from .config import SimConfig
from .playbook import demo_playbooks, load_playbooks
from .respond import respond
from .scaffolds import Reply

CHARS_PER_TOKEN = 4
INPUT_PRICE, OUTPUT_PRICE = 3.0, 15.0
"""Invented prices, in dollars per million tokens."""


@modelapi(name="simulated")
class SimulatedModel(ModelAPI):
    """A simulated coding model (`--model simulated/coder`): no network, no language model.

    It plays agent, summarizer and judge from the prompts alone. Its answers depend only on the
    conversation, its arguments and the rollout's cache scope. Its arguments (`-M name=value`) are
    the fields of `inspect_tts.sim.config.SimConfig`.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008 - the signature that Inspect calls
        **model_args: Any,
    ) -> None:
        """Create the model; raise `UserError` if an argument is wrong."""
        super().__init__(model_name, base_url, api_key, [], config)
        self.settings: SimConfig = checked(SimConfig, model_args, f"simulated/{model_name}")
        path = self.settings.playbook
        self.books = (*(load_playbooks(path) if path else ()), *demo_playbooks())
        _set_price(f"simulated/{model_name}")

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Answer a conversation, with invented but consistent usage and cost."""
        if self.settings.latency:
            await anyio.sleep(self.settings.latency)
        reply = respond(self.settings, self.books, input, tools, current_cache_scope())
        return _output(self.model_name, reply, input, tools)

    async def count_text_tokens(self, text: str) -> int:
        """Count tokens as four characters each, without a tokenizer."""
        return len(text) // CHARS_PER_TOKEN + 1

    def max_connections(self) -> int:
        """A limit that is never the bottleneck: there is no service to protect."""
        return 1000


def _output(
    name: str, reply: Reply, messages: list[ChatMessage], tools: list[ToolInfo]
) -> ModelOutput:
    asked = sum(len(m.text) for m in messages) + sum(len(t.model_dump_json()) for t in tools)
    said = len(reply.text) + sum(len(str(call.arguments)) for call in reply.calls)
    read, written = asked // CHARS_PER_TOKEN + 1, said // CHARS_PER_TOKEN + 1
    calls = [
        replace(call, id=f"call_{sha256(f'{len(messages)}/{i}/{call}'.encode()).hexdigest()[:12]}")
        for i, call in enumerate(reply.calls)
    ]
    message = ChatMessageAssistant(
        content=reply.text, tool_calls=calls or None, model=name, source="generate"
    )
    choice = ChatCompletionChoice(message=message, stop_reason="tool_calls" if calls else "stop")
    usage = ModelUsage(
        input_tokens=read,
        output_tokens=written,
        total_tokens=read + written,
        total_cost=(read * INPUT_PRICE + written * OUTPUT_PRICE) / 1_000_000,
    )
    return ModelOutput(model=name, choices=[choice], usage=usage)


@cache
def _set_price(name: str) -> None:
    # a model counts against Inspect's cost limits only if it has a price
    cost = ModelCost(
        input=INPUT_PRICE,
        output=OUTPUT_PRICE,
        input_cache_write=INPUT_PRICE,
        input_cache_read=INPUT_PRICE,
    )
    set_model_info(name, ModelInfo(organization="(simulation)", model=name, cost=cost))
