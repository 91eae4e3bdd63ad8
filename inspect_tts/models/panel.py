"""The judges among whom the votes of a match are dealt: models, or roles given by name."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from json import dumps
from logging import getLogger

from inspect_ai.model import GenerateConfig, Model, get_model, model_roles

from inspect_tts._inspect import effective_config
from inspect_tts.errors import UserError
from inspect_tts.method.parameters import INVESTIGATOR, JUDGE

from .identity import model_identity
from .roles import NEAR, NO_MODEL, ROLES, check_roles, role_model

logger = getLogger(__name__)

_AS = 'give judges=\'["provider/name", "judge2"]\', where --model-role judge2=... gives the second'


@dataclass(frozen=True)
class Judge:
    """One judge of a panel."""

    name: str
    """Name of a model or a role."""
    model: Model
    config: GenerateConfig = field(default_factory=GenerateConfig)
    """Merged over the model's own config."""


def judges_of(
    names: Sequence[str], *, votes: int, orders: int, asked: bool = True
) -> tuple[Judge, ...]:
    """The judges of a match with so many votes and orders; without models unless `asked`."""
    each, nobody = -(-votes // len(names)), [get_model(NO_MODEL)] * len(names)
    found = zip(names, judge_models(names) if asked else nobody, strict=True)
    return tuple(Judge(name, model, independent(model, each, orders)) for name, model in found)


def independent(judge: Model, votes: int, orders: int) -> GenerateConfig:
    """A config that makes votes independent: a temperature above 0 if prompts repeat."""
    if votes > orders and effective_config(judge).temperature == 0:
        return GenerateConfig(temperature=1.0)
    return GenerateConfig()


def judge_models(names: Sequence[str]) -> list[Model]:
    """The models of judges; raises if two of them are the same."""
    models = [judge_model(name) for name in names]
    known: dict[str, str] = {}
    for name, model in zip(names, models, strict=True):
        what = str([model_identity(model), model.api.base_url, model.model_args])
        if what in known and str(model) != NO_MODEL:
            raise UserError(
                f"judges names {known[what]!r} and {name!r}, which are the same model, {model}, "
                "with the same settings: its votes would count twice. Name each once"
            )
        known[what] = name
    return models


def judge_model(name: str) -> Model:
    """The model that a judge's name stands for."""
    check_roles()
    if name == JUDGE:
        return role_model(JUDGE)
    roles = model_roles()
    if name in roles:
        return get_model(role=name, required=True)
    if "/" not in name:
        known = ", ".join(sorted({JUDGE, *(role for role in roles if role not in ROLES)}))
        raise UserError(
            f"judges names {name!r}, which is neither a model (provider/name) nor a role of this "
            f"eval; its roles are {known}. Give --model-role {name}=provider/name as well, or {_AS}"
        )
    return _made("judges", name, f"To name judges, {_AS}")


def rollout_model(name: str) -> Model:
    """A model of rollouts, by name."""
    if "/" not in name:
        raise UserError(f"models names {name!r}; give the names of models as 'provider/name'")
    return _made("models", name, "Give the names of models as 'provider/name'")


def _made(argument: str, name: str, how: str) -> Model:
    """A model by name; the model under evaluation keeps its own settings."""
    if str(evaluated := get_model()) == name:
        return evaluated
    try:
        return get_model(name)
    except ValueError as error:  # other errors already say what is missing: a package, a key
        raise UserError(f"{argument} names {name!r}: {error} {how}") from None


def check_asked(names: Sequence[str]) -> None:
    """Refuse a role of ours that is given but not asked; warn of other roles named like a judge."""
    if INVESTIGATOR in model_roles() and INVESTIGATOR not in names:
        raise UserError(
            f"--model-role {INVESTIGATOR}=... would not be used: no match is investigated. Give "
            "close='investigate' as well, or leave the role out"
        )
    names = [name for name in names if name != INVESTIGATOR]
    for given in model_roles():
        if not given.startswith(JUDGE) or given in names:
            continue
        shown = ", ".join(names)
        add = f"judges='{dumps([*names, given])}'"
        if get_close_matches(given, (JUDGE, *names), n=1, cutoff=NEAR):
            raise UserError(
                f"--model-role {given}=... would not be used: the judges are {shown}. Add "
                f"{given!r} to judges, as in {add}, or leave the role out"
            )
        if given not in _told:  # a task's own scorer may ask it
            _told.add(given)
            logger.warning(
                f"--model-role {given}=... judges no rollouts: the judges are {shown}. If it "
                f"should judge them as well as serve the task, give {add}"
            )


_told: set[str] = set()
