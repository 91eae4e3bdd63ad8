"""What a model's answers depend on, for the keys of saved results."""

from collections.abc import Iterator, Mapping
from typing import Any

from inspect_ai.model import Model
from pydantic_core import to_jsonable_python

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
    """What a model's answers depend on: its name, arguments and settings."""
    config = effective_config(model).model_dump(mode="json", exclude_none=True)
    what = {name: value for name, value in config.items() if name not in HOW_NOT_WHAT}
    args = _as_logged(model.model_args)
    return {"model": str(model), "config": what, **({"args": args} if args else {})}


def _as_logged(args: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as the log holds them, from which a retry makes the model: data without secrets."""
    kept = {
        name: to_jsonable_python(value, fallback=lambda _: None, bytes_mode="base64")
        for name, value in args.items()
        if name != "api_key" and not name.startswith("aws_") and not isinstance(value, Iterator)
    }
    return {name: value for name, value in kept.items() if value is not None}
