"""What a model's answers depend on, for the keys of saved results."""

from typing import Any

from inspect_ai.model import Model

from inspect_tts._inspect import effective_config

HOW_NOT_WHAT = {
    "adaptive_connections",
    "attempt_timeout",
    "batch",
    "cache",
    "cache_prompt",
    "max_connections",
    "max_retries",
    "stream_idle_timeout",
    "timeout",
}
"""Settings that change how a model is called, not what it answers."""


def model_identity(model: Model) -> dict[str, Any]:
    """What a model's answers depend on: its name and settings."""
    config = effective_config(model).model_dump(mode="json", exclude_none=True)
    what = {name: value for name, value in config.items() if name not in HOW_NOT_WHAT}
    return {"model": str(model), "config": what}
