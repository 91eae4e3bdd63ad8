"""Summarize a trajectory, or take over the summary that an earlier run paid for."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from inspect_ai.model import ChatMessage, Model

from inspect_tts.method.records import Summary
from inspect_tts.models.identity import model_identity
from inspect_tts.models.summarizer import summarize
from inspect_tts.options import SummaryOptions
from inspect_tts.prompts import Prompt, load_prompt
from inspect_tts.resume.format import saved_key
from inspect_tts.resume.saved_results import SavedResults
from inspect_tts.text.writable import plain

from .budget import Budget

_NOT_SAVED = ("failed", "empty")


def trajectory_hash(messages: Sequence[ChatMessage]) -> str:
    """Hash of a trajectory: the roles, texts and tool calls of its messages."""
    said = [
        [message.role, message.text, plain(getattr(message, "tool_calls", None))]
        for message in messages
    ]
    return sha256(json.dumps(said).encode()).hexdigest()


@dataclass(frozen=True)
class Summarizing:
    """How trajectories are summarized."""

    prompt: Prompt
    reask: Prompt
    trajectory_tokens: int

    @classmethod
    def of(cls, options: SummaryOptions) -> "Summarizing":
        """Read the options; load and check the prompts."""
        return cls(
            load_prompt("summarizer", options.summarizer_prompt),
            load_prompt("summarizer_reask", options.summarizer_reask_prompt),
            options.trajectory_tokens,
        )

    async def summary(
        self,
        model: Model,
        *,
        key: dict[str, object],
        problem: str,
        messages: Sequence[ChatMessage],
        saved: SavedResults,
        budget: Budget,
    ) -> Summary:
        """Summarize one trajectory; `key` identifies its rollout among the saved results."""
        parts = {
            **key,
            "trajectory": trajectory_hash(messages),
            "summarizer": model_identity(model),
            "prompts": [self.prompt.template, self.reask.template],
            "trajectory_tokens": self.trajectory_tokens,
        }
        name = saved_key("summary", parts)
        summary = await saved.get("summary", name, Summary, _check_summary)
        if summary is not None:
            budget.take_over(summary.usage)
        else:
            summary = await summarize(
                model,
                problem=problem,
                messages=messages,
                prompt=self.prompt,
                reask_prompt=self.reask,
                budget_tokens=self.trajectory_tokens,
            )
            if summary.status not in _NOT_SAVED:
                await saved.put("summary", name, summary)
        return summary


def _check_summary(summary: Summary) -> None:
    if summary.status in _NOT_SAVED:
        raise ValueError(f"a summary with the status {summary.status!r} is not saved")
