"""The argument `stages`: a user's own solvers inside a strategy."""

from typing import Any

from inspect_ai.solver import Solver

from inspect_tts._inspect import agent_factory, step_names
from inspect_tts.errors import UserError, no_traceback
from inspect_tts.options import StagesArg
from inspect_tts.registry import is_stage
from inspect_tts.rollout.agent import made_by_name, name_in_file


def own_stages(stages: StagesArg) -> list[Solver]:
    """The solvers that the argument `stages` gives, as objects or by name."""
    given = stages if isinstance(stages, list | tuple) else [] if stages is None else [stages]
    return [no_traceback(_stage(each)) for each in given]


def _stage(given: Any) -> Solver:
    if isinstance(given, str):
        _check_own(given)
        given = name_in_file("stages", given)
        given = made_by_name("stage", given, {}, agent_factory(given, {}))
    if not callable(given):
        raise UserError(
            f"stages={given!r} is neither a solver nor the name of one; give 'file.py@name', "
            "'package/name', or a list of them"
        )
    for name in step_names(given):
        _check_own(name)
    solver: Solver = given
    return solver


def _check_own(name: str) -> None:
    if is_stage(name):
        raise UserError(
            f"stages={name!r} is a strategy or a stage of this package; give a solver of your own, "
            "'file.py@name' or 'package/name'"
        )
