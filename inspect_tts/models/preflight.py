"""Make one short call to each model before the first rollout is paid for."""

import json
import os
from collections.abc import Iterable, Sequence
from logging import getLogger
from typing import Any

import anyio
from inspect_ai.log import EvalLog, EvalSpec
from inspect_ai.model import ChatMessageUser, GenerateConfig, Model, get_model
from inspect_ai.util import span

from inspect_tts._inspect import at_eval_end, planned_steps
from inspect_tts.errors import UserError, gather
from inspect_tts.method.parameters import INVESTIGATOR

from .identity import model_identity
from .panel import check_asked, judge_models
from .roles import NO_MODEL, ask, role_model

logger = getLogger(__name__)

SWITCH = "INSPECT_TTS_PREFLIGHT"
"""Environment variable that turns the calls off on a machine."""
_QUESTION = "This only checks that you can be reached. Answer with the word OK."
_PLAIN = GenerateConfig(batch=False, cache=False, cache_prompt=False)
_JUDGES = "asks_judges"


class _Call:
    """The call to one model, made by the first sample; the others wait for it."""

    def __init__(self) -> None:
        self.lock = anyio.Lock()
        self.done = False


_calls: dict[str, dict[str, _Call]] = {}


def mark_judges(stage: Any, names: Sequence[str]) -> None:
    """Mark a stage or strategy with the names of the judges that it asks."""
    setattr(stage, _JUDGES, tuple(dict.fromkeys(names)))


def judges_asked(stages: Iterable[object]) -> tuple[str, ...]:
    """The names of the judges that stages or strategies ask."""
    asked = (getattr(stage, _JUDGES, ()) for stage in stages)
    return tuple(dict.fromkeys(name for names in asked for name in names))


def asked_models(steps: Sequence[object] | None = None) -> list[Model]:
    """The model under evaluation, the summarizer, and the judges and investigator that steps ask.

    Raises an error if a model cannot be made.
    """
    asked = judges_asked(planned_steps() if steps is None else steps)
    judges = [name for name in asked if name != INVESTIGATOR]
    models = [get_model(), role_model("summarizer"), *judge_models(judges)]
    if judges:
        check_asked(asked)
    return [*models, role_model(INVESTIGATOR)] if INVESTIGATOR in asked else models


async def preflight(spec: EvalSpec, models: Sequence[Model]) -> None:
    """Call each model once in an eval.

    Any answer will do. An error that later calls may not have is only logged.
    """
    models = [model for model in models if str(model) != NO_MODEL]
    if not _switched_on() or not models:
        return
    if spec.eval_id not in _calls:
        at_eval_end(spec, "preflight", _forget)
    known = _calls.setdefault(spec.eval_id, {})
    wanted = {_key(model): model for model in reversed(models)}  # the first of equal models
    if all(key in known and known[key].done for key in wanted):
        return
    async with span("preflight", type="preflight"):
        await gather([_ask(known.setdefault(key, _Call()), model) for key, model in wanted.items()])


def _forget(log: EvalLog) -> None:
    _calls.pop(log.eval.eval_id, None)


def _switched_on() -> bool:
    value = os.environ.get(SWITCH, "true").lower()
    if value not in ("true", "false"):
        raise UserError(
            f"{SWITCH}={value!r} is neither true nor false; set it to true or false, or unset it"
        )
    return value == "true"


def _key(model: Model) -> str:
    return json.dumps([model_identity(model), model.api.base_url], sort_keys=True)


async def _ask(call: _Call, model: Model) -> None:
    async with call.lock:
        if call.done:
            return
        answer = await ask(model, [ChatMessageUser(content=_QUESTION)], _PLAIN)
        if answer.raised:
            logger.warning(f"{model} did not answer a short test call: {answer.problem}")
        call.done = True
