"""Options of a run outside its method: who acts, under which limits, and what is saved."""

from typing import Any

from inspect_ai.agent import Agent
from inspect_ai.solver import Solver
from pydantic import Field, SkipValidation, field_validator

from ..arguments import Options
from ..resume.saved_results import check_resume

AgentArg = Agent | Solver | str | None


class AgentOptions(Options):
    """Which agent works on a problem."""

    agent: SkipValidation[AgentArg] = None
    """An agent, a solver, or the name of one: `package/name` or `file.py@name`. Default: the
    task's own solver."""
    agent_args: dict[str, Any] | None = None
    """Arguments for an agent given by name; with `agents` a mapping of them by its name."""


class LimitOptions(Options):
    """Limits of each rollout; None means none."""

    token_limit: int | None = Field(default=None, ge=1)
    """Tokens of each rollout."""
    message_limit: int | None = Field(default=None, ge=1)
    """Messages of each rollout. The sample's own limit applies to each as well."""
    turn_limit: int | None = Field(default=None, ge=1)
    """Model generations of each rollout."""
    time_limit: float | None = Field(default=None, gt=0)
    """Seconds of each rollout."""
    cost_limit: float | None = Field(default=None, gt=0)
    """Dollars of each rollout."""


class SummaryOptions(Options):
    """How a trajectory becomes a summary."""

    trajectory_tokens: int = Field(default=100_000, ge=500)
    """Room for a trajectory in the summarizer's prompt, in tokens of three characters. Long outputs
    lose their middle. Halved until the prompt fits into the model's context."""
    summarizer_prompt: str | None = None
    """Replaces the summarizer prompt: the text, or the path of a file."""
    summarizer_reask_prompt: str | None = None
    """Replaces the prompt that is sent after a summary that could not be read."""


class SavedOptions(Options):
    """Where finished work is saved, and whether models are tried before work is paid for."""

    resume: str = "log"
    """Where finished rollouts, summaries, votes and grades are saved for a retry: `log` (beside the
    log, removed once the eval has ended well), `off`, or a folder or URL that evals share."""

    preflight: bool = True
    """Whether each model is asked one short question before the first rollout, summary or vote of
    an eval, so that a wrong name, key or setting costs nothing; `INSPECT_TTS_PREFLIGHT=false` turns
    it off for all."""

    @field_validator("resume", mode="before")
    @classmethod
    def _off(cls, resume: Any) -> Any:
        return "off" if resume is False else resume  # `-S resume=off` is YAML

    @field_validator("resume")
    @classmethod
    def _place(cls, resume: str) -> str:
        check_resume(resume)
        return resume
