"""The names of our stages and strategies, and a search for selections and readers by name."""

import sys
from collections.abc import MutableMapping
from difflib import get_close_matches
from hashlib import sha256
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from .errors import UserError
from .method.selection_specs import SELECTIONS, SelectionSpec
from .paths import user_path

SELECTION_GROUP = "inspect_tts.selections"
READER_GROUP = "inspect_tts.readers"
T = TypeVar("T")


def find_selection(name: str) -> SelectionSpec:
    """Find a selection by name."""
    if name == "oracle":
        raise UserError(
            "selection='oracle' would read scores, but selection is blind; score_rollouts=true "
            f"reports the oracle's score. Choose one of {', '.join(map(repr, SELECTIONS))}"
        )
    return find(name, SELECTIONS, "selection", SelectionSpec, SELECTION_GROUP)


def find(
    name: str,
    known: MutableMapping[str, T],
    argument: str,
    kind: type[T],
    group: str,
    decorator: str = "inspect_tts.selection",
) -> T:
    """Find a component among the known ones, in a file, or among entry points; remember it."""
    if name in known:
        return known[name]
    file, at, member = name.rpartition("@")
    if at:
        found: object = _member(argument, name, file, member)
    else:
        found = _entry(argument, name, group, list(known))
    if not isinstance(found, kind):
        raise UserError(
            f"{argument}={name!r} names a {type(found).__name__}, not a "
            f"{decorator.rpartition('.')[2]}: decorate it with @{decorator}(...)"
        )
    known[name] = found
    return found


def _member(argument: str, name: str, file: str, member: str) -> object:
    path = user_path(file)
    if not path.is_file():
        raise UserError(
            f"{argument}={name!r}: there is no file {file}; give the path of a .py file"
        )
    module = _load(path.resolve())
    if not hasattr(module, member):
        names = [each for each in vars(module) if not each.startswith("_")]
        raise UserError(f"{argument}={name!r}: {file} has no {member}; it has {', '.join(names)}")
    return getattr(module, member)


def _load(path: Path) -> ModuleType:
    """Import a file, once per process."""
    name = f"inspect_tts_file_{sha256(str(path).encode()).hexdigest()[:16]}"
    if name not in sys.modules:
        spec = spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise UserError(f"{path} is not a Python file; give the path of a .py file")
        module = module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def _entry(argument: str, name: str, group: str, known: list[str]) -> object:
    entries = {_qualified(entry): entry for entry in entry_points(group=group)}
    matching = [e for full, e in entries.items() if name in (full, e.name)]
    if len(matching) == 1:
        return matching[0].load()
    if matching:
        several = ", ".join(full for full, entry in entries.items() if entry.name == name)
        raise UserError(f"{argument}={name!r} is ambiguous; give one of {several}")
    allowed = [*known, *entries]
    close = get_close_matches(name, allowed, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    raise UserError(
        f"{argument}={name!r} is not known{hint} Choose one of {', '.join(map(repr, allowed))}, or "
        "give 'file.py@name'"
    )


def _qualified(entry: EntryPoint) -> str:
    package = entry.dist.name if entry.dist else entry.value.partition(".")[0]
    return f"{package}/{entry.name}"


STAGES = (
    *("rollouts", "recorded_rollouts", "take_evidence"),
    *("select", "tournament", "random_selection", "adopt"),
)
STRATEGY_NAMES = ("rtv", "pdr", "pdr_rtv", "robust", "cheap")

SCALED = "scaled_strategy"
"""The solver that runs a strategy whose rollouts are samples of their own."""

RECORDED_NAMES = ("select_recorded", "replay_recorded")
"""Solvers for rollouts that ran elsewhere; each is a complete strategy."""


def is_stage(name: str) -> bool:
    """Whether a registry name, with or without its package, is a stage or strategy of ours."""
    return _is_one_of(name, (*STAGES, *STRATEGY_NAMES, SCALED))


def is_followed(name: str) -> bool:
    """Whether evals with this registry name report their progress."""
    return is_stage(name) or _is_one_of(name, RECORDED_NAMES)


def _is_one_of(name: str, ours: tuple[str, ...]) -> bool:
    package, _, member = name.rpartition("/")
    return package in ("", "inspect_tts") and member in ours
