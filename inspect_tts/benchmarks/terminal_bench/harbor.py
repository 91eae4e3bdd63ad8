"""Load Terminal-Bench tasks with inspect-harbor; errors say what is wrong and where."""

import sys
from difflib import get_close_matches
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from inspect_ai.dataset import Sample
from inspect_ai.util import ComposeConfig, SandboxEnvironmentSpec
from pydantic import ValidationError

from inspect_tts.errors import UserError
from inspect_tts.extras import install_command
from inspect_tts.method.records import AGENT_TIME_LIMIT
from inspect_tts.paths import user_path


def inspect_harbor(python: tuple[int, ...] = tuple(sys.version_info[:3])) -> ModuleType:
    """Import inspect-harbor, the package that loads and grades the tasks."""
    if python < (3, 12):
        raise UserError(
            "terminal_bench needs Python 3.12 or newer, as inspect-harbor does, but this is "
            f"{'.'.join(map(str, python))}: create an environment with a newer Python and run "
            f"{install_command('terminal')} there"
        )
    try:
        return import_module("inspect_harbor")
    except ModuleNotFoundError as error:
        if error.name != "inspect_harbor":
            raise
        command = install_command("terminal")
        raise UserError(f"terminal_bench needs the package inspect-harbor: {command}") from error


def load_samples(
    path: str | None,
    *,
    exclude: list[str],
    ref: str,
    timeout_multiplier: float,
    options: dict[str, Any],
) -> list[Sample]:
    """Load the tasks as samples."""
    harbor = inspect_harbor()
    if path is None:
        found = {_short(sample.id): sample for sample in _from_hub(harbor, ref, options)}
        samples = [found[name] for name in _kept(list(found), exclude)]
    else:
        folders = {folder.name: folder for folder in _task_folders(user_path(path))}
        kept = _kept(list(folders), exclude)
        samples = [_from_task(harbor, folders[name], options) for name in kept]
    for sample in samples:
        _finish(sample, timeout_multiplier, options["override_memory_mb"])
    return sorted(samples, key=lambda sample: str(sample.id))


def _from_hub(harbor: ModuleType, ref: str, options: dict[str, Any]) -> list[Sample]:
    try:
        return list(harbor.terminal_bench_2(ref=ref, **options).dataset)
    except Exception as error:  # a network, a proxy or the hub can raise anything
        raise UserError(
            f"Terminal-Bench 2.0 (ref={ref!r}) could not be loaded from the Harbor hub: "
            f"{type(error).__name__}: {error}. Check the network and the ref, or give a local copy "
            "of its tasks with -T path=FOLDER"
        ) from error


def _task_folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise UserError(f"path={str(folder)!r} is not a folder; give a folder of tasks")
    if (folder / "task.toml").is_file():
        return [folder.resolve()]
    found = [child for child in folder.iterdir() if (child / "task.toml").is_file()]
    if not found:
        raise UserError(
            f"path={str(folder)!r} contains no tasks: a task is a folder with task.toml, "
            "instruction.md, environment/ and tests/; give one task, or a folder of tasks"
        )
    return sorted(found)


def _from_task(harbor: ModuleType, folder: Path, options: dict[str, Any]) -> Sample:
    # one by one: in a whole folder, inspect-harbor skips the tasks that it cannot read
    if not (folder / "environment").is_dir():
        raise UserError(f"the task {folder} has no folder environment/")
    try:
        samples: list[Sample] = list(harbor.harbor(path=str(folder), **options).dataset)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'the whole file'}: {each['msg']}"
            for each in error.errors()[:5]
        )
        raise UserError(
            f"{folder / 'task.toml'}: {wrong}. Correct the file, or leave the task out with "
            f"-T exclude={folder.name}"
        ) from error
    except (ValueError, OSError, NotImplementedError) as error:
        raise UserError(
            f"the task {folder} cannot be loaded: {error}. Correct it, or leave it out with "
            f"-T exclude={folder.name}"
        ) from error
    return samples[0]


def _short(name: object) -> str:
    return str(name).rpartition("/")[2]


def _finish(sample: Sample, timeout_multiplier: float, override_memory_mb: int | None) -> None:
    sample.id = _short(sample.id)
    metadata = sample.metadata = dict(sample.metadata or {})
    config = metadata["harbor_config"]
    metadata["verifier_timeout_sec"] = metadata["verifier_timeout_sec"] * timeout_multiplier
    if config["agent"]["timeout_sec"] is not None:
        metadata[AGENT_TIME_LIMIT] = config["agent"]["timeout_sec"] * timeout_multiplier
    declared = config["environment"]["memory_mb"]
    if declared is not None and override_memory_mb is None:
        _limit_memory(sample.sandbox, declared)  # inspect-harbor sets at least 6 GB


def _limit_memory(sandbox: SandboxEnvironmentSpec | None, megabytes: int) -> None:
    if sandbox is None or not isinstance(sandbox.config, ComposeConfig):
        return
    services = sandbox.config.services
    chosen = [service for service in services.values() if service.x_default]
    chosen += [services[name] for name in ("default", "main") if name in services]
    for service in (chosen or list(services.values()))[:1]:
        service.mem_limit = f"{megabytes}m"


def _kept(names: list[str], exclude: list[str]) -> list[str]:
    for pattern in exclude:
        if not any(fnmatchcase(name, pattern) for name in names):
            close = get_close_matches(pattern, names, n=3, cutoff=0.5)
            hint = (
                f"did you mean {' or '.join(close)}?"
                if close
                else f"there are {len(names)}, such as {', '.join(sorted(names)[:3])}"
            )
            raise UserError(f"exclude={pattern!r} matches no task; {hint}")
    kept = [name for name in names if not any(fnmatchcase(name, p) for p in exclude)]
    if not kept:
        raise UserError(f"exclude={exclude!r} excludes all tasks; exclude fewer of them")
    return kept
