"""The judges of a replay: those that the command names, otherwise those of the log."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from inspect_ai.log import EvalSpec

from inspect_tts._inspect.command import parse_cli_args
from inspect_tts.method.parameters import JUDGE
from inspect_tts.method.records import Vote

from .roles import NO_MODEL


@dataclass(frozen=True)
class GivenModels:
    """The options of a command that name models."""

    model: str | None
    role_options: tuple[str, ...]
    """Values of `--model-role`."""

    @property
    def roles(self) -> dict[str, str]:
        """The models of the given roles."""
        given = parse_cli_args(self.role_options)
        return {n: str(r["model"] if isinstance(r, dict) else r) for n, r in given.items()}

    @property
    def judge(self) -> str | None:
        """The model that judges if no judges are named."""
        return self.roles.get(JUDGE, self.model)

    def judge_of(self, votes: Iterable[Vote], spec: EvalSpec) -> str:
        """The model that judges: the one that the command names, else the one with most votes."""
        if self.judge is not None:
            return self.judge
        cast = Counter(vote.model for vote in votes if vote.judge in (None, JUDGE))
        return cast.most_common(1)[0][0] if cast else spec.model

    def options(self, judges: Mapping[str, str], spec: EvalSpec, *, needed: bool) -> dict[str, Any]:
        """The eval's model options: as given, else the recorded judges, or none if none is needed.

        `judges` maps the names of judges to models.
        """
        if not (needed or self.judge):
            return {"model": NO_MODEL, "model_role": self.role_options}
        known = {n: r for n, r in (spec.model_roles or {}).items() if not isinstance(r, list)}
        missing = [name for name in judges if name in known and name not in self.roles]
        if self.model is not None:
            missing = [name for name in missing if name != JUDGE]
        roles = [*self.role_options]
        for name in missing:
            role = known[name]
            config = role.config.model_dump(exclude_none=True)
            args = role.args | ({"base_url": role.base_url} if role.base_url else {})
            given = {"model": role.model, "model_args": args, **config}
            roles.append(f"{name}={json.dumps(given)}")
        named = NO_MODEL if JUDGE in (*missing, *self.roles) else judges.get(JUDGE)
        named = named or (spec.model if spec.model in judges else NO_MODEL)
        return {"model": self.model or named, "model_role": tuple(roles)}
