"""Load Terminal-Bench tasks with inspect-harbor; say what is wrong with a task folder and where."""

import sys
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType
from typing import Any

from inspect_ai.dataset import Sample
from inspect_ai.util import ComposeConfig, SandboxEnvironmentSpec
from pydantic import ValidationError

from inspect_tts.core.records import AGENT_TIME_LIMIT
from inspect_tts.errors import UserError

_INSTALL = "pip install 'inspect_tts[terminal]'"


def inspect_harbor() -> ModuleType:
    """The package that loads and grades the tasks.

    Returns:
        The module.

    Raises:
        UserError: If this Python is too old for it, or it is not installed.
    """
    if sys.version_info < (3, 12):
        running = ".".join(map(str, sys.version_info[:3]))
        raise UserError(
            f"terminal_bench needs Python 3.12 or newer, as inspect-harbor does, and this is "
            f"{running}: make an environment with a newer Python and {_INSTALL} there"
        )
    try:
        import inspect_harbor as module
    except ModuleNotFoundError as error:
        if error.name != "inspect_harbor":
            raise
        raise UserError(f"terminal_bench needs the package inspect-harbor: {_INSTALL}") from error
    return module


def load_samples(
    path: str | None,
    *,
    exclude: list[str],
    ref: str,
    timeout_multiplier: float,
    options: dict[str, Any],
) -> list[Sample]:
    """Load the tasks as samples.

    Args:
        path: A task folder, or a folder of such; None: Terminal-Bench 2.0 from the Harbor hub.
        exclude: Ids or globs of tasks to leave out.
        ref: Version on the hub.
        timeout_multiplier: Stretches the time limits of agents and tests.
        options: Passed on to inspect-harbor.

    Returns:
        One sample for each task, sorted by id. The id is the task's name without its organisation.

    Raises:
        UserError: If there are no tasks, one of them is broken, or the hub cannot be asked.
    """
    harbor = inspect_harbor()
    if path is None:
        samples = _from_hub(harbor, ref, options)
    else:
        samples = _from_folder(harbor, Path(path).expanduser(), options)
    for sample in samples:
        _finish(sample, timeout_multiplier, options.get("override_memory_mb"))
    kept = _without(sorted(samples, key=lambda sample: str(sample.id)), exclude)
    if not kept:
        raise UserError(f"exclude={exclude!r} leaves no task; leave fewer of them out")
    return kept


def _from_hub(harbor: ModuleType, ref: str, options: dict[str, Any]) -> list[Sample]:
    try:
        return list(harbor.terminal_bench_2(ref=ref, **options).dataset)
    except Exception as error:  # whatever a network, a proxy or a hub in maintenance comes up with
        raise UserError(
            f"Terminal-Bench 2.0 (ref={ref!r}) could not be loaded from the Harbor hub: "
            f"{type(error).__name__}: {error}. Check the network and the ref, or give a local copy "
            "of its tasks with -T path=FOLDER"
        ) from error


def _from_folder(harbor: ModuleType, folder: Path, options: dict[str, Any]) -> list[Sample]:
    if not folder.is_dir():
        raise UserError(f"path={str(folder)!r} is not a folder; give a folder of tasks")
    if (folder / "task.toml").is_file():
        return [_from_task(harbor, folder, options)]
    found = sorted(child for child in folder.iterdir() if (child / "task.toml").is_file())
    if not found:
        raise UserError(
            f"path={str(folder)!r} holds no tasks: a task is a folder with a task.toml, an "
            "instruction.md, an environment/ and a tests/, and path names one or the folder around "
            "them"
        )
    return [_from_task(harbor, child, options) for child in found]


def _from_task(harbor: ModuleType, folder: Path, options: dict[str, Any]) -> Sample:
    # one by one: of a whole folder inspect-harbor leaves out those that it cannot read
    file = folder / "task.toml"
    if not (folder / "environment").is_dir():
        raise UserError(f"the task {folder} has no folder environment/")
    try:
        samples: list[Sample] = list(harbor.harbor(path=str(folder), **options).dataset)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'the whole'}: {each['msg']}"
            for each in error.errors()[:5]
        )
        raise UserError(f"{file}: {wrong}; correct the file or leave the task out") from error
    except (ValueError, OSError, NotImplementedError) as error:
        raise UserError(f"the task {folder} cannot be loaded: {error}") from error
    return samples[0]


def _finish(sample: Sample, timeout_multiplier: float, override_memory_mb: int | None) -> None:
    sample.id = str(sample.id).rpartition("/")[2]
    metadata = sample.metadata = dict(sample.metadata or {})
    config = metadata["harbor_config"]
    metadata["verifier_timeout_sec"] = metadata["verifier_timeout_sec"] * timeout_multiplier
    if config["agent"]["timeout_sec"] is not None:
        metadata[AGENT_TIME_LIMIT] = config["agent"]["timeout_sec"] * timeout_multiplier
    declared = config["environment"]["memory_mb"]
    if declared is not None and override_memory_mb is None:
        _limit_memory(sample.sandbox, declared)  # inspect-harbor gives at least 6 GB


def _limit_memory(sandbox: SandboxEnvironmentSpec | None, megabytes: int) -> None:
    if sandbox is None or not isinstance(sandbox.config, ComposeConfig):
        return
    services = sandbox.config.services
    chosen = [service for service in services.values() if service.x_default]
    chosen += [services[name] for name in ("default", "main") if name in services]
    for service in (chosen or list(services.values()))[:1]:
        service.mem_limit = f"{megabytes}m"


def _without(samples: list[Sample], exclude: list[str]) -> list[Sample]:
    ids = [str(sample.id) for sample in samples]
    for pattern in exclude:
        if not any(fnmatchcase(id, pattern) for id in ids):
            close = get_close_matches(pattern, ids, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(close)}?" if close else f"there are {len(ids)} tasks"
            raise UserError(f"exclude={pattern!r} names no task; {hint}")
    return [s for s in samples if not any(fnmatchcase(str(s.id), p) for p in exclude)]
